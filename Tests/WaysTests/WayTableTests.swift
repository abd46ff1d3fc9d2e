import Addresses
import Netlink
import Testing
import Ways

/// A kernel as a table of answers: answers what a `WayTable` asks, and counts.
struct FakeKernel {
  var routes: [IPAddress: WayRoute] = [:]
  var neighbours: [WayHop: WayNeighbour] = [:]
  var links: [UInt32: WayLink] = [:]
  var ownAddresses: Set<IPAddress> = []
  var questions = 0

  /// Two links, 10.0.0.0/24 on 1, 10.0.1.0/24 on 2, each with neighbours .2 to .9.
  static var ordinary: FakeKernel {
    var kernel = FakeKernel()
    for link in [UInt32(1), 2] {
      kernel.links[link] = WayLink(linkAddress: MACAddress(bits: 0x0200_0000_0000 | UInt64(link)))
      for host in UInt32(2)...9 {
        let peer = IPAddress.v4(IPv4Address(10, 0, UInt8(link - 1), UInt8(host)))
        let own = IPAddress.v4(IPv4Address(10, 0, UInt8(link - 1), 1))
        kernel.routes[peer] = WayRoute(interface: link, source: own)
        kernel.neighbours[WayHop(interface: link, address: peer)] = WayNeighbour(
          linkAddress: MACAddress(bits: 0x0200_0000_0100 | UInt64(link) << 16 | UInt64(host)), state: .reachable)
      }
    }
    return kernel
  }

  /// Answers everything, and returns the changes in order.
  mutating func serve(_ table: inout WayTable, at now: Int64) -> [Int: Way?] {
    table.startRound(at: now)
    while let query = table.next() {
      questions += 1
      switch query {
      case .route(let session):
        let route = table.demand(session).flatMap { routes[$0.destination] }
        table.answer(route: route, code: route == nil ? 101 : 0, for: session)
      case .source(let session):
        table.answer(
          isSourceOurs: table.demand(session)?.source.map { ownAddresses.contains($0) } ?? false, for: session)
      case .neighbour(let number): table.answer(neighbour: neighbours[table.hop(number)], for: number, at: now)
      case .link(let index): table.answer(link: links[index], for: index)
      }
    }
    var changes: [Int: Way?] = [:]
    table.takeChanges { changes[$0] = .some($1) }
    return changes
  }
}

let ms: Int64 = 1_000_000

func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }

@Suite struct WayTables {
  @Test func aSessionOnTheLinkIsSentToItsPeersLinkAddress() throws {
    var kernel = FakeKernel.ordinary
    var table = WayTable()
    table.add(0, WayDemand(to: try address("10.0.0.2")))
    let way = try Way(
      interface: 1, linkAddress: mac("02:00:00:01:01:02"), ownLinkAddress: mac("02:00:00:00:00:01"),
      source: address("10.0.0.1"))
    #expect(kernel.serve(&table, at: 0) == [0: way])
    #expect(table.obstacle(0) == nil)
    #expect(kernel.serve(&table, at: 1000 * ms).isEmpty)
  }

  @Test func overSeveralHopsTheRoutersLinkAddressCounts() throws {
    var kernel = FakeKernel.ordinary
    let far = try address("192.0.2.1")
    kernel.routes[far] = try WayRoute(interface: 1, gateway: address("10.0.0.9"), source: address("10.0.0.1"))
    var table = WayTable()
    table.add(0, WayDemand(to: far, isMultihop: true))
    table.add(1, WayDemand(to: far))
    _ = kernel.serve(&table, at: 0)
    #expect(table.way(0)?.linkAddress == (try mac("02:00:00:01:01:09")))
    #expect(table.obstacle(1) == .router)
  }

  struct Unsuitable: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var obstacle: WayObstacle
    var demand = WayDemand(to: .v4(IPv4Address(10, 0, 0, 2)))
    var change: @Sendable (inout FakeKernel) -> Void = { _ in }
  }

  static let peer = IPAddress.v4(IPv4Address(10, 0, 0, 2))
  static let hop = WayHop(interface: 1, address: peer)

  static let unsuitable: [Unsuitable] = [
    Unsuitable(testDescription: "no route", obstacle: .noRoute(101)) { $0.routes = [:] },
    Unsuitable(testDescription: "its own address", obstacle: .notUnicast(2)) { $0.routes[peer]?.kind = 2 },
    Unsuitable(testDescription: "MPLS", obstacle: .encapsulated) { $0.routes[peer]?.isEncapsulated = true },
    Unsuitable(
      testDescription: "another interface than the demand's", obstacle: .otherInterface(1),
      demand: WayDemand(to: peer, interface: 2)),
    Unsuitable(testDescription: "no source", obstacle: .noSource) { $0.routes[peer]?.source = nil },
    Unsuitable(testDescription: "no link", obstacle: .noLink) { $0.links = [:] },
    Unsuitable(testDescription: "a link without carrier", obstacle: .linkDown) { $0.links[1]?.isUp = false },
    Unsuitable(testDescription: "a tunnel", obstacle: .linkKind(768)) { $0.links[1]?.kind = 768 },
    Unsuitable(
      testDescription: "a packet that is too long", obstacle: .tooLong(mtu: 1500),
      demand: WayDemand(to: peer, length: 1501)),
    Unsuitable(testDescription: "no neighbour", obstacle: .noNeighbour) { $0.neighbours = [:] },
    Unsuitable(testDescription: "a failed neighbour", obstacle: .noNeighbour) {
      $0.neighbours[hop]?.state = .failed
    },
    Unsuitable(testDescription: "one being asked for", obstacle: .noNeighbour) {
      $0.neighbours[hop]?.state = .incomplete
    },
    Unsuitable(testDescription: "a neighbour without link address", obstacle: .noNeighbour) {
      $0.neighbours[hop]?.linkAddress = nil
    },
    Unsuitable(testDescription: "a neighbour with a group's address", obstacle: .noNeighbour) {
      $0.neighbours[hop]?.linkAddress = MACAddress(bits: 0x0100_5e00_0001)
    }
  ]

  @Test(arguments: unsuitable) func whatIsNotSuitableGoesByTheSocketAndSaysWhy(_ it: Unsuitable) {
    var kernel = FakeKernel.ordinary
    it.change(&kernel)
    var table = WayTable()
    table.add(0, it.demand)
    #expect(kernel.serve(&table, at: 0).isEmpty)
    #expect(table.way(0) == nil)
    #expect(table.obstacle(0) == it.obstacle)
  }

  @Test(arguments: [Neighbour.State.reachable, .stale, .delay, .probe, .permanent, .noARP])
  func neighboursWithAValidAddressAreUsed(_ state: Neighbour.State) {
    var kernel = FakeKernel.ordinary
    kernel.neighbours[Self.hop]?.state = state
    var table = WayTable()
    table.add(0, WayDemand(to: Self.peer))
    #expect(kernel.serve(&table, at: 0).count == 1)
  }

  @Test(arguments: [(true, WayObstacle?.none), (false, .noSource)])
  func aWishedSourceOfIPv6MustBeOurs(_ isOurs: Bool, _ obstacle: WayObstacle?) throws {
    var kernel = FakeKernel.ordinary
    let own = try address("2001:db8::1")
    let peer = try address("2001:db8::2")
    if isOurs { kernel.ownAddresses = [own] }
    kernel.routes[peer] = WayRoute(interface: 1, source: own)
    kernel.neighbours[WayHop(interface: 1, address: peer)] = try WayNeighbour(
      linkAddress: mac("02:00:00:00:00:77"), state: .reachable)
    var table = WayTable()
    table.add(0, WayDemand(to: peer, from: own))
    _ = kernel.serve(&table, at: 0)
    #expect(table.obstacle(0) == obstacle)
    #expect(table.way(0)?.source == (isOurs ? own : nil))
  }

  /// Session 0 to 10.0.0.2, 1 to 10.0.0.3, 2 to 10.0.1.2 by link 2, 3 to 192.0.2.1 by 10.0.0.9.
  private func four(_ kernel: inout FakeKernel) throws -> WayTable {
    var table = WayTable()
    let far = try address("192.0.2.1")
    kernel.routes[far] = try WayRoute(interface: 1, gateway: address("10.0.0.9"), source: address("10.0.0.1"))
    table.add(0, WayDemand(to: try address("10.0.0.2")))
    table.add(1, WayDemand(to: try address("10.0.0.3")))
    table.add(2, WayDemand(to: try address("10.0.1.2"), interface: 2))
    table.add(3, WayDemand(to: far, isMultihop: true))
    #expect(kernel.serve(&table, at: 0).count == 4)
    kernel.questions = 0
    return table
  }

  struct Concern: CustomTestStringConvertible, Sendable {
    var news: WayNews
    /// Taken back at once.
    var withdrawn: Set<Int> = []
    /// Asked for again; those that were taken back among them.
    var asked = 0
    var testDescription: String { "\(news)" }

    init(_ news: WayNews, withdrawn: Set<Int> = [], asked: Int = 0) {
      self.news = news
      self.withdrawn = withdrawn
      self.asked = asked
    }

    static func route(_ text: String, interface: UInt32 = 0) -> WayNews {
      .route(WayRouteChange(IPPrefix(text) ?? IPPrefix(host: peer), interface: interface))
    }
  }

  static let concerns: [Concern] = [
    Concern(Concern.route("172.16.0.0/12")), Concern(Concern.route("10.0.0.4/32")),
    Concern(Concern.route("2001:db8::/32")), Concern(Concern.route("::/0")),
    Concern(Concern.route("10.0.0.2/31"), withdrawn: [0, 1], asked: 2),
    Concern(Concern.route("0.0.0.0/0"), withdrawn: [0, 1, 2, 3], asked: 4),
    Concern(Concern.route("0.0.0.0/0", interface: 1), withdrawn: [0, 1, 3], asked: 3),
    Concern(.rules(.ipv4), withdrawn: [0, 1, 2, 3], asked: 4), Concern(.rules(.ipv6)),
    Concern(.nextHops, withdrawn: [3], asked: 4),
    Concern(.addressRemoved(.v4(IPv4Address(10, 0, 1, 1)), interface: 2), withdrawn: [2], asked: 1),
    Concern(.address(.v4(IPv4Address(10, 0, 1, 7)), interface: 2), asked: 1),
    Concern(.address(.v6(IPv6Address(high: 1, low: 1)), interface: 2)),
    Concern(.linkRemoved(2), withdrawn: [2], asked: 2), Concern(.linkRemoved(7)),
    Concern(.link(1, WayLink(linkAddress: MACAddress(bits: 0x0200_0000_0001)))),
    Concern(
      .link(1, WayLink(isUp: false, linkAddress: MACAddress(bits: 0x0200_0000_0001))), withdrawn: [0, 1, 3],
      asked: 3),
    // Routes by several links may come to life.
    Concern(.link(7, WayLink(linkAddress: MACAddress(bits: 0x0200_0000_0007))), asked: 3),
    Concern(.neighbour(WayHop(interface: 2, address: peer), WayNeighbour(linkAddress: nil, state: .failed))),
    Concern(.neighbour(hop, WayNeighbour(linkAddress: nil, state: .failed)), withdrawn: [0]),
    Concern(.neighbourRemoved(hop), withdrawn: [0]),
    Concern(.neighbour(hop, WayNeighbour(linkAddress: MACAddress(bits: 0x0200_0001_0102), state: .delay)))
  ]

  @Test(arguments: concerns) func newsConcernOnlyWhomTheyCan(_ it: Concern) throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    table.take(it.news, at: 50 * ms)
    var withdrawn: Set<Int> = []
    table.takeChanges { session, way in if way == nil { withdrawn.insert(session) } }
    #expect(withdrawn == it.withdrawn)
    _ = kernel.serve(&table, at: 100 * ms)
    #expect(kernel.questions == it.asked)
  }

  @Test func fourThousandSessionsByOneRouterCostNoQuestionWhenItsLinkAddressChanges() throws {
    var kernel = FakeKernel.ordinary
    var table = WayTable()
    for session in 0..<4000 {
      let far = IPAddress.v4(IPv4Address(bits: 0xc000_0200 + UInt32(session)))
      kernel.routes[far] = try WayRoute(interface: 1, gateway: address("10.0.0.9"), source: address("10.0.0.1"))
      table.add(session, WayDemand(to: far, isMultihop: true))
    }
    #expect(kernel.serve(&table, at: 0).count == 4000)
    #expect(kernel.questions == 4002)
    let hop = WayHop(interface: 1, address: try address("10.0.0.9"))
    table.take(.neighbour(hop, try WayNeighbour(linkAddress: mac("02:00:00:00:00:42"), state: .reachable)), at: ms)
    let changes = kernel.serve(&table, at: 2 * ms)
    #expect(changes.count == 4000)
    #expect(changes.values.allSatisfy { $0?.linkAddress.bits == 0x0200_0000_0042 })
    #expect(kernel.questions == 4002)
  }

  @Test func whatChangesOftenIsAskedForOnceInAHundredMilliseconds() throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    for now in stride(from: 100 * ms, to: 1100 * ms, by: Int(ms)) {
      table.take(Concern.route("10.0.0.2/32"), at: now)
      _ = kernel.serve(&table, at: now)
    }
    #expect(kernel.questions == 10)
  }

  @Test func theDeadlineSaysWhenSomethingIsToBeAsked() throws {
    var kernel = FakeKernel.ordinary
    var table = WayTable()
    #expect(table.nextDeadline == .max)
    table.add(0, WayDemand(to: Self.peer))
    #expect(table.nextDeadline < 0)
    table.startRound(at: 0)
    #expect(table.nextDeadline == .min)
    _ = kernel.serve(&table, at: 0)
    #expect(table.nextDeadline == 30_000 * ms)
    table.take(.rules(.ipv4), at: 20 * ms)
    #expect(table.nextDeadline == 100 * ms)
    table.remove(0)
    _ = kernel.serve(&table, at: 100 * ms)
    #expect(kernel.serve(&table, at: 200 * ms).isEmpty)
  }

  @Test func aNeighbourThatComesGivesTheWayWithoutAQuestion() {
    var kernel = FakeKernel.ordinary
    let fact = kernel.neighbours.removeValue(forKey: Self.hop)
    var table = WayTable()
    table.add(0, WayDemand(to: Self.peer))
    _ = kernel.serve(&table, at: 0)
    kernel.questions = 0
    if let fact { table.take(.neighbour(Self.hop, fact), at: ms) }
    #expect(kernel.serve(&table, at: ms).count == 1)
    #expect(kernel.questions == 0)
  }

  @Test func whatWasLostIsTakenBackAndAskedForAnew() throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    table.lose(at: 10 * ms)
    var withdrawn = 0
    table.takeChanges { withdrawn += $1 == nil ? 1 : 0 }
    #expect(withdrawn == 4)
    #expect(kernel.serve(&table, at: 20 * ms).isEmpty)
    #expect(kernel.serve(&table, at: 110 * ms).count == 4)
  }

  @Test func everythingIsAskedForFromTimeToTime() throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    kernel.routes[Self.peer] = nil
    #expect(kernel.serve(&table, at: 29_999 * ms).isEmpty)
    #expect(kernel.serve(&table, at: 30_000 * ms).count == 1)
    #expect(table.obstacle(0) == .noRoute(101))
    #expect(kernel.questions == 4)
    #expect(table.nextDeadline == 60_000 * ms)
  }

  @Test func policiesKeepEverySessionOnItsSocket() throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    table.setPolicies(true)
    #expect(kernel.serve(&table, at: ms).count == 4)
    #expect((0..<4).allSatisfy { table.way($0) == nil })
    #expect(table.obstacle(0) == .policies)
    table.setPolicies(false)
    #expect(kernel.serve(&table, at: 2 * ms).count == 4)
  }

  @Test func theSocketIsUsedFirstThenEveryTenSecondsAndWhenTheNeighbourIsStale() throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    let isFirst = table.usesSocket(0, at: 0)
    #expect(isFirst)
    var uses: [Int64] = []
    for now in stride(from: Int64(0), to: 60_000 * ms, by: Int(100 * ms)) where table.usesSocket(0, at: now) {
      uses.append(now)
    }
    #expect((5...8).contains(uses.count))
    #expect(zip(uses, uses.dropFirst()).allSatisfy { (7_400 * ms...10_000 * ms).contains($1 - $0) })
    let fact = try #require(kernel.neighbours[Self.hop])
    let last = try #require(uses.last)
    let isUsedAgain = table.usesSocket(0, at: last + ms)
    #expect(!isUsedAgain)
    table.take(
      .neighbour(Self.hop, WayNeighbour(linkAddress: fact.linkAddress, state: .stale)), at: last + ms)
    let isStale = (table.usesSocket(0, at: last + 2 * ms), table.usesSocket(0, at: last + 3 * ms))
    #expect(isStale == (true, false))
  }

  @Test func anotherDemandTakesTheOldWayBack() throws {
    var kernel = FakeKernel.ordinary
    var table = try four(&kernel)
    table.add(0, WayDemand(to: try address("10.0.0.2"), length: 9000))
    #expect(kernel.serve(&table, at: ms).keys.contains(0))
    #expect(table.way(0) == nil)
  }

  @Test func sessionsComeAndGoWithoutTraces() throws {
    var kernel = FakeKernel.ordinary
    var table = WayTable()
    for round in 0..<50 {
      for session in 0..<7 {
        table.add(
          session, WayDemand(to: .v4(IPv4Address(10, 0, UInt8(round % 2), UInt8(2 + (session + round) % 8)))))
      }
      _ = kernel.serve(&table, at: Int64(round) * 200 * ms)
      #expect((0..<7).allSatisfy { table.way($0)?.interface == UInt32(round % 2) + 1 })
      if round % 3 == 0 { for session in 0..<7 { table.remove(session) } }
    }
    for session in 0..<7 { table.remove(session) }
    #expect(table.count == 0)
    for link in [UInt32(1), 2] { table.take(.linkRemoved(link), at: 0) }
    #expect(kernel.serve(&table, at: 100_000 * ms).isEmpty)
  }
}

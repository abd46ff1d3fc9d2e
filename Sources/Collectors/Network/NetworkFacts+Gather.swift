public import Cluster
import Addresses
public import Doctor
import Netlink
import NetworkNamespaces
import Probing

extension NetworkFacts {
  /// Reads the gateway's namespace and the one everway was started in, and asks the neighbours.
  ///
  /// Changes nothing. Probes take less than 2 s, and go to gateways and to our own addresses alone.
  public static func gather(_ context: CollectionContext) -> Gathered<NetworkFacts> {
    do throws(SystemCallError) {
      return .value(gather(context, home: try NetworkNamespace.current()))
    } catch {
      return .unavailable(error.description)
    }
  }

  /// - Parameter home: the node's namespace.
  static func gather(_ context: CollectionContext, home: borrowing NetworkNamespace) -> NetworkFacts {
    let expected = context.expectation.value
    let interfaces = expected?.interfaces ?? context.subject.interface.map { [.init(name: $0)] } ?? []
    let gateways = expected?.gateways ?? []
    let isOwn = context.subject.namespace != nil
    var facts = NetworkFacts()
    if isOwn {
      facts.node = read(home, interfaces.map(\.outsideName), isOwn: false, [])
    }
    let place: NetworkNamespace
    do throws(NetlinkError) {
      place = try inside(context, home)
    } catch {
      facts.inside = .unavailable(error.description)
      facts.neighbourProbes = .unavailable(error.description)
      facts.pathProbes = .unavailable(error.description)
      return facts
    }
    facts.inside = read(place, interfaces.map(\.name), isOwn: isOwn, gateways)
    guard let view = facts.inside.value else {
      facts.neighbourProbes = .unavailable(facts.inside.reason ?? "")
      facts.pathProbes = .unavailable(facts.inside.reason ?? "")
      return facts
    }
    guard context.sendsProbes else {
      facts.neighbourProbes = .unavailable("no probes were wanted")
      facts.pathProbes = .unavailable("no probes were wanted")
      return facts
    }
    let plan = ProbePlan(view, interfaces, gateways, isOwn: isOwn)
    facts.neighbourProbes = .value(plan.askNeighbours(in: place))
    facts.pathProbes = .value(plan.askPaths(facts.neighbourProbes.value ?? [], in: place))
    return facts
  }

  private static func inside(
    _ context: CollectionContext, _ home: borrowing NetworkNamespace
  ) throws(NetlinkError) -> NetworkNamespace {
    guard let name = context.subject.namespace else { return try home.copy() }
    do throws(SystemCallError) { return try NetworkNamespace(named: name) } catch { throw NetlinkError(error) }
  }

  private static func read(
    _ place: borrowing NetworkNamespace, _ interfaces: [String], isOwn: Bool, _ gateways: [IPAddress]
  ) -> Gathered<NetworkView> {
    do throws(NetlinkError) {
      var reader = try NetworkReader(place.copy())
      return .value(try reader.view(interfaces: interfaces, isOwn: isOwn, gateways: gateways))
    } catch {
      return .unavailable(error.description)
    }
  }
}

extension NetworkNamespace {
  fileprivate borrowing func copy() throws(NetlinkError) -> NetworkNamespace {
    do throws(SystemCallError) { return try duplicate() } catch { throw NetlinkError(error) }
  }
}

/// Which questions are asked on the wire.
private struct ProbePlan {
  /// More are not asked: the answers must come within the time.
  static let maximumGateways = 16
  static let maximumOwnAddresses = 32

  let view: NetworkView
  let interfaces: [Expectation.Interface]
  let gateways: [IPAddress]
  /// The interfaces whose addresses are the gateway's.
  let links: [LinkFacts]

  init(
    _ view: NetworkView, _ interfaces: [Expectation.Interface], _ expected: [IPAddress], isOwn: Bool
  ) {
    self.view = view
    self.interfaces = interfaces
    var gateways: [IPAddress] = []
    let hops = view.routes.filter(\.isDefault).flatMap(\.nextHops)
    for gateway in expected + hops.compactMap(\.gateway) where !gateways.contains(gateway) {
      gateways.append(gateway)
    }
    self.gateways = Array(gateways.prefix(Self.maximumGateways))
    let names =
      interfaces.isEmpty ? isOwn ? view.links.map(\.name) : hops.compactMap(\.link) : interfaces.map(\.name)
    links = view.links.filter { names.contains($0.name) && !$0.isLoopback }
  }

  /// The link a gateway is behind, where it is there.
  private func link(towards gateway: IPAddress) -> LinkFacts? {
    let wanted = interfaces.first { $0.addresses.contains { !$0.isHost && $0.contains(gateway) } }?.name
    let near = view.addresses.first { !$0.prefix.isHost && $0.prefix.contains(gateway) }?.link
    let hop = view.routes.filter(\.isDefault).flatMap(\.nextHops).first { $0.gateway == gateway }?.link
    return [wanted, near, hop].compactMap { $0 }.lazy.compactMap(view.link).first
  }

  /// One of ours to ask from: in the target's subnet, else of its scope, else any.
  private func source(_ link: LinkFacts, _ target: IPAddress, besides other: IPAddress? = nil) -> IPAddress? {
    let own = view.addresses(of: link.name)
      .filter { $0.prefix.family == target.family && !$0.flags.contains("tentative") }
      .map(\.prefix).filter { $0.address != other }
    let near = own.first { $0.contains(target) && !$0.isHost }
    return (near ?? own.first { $0.address.isLinkLocal } ?? own.first)?.address
  }

  func askNeighbours(in namespace: borrowing NetworkNamespace) -> [NeighbourProbe] {
    var probes: [NeighbourProbe] = []
    for gateway in gateways {
      guard let link = link(towards: gateway) else { continue }
      var probe = NeighbourProbe(link: link.name, address: gateway, purpose: .gateway)
      probe.source = source(link, gateway)
      probes.append(probe)
    }
    var own: [NeighbourProbe] = []
    for link in links {
      let wanted = interfaces.first { $0.name == link.name }?.addresses.map(\.address) ?? []
      let present = view.addresses(of: link.name).map(\.prefix.address)
      for address in wanted + present where !own.contains(where: { $0.address == address && $0.link == link.name })
      {
        var probe = NeighbourProbe(link: link.name, address: address, purpose: .duplicate)
        if address.family == .ipv6 {
          // The kernel itself sees to link-local addresses; from another one of ours the answer comes to us alone.
          if address.isLinkLocal { continue }
          probe.source = source(link, address, besides: address)
        }
        own.append(probe)
      }
    }
    probes += own.prefix(Self.maximumOwnAddresses)
    let questions = probes.map { probe in
      NeighbourSweep.Question(
        probe.address, on: interface(probe.link), from: probe.source,
        oneAnswerIsEnough: probe.purpose == .gateway)
    }
    for (index, outcome) in NeighbourSweep.run(questions, in: namespace).enumerated() {
      probes[index].ownMAC = outcome.ownMAC
      probes[index].sent = outcome.sent
      probes[index].answers = outcome.answers
      probes[index].problem = outcome.problem
    }
    return probes
  }

  /// Only to gateways that answer at all.
  func askPaths(_ neighbours: [NeighbourProbe], in namespace: borrowing NetworkNamespace) -> [PathProbe] {
    var probes = neighbours.filter { $0.purpose == .gateway && !$0.answers.isEmpty }.prefix(8).compactMap { probe in
      view.link(probe.link).map { link in
        PathProbe(
          link: link.name, address: probe.address, mtu: link.mtu,
          sizes: Self.sizes(upTo: link.mtu, probe.address.family))
      }
    }
    let questions = probes.map { PathSweep.Question($0.address, on: interface($0.link), sizes: $0.sizes) }
    for (index, outcome) in PathSweep.run(questions, in: namespace).enumerated() {
      probes[index].answered = outcome.answered
      probes[index].reportedMTU = outcome.reportedMTU
      probes[index].reporter = outcome.reporter
      probes[index].problem = outcome.problem
    }
    return probes
  }

  /// The MTU, and what networks below are wont to leave of it: VLAN tags, PPPoE, Geneve, VXLAN, GRE, IPsec.
  static func sizes(upTo mtu: Int, _ family: AddressFamily) -> [Int] {
    let usual = [
      8950, 8900, 4000, 2000, 1500, 1496, 1492, 1480, 1476, 1450, 1442, 1430, 1420, 1400, 1380, 1350, 1300, 1280
    ]
    let small = family == .ipv4 ? [1000, 576, 84] : [88]
    return Array(Set([mtu] + (usual + small).filter { $0 < mtu })).filter { (64...65535).contains($0) }.sorted()
  }

  private func interface(_ name: String) -> ProbeInterface {
    ProbeInterface(index: UInt32(clamping: view.link(name)?.index ?? 0), name: name)
  }
}

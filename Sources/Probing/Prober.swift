import Addresses
public import BFD
import CLinux
import Glibc
import Netlink
public import NetworkNamespaces
import PacketSockets

/// Probes on real sockets: judges paths that have no BFD by ICMP echo, ARP and neighbour discovery.
///
/// It owns no thread. Its owner waits for `descriptors` and `nextDeadline` in a loop of its own, and calls `run`;
/// what happened is in `events`. All calls come from one thread. One turn costs a few nanoseconds for each probe that
/// has nothing to do, and some ten microseconds, nearly all the kernel's, for each question with its answer.
///
/// Questions leave, and answers are read, on packet sockets, so neither routes nor the firewall nor reverse path
/// filters of this namespace have a say; those of the gateway do.
public struct Prober: ~Copyable {
  struct Slot {
    var target: ProbeTarget
    var state: ProbeState
    let link: Int
    let hop: Int
    let identifier: UInt16
    /// Random, new with each question.
    var token: UInt64 = 0
    var source: IPAddress?
    /// The open question waits for the next hop's link-layer address.
    var isHeld = false
    /// What kept the last question from leaving.
    var obstacle: Obstacle?
    /// The last ICMP error since the last answer.
    var complaint: Complaint?
    var reason: String?
  }

  /// What keeps a question from leaving.
  enum Obstacle: Hashable {
    case noInterface
    case noSource(AddressFamily)
    case notSent(Int32)
    case noNeighbours
  }

  /// What an ICMP error said.
  struct Complaint: Hashable {
    var reporter: IPAddress
    var text: String
  }

  struct HopKey: Hashable {
    var link: Int
    var address: IPAddress
  }

  let namespace: NetworkNamespace
  let poll: OwnedDescriptor
  /// What answers of this prober begin with; the kernel drops all others.
  let cookie: UInt32
  /// For the interfaces' addresses; opened with the first probe.
  var netlink: NetlinkSocket?
  var slots: [Slot?] = []
  /// When each slot next has something to do: beside the slots, so that a turn looks through them in no time.
  var deadlines: [Instant] = []
  var links: [ProbeLink?] = []
  var hops: [NextHop?] = []
  var hopIndex: [HopKey: Int] = [:]
  var batch = FrameBatch()
  /// Where packets are put together.
  var buffer: [UInt8] = []
  /// When the sockets were last seen empty.
  var drainedAt = Instant(nanoseconds: .min)

  /// What has happened since the owner last emptied it.
  public var events: [ProbeEvent] = []
  public internal(set) var counters = ProberCounters()
  /// When `run` next has something to do, packets aside; `distantFuture` without probes.
  public internal(set) var nextDeadline = Instant.distantFuture

  /// Opens no network socket yet: each is opened with the first probe that needs it.
  /// - Throws: `ProbeError` when there are no descriptors left.
  public init(in namespace: borrowing NetworkNamespace) throws(ProbeError) {
    let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw ProbeError(SystemCallError("create an epoll descriptor")) }
    let poll = OwnedDescriptor(descriptor)
    do {
      self.init(poll, try namespace.duplicate())
    } catch {
      throw ProbeError(error)
    }
  }

  private init(_ poll: OwnedDescriptor, _ namespace: consuming NetworkNamespace) {
    self.poll = poll
    self.namespace = namespace
    cookie = .random(in: .min ... .max)
    buffer.reserveCapacity(128)
  }

  /// What to wait for: readable means that `run` has packets to read. One descriptor, the same for the prober's life,
  /// whatever sockets come and go behind it.
  public var descriptors: [Int32] { [poll.number] }

  /// Starts a probe; its first question is due at once. An interface that is missing or down is no error: the probe
  /// says so in its reason, and works as soon as it is there.
  /// - Returns: its number, used again after `remove`.
  /// - Throws: `ProbeError` for addresses that do not fit, or when sockets cannot be opened: which capability is
  ///   missing, or what else to do.
  public mutating func add(
    _ target: ProbeTarget, _ settings: ProbeSettings, at now: Instant
  ) throws(ProbeError) -> Int {
    try Self.check(target)
    let link = try open(target)
    let hop = hopNumber(target.via, link: link)
    let index = slots.firstIndex { $0 == nil } ?? slots.count
    let slot = Slot(
      target: target,
      state: ProbeState(settings, firstSequence: .random(in: .min ... .max), at: now),
      link: link, hop: hop, identifier: .random(in: .min ... .max))
    if index < slots.count {
      slots[index] = slot
    } else {
      slots.append(slot)
      deadlines.append(.distantFuture)
    }
    noteDeadline(of: index)
    hops[hop]?.probes.append(index)
    nextDeadline = min(nextDeadline, now)
    return index
  }

  /// Changes the pace and the counts of a probe; its verdict stays.
  public mutating func configure(_ index: Int, _ settings: ProbeSettings, at now: Instant) {
    guard slots.indices.contains(index) else { return }
    slots[index]?.state.configure(settings, at: now)
    noteDeadline(of: index)
    updateDeadline()
  }

  /// Ends a probe, and closes the sockets that no other needs.
  public mutating func remove(_ index: Int) {
    guard slots.indices.contains(index), let slot = slots[index] else { return }
    slots[index] = nil
    noteDeadline(of: index)
    hops[slot.hop]?.probes.removeAll { $0 == index }
    if hops[slot.hop]?.probes.isEmpty == true {
      hops[slot.hop] = nil
      hopIndex[HopKey(link: slot.link, address: slot.target.via)] = nil
    }
    for type in Self.sockets(for: slot.target) {
      links[slot.link]?.users[type.rawValue] -= 1
      // Closing takes it out of the epoll set.
      if links[slot.link]?.users[type.rawValue] == 0 { links[slot.link]?.sockets[type.rawValue] = nil }
    }
    if links[slot.link]?.isUsed == false { links[slot.link] = nil }
    updateDeadline()
  }

  /// A link or an address has changed: what is known of the interfaces is read anew before the next question.
  public mutating func interfacesChanged() {
    for index in links.indices { links[index]?.invalidate() }
  }

  /// A probe as it is now; nil when there is none of that number.
  public func view(_ index: Int) -> ProbeView? {
    guard slots.indices.contains(index), let slot = slots[index] else { return nil }
    return ProbeView(
      target: slot.target, state: slot.state, linkAddress: hops[slot.hop]?.linkAddress, source: slot.source,
      reason: slot.reason, trouble: trouble(of: slot))
  }

  /// The numbers of all probes.
  public var indices: [Int] { slots.indices.filter { slots[$0] != nil } }

  mutating func noteDeadline(of index: Int) {
    deadlines[index] = slots[index]?.state.nextDeadline ?? .distantFuture
  }

  mutating func updateDeadline() { nextDeadline = deadlines.min() ?? .distantFuture }
}

extension Prober {
  private static func check(_ target: ProbeTarget) throws(ProbeError) {
    func unicast(_ address: IPAddress) -> Bool { !address.isUnspecified && !address.isMulticast }
    guard target.interface.index > 0 else {
      throw ProbeError("probe through \(target.interface.name): an interface has an index of at least 1")
    }
    guard unicast(target.via) else { throw ProbeError("probe \(target.via): it cannot be a next hop") }
    guard case .echo(let address, _, _, let source) = target else { return }
    guard unicast(address) else { throw ProbeError("probe \(address): only a unicast address answers an echo") }
    if let source, source.family != address.family || !unicast(source) {
      throw ProbeError("probe \(address) from \(source): the source must be an \(address.family) unicast address")
    }
  }

  /// What a target needs.
  static func sockets(for target: ProbeTarget) -> [Ethertype] {
    let resolving = Ethertype.resolving(target.via.family)
    guard case .echo(let address, _, _, _) = target else { return [resolving] }
    let carrying = Ethertype.carrying(address.family)
    return carrying == resolving ? [resolving] : [resolving, carrying]
  }

  /// The number of the target's link, with the sockets it needs open and counted.
  private mutating func open(_ target: ProbeTarget) throws(ProbeError) -> Int {
    let known = links.firstIndex { $0?.interface.index == target.interface.index }
    let free = known ?? links.firstIndex { $0 == nil } ?? links.count
    var link = known.flatMap { links[$0] } ?? ProbeLink(target.interface)
    let needed = Self.sockets(for: target)
    for type in needed where link.descriptor(type) == nil {
      link.sockets[type.rawValue] = try openSocket(type, interface: target.interface, tag: free)
    }
    if netlink == nil {
      do {
        netlink = try NetlinkSocket(in: namespace)
      } catch {
        throw ProbeError("\(error)", code: error.code)
      }
    }
    for type in needed { link.users[type.rawValue] += 1 }
    link.invalidate()
    if free < links.count { links[free] = link } else { links.append(link) }
    return free
  }

  private func openSocket(
    _ type: Ethertype, interface: ProbeInterface, tag: Int
  ) throws(ProbeError) -> OwnedDescriptor {
    let cookie = cookie
    let number = type.number
    let socket = try inside { () throws(SystemCallError) in
      let descriptor = cl_probe_socket(number, cookie)
      guard descriptor >= 0 else { throw SystemCallError("open a packet socket on \(interface.name)") }
      // An interface that is not there yet is bound to when it is.
      guard cl_probe_bind(descriptor, number, interface.index) == 0 || errno == ENODEV else {
        let error = SystemCallError("bind a packet socket to \(interface.name)")
        close(descriptor)
        throw error
      }
      return descriptor
    }
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = UInt64(tag) << 2 | UInt64(type.rawValue)
    guard epoll_ctl(poll.number, EPOLL_CTL_ADD, socket.number, &event) == 0 else {
      throw ProbeError(SystemCallError("wait for packets on \(interface.name)"))
    }
    return socket
  }

  /// Opens a descriptor inside the namespace.
  private func inside(
    _ body: @Sendable () throws(SystemCallError) -> Int32
  ) throws(ProbeError) -> OwnedDescriptor {
    do {
      return OwnedDescriptor(try namespace.perform(body))
    } catch {
      throw ProbeError(error)
    }
  }

  private mutating func hopNumber(_ address: IPAddress, link: Int) -> Int {
    let key = HopKey(link: link, address: address)
    if let known = hopIndex[key] { return known }
    let index = hops.firstIndex { $0 == nil } ?? hops.count
    let hop = NextHop(address, link: link)
    if index < hops.count { hops[index] = hop } else { hops.append(hop) }
    hopIndex[key] = index
    return index
  }
}

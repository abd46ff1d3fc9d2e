public import Addresses
public import BFD
import CLinux
import Capture
import EBPF
public import NetworkNamespaces
import PacketSockets
import Ways

/// BFD on real sockets: any number of sessions on one pair of sockets for each address family.
///
/// It owns no thread. Its owner waits for `descriptors` and `nextDeadline` in a loop of its own, and calls `run`;
/// what happened is in `events`. All calls come from one thread.
public struct Speaker: ~Copyable {
  struct Slot {
    var session: Session
    var settings: SessionSettings
    /// Where packets go; nil as long as the peer's address is not known. Owned by the speaker, which frees it.
    var route: UnsafeMutablePointer<cl_tx_route>?
    /// The descriptor they leave by; -1 as long as there is none of their family and domain.
    var transmitter: Int32 = -1
    /// What stands before each packet, where the stack does not write it.
    @Seldom var frame: UDPFrame.Header? = nil
    /// How they leave below the UDP stack; nil as long as the session was never Up, or where that is not wanted. Owned
    /// by the speaker, which frees it.
    var way: UnsafeMutablePointer<SessionWay>?
    /// Whether its packets stay here, as if there were no descriptor.
    var isSuspended = false
    var counters = SessionCounters()
    var pace = SessionPace()
    var rule: Int?
    /// Whether that rule names one host and is active: the session is there before the peer speaks, and stays.
    var isNamed = false
    var lastTransition: Transition?
    /// Where the peer last sent to, where the kernel chooses the local address: what captures show.
    var heardAt: IPAddress?
    /// What the owner wants it held in.
    var hold: Session.Hold?
    @Seldom var dampening: Dampening? = nil
    @inline(__always) var hasFrame: Bool { _frame.isPresent }
    /// Whether it may be held by dampening.
    @inline(__always) var isDampened: Bool { _dampening.isPresent }
    /// What the wheel was last set to.
    var armed = Instant.distantFuture
    /// Nanoseconds by which a packet may leave before it is due: see `Speaker.slack`.
    var slack: Int64 = 0
    /// Whether its session has echoes: asked at every turn, and far away in the session.
    var hasEcho = false
    /// Since when a session made by a rule has been without a peer.
    var lonelySince: Instant?
    /// Whether `impatient` counts it.
    var isImpatient = false
    /// Whether the kernel keeps repetitions to itself: then `catchUp` knows more than `session` does.
    var isFiltered = false
    /// TTL and source port of the packet that is repeated, for captures.
    var heardTimeToLive: UInt8 = 0
    var heardPort: UInt16 = 0
    /// Repetitions that have been counted.
    var filteredCount: UInt64 = 0
  }

  var slots = SlotTable()
  var free: [Int] = []
  var demultiplexer = Demultiplexer()
  var wheel: TimerWheel
  var receiveBatch = ReceiveBatch()
  var transmitBatch = TransmitBatch()
  /// Echo: sockets by domain, the way of each session's by its number; all empty as long as no session wants any.
  var echoPorts: [EchoPort] = []
  var memberPorts: [MemberPort] = []
  var echoPaths: [EchoPath?] = []
  var echoBatch = FrameBatch()
  let echoSeal: EchoSeal
  var homes: [Home] = []
  /// Nil where every packet is read. It stands before the sockets, and so goes before they do.
  var filter: RepetitionFilter?
  /// Of `receivers`, in their order.
  var filters: [ReceiverFilters] = []
  /// Why packets are not filtered, or not all.
  var filterProblem: String?
  /// By domain; empty where packets leave by UDP sockets.
  var wayPorts: [WayPort] = []
  /// Of those that are opened from now on.
  var wayTiming = WayTable.Timing()
  /// Why there are none, or not all.
  var wayProblem: String?
  /// Whether something may wait on `descriptors`: an owner whose wait ended with nothing to read may say so before each
  /// turn, and saves a system call by that.
  public var hasInput = true
  /// In memory of their own, so that each session can point to the one it leaves by. Empty without the engine `xdp`.
  var links: [UnsafeMutablePointer<XDPLink>] = []
  var linkTiming = XDPLink.Timing()
  var unknownCounted: UInt64 = 0
  var dropsUnknown = false
  let choice: SpeakerEngineChoice
  var receivers: [Receiver] = []
  var transmitters: [Transmitter] = []
  /// Where to start looking for a source port.
  let preferredPort: UInt16
  /// Whether some session was ever made with `Compatibility.ovn`.
  var hasHintedSessions = false
  var random: RandomSource
  let discriminators: DiscriminatorSource
  public internal(set) var rules: [AllowRule] = []
  var sessionsByRule: [Int] = []
  var reflections: [Reflection] = []
  /// By the number that settings call them.
  var keyRings: [KeyRing] = []
  var keysCheckedAt: Instant
  /// When the receive sockets were last seen empty.
  var drainedAt: Instant
  /// Nil as long as no socket is there for packets that can wait.
  var gate: SteadyGate?
  var isGateOpen = false
  var gatedReceivers = 0
  /// Sessions that wait for a packet which others could be late with.
  var impatient = 0

  var gauge: FloodGauge
  var stretch = Stretch()
  var admission = Admission()
  /// Nanoseconds of CPU time in a window of `Stretch`; 0 without a limit.
  var cpuAllowance: Int64 = 0
  /// When the CPU time was last looked at, and what it was.
  var cpuMeasured: (at: Instant, used: Int64) = (Instant(nanoseconds: 0), 0)
  /// The last packets of each session.
  var rings = PacketRings(depth: 0)
  /// Where copies of packets go; nil while nobody watches.
  var tap: PacketTap?
  /// When packets that are queued now leave, as nearly as it matters.
  var turnAt: Instant
  var reading = Reading()

  /// What has happened since the owner last emptied it.
  public var events: [SpeakerEvent] = []
  public internal(set) var counters = SpeakerCounters()

  /// Opens the sockets inside a namespace.
  /// - Parameters:
  ///   - listen: addresses to hear single-hop sessions on; a family without one is not spoken.
  ///   - secret: 128 bits kept on the node; discriminators and the source port derive from it.
  ///   - seed: for jitter.
  /// - Throws: `SpeakerError` that says what to do.
  public init(
    in namespace: borrowing NetworkNamespace, listen: [IPAddress], secret: (UInt64, UInt64), seed: UInt64,
    engine: SpeakerEngineChoice = .automatic, at now: Instant
  ) throws(SpeakerError) {
    self.init(secret: secret, seed: seed, engine: engine, at: now)
    try open(listen.map { Endpoint($0) }, in: namespace)
  }

  /// Without sockets: it keeps sessions, but hears and says nothing until `open`.
  public init(
    secret: (UInt64, UInt64), seed: UInt64, engine: SpeakerEngineChoice = .automatic, at now: Instant
  ) {
    choice = engine
    let span = UInt64(BFDPort.sources.count)
    preferredPort = BFDPort.sources.lowerBound + UInt16((secret.0 ^ secret.1) % span)
    discriminators = DiscriminatorSource(secret: secret)
    echoSeal = EchoSeal(secret: secret)
    random = RandomSource(seed: seed)
    wheel = TimerWheel(now: now)
    drainedAt = now
    turnAt = now
    gauge = FloodGauge(at: now)
    keysCheckedAt = now
    events.reserveCapacity(256)
  }

  /// Opens the endpoints that are not open yet, all of them or none; `descriptors` are others then.
  ///
  /// Endpoints of one domain are opened in one namespace.
  /// - Throws: `SpeakerError` that says what to do. It may be tried again.
  public mutating func open(
    _ endpoints: [Endpoint], in namespace: borrowing NetworkNamespace
  ) throws(SpeakerError) {
    var newReceivers: [Receiver] = []
    var newTransmitters: [Transmitter] = []
    for endpoint in endpoints where endpoint.pathType == .linkAggregationMember {
      try openMember(endpoint, in: namespace)
    }
    for endpoint in endpoints where !self.endpoints.contains(endpoint) {
      if endpoint.pathType == .seamlessInitiator {
        let transmitter = try EndpointSockets.transmitter(
          for: endpoint, in: namespace, preferredPort: preferredPort)
        newReceivers.append(try EndpointSockets.receiver(endpoint, on: transmitter))
        newTransmitters.append(transmitter)
        continue
      }
      // A device may be in this namespace, or in another: asking the others too does no harm.
      newReceivers.append(
        try EndpointSockets.receiver(endpoint, in: namespace, beside: receivers + newReceivers))
      let family = endpoint.address.family
      let isThere = (transmitters + newTransmitters).contains {
        $0.domain == endpoint.domain && $0.family == family && !$0.isSeamless
      }
      if !isThere, endpoint.pathType != .seamlessReflector {
        newTransmitters.append(
          try EndpointSockets.transmitter(for: endpoint, in: namespace, preferredPort: preferredPort))
      }
    }
    for endpoint in endpoints where !homes.contains(where: { $0.domain == endpoint.domain }) {
      if let own = try? namespace.duplicate() { homes.append(Home(endpoint.domain, own)) }
    }
    for transmitter in newTransmitters where !transmitter.isSeamless { openWays(transmitter.domain, in: namespace) }
    for receiver in newReceivers { filter(receiver) }
    receivers += newReceivers
    dropsUnknown = false
    updateUnknownDropping()
    transmitters += newTransmitters
    if gate == nil, newReceivers.contains(where: { $0.steady >= 0 }) { gate = SteadyGate() }
    openGate()
    findTransmitters()
    for index in slots.indices where slots[index]?.pointee.session.state == .up { seekWay(of: index) }
  }

  /// Closes the endpoints of a domain; its sessions hear and say nothing any more.
  public mutating func close(_ domain: RoutingDomain) {
    send()
    closeWays(domain)
    for number in receivers.indices where receivers[number].endpoint.domain == domain {
      for attachment in filters[number].all { filter?.detach(attachment) }
    }
    for index in slots.indices where slots[index]?.pointee.settings.key.domain == domain { expectNothing(index) }
    let kept = receivers.indices.filter { receivers[$0].endpoint.domain != domain }
    filters = kept.map { filters[$0] }
    receivers = kept.map { receivers[$0] }
    transmitters.removeAll { $0.domain == domain }
    echoPorts.removeAll { $0.domain == domain }
    homes.removeAll { $0.domain == domain }
    memberPorts.removeAll { $0.endpoint.domain == domain }
    findTransmitters()
  }

  /// Which endpoints are open.
  public var endpoints: [Endpoint] { receivers.map(\.endpoint) + memberPorts.map(\.endpoint) }

  mutating func findTransmitters() {
    for index in slots.indices {
      guard let settings = slots[index]?.pointee.settings, let isSuspended = slots[index]?.pointee.isSuspended
      else { continue }
      let descriptor = isSuspended ? -1 : transmitter(for: settings)
      slots[index]?.pointee.transmitter = descriptor
    }
  }

  func transmitter(for settings: SessionSettings) -> Int32 {
    guard let family = settings.remoteAddress?.family else { return -1 }
    if settings.key.pathType == .linkAggregationMember { return memberSender(for: settings) }
    let isSeamless = settings.key.pathType == .seamlessInitiator
    return transmitter(family, in: settings.key.domain, isSeamless: isSeamless)?.descriptor ?? -1
  }

  func transmitter(_ family: AddressFamily, in domain: RoutingDomain, isSeamless: Bool = false) -> Transmitter? {
    transmitters.first { $0.domain == domain && $0.family == family && $0.isSeamless == isSeamless }
  }

  deinit {
    for index in slots.indices {
      slots[index]?.pointee.route?.deallocate()
      slots[index]?.pointee.freeWay()
    }
    for link in links { Self.free(link) }
    for path in echoPaths { path?.route?.deallocate() }
  }

  /// What to wait for: readable means that `run` has packets to read. There are more after `open`, and after the first
  /// session with echo was added or configured.
  public var descriptors: [Int32] {
    receivers.map(\.descriptor) + echoPorts.flatMap(\.hearers) + memberPorts.map(\.hearer)
      + (gate.map { [$0.descriptor] } ?? []) + wayPorts.map { $0.finder.pointee.descriptor }
  }

  /// The UDP source port of a family's packets.
  public func sourcePort(_ family: AddressFamily, in domain: RoutingDomain = .main) -> UInt16? {
    transmitter(family, in: domain)?.sourcePort
  }

  /// When `run` next has something to do, packets aside.
  public var nextDeadline: Instant {
    let timers = gate == nil ? wheel.nextDeadline : min(wheel.nextDeadline, patienceEnds)
    return wayPorts.isEmpty ? timers : min(timers, waysDeadline)
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): jitter needs to be spread, not secret.
struct RandomSource {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt32 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return UInt32(truncatingIfNeeded: (z ^ z >> 31) >> 16)
  }
}

public import Addresses
public import BFD
import CLinux
public import NetworkNamespaces

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
    var counters = SessionCounters()
    var rule: Int?
    var lastTransition: Transition?
    /// What the wheel was last set to.
    var armed = Instant.distantFuture
    /// Since when a session made by a rule has been without a peer.
    var lonelySince: Instant?
  }

  var slots: [Slot?] = []
  var free: [Int] = []
  var demultiplexer = Demultiplexer()
  var wheel: TimerWheel
  var receiveBatch = ReceiveBatch()
  var batchIPv4 = TransmitBatch()
  var batchIPv6 = TransmitBatch()
  var socketsIPv4: SocketPair?
  var socketsIPv6: SocketPair?
  /// Where to start looking for a source port.
  let preferredPort: UInt16
  var random: RandomSource
  let discriminators: DiscriminatorSource
  public internal(set) var rules: [AllowRule] = []
  var sessionsByRule: [Int] = []
  /// When the receive sockets were last seen empty.
  var drainedAt: Instant

  /// What has happened since the owner last emptied it.
  public var events: [SpeakerEvent] = []
  public internal(set) var counters = SpeakerCounters()

  /// Opens the sockets inside a namespace.
  /// - Parameters:
  ///   - listen: at most one address of each family; a family without one is not spoken.
  ///   - secret: 128 bits kept on the node; discriminators and the source port derive from it.
  ///   - seed: for jitter.
  /// - Throws: `SpeakerError` that says what to do.
  public init(
    in namespace: borrowing NetworkNamespace, listen: [IPAddress], secret: (UInt64, UInt64), seed: UInt64,
    at now: Instant
  ) throws(SpeakerError) {
    self.init(secret: secret, seed: seed, at: now)
    try open(in: namespace, listen: listen)
  }

  /// Without sockets: it keeps sessions, but hears and says nothing until `open`.
  public init(secret: (UInt64, UInt64), seed: UInt64, at now: Instant) {
    let span = UInt64(BFDPort.sources.count)
    preferredPort = BFDPort.sources.lowerBound + UInt16((secret.0 ^ secret.1) % span)
    discriminators = DiscriminatorSource(secret: secret)
    random = RandomSource(seed: seed)
    wheel = TimerWheel(now: now)
    drainedAt = now
    events.reserveCapacity(256)
  }

  /// Opens the sockets that are missing, all of them or none; `descriptors` are others then.
  /// - Throws: `SpeakerError` that says what to do. It may be tried again.
  public mutating func open(in namespace: borrowing NetworkNamespace, listen: [IPAddress]) throws(SpeakerError) {
    var pairs: [SocketPair] = []
    for family in AddressFamily.allCases where receiver(family) == nil {
      guard let address = listen.first(where: { $0.family == family }) else { continue }
      pairs.append(try SocketPair(in: namespace, family: family, listen: address, preferredPort: preferredPort))
    }
    for pair in pairs {
      switch pair.family {
      case .ipv4: socketsIPv4 = pair
      case .ipv6: socketsIPv6 = pair
      }
    }
  }

  deinit {
    for slot in slots { slot?.route?.deallocate() }
  }

  /// What to wait for: readable means that `run` has packets to read.
  public var descriptors: [Int32] {
    var all: [Int32] = []
    if let fd = receiver(.ipv4) { all.append(fd) }
    if let fd = receiver(.ipv6) { all.append(fd) }
    return all
  }

  /// The UDP source port of a family's packets.
  public func sourcePort(_ family: AddressFamily) -> UInt16? {
    switch family {
    case .ipv4: return socketsIPv4?.sourcePort
    case .ipv6: return socketsIPv6?.sourcePort
    }
  }

  func receiver(_ family: AddressFamily) -> Int32? {
    switch family {
    case .ipv4: return socketsIPv4?.receiver
    case .ipv6: return socketsIPv6?.receiver
    }
  }

  func transmitter(_ family: AddressFamily) -> Int32? {
    switch family {
    case .ipv4: return socketsIPv4?.transmitter
    case .ipv6: return socketsIPv6?.transmitter
    }
  }

  /// When `run` next has something to do, packets aside.
  public var nextDeadline: Instant { wheel.nextDeadline }
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

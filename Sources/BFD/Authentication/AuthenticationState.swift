/// A session's part in authentication: its sequence numbers (RFC 5880 section 6.8.1). Keys are not in it.
struct AuthenticationState: Hashable, Sendable {
  /// The first sequence number, and when it was current.
  private let origin: UInt32
  private let started: Instant
  /// The sequence number and the contents of the last packet.
  private var last: (number: UInt32, packet: ControlPacket)?
  /// bfd.RcvAuthSeq; nil while bfd.AuthSeqKnown is 0.
  private var received: UInt32?
  /// When `received` is forgotten although no detection time runs any more: set as one ends.
  private var forgetAt: Instant?

  init(origin: UInt32, at now: Instant) {
    self.origin = origin
    started = now
  }

  /// The number for a packet that leaves at `now`.
  ///
  /// Meticulous: a new one each time. Otherwise it moves when the contents do, as section 6.7.3 recommends, and with
  /// the seconds, so that it stays where a restarted system begins (docs/decisions/0010). Never by more than one, so
  /// that a peer that missed packets finds it in its window.
  mutating func nextNumber(for packet: ControlPacket, meticulous: Bool, at now: Instant) -> UInt32 {
    guard let last else {
      self.last = (origin, packet)
      return origin
    }
    let clock = origin &+ UInt32(truncatingIfNeeded: (now - started) / 1_000_000_000)
    let isBehind = Int32(bitPattern: clock &- last.number) > 0
    let number = meticulous || isBehind || packet != last.packet ? last.number &+ 1 : last.number
    self.last = (number, packet)
    return number
  }

  /// Whether a number may follow what was received (sections 6.7.3, 6.7.4).
  /// - Parameters:
  ///   - multiplier: the packet's Detect Mult.
  ///   - silence: when twice the detection time ends; nil while none runs.
  func admits(_ number: UInt32, meticulous: Bool, multiplier: UInt8, at arrival: Instant, silence: Instant?) -> Bool
  {
    guard let received, arrival < silence ?? forgetAt ?? .distantFuture else { return true }
    let step = number &- received
    return step >= (meticulous ? 1 : 0) && step <= 3 * UInt32(multiplier)
  }

  /// A packet has been accepted.
  mutating func accept(_ number: UInt32) {
    received = number
    forgetAt = nil
  }

  /// The detection time has ended.
  mutating func peerSilent(forgetAt: Instant) { self.forgetAt = forgetAt }

  static func == (a: Self, b: Self) -> Bool {
    a.origin == b.origin && a.started == b.started && a.last?.number == b.last?.number
      && a.last?.packet == b.last?.packet && a.received == b.received && a.forgetAt == b.forgetAt
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(origin)
    hasher.combine(last?.number)
    hasher.combine(received)
  }
}

/// Which end may speak first (RFC 5880 section 6.1).
public enum Role: Hashable, Sendable {
  /// Sends whether or not it has heard from the peer.
  case active
  /// Sends nothing until it has heard from the peer.
  case passive
}

/// What an operator sets for a session.
public struct SessionConfiguration: Hashable, Sendable {
  /// The least interval at which this system wants to send once the session is Up; not zero. While the session
  /// is not Up it sends, and announces, no less than one second (RFC 5880 section 6.8.3).
  public var desiredMinTx: Interval
  /// The least interval at which this system can receive. Announced as it is in every state, also before Up:
  /// a peer that schedules its packets far ahead (OVN) would otherwise be slow when detection is already fast.
  public var requiredMinRx: Interval
  /// 1 to 255.
  public var detectMultiplier: UInt8
  public var role: Role
  /// Demand mode (section 6.6); nil is asynchronous mode.
  public var demand: DemandMode?
  /// Echoes of our own that the peer loops (section 6.4); nil sends none.
  public var echo: EchoParameters?
  /// The least interval between the peer's echoes that this system loops, as every packet announces it; zero: none
  /// (section 6.8.1).
  public var requiredMinEchoRx = Interval.zero
  /// Octets of an IP packet that every Control packet is padded to, so that Up means that the path carries them
  /// (RFC 9764); 0 pads nothing.
  public var packetSize: UInt16 = 0
  /// What the C bit says: that this system's BFD does not share fate with its control plane (RFC 5880 section 4.1).
  public var controlPlaneIndependent = false
  /// The reflector's discriminator: the session is seamless BFD, and this its initiator (RFC 7880). Nil for all others.
  public var seamlessDiscriminator: UInt32?
  /// What the peer needs that RFC 5880 does not have.
  public var compatibility: Compatibility = []

  public init(
    desiredMinTx: Interval = .milliseconds(300), requiredMinRx: Interval = .milliseconds(300),
    detectMultiplier: UInt8 = 3, role: Role = .active
  ) {
    precondition(desiredMinTx > .zero, "a desired min TX interval of zero is reserved")
    precondition(detectMultiplier > 0, "the detect multiplier is 1 to 255")
    self.desiredMinTx = desiredMinTx
    self.requiredMinRx = requiredMinRx
    self.detectMultiplier = detectMultiplier
    self.role = role
  }

  /// Whether the session is unaffiliated echo (RFC 9747): it needs no BFD at the other end.
  public var isUnaffiliated: Bool { echo?.kind == .unaffiliated }

  /// Without echo where it must not run: over several hops (RFC 5883 section 3), and on the members of a link
  /// aggregation group, for which RFC 7130 has none.
  public func applicable(to pathType: PathType) -> SessionConfiguration {
    guard pathType != .singleHop, echo != nil || requiredMinEchoRx != .zero else { return self }
    var without = self
    without.echo = nil
    without.requiredMinEchoRx = .zero
    return without
  }
}

/// Demand mode: once both ends are Up the peer is asked to send nothing, and the path is verified by Poll Sequences
/// (RFC 5880 section 6.6). Silence is then no failure; a Poll without an answer is.
public struct DemandMode: Hashable, Sendable {
  /// How long after the last answered Poll the next verification begins; nil: only when `Session.verify` asks.
  /// The path's failure is noticed this much, and a Detection Time, after it at the latest.
  public var verificationInterval: Interval?

  public init(verificationInterval: Interval?) { self.verificationInterval = verificationInterval }
}

/// Echoes that this system sends to itself through the peer's forwarding.
public struct EchoParameters: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Beside a session with the peer, when that announces that it loops them (RFC 5880 section 6.8.9).
    /// - requiredMinRx: announced while echoes come back, if it is the greater: Control packets then only carry state.
    ///   One second or more (section 6.8.3).
    case affiliated(requiredMinRx: Interval)
    /// Without BFD at the other end: the echoes are the session (RFC 9747).
    case unaffiliated
  }

  /// The least interval between echoes; not zero. The peer's Required Min Echo RX may make it longer.
  public var transmitInterval: Interval
  public var kind: Kind

  public init(transmitInterval: Interval, kind: Kind = .affiliated(requiredMinRx: .slow)) {
    precondition(transmitInterval > .zero, "an echo interval is not zero")
    self.transmitInterval = transmitInterval
    self.kind = kind
  }
}

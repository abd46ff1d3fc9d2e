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
}

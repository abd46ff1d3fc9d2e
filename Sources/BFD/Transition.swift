/// A change of a session's state, with what its clients need to judge it.
public struct Transition: Hashable, Sendable {
  /// What brought the change about.
  public enum Cause: Hashable, Sendable {
    /// A packet moved the three-way handshake on.
    case handshake
    /// No valid packet for a Detection Time.
    case detectionTimeExpired
    /// Too many echoes did not come back.
    case echoFailed
    /// The peer sent Down.
    case neighborSignaledDown
    /// The peer sent AdminDown: it asks to be left, it has not failed (RFC 5882 sections 3.2, 4.2).
    case neighborAdministrativelyDown
    /// An operator, or this system, took the session down, or let it go again; or the peer, because this system was
    /// silent on purpose.
    case administrative
  }

  public var from: SessionState
  public var to: SessionState
  public var cause: Cause
  /// This system's diagnostic after the change.
  public var diagnostic: Diagnostic
  /// The peer's diagnostic in its last packet, if the peer was known.
  public var remoteDiagnostic: Diagnostic?
  /// When it happened; for a timeout the end of the Detection Time, not the moment it was noticed.
  public var at: Instant
  /// Of a session that left Up: nanoseconds from the peer's last packet to `at`.
  public var silence: Int64?
  /// Of a Detection Time that ended: its length in nanoseconds (RFC 5880 section 6.8.4).
  public var detectionTime: Int64?

  /// Whether clients must take this as the failure of the path: it left Up, and not because an operator at
  /// either end asked for it. A session that was never Up reports no failure (RFC 5882 section 3.3).
  public var isFailure: Bool {
    guard from == .up, to != .up else { return false }
    switch cause {
    case .detectionTimeExpired, .echoFailed, .neighborSignaledDown: return true
    case .handshake, .neighborAdministrativelyDown, .administrative: return false
    }
  }
}

// What a speaker may leave to the kernel: nothing here decides anything, it only says when nothing is to be decided.
extension Session {
  /// Whether a packet that repeats the last one would change nothing but `lastReceived`, as long as it comes within the
  /// Detection Time: both ends Up, nothing being negotiated, and none of the functions on for which every packet counts.
  @inline(__always)
  public var isSteady: Bool {
    guard state == .up, hold == nil, let remote, remote.state == .up, !remote.demand, remote.requiredMinRx != .zero
    else { return false }
    guard !isAuthenticated, !hasEcho, configuration.demand == nil, !isSeamless, !isUnaffiliated else {
      return false
    }
    return receiveConfirmed == nil && !demandInForce && !demandWantsPoll && advertisedMinRx == announcedReceive
  }

  /// All that an owner asks after each packet.
  ///
  /// Changes nothing. It is marked so because Swift hands a value of this size over as a copy to what does not change it,
  /// and in its place to what might: the copies were a fifth of the time that a packet cost.
  public mutating func timing() -> SessionTiming {
    SessionTiming(
      detection: detectionDeadline ?? .distantFuture, due: nextTransmission ?? .distantFuture,
      earliest: earliestTransmission, interval: transmitInterval.nanoseconds, isSteady: isSteady, hasEcho: hasEcho)
  }

  /// Packets that repeated the last one have come in, none later than a Detection Time after the one before it.
  /// - Parameter arrival: of the last of them.
  public mutating func heardAgain(at arrival: Instant) { lastReceived = max(lastReceived, arrival) }
}

/// When a session wants to be served.
public struct SessionTiming: Hashable, Sendable {
  /// When the Detection Time ends; `distantFuture` while there is none.
  public var detection: Instant
  /// When the next packet is due; `distantFuture` while none is.
  public var due: Instant
  /// Before that it must not leave.
  public var earliest: Instant
  /// Nanoseconds between packets, before jitter.
  public var interval: Int64
  public var isSteady: Bool
  public var hasEcho: Bool
}

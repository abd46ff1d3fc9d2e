// What a speaker may leave to the kernel: nothing here decides anything, it only says when nothing is to be decided.
extension Session {
  /// Whether a packet that repeats the last one would change nothing but `lastReceived`, as long as it comes within the
  /// Detection Time: both ends Up, nothing being negotiated, and none of the functions on for which every packet counts.
  public var isSteady: Bool {
    guard state == .up, hold == nil, let remote, remote.state == .up, !remote.demand, remote.requiredMinRx != .zero
    else { return false }
    guard authentication == nil, echo == nil, configuration.demand == nil, !isSeamless, !isUnaffiliated else {
      return false
    }
    return receiveConfirmed == nil && !demandInForce && !demandWantsPoll && advertisedMinRx == announcedReceive
  }

  /// Packets that repeated the last one have come in, none later than a Detection Time after the one before it.
  /// - Parameter arrival: of the last of them.
  public mutating func heardAgain(at arrival: Instant) { lastReceived = max(lastReceived, arrival) }
}

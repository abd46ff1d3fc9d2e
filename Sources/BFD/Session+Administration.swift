extension Session {
  /// Keeps the session down, whatever the peer says, and tells the peer at once.
  ///
  /// The session goes on sending, so that the peer hears it for at least a Detection Time (section 6.8.16):
  /// `peerDetectionTime` says how long that is.
  public mutating func hold(_ new: Hold, at now: Instant) -> Transition? {
    hold = new
    switch new {
    case .administrativelyDown:
      return change(to: .adminDown, diagnostic: .administrativelyDown, cause: .administrative, at: now)
    case .adminDown(let diagnostic):
      return change(to: .adminDown, diagnostic: diagnostic, cause: .administrative, at: now)
    case .down(let diagnostic):
      return change(to: .down, diagnostic: diagnostic, cause: .administrative, at: now)
    }
  }

  /// Ends a hold: the session starts again from Down.
  public mutating func release(at now: Instant) -> Transition? {
    guard hold != nil else { return nil }
    hold = nil
    return change(to: .down, diagnostic: .none, cause: .administrative, at: now)
  }
}

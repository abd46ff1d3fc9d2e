extension Session {
  /// Keeps the session down, whatever the peer says, and tells the peer at once.
  ///
  /// Unless it is to be silent, the session goes on sending, so that the peer hears it for at least a Detection Time (section 6.8.16):
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
    case .silent:
      if hasEcho {
        updateEcho(at: now)
        parametersChanged()
      }
      // Up is what both ends still believe; anything less begins anew when it is over.
      guard state == .adminDown || state == .`init` else { return nil }
      return change(to: .down, diagnostic: .none, cause: .administrative, at: now)
    }
  }

  /// Whether it sends nothing at all because it is held so.
  public var isMute: Bool { hold == .silent && !isUnaffiliated && !isSeamless }

  /// Ends a hold: the session starts again from Down. One that was silent, and whose peer has not noticed, goes on.
  public mutating func release(at now: Instant) -> Transition? {
    guard hold != nil else { return nil }
    let wasMute = isMute
    hold = nil
    if wasMute {
      // A Poll that was open could not be repeated: its time counts from now.
      pollBasis = now
      if hasEcho {
        updateEcho(at: now)
        parametersChanged()
      }
    }
    if wasMute || isSeamless || isUnaffiliated, state == .up { return nil }
    return change(to: .down, diagnostic: .none, cause: .administrative, at: now)
  }
}

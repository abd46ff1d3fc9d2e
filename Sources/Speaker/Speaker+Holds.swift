public import BFD

/// What keeps a session down against its peer: its owner, or dampening. The owner's word counts first.
extension Speaker {
  /// Keeps a session down and tells its peer.
  public mutating func hold(_ index: Int, _ hold: Session.Hold, at now: Instant) {
    guard slots[index] != nil else { return }
    catchUp(index)
    slots[index]?.pointee.hold = hold
    record(slots[index]?.pointee.session.hold(hold, at: now) ?? nil, of: index)
    arm(index)
  }

  /// Ends the owner's hold.
  public mutating func release(_ index: Int, at now: Instant) {
    guard slots.indices.contains(index), slots[index]?.pointee.hold != nil else { return }
    slots[index]?.pointee.hold = nil
    if slots[index]?.pointee.dampening?.heldUntil == nil {
      record(slots[index]?.pointee.session.release(at: now) ?? nil, of: index)
    } else {
      record(slots[index]?.pointee.session.hold(.down(.pathDown), at: now) ?? nil, of: index)
    }
    arm(index)
  }

  /// A session failed: if it does so too often, it is held.
  mutating func dampen(_ index: Int, failedAt now: Instant) {
    guard let until = slots[index]?.pointee.dampening?.failed(at: now) ?? nil else { return }
    events.append(.dampened(session: index, until: until))
    if slots[index]?.pointee.hold == nil {
      record(slots[index]?.pointee.session.hold(.down(.pathDown), at: now) ?? nil, of: index)
    }
  }

  /// Lets a session go whose hold is over.
  mutating func endDampening(_ index: Int, at now: Instant) {
    guard slots[index]?.pointee.dampening?.release(at: now) == true else { return }
    events.append(.undampened(session: index))
    if slots[index]?.pointee.hold == nil {
      record(slots[index]?.pointee.session.release(at: now) ?? nil, of: index)
    }
  }

  /// Takes new settings; without any, a session that is held is let go with its next timer.
  mutating func setDampening(_ index: Int, _ settings: Dampening.Settings?) {
    if let settings, slots[index]?.pointee.isDampened == true {
      slots[index]?.pointee.dampening?.settings = settings
      return
    }
    let wasHeld = slots[index]?.pointee.dampening?.heldUntil != nil
    slots[index]?.pointee.dampening = settings.map { Dampening($0) }
    guard wasHeld, slots[index]?.pointee.hold == nil else { return }
    events.append(.undampened(session: index))
    record(slots[index]?.pointee.session.release(at: drainedAt) ?? nil, of: index)
  }
}

extension SessionSettings {
  /// Whether both are one session with other settings.
  func isSameSession(as other: SessionSettings) -> Bool {
    key == other.key && (other.remoteAddress == nil || remoteAddress == other.remoteAddress)
      && localAddress == other.localAddress
      && minimumTimeToLive == other.minimumTimeToLive
      && parameters.isUnaffiliated == other.parameters.isUnaffiliated
  }
}

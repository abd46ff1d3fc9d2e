extension Load {
  /// Puts a peer's packet as it is now into the outbox. A muted peer says nothing.
  mutating func transmit(_ index: Int, _ kind: Outbox.Kind) {
    let peer = peers + index
    guard peer.pointee.trial != .muted, peer.pointee.trial != .held else { return }
    let frame = outbox.add(
      templates + index * Outbox.stride, Outbox.Note(peer: Int32(index), kind: kind, due: peer.pointee.due))
    var fields = ControlFields()
    fields.state = peer.pointee.state
    fields.diagnostic = peer.pointee.diagnostic
    fields.flags = kind == .final ? ControlFields.final : peer.pointee.isPolling ? ControlFields.poll : 0
    fields.multiplier = peer.pointee.multiplier
    fields.mine = peer.pointee.discriminator
    fields.yours = peer.pointee.daemonDiscriminator
    fields.desiredTransmit = peer.pointee.desired
    fields.requiredReceive = peer.pointee.interval
    Frame.write(frame, fields)
  }

  mutating func transmitPeriodically(_ index: Int, at now: Int64) {
    let peer = peers + index
    // A daemon that wants no periodic packets (section 6.8.7).
    if peer.pointee.daemonRequired == 0, peer.pointee.state == .up {
      wheel.set(index * 2, at: now + 1_000_000_000)
      return
    }
    transmit(index, .periodic)
    schedule(index, from: now)
  }

  /// The next periodic packet: 75 to 100 % of the interval (section 6.8.7), up to 90 % with a multiplier of 1. A wheel's
  /// slot and the time to wake up must not make more than 100 % of it.
  mutating func schedule(_ index: Int, from time: Int64) {
    let peer = peers + index
    let interval = Double(peer.pointee.transmitInterval) * 1_000
    let guardTime = min(2 * Double(Wheel.slot), 0.02 * interval)
    let longest = (peer.pointee.multiplier == 1 ? 0.9 : 1) * interval - guardTime
    let shortest = 0.75 * interval
    peer.pointee.due = time + Int64(shortest + random.fraction() * (longest - shortest))
    wheel.set(index * 2, at: peer.pointee.due)
  }

  /// The kernel has taken the outbox's first `number` frames, one after another between two times, and refused the rest.
  public mutating func sent(_ number: Int, from start: Int64, until end: Int64) {
    counts.sent += number
    counts.unsent += outbox.count - number
    for position in 0..<number {
      let note = outbox.note(position)
      let peer = peers + Int(note.peer)
      let time = start + (end - start) * Int64(position + 1) / Int64(number)
      // Packets in the slow pace before Up say nothing.
      let isPaced = peer.pointee.state == .up && peer.pointee.lastSent >= peer.pointee.upSince
      if isPaced {
        peer.pointee.gapBefore = peer.pointee.gap
        peer.pointee.gap = time - peer.pointee.lastSent
      }
      if phase == .steady, peer.pointee.state == .up {
        if note.kind == .periodic { counts.lateness.add(Double(max(0, time - note.due)) / 1e3) }
        if isPaced, peer.pointee.lastSent >= steadySince {
          let share = Double(peer.pointee.gap) / (Double(peer.pointee.transmitInterval) * 1e3)
          if share > counts.longestOwnGap { counts.longestOwnGap = share }
        }
      }
      peer.pointee.lastSent = time
      if peer.pointee.trial == .returning, peer.pointee.returnedAt == 0 { peer.pointee.returnedAt = time }
    }
    outbox.clear()
  }
}

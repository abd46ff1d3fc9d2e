extension Load {
  /// A frame from the daemon. There must be room in the outbox (`isFull`).
  /// - Parameters:
  ///   - time: when the kernel saw it.
  ///   - now: the clock.
  public mutating func receive(
    _ frame: UnsafeRawPointer, length: Int, hasChecksum: Bool, at time: Int64, now: Int64
  ) {
    guard length >= Frame.udp, Frame.get16(frame, 12) == 0x0800, Frame.get8(frame, Frame.ip + 9) == 17 else {
      return
    }
    guard let index = plan.index(Frame.get32(frame, Frame.ip + 16)), index < count else {
      counts.violations[Violation.stranger.rawValue] += 1
      return
    }
    counts.received += 1
    let peer = peers + index
    let (packet, violation) = Frame.read(frame, length: length, hasChecksum: hasChecksum)
    if let violation {
      counts.violations[violation.rawValue] += 1
      return
    }
    guard
      packet.yours == 0
        ? packet.state.rawValue <= BFDState.down.rawValue : packet.yours == peer.pointee.discriminator
    else {
      counts.violations[Violation.yourDiscriminator.rawValue] += 1
      return
    }
    let isFinal = packet.flags & ControlFields.final != 0
    let was = peer.pointee.isBothUp
    let old = peer.pointee.state
    let oldRequired = peer.pointee.daemonRequired
    peer.pointee.daemonDiscriminator = packet.mine
    peer.pointee.daemonState = packet.state
    peer.pointee.daemonDiagnostic = packet.diagnostic
    peer.pointee.daemonMultiplier = packet.multiplier
    peer.pointee.daemonDesired = packet.desiredTransmit
    peer.pointee.daemonRequired = packet.requiredReceive
    peer.pointee.lastHeard = time
    if isFinal {
      peer.pointee.isPolling = false
      counts.finals += 1
    }
    measureInterval(peer, packet, old, isFinal, at: time)
    noticeDetection(peer, packet, at: time)
    let isChanged = react(peer, packet.state, at: time, now: now)

    peer.pointee.patience = time + peer.pointee.detection
    if let deadline = wheel.deadline(index * 2 + 1), deadline <= peer.pointee.patience {
      // It ends sooner, and is moved on then: most packets set no timer.
    } else {
      wheel.set(index * 2 + 1, at: peer.pointee.patience)
    }
    noteUp(peer, was, at: time)

    if packet.flags & ControlFields.poll != 0 { transmit(index, .final) }
    if isChanged {
      transmit(index, .triggered)
      schedule(index, from: now)
    } else if oldRequired != peer.pointee.daemonRequired {
      schedule(index, from: peer.pointee.lastSent > 0 ? peer.pointee.lastSent : now)
      // The interval has just become much shorter.
      if peer.pointee.due < now {
        peer.pointee.due = now
        wheel.set(index * 2, at: now)
      }
    }
  }

  private mutating func measureInterval(
    _ peer: UnsafeMutablePointer<Peer>, _ packet: ControlFields, _ old: BFDState, _ isFinal: Bool, at time: Int64
  ) {
    guard phase == .steady, !isFinal else { return }
    guard old == .up, packet.state == .up else {
      peer.pointee.lastPaced = 0
      return
    }
    if peer.pointee.lastPaced > 0 {
      let agreed = Double(max(packet.desiredTransmit, peer.pointee.interval)) * 1e3
      counts.intervals.add(Double(time - peer.pointee.lastPaced) / agreed)
    }
    peer.pointee.lastPaced = time
  }

  private mutating func noticeDetection(_ peer: UnsafeMutablePointer<Peer>, _ packet: ControlFields, at time: Int64)
  {
    guard peer.pointee.trial == .muted, packet.state == .down else { return }
    let silence = time - peer.pointee.mutedAt
    counts.overshoot.append(Double(silence - peer.pointee.mutedDetection) / 1e6)
    if packet.diagnostic != 1 { counts.otherDiagnostics += 1 }
    peer.pointee.trial = .held
    peer.pointee.trialDeadline = time + Self.hold
  }

  /// The table of RFC 5880 section 6.8.6.
  /// - Returns: whether the state changed.
  private mutating func react(
    _ peer: UnsafeMutablePointer<Peer>, _ heard: BFDState, at time: Int64, now: Int64
  ) -> Bool {
    switch (peer.pointee.state, heard) {
    case (.down, .down): change(peer, to: .`init`, diagnostic: 0, at: now)
    case (.down, .`init`), (.`init`, .`init`), (.`init`, .up): change(peer, to: .up, diagnostic: 0, at: now)
    case (.up, .down), (.up, .adminDown):
      noteFall(peer, at: time, .word)
      change(peer, to: .down, diagnostic: 3, at: now)
    case (.`init`, .adminDown): change(peer, to: .down, diagnostic: 3, at: now)
    default: return false
    }
    return true
  }
}

extension Load {
  /// - Returns: whether the outbox is full and this is to be called again.
  mutating func runTrials(at now: Int64) -> Bool {
    while trialsToStart > 0, now >= nextTrial {
      // A peer that is good, and has been for a while; when there is none, another time.
      var chosen: Int?
      for _ in 0..<64 where chosen == nil {
        let index = random.below(count)
        let peer = peers + index
        if peer.pointee.trial == .none, peer.pointee.isBothUp, !peer.pointee.isPolling,
          now - peer.pointee.upSince > Self.settled, peer.pointee.lastSent > peer.pointee.upSince
        {
          chosen = index
        }
      }
      nextTrial += Int64((0.5 + random.fraction()) * Double(trialSpacing))
      guard let chosen else {
        nextTrial = now + 50_000_000
        break
      }
      let peer = peers + chosen
      // What waits in the outbox leaves first, and is the peer's last word.
      if (0..<outbox.count).contains(where: { Int(outbox.note($0).peer) == chosen }) { return true }
      peer.pointee.trial = .muted
      peer.pointee.mutedAt = peer.pointee.lastSent
      peer.pointee.mutedDetection = peer.pointee.detectionAtDaemon
      peer.pointee.trialDeadline = now + 3 * peer.pointee.detectionAtDaemon + 5_000_000_000
      peer.pointee.returnedAt = 0
      counts.muted += 1
      trialsToStart -= 1
      running.append(Int32(chosen))
    }
    var position = 0
    while position < running.count {
      if outbox.isFull { return true }
      let index = Int(running[position])
      if step(index, at: now) {
        running.swapAt(position, running.count - 1)
        running.removeLast()
        counts.trialsLeft -= 1
      } else {
        position += 1
      }
    }
    return false
  }

  /// - Returns: whether the trial is over.
  private mutating func step(_ index: Int, at now: Int64) -> Bool {
    let peer = peers + index
    switch peer.pointee.trial {
    case .none: return true
    case .muted, .held:
      guard now >= peer.pointee.trialDeadline else { return false }
      let isUndetected = peer.pointee.trial == .muted
      if isUndetected { counts.undetected += 1 }
      let wasNeverDown = peer.pointee.isBothUp
      peer.pointee.trial = wasNeverDown ? .none : .returning
      peer.pointee.trialDeadline = now + 20_000_000_000
      transmit(index, .triggered)
      schedule(index, from: now)
      return wasNeverDown
    case .returning:
      guard now >= peer.pointee.trialDeadline else { return false }
      counts.notReturned += 1
      peer.pointee.trial = .none
      return true
    }
  }
}

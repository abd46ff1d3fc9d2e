extension Session {
  /// Ends the Detection Time if it is over (sections 6.8.1, 6.8.4). Call it only after every packet that
  /// arrived before `now` has been given to `receive`.
  ///
  /// In any state the peer is forgotten; only from Init and Up is there a transition.
  public mutating func expire(at now: Instant) -> Transition? {
    let echoFailed = hasEcho ? expireEcho(at: now) : nil
    guard let deadline = detectionDeadline, now >= deadline else { return echoFailed }
    let lastWords = remote?.diagnostic
    let detectionTime = detectionTime
    if isAuthenticated {
      let silence = lastReceived + 2 * (detectionTime ?? 0)
      authentication?.peerSilent(forgetAt: silence)
    }
    forgetRemote()
    guard state == .`init` || state == .up else { return echoFailed }
    var transition = change(
      to: .down, diagnostic: .controlDetectionTimeExpired, cause: .detectionTimeExpired, at: deadline)
    transition?.remoteDiagnostic = lastWords
    transition?.detectionTime = detectionTime
    return transition
  }

  private mutating func forgetRemote() {
    if let remote { hints.known = remote.discriminator }
    remote = nil
    poll.reset()
    receiveConfirmed = nil
    demandInForce = false
    receiveInForce = advertisedMinRx
    transmitInForce = advertisedMinTx
  }

  /// When the next packet is due; nil while this session must be silent.
  ///
  /// A received packet moves it only by changing the interval itself: the jitter stays as drawn.
  @inline(__always)
  public var nextTransmission: Instant? {
    guard mayTransmit else { return nil }
    guard let lastTransmitted else { return started }
    if isChangeUnsent { return lastTransmitted }
    let due = lastTransmitted + jittered(transmitInterval.nanoseconds, jitter)
    guard isSilenced else { return due }
    // Only Polls are left to send.
    let polling = max(due, poll.notBefore ?? due)
    return poll.isWanted ? polling : nextVerification.map { max(polling, $0) }
  }

  /// 75 % of the interval after the last packet: no jitter may bring the next one forward of it (section 6.8.7).
  @inline(__always)
  public var earliestTransmission: Instant {
    guard let lastTransmitted else { return started }
    if isChangeUnsent { return lastTransmitted }
    if isSilenced, let nextTransmission { return nextTransmission }
    return lastTransmitted + transmitInterval.nanoseconds * 3 / 4
  }

  /// The next packet would tell another state or diagnostic than the last one did, or a peer that nothing is heard of a
  /// discriminator that was just learnt: it need not wait (section 6.8.7).
  @inline(__always)
  var isChangeUnsent: Bool { toldState != state || toldDiagnostic != diagnostic || hints.isUrgent }

  /// Section 6.8.7: not as the passive end before the peer was heard, not when the peer wants no packets; and not
  /// while it is held silent.
  @inline(__always)
  private var mayTransmit: Bool {
    guard !isUnaffiliated, !isMute else { return false }
    guard let remote else { return configuration.role == .active }
    return remote.requiredMinRx != .zero
  }

  /// 75-100 % of the interval; with a multiplier of 1, 75-90 % (section 6.8.7). The peer goes by the multiplier
  /// it was last sent: a greater one widens the wait only behind the packet that tells it.
  @inline(__always)
  func jittered(_ interval: Int64, _ jitter: UInt32) -> Int64 {
    let single = configuration.detectMultiplier == 1 || transmittedMultiplier == 1
    let span = single ? interval * 3 / 20 : interval / 4
    // interval < 2^42 ns and jitter < 2^32: the 128-bit product is needed.
    let (high, low) = span.multipliedFullWidth(by: Int64(jitter))
    return interval - (high << 32 | Int64(low >> 32))
      - (single ? interval / 10 : 0)
  }
}

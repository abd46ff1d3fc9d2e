// Demand mode (RFC 5880 sections 6.6, 6.8.4, 6.8.6, 6.8.14).
extension Session {
  /// What the next packet's D bit says: only while both ends are Up (section 6.6). A peer that wants no packets at all
  /// could not be asked whether it is alive.
  @inline(__always)
  var setsDemand: Bool {
    // OVN latches: asked for silence once, it never sends again.
    guard configuration.demand != nil, !configuration.compatibility.contains(.ovn), state == .up, let remote else {
      return false
    }
    return remote.state == .up && remote.requiredMinRx != .zero
  }

  /// Whether Demand mode is active at the peer: it is not to be sent packets, but for a Poll Sequence (section 6.8.7).
  @inline(__always)
  public var isSilenced: Bool {
    guard let remote, remote.demand else { return false }
    return state == .up && remote.state == .up
  }

  /// When the next verification begins; nil when none is planned.
  @inline(__always)
  public var nextVerification: Instant? {
    guard demandInForce, setsDemand, !poll.isWanted, let interval = configuration.demand?.verificationInterval
    else {
      return nil
    }
    return verifiedAt + interval.nanoseconds
  }

  /// Asks the peer whether it is alive, by a Poll Sequence that begins with the next packet. In Demand mode the session
  /// goes Down when the answer does not come within a Detection Time of the first Poll.
  public mutating func verify() {
    if remote != nil, !isSeamless { poll.request() }
  }

  /// The D bit has been told: from now on silence is no failure, and an unanswered Poll is.
  mutating func demandTold(_ demand: Bool) {
    toldDemand = demand
    guard demand, !demandInForce else { return }
    demandInForce = true
    verifiedAt = lastReceived
    // A Poll that was open before did not count, and begins to now.
    pollBasis = max(pollBasis, lastReceived, lastTransmitted ?? started)
  }

  /// Packets are expected again: silence counts from `now`.
  mutating func endDemand(at now: Instant) {
    guard demandInForce else { return }
    demandInForce = false
    listeningSince = now
  }

  /// Section 6.8.4: our multiplier times our own transmit interval, from the first Poll on that was actually sent.
  ///
  /// Few Polls without an answer at a longer interval are not as many at a shorter one: then time counts from the next
  /// Poll, and until that leaves, which is soon, there is no deadline.
  @inline(__always)
  var pollDeadline: Instant? {
    guard poll.activeSince != nil, transmitInterval >= pollInterval else { return nil }
    return pollBasis + Int64(configuration.detectMultiplier) * transmitInterval.nanoseconds
  }

  /// A Poll leaves at `now`.
  mutating func countPoll(isFirst: Bool, at now: Instant) {
    if isFirst || transmitInterval < pollInterval { pollBasis = now }
    pollInterval = transmitInterval
  }
}

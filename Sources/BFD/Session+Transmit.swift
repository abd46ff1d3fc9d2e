extension Session {
  /// The packet that is due at `now`, if one is. The caller sends it.
  /// - Parameters:
  ///   - random: 32 fresh random bits for the wait until the next one.
  ///   - slack: nanoseconds by which it may leave early, so that packets of many sessions leave together; never
  ///     before `earliestTransmission`.
  public mutating func transmit(at now: Instant, random: UInt32, slack: Int64 = 0) -> ControlPacket? {
    guard let due = nextTransmission, now >= min(due, max(due + -slack, earliestTransmission)) else { return nil }
    // To a peer in Demand mode nothing leaves that is not part of a Poll Sequence.
    if isSilenced ? !poll.isWanted : nextVerification.map({ now >= $0 }) == true { poll.request() }
    let polls = remote != nil && poll.polls(at: now)
    if polls {
      let isFirst = poll.pollSent(at: now)
      countPoll(isFirst: isFirst, at: now)
      if isFirst {
        polledTransmit = advertisedMinTx
        polledReceive = advertisedMinRx
      }
    }
    lastTransmitted = now
    jitter = random
    transmittedMultiplier = configuration.detectMultiplier
    return packet(poll: polls, final: false)
  }

  /// The answer to a Poll: at once, in any state, whatever the timers say; never with a Poll of our own
  /// (sections 6.5, 6.8.7). It neither delays nor replaces the next periodic packet.
  mutating func finalPacket() -> ControlPacket {
    packet(poll: false, final: true)
  }

  private mutating func packet(poll: Bool, final: Bool) -> ControlPacket {
    hints.isUrgent = false
    toldState = state
    toldDiagnostic = diagnostic
    let demand = setsDemand
    if demand || toldDemand { demandTold(demand) }
    let seamless = configuration.seamlessDiscriminator
    return ControlPacket(
      diagnostic: diagnostic, state: state, poll: poll, final: final,
      controlPlaneIndependent: configuration.controlPlaneIndependent,
      authenticationPresent: isAuthenticated, demand: demand || seamless != nil,
      detectMultiplier: configuration.detectMultiplier, myDiscriminator: localDiscriminator,
      yourDiscriminator: seamless ?? nextYourDiscriminator(), desiredMinTx: advertisedMinTx,
      requiredMinRx: advertisedMinRx, requiredMinEchoRx: configuration.requiredMinEchoRx)
  }
}

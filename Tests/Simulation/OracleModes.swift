import BFD

/// What Demand mode lets an end, and its peer, leave out (sections 6.6, 6.8.4, 6.8.7).
struct DemandOracle {
  /// The peer may be silent by our leave: a D bit was sent, and no Final has come for a packet without it.
  private(set) var isPossible = false
  /// The last packet had the D bit, and nothing heard since ended Demand mode.
  private(set) var isCertain = false
  /// The first packet without the D bit after one with it.
  private var firstClear: Int?
  /// The first Poll since a Final was taken.
  private(set) var poll: (first: Int, at: Instant)?
  /// Since when it is possible.
  private(set) var since = Instant(nanoseconds: 0)
  private var lastPoll: Instant?
  /// Nanoseconds by which Polls since the first came later than the interval in force allows.
  private(set) var excess: Int64 = 0
  private var lastShortest: Int64 = 0
  /// The longest verification interval since it became possible; nil for no verification.
  private(set) var verification: Int64?

  mutating func sent(
    _ packet: ControlPacket, sequence: Int, verification interval: Int64?, shortest: Int64, longest: Int64,
    at now: Instant
  ) {
    if packet.poll {
      if poll == nil {
        poll = (sequence, now)
        excess = 0
      } else if let lastPoll {
        // Polls at a longer interval, or none when one was due, do not count at a shorter one.
        excess = shortest < lastShortest ? now - (poll?.at ?? now) : excess + max(0, now - lastPoll - longest)
      }
      lastPoll = now
      lastShortest = shortest
    }
    guard packet.state == .up else { return }
    if packet.demand {
      verification = isPossible ? verification.flatMap { old in interval.map { max(old, $0) } } : interval
      if !isPossible { since = now }
      isPossible = true
      isCertain = true
      firstClear = nil
    } else {
      isCertain = false
      if firstClear == nil { firstClear = sequence }
    }
  }

  mutating func took(_ packet: ControlPacket, acknowledged: Int, isStrict: Bool) {
    if packet.state != .up || packet.requiredMinRx == .zero { end() }
    guard packet.final else { return }
    // Where Finals can be told apart, one for a sequence that began without the D bit ends it.
    if isStrict, let poll, let firstClear, poll.first >= firstClear, acknowledged >= poll.first { end() }
    poll = nil
  }

  /// Nothing can be asked at the moment: the time so far does not count.
  mutating func pause(at now: Instant) {
    if let poll { self.poll = (poll.first, now) }
    if lastPoll != nil { lastPoll = now }
    since = max(since, now)
  }

  mutating func end() {
    isPossible = false
    isCertain = false
    firstClear = nil
  }

  mutating func forgot() {
    end()
    poll = nil
  }
}

/// When echoes may and must be sent, and when their loss must be noticed (sections 6.8.5, 6.8.9).
struct EchoOracle {
  private(set) var isAllowed = false
  /// One came back since they were last allowed.
  private(set) var isAnswered = false
  private var allowedSince = Instant(nanoseconds: 0)
  private var lastSent: Instant?
  /// The last one that came back, or the first that left.
  private var basis: Instant?
  /// When the interval last changed, or the node last woke up.
  private var disturbed = Instant(nanoseconds: 0)
  private(set) var interval: Int64 = 0

  mutating func settle(isAllowed allowed: Bool, interval new: Int64, at now: Instant) {
    if allowed != isAllowed {
      isAllowed = allowed
      isAnswered = false
      allowedSince = now
      basis = nil
    }
    if new != interval { disturb(at: now) }
    interval = new
  }

  mutating func disturb(at now: Instant) { disturbed = now }

  mutating func sends(_ echo: EchoPacket, session: Session, at now: Instant) -> String? {
    guard isAllowed else { return "an echo, but not Up, or the peer loops none" }
    if let lastSent, now - lastSent < interval / 4 * 3 - 1_000 {
      return "an echo \(seconds(now - lastSent)) after the last one, before 75 % of \(seconds(interval))"
    }
    if echo.discriminator != session.localDiscriminator || echo.state != session.state || echo.sentAt != now {
      return "not an echo of this session's"
    }
    lastSent = now
    if basis == nil { basis = now }
    return nil
  }

  func overdue(at now: Instant) -> String? {
    guard isAllowed else { return nil }
    let gap = now - max(lastSent ?? allowedSince, allowedSince)
    return gap > interval + 5_000 ? "no echo for \(seconds(gap)), which is more than \(seconds(interval))" : nil
  }

  mutating func took(at arrival: Instant) {
    isAnswered = true
    basis = max(basis ?? arrival, arrival)
  }

  /// Whether the session may give up for want of echoes, dated `at`.
  func objection(toFailureAt at: Instant, multiplier: Int64) -> String? {
    guard isAllowed, let basis else { return "lost echoes that were never sent" }
    guard at - basis < multiplier * interval - 5_000 else { return nil }
    return "Down for want of echoes after \(seconds(at - basis)), not \(seconds(multiplier * interval))"
  }

  func silence(multiplier: Int64, at now: Instant) -> String? {
    guard isAllowed, let basis else { return nil }
    let silent = now - max(basis, disturbed)
    return silent > multiplier * interval + 5_000
      ? "Up although no echo came back for \(seconds(silent)), which is more than \(seconds(multiplier * interval))"
      : nil
  }
}

extension Oracle {
  /// A Poll waits for late Finals of the last sequence: two round trips, of which the longest counts as a second.
  static let longestQuiet: Int64 = 2_000_000_000

  /// Section 6.8.7: the peer asked for silence, and both are Up.
  func isSilenced(_ session: Session) -> Bool {
    guard let heard else { return false }
    return heard.packet.demand && session.state == .up && heard.packet.state == .up
  }

  /// What the D bit must say (section 6.6); OVN must never see it, and who wants no packets cannot be polled.
  func wantsDemand(_ session: Session) -> Bool {
    guard let heard, session.configuration.demand != nil, session.configuration.compatibility != .ovn else {
      return false
    }
    return session.state == .up && heard.packet.state == .up && heard.packet.requiredMinRx != .zero
  }

  /// Required Min RX as packets must carry it: slower while echoes come back (section 6.8.3).
  func receive(_ session: Session) -> Interval {
    let configured = session.configuration.requiredMinRx
    guard session.state == .up, echo.isAnswered, case .affiliated(let slower) = session.configuration.echo?.kind
    else { return configured }
    return max(configured, slower)
  }

  /// Section 6.8.4: since when a Poll is open in Demand mode, and how long it may be.
  func pollTimes(_ session: Session) -> (since: Instant, least: Int64, most: Int64)? {
    guard demand.isPossible, let poll = demand.poll else { return nil }
    let multiplier = Int64(session.configuration.detectMultiplier)
    return (
      max(poll.at, demand.since), multiplier * shortestInterval(session).nanoseconds,
      multiplier * longestEver(session).nanoseconds + demand.excess
    )
  }

  /// The longest that this end may have between packets by anything told.
  func longestEver(_ session: Session) -> Interval {
    let told = announcements.map(\.transmit).max() ?? .zero
    return max(told, advertised(session), heard?.packet.requiredMinRx ?? .zero)
  }

  /// Nanoseconds that the peer may have been silent for at `now` before the session must be Down; nil for any.
  func longestSilence(_ session: Session, from basis: Instant) -> Int64? {
    guard let times = detectionTimes(session), let heard else { return nil }
    let ordinary = times.most + max(0, max(listening ?? heard.arrival, heard.arrival) - heard.arrival)
    guard demand.isPossible else { return ordinary }
    guard let verification = demand.verification else { return nil }
    let interval = longestEver(session).nanoseconds
    let polled =
      verification + interval + Self.longestQuiet + Int64(session.configuration.detectMultiplier) * interval
    return max(ordinary, polled + demand.excess + max(0, max(woken ?? basis, demand.since) - basis))
  }

  mutating func wokeUp(at now: Instant) {
    woken = now
    echo.disturb(at: now)
  }
}

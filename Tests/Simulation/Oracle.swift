import BFD

/// Watches one `Session` from outside and knows what it may do: written from RFC 5880, not from the core, with
/// the simulation's knowledge of which packet reached whom. All instants are of the node's own clock.
///
/// What a Final cannot tell is told here by sequence numbers. Where delays vary wildly a Final can be taken for
/// another's, and packets overtake each other, so `isStrict` is off and an interval that waits for a Final is only
/// held to its bounds, not to the moment.
struct Oracle {
  struct Announcement {
    /// The first packet that carried these values; the next entry's ends them.
    var first: Int
    var transmit: Interval
    var receive: Interval
  }

  let isStrict: Bool
  /// The last packet taken and its arrival; nil after a Detection Time of silence.
  private(set) var heard: (packet: ControlPacket, arrival: Instant)?
  private(set) var announcements: [Announcement] = []
  /// The last packet of ours that the peer said it had taken, and the same as of its last packet with F clear.
  private var acknowledged = 0
  private var acknowledgedClear = 0
  /// The last periodic packet, and the last of any kind.
  private(set) var periodic: (packet: ControlPacket, at: Instant)?
  private var lastSent: ControlPacket?
  /// Extremes of the values configured since the session last had nothing to poll for.
  private var leastTransmit = Interval.zero
  private var greatestReceive = Interval.zero
  private var clearSinceIdle = true
  private var wasUp = false
  private var wasMute = false
  private(set) var demand = DemandOracle()
  var echo = EchoOracle()
  /// When this end, having let its peer be slow or silent, left Up: silence before that does not count.
  private(set) var listening: Instant?
  /// When the node last woke from being stopped.
  var woken: Instant?
  /// When the peer was last seen to want silence.
  private var silencedUntil: Instant?

  init(isStrict: Bool, session: Session) {
    self.isStrict = isStrict
    leastTransmit = session.advertisedMinTx
    greatestReceive = session.configuration.requiredMinRx
  }

  // MARK: - What may be in force

  /// The session's parameters may have changed; call after every step.
  mutating func settle(_ session: Session, at now: Instant) {
    if wasMute || session.hold == .silent {
      silencedUntil = now
      demand.pause(at: now)
    }
    wasMute = session.hold == .silent
    if wasUp, session.state != .up {
      if demand.isPossible || echo.isAnswered { listening = now }
      demand.end()
    }
    if session.configuration.echo != nil || echo.isAllowed {
      let peer = heard?.packet.requiredMinEchoRx ?? .zero
      let own = session.configuration.echo?.transmitInterval
      echo.settle(
        isAllowed: session.state == .up && session.hold != .silent && peer != .zero && own != nil,
        interval: max(own ?? .zero, peer).nanoseconds, at: now)
    }
    let transmit = advertised(session)
    let receive = receive(session)
    // Before Up nothing waits: what was told then does not bind.
    if session.state == .up, !wasUp { announcements = [] }
    wasUp = session.state == .up
    if session.isPolling && session.state == .up {
      leastTransmit = min(leastTransmit, transmit)
      greatestReceive = max(greatestReceive, receive)
      clearSinceIdle = false
    } else {
      leastTransmit = transmit
      if session.state != .up { clearSinceIdle = true }
      greatestReceive = clearSinceIdle ? receive : max(greatestReceive, receive)
    }
  }

  /// Section 6.8.3: at least a second unless Up.
  func advertised(_ session: Session) -> Interval {
    let desired = session.configuration.desiredMinTx
    return session.state == .up ? desired : max(desired, Interval(microseconds: 1_000_000))
  }

  /// The longest this end may wait between packets: the least it may have told the peer last.
  private func longestInterval(_ session: Session, taken: Int) -> Interval {
    var local = advertised(session)
    if session.state == .up {
      if isStrict {
        for a in told(since: taken) { local = min(local, a.transmit) }
      } else {
        local = max(local, announcements.map(\.transmit).max() ?? local)
      }
    }
    return max(local, heard?.packet.requiredMinRx ?? Interval(microseconds: 1))
  }

  /// The least interval that can be in force.
  func shortestInterval(_ session: Session) -> Interval {
    let local =
      session.state == .up && session.isPolling ? min(leastTransmit, advertised(session)) : advertised(session)
    return max(local, heard?.packet.requiredMinRx ?? Interval(microseconds: 1))
  }

  private func told(since sequence: Int) -> ArraySlice<Announcement> {
    var first = announcements.count
    while first > 0, first == announcements.count || announcements[first].first > sequence { first -= 1 }
    return announcements[first...]
  }

  /// The most and the least that the Detection Time can be now, by the last packet taken; nil without a peer.
  func detectionTimes(_ session: Session) -> (least: Int64, most: Int64)? {
    guard let heard else { return nil }
    let receive = receive(session)
    var least = receive
    if session.state == .up, isStrict {
      for a in told(since: acknowledgedClear) { least = max(least, a.receive) }
    }
    let most = max(receive, session.state == .up ? greatestReceive : receive)
    let multiplier = Int64(heard.packet.detectMultiplier)
    return (
      multiplier * max(min(least, most), heard.packet.desiredMinTx).nanoseconds,
      multiplier * max(most, heard.packet.desiredMinTx).nanoseconds
    )
  }

  // MARK: - What happens

  /// A packet was taken.
  mutating func took(_ packet: ControlPacket, acknowledging sequence: Int, at arrival: Instant) {
    let latest = max(arrival, heard?.arrival ?? arrival)
    heard = (packet, latest)
    acknowledged = max(acknowledged, sequence)
    demand.took(packet, acknowledged: sequence, isStrict: isStrict)
    if !packet.final {
      acknowledgedClear = acknowledged
      clearSinceIdle = true
      while announcements.count > 1, announcements[1].first <= acknowledgedClear { announcements.removeFirst() }
    }
  }

  mutating func forgot() {
    heard = nil
    demand.forgot()
  }

  /// A packet leaves: its octets' meaning must be the session's, and its time right.
  mutating func sends(_ packet: ControlPacket, sequence: Int, session: Session, at now: Instant)
    -> String?
  {
    defer {
      lastSent = packet
      demand.sent(
        packet, sequence: sequence,
        verification: session.configuration.demand?.verificationInterval?.nanoseconds,
        shortest: shortestInterval(session).nanoseconds, longest: longestEver(session).nanoseconds, at: now)
      if !packet.final { periodic = (packet, now) }
      if announcements.last.map({ $0.transmit != packet.desiredMinTx || $0.receive != packet.requiredMinRx })
        ?? true
      {
        announcements.append(
          Announcement(first: sequence, transmit: packet.desiredMinTx, receive: packet.requiredMinRx))
      }
    }
    if session.hold == .silent { return "a packet from a session that is to be silent" }
    if packet.poll && packet.final { return "P and F in one packet" }
    // OVN is told what it may have, but only before it is heard.
    let isHint = heard == nil && session.configuration.compatibility.contains(.ovn)
    if !isHint, packet.yourDiscriminator != heard?.packet.myDiscriminator ?? 0 {
      return "your discriminator \(packet.yourDiscriminator), but heard \(heard?.packet.myDiscriminator ?? 0)"
    }
    if packet.state != session.state || packet.diagnostic != session.diagnostic { return "not the session's state" }
    if packet.detectMultiplier != session.configuration.detectMultiplier { return "not the configured multiplier" }
    if packet.requiredMinRx != receive(session) { return "required min RX \(packet.requiredMinRx)" }
    if packet.requiredMinEchoRx != session.configuration.requiredMinEchoRx { return "not the configured echo RX" }
    if packet.demand != wantsDemand(session) { return "the D bit is \(packet.demand)" }
    if packet.desiredMinTx != advertised(session) {
      return "desired min TX \(packet.desiredMinTx) in \(packet.state)"
    }
    if packet.final { return nil }

    guard heard != nil || session.configuration.role == .active else { return "the passive end spoke first" }
    if heard?.packet.requiredMinRx == .zero { return "a periodic packet for a peer that wants none" }
    let changed = lastSent.map { $0.state != packet.state || $0.diagnostic != packet.diagnostic } ?? true
    if isSilenced(session), !packet.poll, !changed { return "not a Poll, to a peer in Demand mode" }
    guard let periodic else { return nil }
    let gap = now - periodic.at
    let least = shortestInterval(session).nanoseconds / 4 * 3 - 1_000
    if !changed, gap < least { return "\(seconds(gap)) after the last packet, before 75 % of the interval" }
    return nil
  }

  /// Before anything is done at `now`: should a packet have left by now?
  mutating func overdue(_ session: Session, taken: Int, at now: Instant) -> String? {
    if let problem = echo.overdue(at: now) { return problem }
    if isSilenced(session) || session.hold == .silent {
      silencedUntil = now
      return nil
    }
    guard let periodic, heard?.packet.requiredMinRx != .zero, heard != nil || session.configuration.role == .active
    else { return nil }
    // With a multiplier of 1 at most 90 %; a changed one counts once it was sent.
    let interval = longestInterval(session, taken: taken).nanoseconds
    let most = periodic.packet.detectMultiplier == 1 ? interval / 10 * 9 : interval
    let gap = now - max(periodic.at, silencedUntil ?? periodic.at)
    return gap > most + 5_000 ? "\(seconds(gap)) since the last packet, which is more than \(seconds(most))" : nil
  }

  /// After everything due at `now` was done: has silence lasted too long, or was the peer forgotten too soon?
  func silence(_ session: Session, at now: Instant) -> String? {
    guard let heard else {
      return session.remote == nil ? nil : "remembers a peer that was silent for its Detection Time"
    }
    let silent = now - heard.arrival
    if let most = longestSilence(session, from: heard.arrival), silent > most + 5_000 {
      return "\(session.state) after \(seconds(silent)) of silence, Detection Time \(seconds(most))"
    }
    return echo.silence(multiplier: Int64(session.configuration.detectMultiplier), at: now)
  }
}

/// The state machine of section 6.8.6 once more: what a packet makes of a state, and the new diagnostic if it is
/// another than before.
func expected(_ state: SessionState, hold: Session.Hold?, hears: SessionState) -> (SessionState, Diagnostic?) {
  if state == .adminDown { return (state, nil) }
  switch (state, hears) {
  case (.`init`, .adminDown), (.up, .adminDown): return (.down, .neighborSignaledSessionDown)
  case (.up, .down): return (.down, .neighborSignaledSessionDown)
  case (.down, .down) where hold == nil: return (.`init`, nil)
  case (.down, .`init`) where hold == nil: return (.up, Diagnostic.none)
  case (.`init`, .`init`), (.`init`, .up): return (.up, Diagnostic.none)
  default: return (state, nil)
  }
}

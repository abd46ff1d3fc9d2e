/// What came of a packet.
public enum Reception: Hashable, Sendable {
  /// Discarded: nothing of the session has changed.
  case discarded(DiscardReason)
  /// Taken.
  /// - expired: the Detection Time had ended before the packet arrived, and nobody had noticed yet.
  /// - transition: what the packet itself brought about, after that.
  /// - final: a packet to send at once, in answer to a Poll.
  case accepted(expired: Transition?, transition: Transition?, final: ControlPacket?)
}

extension Session {
  /// Takes a packet that parsed, belongs to this session, and passed the checks on TTL and interface: the rest
  /// of RFC 5880 section 6.8.6. A session with authentication takes none this way.
  /// - Parameter arrival: when the packet reached this machine, not when it was read.
  public mutating func receive(_ packet: ControlPacket, at arrival: Instant) -> Reception {
    if isAuthenticated {
      return .discarded(packet.authenticationPresent ? .authenticationFailed : .authenticationMissing)
    }
    guard !packet.authenticationPresent else { return .discarded(.authenticationUnexpected) }
    return accept(packet, at: arrival)
  }

  /// What follows the checks: from here on fields are written.
  mutating func accept(_ packet: ControlPacket, at arrival: Instant) -> Reception {
    guard !isUnaffiliated else { return .discarded(.noSession) }
    if let objection = seamlessObjection(to: packet) { return .discarded(objection) }
    // A late reader must not see a peer that was silent for too long as one that never paused.
    let expired = expire(at: arrival)
    if !packet.final, let confirmed = receiveConfirmed {
      // The first packet after the Final: the peer sends at the new rate.
      receiveInForce = confirmed
      receiveConfirmed = nil
    }
    remote = Remote(
      discriminator: packet.myDiscriminator, state: packet.state, diagnostic: packet.diagnostic,
      detectMultiplier: packet.detectMultiplier, desiredMinTx: packet.desiredMinTx,
      requiredMinRx: packet.requiredMinRx, requiredMinEchoRx: packet.requiredMinEchoRx,
      demand: packet.demand, controlPlaneIndependent: packet.controlPlaneIndependent)
    lastReceived = max(lastReceived, arrival)
    if packet.final, poll.finalReceived(at: arrival) {
      applyPolledParameters()
      verifiedAt = arrival
      if !toldDemand { endDemand(at: arrival) }
    }

    // In AdminDown section 6.8.6 stops here, but 6.8.7 wants a Poll answered "without respect to the session
    // state": the Final is what tells the peer soonest.
    let transition = state == .adminDown ? nil : advance(on: packet.state, at: arrival)
    if packet.state != .up || packet.requiredMinRx == .zero { endDemand(at: arrival) }
    if hasEcho { updateEcho(at: arrival) }
    if demandWantsPoll || advertisedMinRx != announcedReceive { parametersChanged() }
    return .accepted(expired: expired, transition: transition, final: packet.poll && !isMute ? finalPacket() : nil)
  }

  /// The state machine of section 6.2, in the words of 6.8.6.
  private mutating func advance(on received: SessionState, at now: Instant) -> Transition? {
    if isSeamless { return advanceSeamless(on: received, at: now) }
    if received == .adminDown {
      guard state != .down else { return nil }
      return change(
        to: .down, diagnostic: .neighborSignaledSessionDown, cause: .neighborAdministrativelyDown, at: now)
    }
    guard hold == nil else {
      // The peer has noticed the silence, which is no failure of the path but what was wanted.
      guard isMute, state == .up, received == .down else { return nil }
      return change(to: .down, diagnostic: .neighborSignaledSessionDown, cause: .administrative, at: now)
    }
    switch (state, received) {
    case (.down, .down):
      return change(to: .`init`, diagnostic: diagnostic, cause: .handshake, at: now)
    case (.down, .`init`), (.`init`, .`init`), (.`init`, .up):
      return change(to: .up, diagnostic: .none, cause: .handshake, at: now)
    case (.up, .down):
      return change(to: .down, diagnostic: .neighborSignaledSessionDown, cause: .neighborSignaledDown, at: now)
    default:
      return nil
    }
  }

  mutating func change(
    to new: SessionState, diagnostic: Diagnostic, cause: Transition.Cause, at now: Instant
  ) -> Transition? {
    guard new != state || diagnostic != self.diagnostic else { return nil }
    let old = state
    if new != .up {
      endDemand(at: now)
      // The peer has been sending as slowly as it was allowed to while echoes did the work.
      if advertisedMinRx != configuration.requiredMinRx { listeningSince = now }
    }
    state = new
    self.diagnostic = diagnostic
    if hasEcho { updateEcho(at: now) }
    parametersChanged()
    guard new != old else { return nil }
    return Transition(
      from: old, to: new, cause: cause, diagnostic: diagnostic, remoteDiagnostic: remote?.diagnostic, at: now,
      silence: old == .up ? now - lastReceived : nil)
  }
}

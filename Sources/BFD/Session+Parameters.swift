extension Session {
  /// Takes new parameters without disturbing the session (section 6.8.3): what must wait for the peer waits.
  /// A new multiplier counts at once (section 6.8.12). A session that is to become, or to cease to be, an unaffiliated
  /// one, or a seamless one, is another session: that is ignored here.
  public mutating func configure(_ new: SessionConfiguration) {
    guard new != configuration, new.isUnaffiliated == isUnaffiliated,
      new.seamlessDiscriminator == configuration.seamlessDiscriminator
    else { return }
    configuration = new
    // Nothing dates from after the last packet but what is new.
    if configuration.echo != nil || hasEcho { updateEcho(at: max(lastReceived, lastTransmitted ?? started)) }
    parametersChanged()
  }

  /// Brings the values in force up to what is announced now, as far as section 6.8.3 allows before a Final,
  /// and asks for a Poll Sequence when something announced has changed.
  mutating func parametersChanged() {
    let transmit = advertisedMinTx
    let receive = advertisedMinRx
    // A reflector knows nothing that could change.
    let mustWait = state == .up && remote != nil && !isSeamless
    if !mustWait || transmit < transmitInForce { transmitInForce = transmit }
    if !mustWait || receive >= receiveInForce {
      receiveInForce = receive
      receiveConfirmed = nil
    } else if let confirmed = receiveConfirmed {
      receiveConfirmed = max(confirmed, receive)
    }
    // The peer may last have heard any value announced since the sequence's first Poll.
    polledTransmit = min(polledTransmit, transmit)
    polledReceive = max(polledReceive, receive)
    guard transmit != announcedTransmit || receive != announcedReceive || demandWantsPoll else { return }
    announcedTransmit = transmit
    announcedReceive = receive
    announcedDemand = setsDemand
    announcedMultiplier = configuration.detectMultiplier
    announcedEchoRx = configuration.requiredMinEchoRx
    if remote != nil, !isSeamless { poll.request() }
  }

  /// Section 6.6: when the D bit changes, and while Demand mode is active at either end when anything else does.
  var demandWantsPoll: Bool {
    if setsDemand != announcedDemand { return true }
    guard demandInForce || isSilenced else { return false }
    return toldState != state || announcedMultiplier != configuration.detectMultiplier
      || announcedEchoRx != configuration.requiredMinEchoRx
  }

  /// A Poll Sequence has ended: the peer knows what it told. What changed meanwhile has a sequence of its own
  /// to come, so only as much is applied as all values since the first Poll allow.
  ///
  /// A Final only lets go of what waited. One that answers a Poll of the time before the state last changed must not
  /// lower the transmit interval in force since.
  mutating func applyPolledParameters() {
    transmitInForce = max(transmitInForce, polledTransmit)
    if polledReceive < receiveInForce { receiveConfirmed = polledReceive }
  }
}

extension Session {
  /// Authenticates every packet from now on, in both directions. Without effect when it does already: keys may
  /// change, the sequence goes on.
  /// - Parameter sequence: the first sequence number. Nobody outside may be able to guess it (section 6.8.1).
  public mutating func requireAuthentication(startingAt sequence: UInt32, at now: Instant) {
    guard !isAuthenticated else { return }
    authentication = AuthenticationState(origin: sequence, at: now)
  }

  /// From now on no packet is authenticated, and packets that are will be refused.
  public mutating func endAuthentication() { authentication = nil }

  /// `receive` for a session with authentication: verifies the packet first (RFC 5880 section 6.7), and writes nothing
  /// unless that succeeds.
  /// - Parameters:
  ///   - payload: what `packet` was parsed from.
  ///   - keys: what the session's key chain comes to at `arrival`.
  public mutating func receive(
    _ packet: ControlPacket, _ payload: RawSpan, keys: UsableKeys, at arrival: Instant
  ) -> Reception {
    guard let authentication else { return receive(packet, at: arrival) }
    guard packet.authenticationPresent else { return .discarded(.authenticationMissing) }
    let claim: AuthenticationSection.Claim
    do throws(PacketDiscarded) {
      claim = try AuthenticationSection.claim(in: payload, keys)
    } catch {
      return .discarded(error.reason)
    }
    let hasSequence = claim.key.type != .simplePassword
    if hasSequence {
      let inOrder = authentication.admits(
        claim.sequence, meticulous: claim.key.type.isMeticulous, multiplier: packet.detectMultiplier, at: arrival,
        silence: detectionTime.map { lastReceived + 2 * $0 })
      guard inOrder else { return .discarded(.authenticationSequence) }
    }
    guard AuthenticationSection.verifies(claim, payload) else { return .discarded(.authenticationFailed) }
    let reception = accept(packet, at: arrival)
    if hasSequence, case .accepted = reception { self.authentication?.accept(claim.sequence) }
    return reception
  }

  /// Writes a packet of this session's that is about to leave, with its authentication section if it has one.
  /// - Parameters:
  ///   - keys: what the session's key chain comes to now.
  ///   - buffer: `ControlPacket.maximumLength` octets, all zero or not.
  /// - Returns: how many octets to send; nil when there is no key to send with: the packet must not leave.
  public mutating func write(
    _ packet: ControlPacket, keys: UsableKeys, at now: Instant, to buffer: inout MutableRawSpan
  ) -> Int? {
    guard packet.authenticationPresent else {
      packet.write(to: &buffer)
      return ControlPacket.length
    }
    guard let key = keys.sending, isAuthenticated else { return nil }
    let number =
      key.type == .simplePassword
      ? 0 : authentication?.nextNumber(for: packet, meticulous: key.type.isMeticulous, at: now) ?? 0
    return AuthenticationSection.write(packet, key, sequence: number, to: &buffer)
  }
}

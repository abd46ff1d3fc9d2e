import Testing

@testable import BFD

/// What a session does for a peer that needs more, or less, than RFC 5880: `Compatibility`.
@Suite struct CompatibilityTests {
  private func makeSession(_ compatibility: Compatibility = .ovn, role: Role = .active) -> Session {
    var configuration = makeConfiguration(role: role)
    configuration.compatibility = compatibility
    return Session(localDiscriminator: local, configuration: configuration, at: at(0))
  }

  /// Your Discriminator of the next so many packets, from one second on.
  private func told(_ session: inout Session, _ count: Int, from start: Int64 = 1_000) -> [UInt32?] {
    (0..<count).map { session.transmit(at: at(start + Int64($0) * 1_000), random: 0)?.yourDiscriminator }
  }

  @Test func withoutItAnUnknownPeerIsAlwaysToldZero() {
    var session = makeSession([])
    session.suggest(remoteDiscriminator: 7)
    session.overhear(makePacket(.down, your: 99))
    #expect(told(&session, 4) == [0, 0, 0, 0])
  }

  @Test func aSuggestionIsToldInEveryOtherPacketAndFirst() {
    var session = makeSession()
    session.suggest(remoteDiscriminator: 7)
    #expect(told(&session, 5) == [7, 0, 7, 0, 7])
  }

  @Test func whatWasOverheardIsToldToo() {
    var session = makeSession()
    session.overhear(makePacket(.down, your: 99))
    #expect(told(&session, 4) == [peer, 0, peer, 0])
    session.suggest(remoteDiscriminator: 7)
    #expect(told(&session, 6, from: 10_000) == [7, peer, 0, 7, peer, 0])
  }

  private func publish(_ discriminator: UInt32, to session: inout Session) -> Bool {
    session.publish(remoteDiscriminator: discriminator)
  }

  @Test func whatIsPublishedComesFirstAndAtOnce() {
    var session = makeSession()
    session.suggest(remoteDiscriminator: 7)
    #expect(told(&session, 1) == [7])
    #expect(session.nextTransmission == at(2_000))
    #expect(publish(8, to: &session))
    #expect(!publish(8, to: &session))
    #expect(session.nextTransmission.map { $0 <= at(1_010) } == true)
    #expect(told(&session, 4, from: 1_010) == [8, 7, 0, 8])
    #expect(publish(0, to: &session))
    #expect(session.nextTransmission == at(5_010), "nothing new to tell")
  }

  @Test func anUpSessionIsNotDisturbedByWhatIsPublished() {
    var session = makeSession()
    _ = session.receive(makePacket(.`init`), at: at(0))
    _ = session.transmit(at: at(1), random: 0)
    let due = session.nextTransmission
    #expect(publish(8, to: &session))
    #expect(session.state == .up)
    #expect(session.nextTransmission == due)
    #expect(session.transmit(at: at(1_000), random: 0)?.yourDiscriminator == peer)
    // The peer was made anew: what it publishes is newer than what was last heard.
    #expect(session.expire(at: at(10_000))?.to == .down)
    #expect(told(&session, 3, from: 10_000) == [8, peer, 0])
  }

  @Test func thePeersDiscriminatorIsRememberedWhenItFallsSilent() {
    var session = makeSession()
    _ = session.receive(makePacket(.down, your: 0), at: at(100))
    _ = session.receive(makePacket(.`init`), at: at(120))
    #expect(session.state == .up)
    #expect(session.expire(at: at(10_000))?.to == .down)
    #expect(session.remote == nil)
    #expect(session.suggestedDiscriminator == peer)
    #expect(told(&session, 4, from: 10_000) == [peer, 0, peer, 0])
  }

  @Test func aKnownPeerIsToldItsOwnAlone() {
    var session = makeSession()
    session.suggest(remoteDiscriminator: 7)
    _ = session.receive(makePacket(.`init`), at: at(0))
    #expect(session.state == .up)
    #expect(session.transmit(at: at(1_000), random: 0)?.yourDiscriminator == peer)
  }

  @Test(arguments: [SessionState.`init`, .up])
  func onlyAPeerThatIsDownIsOverheard(state: SessionState) {
    var session = makeSession()
    session.overhear(makePacket(state, your: 99))
    #expect(told(&session, 2) == [0, 0])
  }

  @Test func nothingIsOverheardOnceThePeerIsKnown() {
    var session = makeSession()
    _ = session.receive(makePacket(.down, your: 0), at: at(0))
    session.overhear(makePacket(.down, your: 99, my: 77))
    _ = session.expire(at: at(10_000))
    #expect(told(&session, 2, from: 10_000) == [peer, 0])
  }

  @Test func overhearingChangesNothingElse() {
    var session = makeSession()
    let before = session
    session.overhear(makePacket(.down, your: 99))
    #expect(session.state == before.state)
    #expect(session.remote == nil)
    #expect(session.detectionDeadline == nil)
    #expect(session.nextTransmission == before.nextTransmission)
  }

  /// RFC 5880 section 6.8.7 stands: a hint is no packet that was received.
  @Test func aPassiveSessionStaysSilentWhateverItIsTold() {
    var session = makeSession(role: .passive)
    session.suggest(remoteDiscriminator: 7)
    session.overhear(makePacket(.down, your: 99))
    #expect(told(&session, 3) == [nil, nil, nil])
  }

  @Test func demandModeIsNotAskedOfOVN() {
    for compatibility in [Compatibility(), .ovn] {
      var session = makeSession(compatibility)
      var configuration = session.configuration
      configuration.demand = DemandMode(verificationInterval: nil)
      session.configure(configuration)
      _ = session.receive(makePacket(.`init`), at: at(0))
      _ = session.receive(makePacket(.up), at: at(10))
      #expect(session.state == .up)
      #expect(session.transmit(at: at(2_000), random: 0)?.demand == compatibility.isEmpty)
    }
  }
}

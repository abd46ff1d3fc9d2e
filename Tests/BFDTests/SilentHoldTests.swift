import Testing

@testable import BFD

/// Decision 0015: a session that is held silent says nothing until it is released.
@Suite("A session that is held silent") struct SilentHold {
  /// What leaves within so many milliseconds from `start` on.
  private func sent(_ session: inout Session, from start: Int64, for duration: Int64) -> [ControlPacket] {
    stride(from: start, through: start + duration, by: 1).compactMap { session.transmit(at: at($0), random: 0) }
  }

  @Test("stays Up while the peer does, sends nothing, and answers no Poll") func staysUp() {
    var session = makeUp()
    #expect(session.hold(.silent, at: at(20)) == nil)
    #expect(session.state == .up)
    #expect(session.isMute)
    for time in stride(from: Int64(30), to: 1_000, by: 40) {
      let reception = session.receive(makePacket(.up, poll: true), at: at(time))
      #expect(reception.final == nil)
      #expect(reception.transition == nil)
    }
    #expect(sent(&session, from: 20, for: 900).isEmpty)
    #expect(session.nextTransmission == nil)
  }

  @Test("goes Down when the peer has noticed, which is no failure, and does not come up by what the peer says")
  func peerNotices() {
    var session = makeUp()
    _ = session.hold(.silent, at: at(20))
    let transition = session.receive(makePacket(.down, diagnostic: .controlDetectionTimeExpired), at: at(150))
      .transition
    #expect(transition?.to == .down)
    #expect(transition?.cause == .administrative)
    #expect(transition?.isFailure == false)
    #expect(transition?.remoteDiagnostic == .controlDetectionTimeExpired)
    #expect(session.diagnostic == .neighborSignaledSessionDown)
    for state in [SessionState.down, .`init`, .up] {
      #expect(session.receive(makePacket(state), at: at(160)).transition == nil)
    }
    #expect(session.state == .down)
    #expect(sent(&session, from: 170, for: 2_000).isEmpty)
  }

  @Test("fails as ever when the peer falls silent too") func peerDies() {
    var session = makeUp()
    _ = session.hold(.silent, at: at(20))
    let transition = session.expire(at: at(1_000))
    #expect(transition?.cause == .detectionTimeExpired)
    #expect(transition?.isFailure == true)
  }

  @Test("goes on as if nothing had been when it is released before the peer has noticed") func shortSilence() {
    var session = makeUp()
    _ = session.hold(.silent, at: at(20))
    _ = session.receive(makePacket(.up), at: at(60))
    #expect(session.release(at: at(100)) == nil)
    #expect(session.state == .up)
    #expect(session.nextTransmission.map { $0 <= at(100) } == true, "at once")
    #expect(session.transmit(at: at(100), random: 0)?.state == .up)
  }

  @Test("comes up by the handshake, at once, when it is released after that") func comesBack() {
    var session = makeUp()
    _ = session.hold(.silent, at: at(20))
    _ = session.receive(makePacket(.down), at: at(150))
    #expect(session.release(at: at(300)) == nil)
    let first = session.transmit(at: at(300), random: 0)
    #expect(first?.state == .down)
    #expect(first?.yourDiscriminator == peer)
    #expect(first?.diagnostic == Diagnostic.none)
    #expect(session.receive(makePacket(.`init`), at: at(310)).transition?.to == .up)
  }

  @Test("leaves AdminDown and Init, which would be said by nobody", arguments: [true, false])
  func otherStates(isAdminDown: Bool) {
    var session = makeSession()
    if isAdminDown {
      _ = session.hold(.administrativelyDown, at: at(5))
    } else {
      _ = session.receive(makePacket(.down, your: 0), at: at(5))
      #expect(session.state == .`init`)
    }
    #expect(session.hold(.silent, at: at(10))?.to == .down)
    #expect(sent(&session, from: 10, for: 3_000).isEmpty)
  }

  @Test("can be told to speak after all: AdminDown leaves at once") func adminDown() {
    var session = makeUp()
    _ = session.hold(.silent, at: at(20))
    #expect(session.hold(.administrativelyDown, at: at(40))?.to == .adminDown)
    #expect(!session.isMute)
    #expect(session.transmit(at: at(40), random: 0)?.state == .adminDown)
  }

  @Test("sends no echoes, and is not failed by those that do not come back") func echoes() {
    var session = makeEchoing()
    #expect(session.nextEcho != nil)
    _ = session.hold(.silent, at: at(20))
    #expect(session.nextEcho == nil)
    #expect(session.echoDeadline == nil)
    _ = session.receive(makeLooping(.up), at: at(40))
    #expect(session.nextEcho == nil)
    _ = session.release(at: at(60))
    #expect(session.nextEcho != nil)
  }

  private func makeLooping(_ state: SessionState) -> ControlPacket {
    var packet = makePacket(state)
    packet.requiredMinEchoRx = .milliseconds(10)
    return packet
  }

  private func makeEchoing() -> Session {
    var configuration = makeConfiguration()
    configuration.echo = EchoParameters(transmitInterval: .milliseconds(10))
    var session = Session(localDiscriminator: local, configuration: configuration, at: at(0))
    _ = session.receive(makeLooping(.`init`), at: at(8))
    return session
  }

  @Test("in Demand mode waits for no answer to a Poll that it cannot repeat") func demand() {
    var configuration = makeConfiguration()
    configuration.demand = DemandMode(verificationInterval: nil)
    var session = Session(localDiscriminator: local, configuration: configuration, at: at(0))
    _ = session.receive(makePacket(.`init`), at: at(8))
    _ = session.transmit(at: at(9), random: 0)
    _ = session.receive(makePacket(.up, final: true), at: at(10))
    _ = session.transmit(at: at(60), random: 0)
    _ = session.receive(makePacket(.up, final: true), at: at(61))
    session.verify()
    _ = session.transmit(at: at(150), random: 0)
    #expect(session.demandInForce)
    #expect(session.detectionDeadline != nil)
    _ = session.hold(.silent, at: at(155))
    #expect(session.detectionDeadline == nil)
    #expect(session.expire(at: at(60_000)) == nil)
    _ = session.release(at: at(60_000))
    #expect(session.detectionDeadline == at(60_150))
  }

  @Test("tells OVN its own discriminator again when it is released") func hints() {
    var configuration = makeConfiguration()
    configuration.compatibility = .ovn
    var session = Session(localDiscriminator: local, configuration: configuration, at: at(0))
    _ = session.receive(makePacket(.`init`), at: at(8))
    _ = session.hold(.silent, at: at(20))
    #expect(session.expire(at: at(1_000))?.to == .down)
    #expect(session.remote == nil)
    _ = session.release(at: at(2_000))
    #expect(session.transmit(at: at(2_000), random: 0)?.yourDiscriminator == peer)
  }
}

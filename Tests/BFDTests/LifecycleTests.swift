@testable import BFD
import Testing

/// Rows of the acceptance checklist about states, silence and what is remembered of the peer.
@Suite struct LifecycleTests {
  @Test("Row 9: the remote discriminator is zeroed after a silent detection time while Up") func row9Up() {
    var session = makeUp()
    #expect(session.expire(at: at(159)) == nil)
    #expect(session.remote?.discriminator == peer)
    #expect(session.expire(at: at(160))?.to == .down)
    #expect(session.remote == nil)
    #expect(session.transmit(at: at(160), random: 0)?.yourDiscriminator == 0)
  }

  @Test("Row 9: the remote discriminator is zeroed after a silent detection time also while already Down")
  func row9Down() {
    var session = makeUp()
    _ = session.receive(makePacket(.down, tx: 1_000), at: at(20))
    #expect(session.state == .down)
    #expect(session.detectionDeadline == at(3_020))
    #expect(session.expire(at: at(3_020)) == nil)
    #expect(session.remote == nil)
    #expect(session.transmit(at: at(3_020), random: 0)?.yourDiscriminator == 0)
  }

  @Test("Row 10: the remote discriminator is kept when the peer merely signals Down") func row10() {
    for state in [SessionState.down, .adminDown] {
      var session = makeUp()
      _ = session.receive(makePacket(state, tx: 1_000), at: at(20))
      #expect(session.state == .down)
      #expect(session.remote?.discriminator == peer)
      #expect(session.transmit(at: at(20), random: 0)?.yourDiscriminator == peer)
    }
  }

  @Test("A peer that restarted with another discriminator is taken at its word") func newDiscriminator() {
    var session = makeUp()
    _ = session.receive(makePacket(.down, your: 0, my: 0x77, tx: 1_000), at: at(20))
    #expect(session.transmit(at: at(20), random: 0)?.yourDiscriminator == 0x77)
  }

  @Test("Row 11: the remote min RX starts at 1 us and returns to it after silence") func row11() {
    var session = makeSession(tx: 2_000)
    #expect(session.transmitInterval == .milliseconds(2_000))
    _ = session.transmit(at: at(0), random: 0)
    #expect(session.nextTransmission == at(2_000))

    // A peer that wants one packet in 60 s, and one that wants none, are forgotten with their wish.
    for rx: UInt32 in [60_000, 0] {
      var session = makeUp()
      _ = session.receive(makePacket(.up, rx: rx), at: at(20))
      #expect(session.nextTransmission == (rx == 0 ? nil : at(60_009)))
      _ = session.expire(at: at(170))
      #expect(session.transmit(at: at(170), random: 0)?.state == .down)
      #expect(session.transmitInterval == .slow)
      #expect(session.nextTransmission == at(1_170))
    }
  }

  @Test("Row 12: session state is kept for one detection time after the last packet") func row12() {
    var session = makeUp(rx: 200, peerTx: 100, peerMultiplier: 5)
    let kept = session
    #expect(session.detectionDeadline == at(1_010))
    #expect(session.expire(at: at(1_010) + -1) == nil)
    #expect(session == kept)
    #expect(session.nextDeadline <= at(1_010))
    #expect(session.expire(at: at(1_010)) != nil)
  }

  @Test("Row 23: detection fires in Init and Up, with diagnostic 1, at the end of the detection time")
  func row23Fires() {
    var up = makeUp()
    let down = up.expire(at: at(500))
    #expect(
      down
        == Transition(
          from: .up, to: .down, cause: .detectionTimeExpired, diagnostic: .controlDetectionTimeExpired,
          remoteDiagnostic: Diagnostic.none, at: at(160), silence: 150_000_000, detectionTime: 150_000_000))
    #expect(down?.isFailure == true)

    var initializing = makeSession()
    _ = initializing.receive(makePacket(.down, your: 0, tx: 1_000), at: at(5))
    #expect(initializing.state == .`init`)
    #expect(initializing.expire(at: at(3_005))?.from == .`init`)
    #expect(initializing.diagnostic == .controlDetectionTimeExpired)
  }

  @Test("A packet that comes too late tells how long the silence was, although it ends it") func lateSilence() {
    var session = makeUp()
    guard case .accepted(let expired, _, _) = session.receive(makePacket(.up), at: at(500)) else {
      Issue.record("the packet was discarded")
      return
    }
    #expect(expired?.at == at(160))
    #expect(expired?.silence == 150_000_000)
    #expect(expired?.detectionTime == 150_000_000)
    #expect(session.lastReceived == at(500))
  }

  @Test("Row 23: detection does not fire in Down and AdminDown, and a Down is told once") func row23Silent() {
    var session = makeUp()
    #expect(session.expire(at: at(160)) != nil)
    for later: Int64 in [160, 161, 1_000, 100_000] { #expect(session.expire(at: at(later)) == nil) }

    var told = makeUp()
    #expect(told.receive(makePacket(.down, tx: 1_000), at: at(20)).transition?.cause == .neighborSignaledDown)
    #expect(told.expire(at: at(50_000)) == nil)
    #expect(told.diagnostic == .neighborSignaledSessionDown)

    var held = makeUp()
    _ = held.hold(.administrativelyDown, at: at(20))
    #expect(held.expire(at: at(50_000)) == nil)
    #expect(held.state == .adminDown)
    #expect(held.diagnostic == .administrativelyDown)
  }

  @Test("Row 28: a passive system without a remote discriminator sends nothing") func row28() {
    var session = makeSession(role: .passive)
    #expect(session.nextTransmission == nil)
    for time: Int64 in [0, 1_000, 1_000_000] { #expect(session.transmit(at: at(time), random: 0) == nil) }
    #expect(session.nextDeadline == .distantFuture)

    _ = session.receive(makePacket(.down, your: 0, tx: 1_000), at: at(5_000))
    #expect(session.transmit(at: at(5_000), random: 0)?.state == .`init`)

    // Nor once the peer has been forgotten again.
    _ = session.expire(at: at(8_000))
    #expect(session.state == .down)
    #expect(session.nextTransmission == nil)
    #expect(session.transmit(at: at(9_000), random: 0) == nil)

    var active = makeSession(role: .active)
    #expect(active.transmit(at: at(0), random: 0)?.yourDiscriminator == 0)
  }

  @Test("Row 32: AdminDown is sent at once and for at least one detection time, with diagnostic 7") func row32() {
    var session = makeUp(peerRx: 400)
    let transition = session.hold(.administrativelyDown, at: at(20))
    #expect(transition?.to == .adminDown)
    #expect(transition?.isFailure == false)
    #expect(session.nextTransmission.map { $0 <= at(20) } == true)
    #expect(session.peerDetectionTime == ms(3_000))
    var sent = 0
    var now = at(20)
    while now <= at(20) + session.peerDetectionTime {
      if now < at(3_010) { _ = session.receive(makePacket(.down, tx: 1_000, rx: 400), at: now) }
      if let packet = session.transmit(at: now, random: 0) {
        sent += 1
        #expect(packet.state == .adminDown)
        #expect(packet.diagnostic == .administrativelyDown)
        #expect(packet.desiredMinTx >= .slow)
      }
      now = now + ms(10)
    }
    #expect(sent == 4)
    var slowPeer = makeUp(peerRx: 4_000)
    _ = slowPeer.hold(.administrativelyDown, at: at(20))
    #expect(slowPeer.peerDetectionTime == ms(12_000))
  }

  @Test("In AdminDown no packet changes the state; released, it starts from Down") func adminDown() {
    for state in SessionState.allCases {
      var session = makeUp()
      _ = session.hold(.administrativelyDown, at: at(20))
      #expect(session.receive(makePacket(state), at: at(30)).transition == nil)
      #expect(session.state == .adminDown)
      #expect(session.release(at: at(40))?.to == .down)
      #expect(session.diagnostic == .none)
      #expect(session.release(at: at(50)) == nil)
    }
  }

  @Test("A hold in Down keeps its diagnostic against everything the peer says") func holdDown() {
    var session = makeUp()
    #expect(session.hold(.down(.concatenatedPathDown), at: at(20))?.isFailure == false)
    for state in SessionState.allCases {
      #expect(session.receive(makePacket(state), at: at(30)).transition == nil)
      #expect(session.state == .down)
      #expect(session.diagnostic == .concatenatedPathDown)
    }
    #expect(session.transmit(at: at(30), random: 0)?.diagnostic == .concatenatedPathDown)
    #expect(session.release(at: at(40)) == nil)
    #expect(session.transmit(at: at(40), random: 0)?.diagnostic == Diagnostic.none)
    #expect(session.receive(makePacket(.`init`), at: at(50)).transition?.to == .up)
  }

  @Test("Row 33: a remote AdminDown is not a failure to clients") func row33() {
    var session = makeUp()
    let transition = session.receive(makePacket(.adminDown, diagnostic: .administrativelyDown), at: at(20))
      .transition
    #expect(transition?.to == .down)
    #expect(transition?.cause == .neighborAdministrativelyDown)
    #expect(transition?.diagnostic == .neighborSignaledSessionDown)
    #expect(transition?.remoteDiagnostic == .administrativelyDown)
    #expect(transition?.isFailure == false)

    var other = makeUp()
    #expect(other.receive(makePacket(.down), at: at(20)).transition?.isFailure == true)
  }

  @Test("Row 34: a session that was never Up does not report failure") func row34() {
    var session = makeSession()
    let first = session.receive(makePacket(.down, your: 0, tx: 1_000), at: at(5)).transition
    #expect(first?.to == .`init`)
    #expect(first?.isFailure == false)
    let silent = session.expire(at: at(3_005))
    #expect(silent?.from == .`init`)
    #expect(silent?.isFailure == false)
    _ = session.receive(makePacket(.down, your: 0), at: at(4_000))
    #expect(session.receive(makePacket(.adminDown), at: at(4_010)).transition?.isFailure == false)
    #expect(session.hold(.administrativelyDown, at: at(4_020))?.isFailure == false)
    #expect(session.release(at: at(4_030))?.isFailure == false)
  }

  @Test("Row 46: the receive time is the arrival, however late the packet is read") func row46() {
    // Read 10 s late, but each arrived in time.
    var session = makeUp()
    for arrival: Int64 in stride(from: 60, through: 10_000, by: 140) {
      #expect(session.receive(makePacket(.up), at: at(arrival)).expired == nil)
      #expect(session.lastReceived == at(arrival))
    }
    #expect(session.state == .up)

    // Read with the rest, but it came too late: the peer was gone in between.
    var gone = makeUp()
    let reception = gone.receive(makePacket(.up), at: at(160))
    #expect(reception.expired?.at == at(160))
    #expect(reception.expired?.cause == .detectionTimeExpired)
    #expect(gone.state == .down)

    // Read out of order.
    var disordered = makeUp()
    _ = disordered.receive(makePacket(.up), at: at(60))
    _ = disordered.receive(makePacket(.up), at: at(50))
    #expect(disordered.detectionDeadline == at(210))
  }

  @Test("Two sessions come Up and stay there", arguments: [(Role.active, Role.active), (.active, .passive)])
  func handshake(first: Role, second: Role) {
    var pair = bringUp(a: makeSession(role: first), b: makeSession(role: second, discriminator: peer))
    #expect(pair.a.state == .up && pair.b.state == .up)
    #expect(pair.a.remote?.discriminator == peer && pair.b.remote?.discriminator == local)
    #expect(!pair.a.isPolling && !pair.b.isPolling)
    #expect(pair.a.detectionTime == ms(150))
    pair.run(10_000)
    #expect(pair.a.state == .up && pair.b.state == .up)
  }

  @Test(
    "The state machine is that of section 6.2",
    arguments: [
      (SessionState.down, SessionState.adminDown, SessionState.down), (.down, .down, .`init`),
      (.down, .`init`, .up), (.down, .up, .down), (.`init`, .adminDown, .down), (.`init`, .down, .`init`),
      (.`init`, .`init`, .up), (.`init`, .up, .up), (.up, .adminDown, .down), (.up, .down, .down),
      (.up, .`init`, .up), (.up, .up, .up)
    ])
  func stateMachine(from: SessionState, received: SessionState, to: SessionState) {
    var session = makeSession()
    if from == .`init` { _ = session.receive(makePacket(.down, your: 0), at: at(1)) }
    if from == .up { session = makeUp() }
    let transition = session.receive(makePacket(received), at: at(20)).transition
    #expect(session.state == to)
    #expect((transition != nil) == (from != to))
    let signaled = from != .down && to == .down
    #expect(session.diagnostic == (signaled ? .neighborSignaledSessionDown : .none))
  }
}

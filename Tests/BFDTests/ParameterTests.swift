@testable import BFD
import Testing

/// Rows of the acceptance checklist about intervals, the multiplier, and what waits for a Final.
@Suite struct ParameterTests {
  @Test("Row 13: desired min TX is at least 1 s on the wire and in the timer unless Up") func row13() {
    var session = makeSession(tx: 50)
    #expect(session.transmit(at: at(0), random: 0)?.desiredMinTx == .slow)
    #expect(session.nextTransmission == at(1_000))
    _ = session.receive(makePacket(.down, your: 0), at: at(10))
    #expect(session.transmit(at: at(10), random: 0)?.desiredMinTx == .slow)  // Init
    #expect(session.nextTransmission == at(1_010))
    _ = session.receive(makePacket(.`init`), at: at(20))
    #expect(session.transmit(at: at(20), random: 0)?.desiredMinTx == .milliseconds(50))
    #expect(session.nextTransmission == at(70))
    _ = session.receive(makePacket(.down), at: at(30))
    #expect(session.transmit(at: at(30), random: 0)?.desiredMinTx == .slow)
    #expect(session.nextTransmission == at(1_030))
    _ = session.hold(.administrativelyDown, at: at(40))
    #expect(session.transmit(at: at(40), random: 0)?.desiredMinTx == .slow)
    #expect(session.nextTransmission == at(1_040))

    var slower = makeSession(tx: 3_000)
    #expect(slower.transmit(at: at(0), random: 0)?.desiredMinTx == .milliseconds(3_000))
    #expect(slower.nextTransmission == at(3_000))
  }

  @Test("Row 13: a Final for a Poll sent while Up does not bring the fast interval back") func row13Final() {
    var session = makeUp()
    session.configure(makeConfiguration(tx: 40))
    #expect(session.transmit(at: at(60), random: 0)?.poll == true)
    _ = session.receive(makePacket(.down), at: at(61))
    _ = session.receive(makePacket(.down), at: at(62))
    #expect(session.state == .`init`)
    _ = session.transmit(at: at(62), random: 0)
    _ = session.receive(makePacket(.down, final: true), at: at(63))
    #expect(session.state == .`init`)
    #expect(session.nextTransmission == at(1_062))
  }

  @Test("Row 15: a Final for a Poll sent before Up does not lower the interval in force") func row15Final() {
    var session = makeUp(tx: 50)
    _ = session.receive(makePacket(.down), at: at(20))
    session.configure(makeConfiguration(tx: 1_000))
    #expect(session.transmit(at: at(20), random: 0)?.poll == true)
    session.configure(makeConfiguration(tx: 2_000))
    _ = session.receive(makePacket(.`init`), at: at(30))
    #expect(session.transmit(at: at(30), random: 0)?.desiredMinTx == .milliseconds(2_000))
    _ = session.receive(makePacket(.up, final: true), at: at(31))
    #expect(session.nextTransmission == at(2_030))
  }

  @Test("Row 14: a Poll Sequence runs when the transmit interval changes on reaching Up") func row14() {
    var session = makeSession(tx: 50)
    #expect(session.transmit(at: at(0), random: 0)?.poll == false)
    _ = session.receive(makePacket(.`init`), at: at(10))
    #expect(session.isPolling)
    #expect(session.transmit(at: at(10), random: 0)?.poll == true)
    #expect(session.transmit(at: at(60), random: 0)?.poll == true)
    _ = session.receive(makePacket(.up, final: true), at: at(61))
    #expect(!session.isPolling)
    #expect(session.transmit(at: at(110), random: 0)?.poll == false)

    var unchanged = makeSession(tx: 1_000)
    _ = unchanged.receive(makePacket(.`init`), at: at(10))
    #expect(!unchanged.isPolling)
  }

  @Test("Row 15: an increase of the transmit interval waits for the Final while Up") func row15() {
    var session = makeUp()
    session.configure(makeConfiguration(tx: 500))
    #expect(session.nextTransmission == at(59))
    let poll = session.transmit(at: at(59), random: 0)
    #expect(poll?.poll == true)
    #expect(poll?.desiredMinTx == .milliseconds(500))
    // Neither time nor packets without the F bit end the wait.
    for step: Int64 in 1...20 {
      let now = at(59 + 50 * step)
      #expect(session.nextTransmission == now)
      _ = session.receive(makePacket(.up), at: now)
      #expect(session.transmit(at: now, random: 0)?.poll == true)
    }
    _ = session.receive(makePacket(.up, final: true), at: at(1_060))
    #expect(session.nextTransmission == at(1_559))

    var decreased = makeUp(tx: 500)
    decreased.configure(makeConfiguration(tx: 50))
    #expect(decreased.nextTransmission == at(59))
  }

  @Test("Row 15: unless Up an increase counts at once") func row15Down() {
    var session = makeSession(tx: 1_000)
    _ = session.transmit(at: at(0), random: 0)
    _ = session.receive(makePacket(.down, your: 0, tx: 1_000), at: at(10))
    _ = session.transmit(at: at(10), random: 0)
    session.configure(makeConfiguration(tx: 4_000))
    #expect(session.nextTransmission == at(4_010))
  }

  @Test("Row 16: a decrease of the receive interval keeps the old detection time until the Final") func row16() {
    var session = makeUp(rx: 500)
    #expect(session.detectionTime == ms(1_500))
    session.configure(makeConfiguration(rx: 100))
    #expect(session.detectionTime == ms(1_500))
    #expect(session.transmit(at: at(59), random: 0)?.requiredMinRx == .milliseconds(100))
    _ = session.receive(makePacket(.up), at: at(100))
    #expect(session.detectionTime == ms(1_500))
    // The peer sent nothing at the new rate before the Final: its next packet may still come at the old one.
    // Finals, also duplicated ones, are not that packet.
    for _ in 0..<3 {
      _ = session.receive(makePacket(.up, final: true), at: at(101))
      #expect(session.detectionTime == ms(1_500))
    }
    _ = session.receive(makePacket(.up), at: at(590))
    #expect(session.state == .up)
    #expect(session.detectionTime == ms(300))

    var increased = makeUp(rx: 100)
    increased.configure(makeConfiguration(rx: 500))
    #expect(increased.detectionTime == ms(1_500))
  }

  @Test("Row 16: a confirmed decrease does not undercut a later increase") func row16Overtaken() {
    var session = makeUp(rx: 500)
    session.configure(makeConfiguration(rx: 50))
    _ = session.transmit(at: at(59), random: 0)
    _ = session.receive(makePacket(.up, final: true), at: at(60))
    session.configure(makeConfiguration(rx: 200))
    _ = session.receive(makePacket(.up), at: at(70))
    #expect(session.detectionTime == ms(600))
  }

  @Test("Row 16: in Down the change counts at once") func row16Down() {
    var session = makeSession(rx: 5_000)
    _ = session.receive(makePacket(.down, your: 0, tx: 1_000), at: at(10))
    #expect(session.detectionTime == ms(15_000))
    session.configure(makeConfiguration(rx: 100))
    #expect(session.detectionTime == ms(3_000))
  }

  @Test("Row 17: a reduced remote min RX is honoured at once") func row17() {
    var session = makeUp(peerRx: 2_000)
    #expect(session.nextTransmission == at(2_009))
    _ = session.receive(makePacket(.up, rx: 100), at: at(20))
    #expect(session.nextTransmission == at(109))
    // Already over: at once.
    var late = makeUp(peerRx: 2_000)
    _ = late.receive(makePacket(.up, rx: 100), at: at(500))
    #expect(late.transmit(at: at(500), random: 0) != nil)
    // It never undercuts our own.
    _ = session.receive(makePacket(.up, rx: 1), at: at(30))
    #expect(session.nextTransmission == at(59))
  }

  @Test("Row 18: a second change during a poll gets a poll of its own") func row18() {
    var session = makeUp()
    session.configure(makeConfiguration(tx: 100))
    #expect(session.transmit(at: at(59), random: 0)?.poll == true)
    session.configure(makeConfiguration(tx: 400))
    _ = session.receive(makePacket(.up, final: true), at: at(60))
    // The Final was for 100 ms; 400 ms has not been polled.
    #expect(session.isPolling)
    #expect(session.transmitInterval == .milliseconds(100))
    #expect(session.transmit(at: at(159), random: 0)?.poll == true)
    #expect(session.transmitInterval == .milliseconds(100))
    _ = session.receive(makePacket(.up, final: true), at: at(160))
    #expect(session.transmitInterval == .milliseconds(400))
    #expect(!session.isPolling)
  }

  @Test("Row 18: late and duplicated Finals of one poll do not end the next") func row18Stale() {
    // The round trip, 200 ms, is four intervals.
    var session = makeUp(rx: 300)
    session.configure(makeConfiguration(tx: 100, rx: 300))
    for now: Int64 in [59, 109, 159, 209] { #expect(session.transmit(at: at(now), random: 0)?.poll == true) }
    _ = session.receive(makePacket(.up, final: true), at: at(259))
    session.configure(makeConfiguration(tx: 1_000, rx: 300))
    var stale = [259, 309, 309, 359, 359, 409]  // and twice, some of them
    var now: Int64 = 260
    var firstPoll: Int64?
    while now < 1_000, session.transmitInterval != .milliseconds(1_000) {
      if let packet = session.transmit(at: at(now), random: 0), packet.poll, firstPoll == nil { firstPoll = now }
      if let due = stale.first, due <= now {
        stale.removeFirst()
        _ = session.receive(makePacket(.up, final: true), at: at(now))
        #expect(session.transmitInterval == .milliseconds(100))
      }
      if let firstPoll, now == firstPoll + 200 {
        _ = session.receive(makePacket(.up, final: true), at: at(now))
        #expect(session.transmitInterval == .milliseconds(1_000))
      }
      now += 1
    }
    #expect(stale.isEmpty)
    #expect(session.transmitInterval == .milliseconds(1_000))
    #expect(!session.isPolling)
  }

  @Test("Row 18: a Final allows no more than every value since its sequence began") func row18Third() {
    var session = makeUp(tx: 200, rx: 50)
    session.configure(makeConfiguration(tx: 1_000, rx: 50))
    _ = session.transmit(at: at(209), random: 0)
    session.configure(makeConfiguration(tx: 100, rx: 400))
    _ = session.transmit(at: at(309), random: 0)
    session.configure(makeConfiguration(tx: 1_000, rx: 50))
    _ = session.receive(makePacket(.up, final: true), at: at(310))
    _ = session.receive(makePacket(.up), at: at(311))
    // The peer may last have heard 100 ms, and may itself send every 400 ms.
    #expect(session.transmitInterval == .milliseconds(100))
    #expect(session.detectionTime == ms(1_200))
    #expect(session.isPolling)
  }

  @Test("Row 18: changes made before the first Poll share one sequence") func row18Together() {
    var session = makeUp()
    session.configure(makeConfiguration(tx: 100))
    session.configure(makeConfiguration(tx: 100, rx: 20))
    let poll = session.transmit(at: at(59), random: 0)
    #expect(poll?.desiredMinTx == .milliseconds(100))
    #expect(poll?.requiredMinRx == .milliseconds(20))
    _ = session.receive(makePacket(.up, final: true), at: at(60))
    #expect(!session.isPolling)
  }

  @Test("A Final that answers nothing, or came before the Poll left, ends nothing") func strayFinal() {
    var session = makeUp()
    session.configure(makeConfiguration(tx: 500))
    _ = session.receive(makePacket(.up, final: true), at: at(50))
    #expect(session.isPolling)
    #expect(session.transmit(at: at(70), random: 0)?.poll == true)
    _ = session.receive(makePacket(.up, final: true), at: at(69))
    #expect(session.isPolling)
    #expect(session.transmitInterval == .milliseconds(50))
    _ = session.receive(makePacket(.up, final: true), at: at(71))
    #expect(!session.isPolling)
  }

  @Test("A peer that leaves Polls unanswered for long delays the next sequence by two seconds at most")
  func quietIsBounded() {
    var session = makeUp()
    session.configure(makeConfiguration(tx: 500))
    for now in stride(from: Int64(59), through: 30_059, by: 50) {
      _ = session.receive(makePacket(.up), at: at(now))
      _ = session.transmit(at: at(now), random: 0)
    }
    _ = session.receive(makePacket(.up, final: true), at: at(30_060))
    session.configure(makeConfiguration(tx: 800))
    var now: Int64 = 30_061
    while session.transmit(at: at(now), random: 0)?.poll != true, now < 40_000 {
      _ = session.receive(makePacket(.up), at: at(now))
      now += 1
    }
    #expect((32_000...32_600).contains(now))
  }

  @Test("Row 24: a changed multiplier takes effect without a Poll") func row24() {
    var session = makeUp()
    session.configure(makeConfiguration(multiplier: 7))
    #expect(!session.isPolling)
    let packet = session.transmit(at: at(59), random: 0)
    #expect(packet?.detectMultiplier == 7)
    #expect(packet?.poll == false)
    // The same of the peer.
    _ = session.receive(makePacket(.up, multiplier: 9), at: at(60))
    #expect(session.detectionTime == ms(450))
  }

  @Test("Row 24: the wait stays under 90 % until a packet has told of a multiplier above 1") func row24FromOne() {
    var session = makeUp(multiplier: 1)
    #expect(session.nextTransmission == at(54))
    session.configure(makeConfiguration(multiplier: 3))
    #expect(session.nextTransmission == at(54))
    _ = session.transmit(at: at(54), random: 0)
    #expect(session.nextTransmission == at(104))
    session.configure(makeConfiguration(multiplier: 1))
    #expect(session.nextTransmission == at(99))
  }

  @Test("Configuring what is configured changes nothing") func unchanged() {
    let session = makeUp()
    var same = session
    same.configure(makeConfiguration())
    #expect(same == session)
  }
}

@testable import BFD
import Testing

/// Rows of the acceptance checklist about Demand mode (RFC 5880 sections 6.6, 6.8.4, 6.8.6, 6.8.14).
@Suite struct DemandTests {
  static func configuration(every interval: UInt32?, tx: UInt32 = 50) -> SessionConfiguration {
    var configuration = makeConfiguration(tx: tx)
    configuration.demand = DemandMode(verificationInterval: interval.map { .milliseconds($0) })
    return configuration
  }

  static func packet(_ state: SessionState, final: Bool = false, tx: UInt32 = 50, demand: Bool) -> ControlPacket {
    var packet = makePacket(state, final: final, tx: tx)
    packet.demand = demand
    return packet
  }

  /// Demand mode is active here and acknowledged: a Poll left at 60 ms, its Final came at 61 ms.
  static func makeDemanding(every interval: UInt32? = nil) -> Session {
    var session = makeUp()
    session.configure(configuration(every: interval))
    _ = session.transmit(at: at(60), random: 0)
    _ = session.receive(makePacket(.up, final: true), at: at(61))
    return session
  }

  @Test("Row 29: the D bit is set only when both ends are Up") func row29() {
    var session = makeSession(tx: 1_000)
    session.configure(Self.configuration(every: nil, tx: 1_000))
    #expect(session.transmit(at: at(0), random: 0)?.demand == false)
    _ = session.receive(makePacket(.down, your: 0), at: at(10))
    #expect(session.transmit(at: at(10), random: 0)?.demand == false)  // Init
    _ = session.receive(makePacket(.`init`), at: at(20))
    #expect(session.state == .up)
    #expect(session.transmit(at: at(20), random: 0)?.demand == false)  // the peer is in Init
    _ = session.receive(makePacket(.up, tx: 1_000), at: at(30))
    #expect(session.transmit(at: at(1_020), random: 0)?.demand == true)
    _ = session.receive(makePacket(.`init`, tx: 1_000), at: at(1_030))
    #expect(session.transmit(at: at(2_020), random: 0)?.demand == false)
    #expect(session.receive(makePacket(.up, poll: true, tx: 1_000), at: at(2_030)).final?.demand == true)
    _ = session.receive(makePacket(.down), at: at(2_040))
    #expect(session.transmit(at: at(2_040), random: 0)?.demand == false)
    #expect(makeUp().configuration.demand == nil)
  }

  @Test("Row 29: a change of the D bit comes with a Poll Sequence, on and off") func row29Poll() {
    var session = makeUp()
    session.configure(Self.configuration(every: nil))
    #expect(session.isPolling)
    let on = session.transmit(at: at(60), random: 0)
    #expect(on?.demand == true && on?.poll == true)
    _ = session.receive(makePacket(.up, final: true), at: at(61))
    #expect(!session.isPolling)
    #expect(session.transmit(at: at(110), random: 0)?.poll == false)
    session.configure(makeConfiguration())
    let off = session.transmit(at: at(160), random: 0)
    #expect(off?.demand == false && off?.poll == true)
  }

  @Test("Row 29: a peer that comes Up after us is polled with the D bit") func row29Late() {
    var session = makeSession(tx: 1_000)
    session.configure(Self.configuration(every: nil, tx: 1_000))
    _ = session.transmit(at: at(0), random: 0)
    _ = session.receive(makePacket(.`init`), at: at(10))
    #expect(session.transmit(at: at(10), random: 0)?.poll == false)
    _ = session.receive(makePacket(.up), at: at(20))
    let packet = session.transmit(at: at(1_010), random: 0)
    #expect(packet?.demand == true && packet?.poll == true)
  }

  @Test("Row 30: a remote D bit silences us only while both are Up, and transmission resumes after") func row30() {
    var session = makeUp()
    _ = session.receive(Self.packet(.up, demand: true), at: at(20))
    #expect(session.nextTransmission == nil)
    for now: Int64 in [59, 100, 150] { #expect(session.transmit(at: at(now), random: 0) == nil) }
    #expect(session.receive(makePacket(.up, poll: true), at: at(151)).final?.final == true)
    // The D bit was clear in that packet.
    #expect(session.transmit(at: at(151), random: 0) != nil)

    _ = session.receive(Self.packet(.up, demand: true), at: at(160))
    #expect(session.nextTransmission == nil)
    _ = session.receive(Self.packet(.`init`, demand: true), at: at(170))
    #expect(session.state == .up)
    #expect(session.nextTransmission == at(201))

    _ = session.receive(Self.packet(.up, demand: true), at: at(180))
    _ = session.hold(.administrativelyDown, at: at(181))
    #expect(session.transmit(at: at(181), random: 0)?.state == .adminDown)
    #expect(session.nextTransmission == at(1_181))

    for state in [SessionState.down, .`init`] {
      var early = makeSession()
      _ = early.transmit(at: at(0), random: 0)
      _ = early.receive(Self.packet(state, demand: true), at: at(10))
      #expect(early.nextTransmission != nil)
    }
  }

  @Test("Row 30: to a peer in Demand mode a changed parameter is told by a Poll Sequence, and nothing else")
  func row30Poll() {
    var session = makeUp()
    _ = session.receive(Self.packet(.up, demand: true), at: at(20))
    session.configure(makeConfiguration(multiplier: 5))
    let poll = session.transmit(at: at(59), random: 0)
    #expect(poll?.poll == true && poll?.detectMultiplier == 5)
    #expect(session.transmit(at: at(109), random: 0)?.poll == true)
    _ = session.receive(Self.packet(.up, final: true, demand: true), at: at(110))
    #expect(session.nextTransmission == nil)
    session.verify()
    // Late Finals of the last sequence must be in first.
    #expect(session.nextTransmission == at(212) && session.earliestTransmission == at(212))
    #expect(session.transmit(at: at(211), random: 0, slack: ms(4)) == nil)
    #expect(session.transmit(at: at(212), random: 0)?.poll == true)
  }

  @Test("Row 30: a peer that is in Demand mode when we come Up is told so by a Poll") func row30ComingUp() {
    var session = makeSession(tx: 1_000)
    _ = session.transmit(at: at(0), random: 0)
    _ = session.receive(makePacket(.down, your: 0), at: at(10))
    _ = session.transmit(at: at(10), random: 0)
    _ = session.receive(Self.packet(.up, tx: 1_000, demand: true), at: at(20))
    #expect(session.state == .up)
    let packet = session.transmit(at: at(20), random: 0)
    #expect(packet?.state == .up && packet?.poll == true)
    // Lost: it is repeated until the Final comes.
    #expect(session.transmit(at: at(1_020), random: 0)?.poll == true)
    _ = session.receive(Self.packet(.up, final: true, tx: 1_000, demand: true), at: at(1_030))
    #expect(session.nextTransmission == nil)
  }

  @Test("Row 31: in Demand mode silence is no failure") func row31Silence() {
    var session = Self.makeDemanding()
    #expect(session.detectionDeadline == nil)
    #expect(session.expire(at: at(1_000_000)) == nil)
    #expect(session.state == .up)
    #expect(session.remote?.discriminator == peer)
  }

  @Test("Row 31: detection runs from the first Poll actually sent, for our multiplier times our interval")
  func row31() {
    var session = Self.makeDemanding()
    session.verify()
    // Asked for, not sent.
    #expect(session.detectionDeadline == nil)
    #expect(session.expire(at: at(5_000)) == nil)
    #expect(session.transmit(at: at(5_000), random: 0)?.poll == true)
    #expect(session.detectionDeadline == at(5_150))
    #expect(session.transmit(at: at(5_050), random: 0)?.poll == true)
    // Not moved by a later Poll, nor by a packet that is no Final.
    #expect(session.detectionDeadline == at(5_150))
    _ = session.receive(makePacket(.up), at: at(5_100))
    #expect(session.expire(at: at(5_150) + -1) == nil)
    let down = session.expire(at: at(5_200))
    #expect(down?.cause == .detectionTimeExpired && down?.at == at(5_150) && down?.isFailure == true)
    #expect(session.diagnostic == .controlDetectionTimeExpired)
    #expect(session.remote == nil)
  }

  @Test("Row 31: Polls at a longer interval do not count as those missing at a shorter one") func row31Shorter() {
    var session = Self.makeDemanding()
    _ = session.receive(makePacket(.up, rx: 2_000), at: at(100))
    session.verify()
    #expect(session.transmit(at: at(5_000), random: 0)?.poll == true)
    #expect(session.detectionDeadline == at(11_000))
    // The peer takes packets faster from now on: just one Poll has left, and the peer lives.
    _ = session.receive(makePacket(.up, poll: true, rx: 50), at: at(6_000))
    #expect(session.expire(at: at(6_000)) == nil)
    #expect(session.transmit(at: at(6_000), random: 0)?.poll == true)
    #expect(session.detectionDeadline == at(6_150))
  }

  @Test("Row 31: a Poll that was open before Demand mode counts from its beginning") func row31Open() {
    var session = makeUp()
    session.configure(makeConfiguration(rx: 60))
    #expect(session.transmit(at: at(60), random: 0)?.poll == true)
    for now: Int64 in [110, 160, 210, 260] {
      _ = session.receive(makePacket(.up), at: at(now - 1))
      _ = session.transmit(at: at(now), random: 0)
    }
    session.configure(Self.configuration(every: nil))
    #expect(session.transmit(at: at(310), random: 0)?.demand == true)
    #expect(session.expire(at: at(310)) == nil)
    #expect(session.detectionDeadline == at(460))
  }

  @Test("Row 30: a verification that is due waits for late Finals: no packet without Poll leaves")
  func row30Verification() {
    var session = Self.makeDemanding(every: 100)
    session.verify()
    #expect(session.transmit(at: at(200), random: 0)?.poll == true)
    // Answered late: the next sequence begins no sooner than twice that later.
    _ = session.receive(Self.packet(.up, final: true, demand: true), at: at(320))
    #expect(session.isSilenced && session.state == .up)
    #expect(session.nextTransmission == at(560))
    #expect(session.transmit(at: at(420), random: 0) == nil)
    #expect(session.transmit(at: at(560), random: 0)?.poll == true)
  }

  @Test("Row 31: a Final ends the verification, one after the Detection Time does not") func row31Final() {
    var session = Self.makeDemanding()
    session.verify()
    _ = session.transmit(at: at(5_000), random: 0)
    #expect(session.receive(makePacket(.up, final: true), at: at(5_149)).transition == nil)
    #expect(session.detectionDeadline == nil)
    #expect(session.verifiedAt == at(5_149))

    session.verify()
    _ = session.transmit(at: at(6_000), random: 0)
    #expect(session.receive(makePacket(.up, final: true), at: at(6_150)).expired?.to == .down)
  }

  @Test("The peer is verified again an interval after its last answer") func verification() {
    var session = Self.makeDemanding(every: 10_000)
    #expect(session.nextVerification == at(10_061))
    var polls: [Int64] = []
    var now = at(110)
    while now < at(31_000) {
      if let packet = session.transmit(at: now, random: 0), packet.poll {
        polls.append(milliseconds(now))
        _ = session.receive(makePacket(.up, final: true), at: now + ms(1))
      }
      now = now + ms(1)
    }
    #expect(polls.count == 3)
    for (poll, next) in zip([61] + polls, polls) { #expect((10_000...10_051).contains(next - poll)) }
  }

  @Test("Two ends in Demand mode say nothing between verifications, and notice the other's death") func both() {
    var a = makeSession()
    a.configure(Self.configuration(every: 10_000))
    var b = makeSession(discriminator: peer)
    b.configure(Self.configuration(every: nil))
    var pair = bringUp(a: a, b: b)
    #expect(pair.a.state == .up && pair.b.state == .up)
    #expect(pair.a.demandInForce && pair.b.demandInForce)
    #expect(pair.b.nextDeadline == .distantFuture)
    pair.run(100_000)
    #expect(pair.a.state == .up && pair.b.state == .up)
    // b is gone: a's Polls are not answered.
    var now = pair.now
    let alone = now
    var down: Transition?
    while down == nil, now < alone + ms(20_000) {
      now = max(now, pair.a.nextDeadline)
      down = pair.a.expire(at: now)
      _ = pair.a.transmit(at: now, random: 0)
    }
    #expect(down?.cause == .detectionTimeExpired)
    #expect(now - alone <= ms(10_200))
  }

  @Test("Demand mode switched off: silence counts only from the Final on") func off() {
    var session = Self.makeDemanding()
    session.configure(makeConfiguration())
    _ = session.transmit(at: at(100_000), random: 0)
    #expect(session.state == .up)
    #expect(session.expire(at: at(100_100)) == nil)
    _ = session.receive(makePacket(.up, final: true), at: at(100_101))
    #expect(!session.demandInForce)
    #expect(session.detectionDeadline == at(100_251))
  }

  @Test("Held down in Demand mode, the session remembers the peer for a Detection Time to tell it") func held() {
    var session = Self.makeDemanding()
    _ = session.hold(.administrativelyDown, at: at(100_000))
    #expect(session.expire(at: at(100_000)) == nil)
    let packet = session.transmit(at: at(100_000), random: 0)
    #expect(packet?.yourDiscriminator == peer && packet?.demand == false)
  }

  @Test("A peer that wants no packets cannot be polled, so it is not asked to be silent") func noPolls() {
    var session = makeUp(peerRx: 0)
    session.configure(Self.configuration(every: nil))
    #expect(session.receive(makePacket(.up, poll: true, rx: 0), at: at(20)).final?.demand == false)
    var later = Self.makeDemanding()
    _ = later.receive(makePacket(.up, rx: 0), at: at(50_000))
    #expect(later.detectionDeadline == at(50_150))
  }
}

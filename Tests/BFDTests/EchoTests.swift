@testable import BFD
import Testing

/// The echo function (RFC 5880 sections 5, 6.4, 6.8.5, 6.8.8, 6.8.9).
@Suite struct EchoTests {
  static func configuration(echo: UInt32 = 20, multiplier: UInt8 = 3, rx: UInt32 = 50) -> SessionConfiguration {
    var configuration = makeConfiguration(rx: rx, multiplier: multiplier)
    configuration.echo = EchoParameters(transmitInterval: .milliseconds(echo))
    return configuration
  }

  static func packet(_ state: SessionState, echoRx: UInt32 = 20, final: Bool = false) -> ControlPacket {
    var packet = makePacket(state, final: final)
    packet.requiredMinEchoRx = .milliseconds(echoRx)
    return packet
  }

  /// Up since 10 ms, and the peer loops echoes; none has left.
  static func makeEchoing(echo: UInt32 = 20, echoRx: UInt32 = 20, multiplier: UInt8 = 3) -> Session {
    var session = makeUp(multiplier: multiplier)
    session.configure(configuration(echo: echo, multiplier: multiplier))
    _ = session.receive(packet(.up, echoRx: echoRx), at: at(10))
    return session
  }

  /// Sends the echo that is due at `now`, and takes it back `later` milliseconds after; the echo.
  @discardableResult static func exchange(_ session: inout Session, at now: Int64, later: Int64 = 1) -> EchoPacket?
  {
    guard let echo = session.transmitEcho(at: at(now), random: 0)?.echo else { return nil }
    guard case .accepted(nil, nil) = session.receive(echo, at: at(now + later)) else { return nil }
    return echo
  }

  @Test("Row 44: no echo unless Up and the peer's min echo RX is not 0") func row44() {
    var session = makeSession()
    session.configure(Self.configuration())
    #expect(session.nextEcho == nil)
    _ = session.transmit(at: at(0), random: 0)
    _ = session.receive(Self.packet(.down), at: at(5))
    #expect(session.state == .`init` && session.nextEcho == nil)
    #expect(session.transmitEcho(at: at(1_000), random: 0) == nil)
    _ = session.receive(Self.packet(.`init`), at: at(8))
    #expect(session.state == .up && session.nextEcho == at(8))
    #expect(session.transmitEcho(at: at(8), random: 0) != nil)
    _ = session.receive(Self.packet(.up, echoRx: 0), at: at(9))
    #expect(session.nextEcho == nil && session.transmitEcho(at: at(100), random: 0) == nil)
    _ = session.receive(Self.packet(.up), at: at(12))
    #expect(session.nextEcho == at(28))
    _ = session.hold(.administrativelyDown, at: at(13))
    #expect(session.nextEcho == nil)
    // Not asked for.
    var plain = makeUp()
    _ = plain.receive(Self.packet(.up), at: at(20))
    #expect(plain.nextEcho == nil && plain.nextDeadline == at(59))
  }

  @Test("Section 6.8.9: echoes of two runs keep their distance too", arguments: [false, true])
  func spacingAcrossRuns(isReconfigured: Bool) {
    var session = Self.makeEchoing(echoRx: 200)
    #expect(session.transmitEcho(at: at(10), random: 0) != nil)
    if isReconfigured {
      session.configure(makeConfiguration())
      #expect(session.nextEcho == nil)
      session.configure(Self.configuration())
    } else {
      _ = session.receive(Self.packet(.up, echoRx: 0), at: at(11))
      _ = session.receive(Self.packet(.up, echoRx: 200), at: at(12))
    }
    #expect(session.nextEcho == at(210) && session.earliestEcho == at(160))
    #expect(session.transmitEcho(at: at(159), random: 0, slack: ms(50)) == nil)
    #expect(session.transmitEcho(at: at(210), random: 0) != nil)
  }

  @Test("Section 6.8.5: echoes missing at a longer interval are not as many at a shorter one")
  func shorterInterval() {
    var session = Self.makeEchoing(echo: 500)
    Self.exchange(&session, at: 10)
    #expect(session.transmitEcho(at: at(510), random: 0) != nil)  // lost
    for now: Int64 in [50, 100, 150] { _ = session.receive(Self.packet(.up), at: at(510 + now)) }
    session.configure(Self.configuration(echo: 20))
    #expect(session.expire(at: at(661)) == nil)
    #expect(session.transmitEcho(at: at(661), random: 0) != nil)
    #expect(session.echoDeadline == nil || session.echoDeadline ?? at(0) > at(661))
  }

  @Test("Row 44: never on multihop") func row44Multihop() {
    var configuration = Self.configuration()
    configuration.requiredMinEchoRx = .milliseconds(20)
    #expect(configuration.applicable(to: .singleHop) == configuration)
    let multihop = configuration.applicable(to: .multihop)
    #expect(multihop.echo == nil && multihop.requiredMinEchoRx == .zero)
    #expect(multihop.requiredMinRx == configuration.requiredMinRx)
  }

  @Test("Row 44: our own min echo RX stands in every packet") func announced() {
    var session = makeUp()
    #expect(session.transmit(at: at(59), random: 0)?.requiredMinEchoRx == .zero)
    var configuration = makeConfiguration()
    configuration.requiredMinEchoRx = .milliseconds(30)
    session.configure(configuration)
    #expect(session.transmit(at: at(109), random: 0)?.requiredMinEchoRx == .milliseconds(30))
    #expect(
      session.receive(makePacket(.up, poll: true), at: at(110)).final?.requiredMinEchoRx == .milliseconds(30))
  }

  @Test(
    "Row 44: the echo interval is the greater of ours and the peer's, with jitter of 75 to 100 %",
    arguments: [(20, 20, 20), (20, 70, 70), (90, 20, 90)] as [(UInt32, UInt32, Int64)])
  func interval(ours: UInt32, peers: UInt32, expected: Int64) {
    var session = Self.makeEchoing(echo: ours, echoRx: peers)
    #expect(session.echoInterval.nanoseconds == ms(expected))
    _ = session.transmitEcho(at: at(10), random: 0)
    #expect(session.nextEcho == at(10) + ms(expected))
    #expect(session.transmitEcho(at: at(10) + ms(expected) + -1, random: 0) == nil)
    _ = session.transmitEcho(at: at(10) + ms(expected), random: .max)
    let wait = (session.nextEcho ?? .distantFuture) - (at(10) + ms(expected))
    #expect((ms(expected) * 3 / 4...ms(expected) * 3 / 4 + 1).contains(wait))
  }

  @Test("Echoes missing for the multiplier's number of intervals take the session Down with diagnostic 2")
  func failure() {
    var session = Self.makeEchoing()
    Self.exchange(&session, at: 10)
    for now: Int64 in [30, 50, 70] {
      #expect(session.expire(at: at(now)) == nil)
      _ = session.transmitEcho(at: at(now), random: 0)
    }
    #expect(session.nextDeadline <= at(71))
    #expect(session.expire(at: at(71) + -1) == nil)
    let down = session.expire(at: at(75))
    #expect(down?.cause == .echoFailed && down?.to == .down && down?.at == at(71))
    #expect(down?.diagnostic == .echoFunctionFailed && down?.isFailure == true)
    #expect(session.transmit(at: at(75), random: 0)?.diagnostic == .echoFunctionFailed)
    #expect(session.remote != nil && session.nextEcho == nil)
    // The handshake begins anew.
    _ = session.receive(Self.packet(.down), at: at(80))
    #expect(session.receive(Self.packet(.up), at: at(81)).transition?.to == .up)
    #expect(session.nextEcho == at(90))
  }

  @Test("An echo function whose first echo never comes back fails too") func neverAnswered() {
    var session = Self.makeEchoing()
    for now: Int64 in [10, 30, 50] { _ = session.transmitEcho(at: at(now), random: 0) }
    #expect(session.expire(at: at(70))?.cause == .echoFailed)
  }

  @Test("Echoes that come back keep the session Up, and tell the round trip") func returned() {
    var session = Self.makeEchoing()
    for now: Int64 in stride(from: 10, through: 5_010, by: 20) {
      if now % 100 == 10 { _ = session.receive(Self.packet(.up), at: at(now)) }
      #expect(session.expire(at: at(now)) == nil)
      #expect(Self.exchange(&session, at: now, later: now < 2_000 ? 3 : 11) != nil)
    }
    #expect(session.state == .up)
    #expect(session.echo?.sent == 251 && session.echo?.returned == 251)
    #expect(session.echo?.roundTrip == ms(11))
    #expect((ms(10)...ms(11)).contains(session.echo?.meanRoundTrip ?? 0))
  }

  @Test("A sender that was stopped does not take its own silence for the path's") func stopped() {
    var session = Self.makeEchoing()
    session.configure(Self.configuration(rx: 1_000))
    Self.exchange(&session, at: 10)
    // 800 ms without a chance to send: control packets came, as the kernel's timestamps tell.
    _ = session.receive(Self.packet(.up), at: at(700))
    #expect(session.expire(at: at(810)) == nil)
    #expect(session.state == .up)
    #expect(Self.exchange(&session, at: 810) != nil)
    // But then the path's silence counts as ever.
    for now: Int64 in [830, 850, 870] { _ = session.transmitEcho(at: at(now), random: 0) }
    #expect(session.expire(at: at(871))?.cause == .echoFailed)
  }

  @Test("An echo counts once, in order, in time, and only in the run that sent it") func stale() {
    var session = Self.makeEchoing()
    guard let first = Self.exchange(&session, at: 10),
      let second = session.transmitEcho(at: at(30), random: 0)?.echo,
      let third = session.transmitEcho(at: at(50), random: 0)?.echo
    else {
      Issue.record("no echo")
      return
    }
    let before = session
    func refused(_ echo: EchoPacket, at now: Int64) -> Bool {
      let reception = session.receive(echo, at: at(now))
      return reception == .discarded(.echoStale) && session == before
    }
    #expect(refused(first, at: 51))
    var future = third
    future.sequence &+= 1
    #expect(refused(future, at: 51))
    var old = third
    old.sentAt = at(9)
    #expect(refused(old, at: 51))
    #expect(session.receive(third, at: at(52)) == .accepted(expired: nil, transition: nil))
    #expect(session.receive(third, at: at(52)) == .discarded(.echoStale))
    #expect(session.receive(second, at: at(53)) == .discarded(.echoStale))
    // Down and Up again: the echoes of before are void.
    let last = session.transmitEcho(at: at(70), random: 0)?.echo
    _ = session.receive(Self.packet(.down), at: at(71))
    _ = session.receive(Self.packet(.`init`), at: at(72))
    _ = session.receive(Self.packet(.`init`), at: at(73))
    #expect(session.state == .up)
    _ = session.transmitEcho(at: at(73), random: 0)
    #expect(last.map { session.receive($0, at: at(74)) } == .discarded(.echoStale))
    #expect(makeUp().echo == nil)
    var plain = makeUp()
    #expect(plain.receive(first, at: at(20)) == .discarded(.echoUnexpected))
  }

  @Test("Two late echoes in the queue cannot hide that the time was over") func lateReader() {
    var session = Self.makeEchoing()
    Self.exchange(&session, at: 10)
    var last: EchoPacket?
    for now: Int64 in [30, 50, 70] { last = session.transmitEcho(at: at(now), random: 0)?.echo ?? last }
    guard let last else { return }
    guard case .accepted(let expired, nil) = session.receive(last, at: at(80)) else {
      Issue.record("the expiry is told")
      return
    }
    #expect(expired?.cause == .echoFailed && expired?.at == at(71))
  }

  @Test("Once echoes come back, slower Control packets are asked for, by a Poll; without them, the old ones")
  func slower() {
    var session = Self.makeEchoing()
    #expect(session.advertisedMinRx == .milliseconds(50))
    #expect(!session.isPolling)
    Self.exchange(&session, at: 10)
    let poll = session.transmit(at: at(60), random: 0)
    #expect(poll?.poll == true && poll?.requiredMinRx == .slow)
    #expect(session.detectionTime == ms(3_000))
    _ = session.receive(Self.packet(.up, final: true), at: at(61))
    #expect(session.detectionDeadline == at(3_061))
    // The peer withdraws: fast packets again, from its Final on.
    _ = session.receive(Self.packet(.up, echoRx: 0), at: at(70))
    #expect(session.isPolling && session.detectionTime == ms(3_000))
    #expect(session.transmit(at: at(200), random: 0)?.requiredMinRx == .milliseconds(50))
    _ = session.receive(Self.packet(.up, echoRx: 0, final: true), at: at(201))
    _ = session.receive(Self.packet(.up, echoRx: 0), at: at(202))
    #expect(session.detectionTime == ms(150))
  }

  @Test("Echo failed: the peer that was sending slowly is still known to be told") func toldSlowly() {
    var session = Self.makeEchoing()
    Self.exchange(&session, at: 10)
    _ = session.transmit(at: at(60), random: 0)
    for now: Int64 in stride(from: 30, through: 890, by: 20) { Self.exchange(&session, at: now) }
    for now: Int64 in [910, 930, 950] { _ = session.transmitEcho(at: at(now), random: 0) }
    #expect(session.expire(at: at(960))?.cause == .echoFailed)
    #expect(session.transmit(at: at(960), random: 0)?.yourDiscriminator == peer)
  }

  @Test("The peer's silence is noticed also while echo runs, and ends it") func silence() {
    var session = Self.makeEchoing()
    var now: Int64 = 10
    var down: Transition?
    while down == nil, now < 5_000 {
      down = session.expire(at: at(now))
      Self.exchange(&session, at: now)
      now += 20
    }
    #expect(down?.cause == .detectionTimeExpired && down?.at == at(3_010))
    #expect(session.nextEcho == nil)
  }

  @Test("Echo is switched on and off while Up") func reconfigured() {
    var session = Self.makeEchoing()
    Self.exchange(&session, at: 10)
    session.configure(makeConfiguration())
    #expect(session.echo == nil && session.nextEcho == nil && session.state == .up)
    session.configure(Self.configuration(echo: 40))
    #expect(Self.exchange(&session, at: 100) != nil)
    #expect(session.nextEcho == at(140))
  }
}

/// The form of an echo on the wire.
@Suite struct EchoPacketTests {
  static let seal = EchoSeal(secret: (1, 2))

  static func bytes(_ echo: EchoPacket, offset: Int = 0) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xaa, count: offset + EchoPacket.length)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    seal.write(echo, to: &raw, at: offset)
    return bytes
  }

  static let example = EchoPacket(
    discriminator: 0x1234_5678, sequence: 0xffff_fffe, state: .`init`, sentAt: Instant(nanoseconds: 77))

  @Test("What was written is read, also behind a Control packet and before padding") func roundTrip() throws {
    #expect(try Self.seal.read(Self.bytes(Self.example).span.bytes) == Self.example)
    let padded = Self.bytes(Self.example, offset: 24) + [UInt8](repeating: 0, count: 1_000)
    #expect(try Self.seal.read(padded.span.bytes, at: 24) == Self.example)
  }

  @Test("Not one bit can be changed, and no other node's echo counts") func forged() {
    for bit in 0..<EchoPacket.length * 8 {
      var bytes = Self.bytes(Self.example)
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: PacketDiscarded(.echoForged)) { try Self.seal.read(bytes.span.bytes) }
    }
    let other = EchoSeal(secret: (1, 3))
    #expect(throws: PacketDiscarded(.echoForged)) { try other.read(Self.bytes(Self.example).span.bytes) }
  }

  @Test("A short one is refused at every length") func short() {
    let bytes = Self.bytes(Self.example)
    for length in 0..<EchoPacket.length {
      #expect(throws: PacketDiscarded(.truncated)) { try Self.seal.read(Array(bytes[..<length]).span.bytes) }
    }
  }
}

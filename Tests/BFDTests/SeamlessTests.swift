import BFD
import Testing

/// RFC 7880: initiator and reflector.
@Suite struct SeamlessTests {
  private static let reflector = SeamlessReflector(discriminator: 0xcafe, requiredMinRx: .milliseconds(10))
  private let start = Instant(nanoseconds: 1_000_000_000_000)
  private let ms: Int64 = 1_000_000

  private func initiator(multiplier: UInt8 = 3) -> Session {
    var configuration = SessionConfiguration(
      desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), detectMultiplier: multiplier)
    configuration.seamlessDiscriminator = 0xcafe
    return Session(localDiscriminator: 7, configuration: configuration, at: start)
  }

  private func asked(_ session: inout Session, at now: Instant) throws -> ControlPacket {
    let packet = session.transmit(at: now, random: 0)
    return try #require(packet)
  }

  /// An initiator that is Up at `start`.
  private func up() throws -> Session {
    var session = initiator()
    let answer = try Self.reflector.answer(try asked(&session, at: start))
    _ = session.receive(answer, at: start)
    return session
  }

  @Test func anInitiatorAsksWithTheReflectorsDiscriminatorAndTheDBit() throws {
    var session = initiator()
    let packet = try asked(&session, at: start)
    #expect(packet.yourDiscriminator == 0xcafe)
    #expect(packet.myDiscriminator == 7)
    #expect(packet.demand)
    #expect(packet.desiredMinTx == .milliseconds(1000))
  }

  @Test func oneAnswerBringsTheSessionUp() throws {
    let session = try up()
    #expect(session.state == .up)
    #expect(session.transmitInterval == .milliseconds(50))
    #expect(session.detectionTime == 150 * ms)
  }

  @Test func anAnswerSwapsTheDiscriminatorsAndClearsTheDBit() throws {
    var session = initiator()
    let packet = try asked(&session, at: start)
    let answer = try Self.reflector.answer(packet)
    #expect(answer.myDiscriminator == 0xcafe)
    #expect(answer.yourDiscriminator == 7)
    #expect(!answer.demand)
    #expect(answer.state == .up)
    #expect(answer.desiredMinTx == packet.desiredMinTx)
    #expect(answer.detectMultiplier == packet.detectMultiplier)
    #expect(answer.requiredMinRx == .milliseconds(10))
  }

  @Test func anAnswerIsNeverAnswered() throws {
    var session = initiator()
    let answer = try Self.reflector.answer(try asked(&session, at: start))
    let other = SeamlessReflector(discriminator: 7)
    #expect(throws: PacketDiscarded(.notSeamless)) { try other.answer(answer) }
  }

  @Test func whatIsForAnotherDiscriminatorIsNotAnswered() throws {
    var session = initiator()
    let packet = try asked(&session, at: start)
    let other = SeamlessReflector(discriminator: 0xbeef)
    #expect(throws: PacketDiscarded(.yourDiscriminatorUnknown)) { try other.answer(packet) }
  }

  @Test func aPollIsAnsweredWithAFinal() throws {
    var session = initiator()
    var packet = try asked(&session, at: start)
    packet.poll = true
    #expect(try Self.reflector.answer(packet).final)
    packet.poll = false
    #expect(try !Self.reflector.answer(packet).final)
  }

  @Test func aReflectorThatIsShutDownSaysSoAndThatIsNoFailure() throws {
    var session = try up()
    var closed = Self.reflector
    closed.isShutDown = true
    let answer = try closed.answer(try asked(&session, at: start + 50 * ms))
    #expect(answer.state == .adminDown)
    guard case .accepted(_, let transition?, _) = session.receive(answer, at: start + 50 * ms) else {
      Issue.record("no transition")
      return
    }
    #expect(transition.to == .down)
    #expect(transition.cause == .neighborAdministrativelyDown)
    #expect(!transition.isFailure)
  }

  @Test func silenceForTheDetectionTimeTakesTheSessionDown() throws {
    var session = try up()
    let early = session.expire(at: start + (150 * ms - 1))
    #expect(early == nil)
    let late = session.expire(at: start + 150 * ms)
    let transition = try #require(late)
    #expect(transition.to == .down)
    #expect(transition.diagnostic == .controlDetectionTimeExpired)
    #expect(transition.isFailure)
  }

  @Test func aMultiplierOfTheAnswerDoesNotChangeTheDetectionTime() throws {
    var session = try up()
    var answer = try Self.reflector.answer(try asked(&session, at: start + 50 * ms))
    answer.detectMultiplier = 200
    _ = session.receive(answer, at: start + 50 * ms)
    #expect(session.detectionTime == 150 * ms)
  }

  @Test func aReflectorThatWantsFewerPacketsGetsFewer() throws {
    var session = try up()
    var slow = Self.reflector
    slow.requiredMinRx = .milliseconds(400)
    _ = session.receive(try slow.answer(try asked(&session, at: start + 50 * ms)), at: start + 50 * ms)
    #expect(session.transmitInterval == .milliseconds(400))
    #expect(session.detectionTime == 1200 * ms)
  }

  enum Forgery: CaseIterable { case demand, otherReflector, noDiscriminator }

  @Test(arguments: Forgery.allCases) func whatNoReflectorSaysChangesNothing(forgery: Forgery) throws {
    var session = try up()
    var answer = try Self.reflector.answer(try asked(&session, at: start + 50 * ms))
    switch forgery {
    case .demand: answer.demand = true
    case .otherReflector: answer.myDiscriminator = 0xbeef
    case .noDiscriminator:
      answer.yourDiscriminator = 0
      answer.state = .adminDown
    }
    let before = session
    let reception = session.receive(answer, at: start + 60 * ms)
    #expect(reception == .discarded(.notSeamless))
    #expect(session == before)
  }

  @Test func newTimersNeedNoPoll() throws {
    var session = try up()
    var configuration = session.configuration
    configuration.desiredMinTx = .milliseconds(200)
    session.configure(configuration)
    #expect(session.transmitInterval == .milliseconds(200))
    let packet = try asked(&session, at: start + 200 * ms)
    #expect(!packet.poll)
  }

  @Test func aHeldInitiatorStaysDown() throws {
    var session = try up()
    _ = session.hold(.administrativelyDown, at: start)
    let packet = try asked(&session, at: start)
    _ = session.receive(try Self.reflector.answer(packet), at: start)
    #expect(session.state == .adminDown)
  }
}

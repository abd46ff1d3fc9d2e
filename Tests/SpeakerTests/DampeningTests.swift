import Addresses
import BFD
import Testing

@testable import Speaker

/// A speaker without sockets, at times of the test's own.
@Suite struct ASessionThatFlaps {
  private static let second: Int64 = 1_000_000_000
  private static let peer = IPAddress.v4(IPv4Address(bits: 0x0a42_0002))

  private struct Bench: ~Copyable {
    var speaker: Speaker
    var now = Instant(nanoseconds: 1_000 * second)
    let session: Int

    init(threshold: Int) throws {
      speaker = Speaker(secret: (1, 2), seed: 3, at: now)
      let index = speaker.add(
        SessionSettings(
          key: SessionKey(peer: .address(peer, interface: 0)), remoteAddress: peer,
          dampening: Dampening.Settings(
            threshold: threshold, window: 60 * second, initialHold: 5 * second, maximumHold: 300 * second,
            forgetAfter: 600 * second)),
        at: now)
      session = try #require(index)
    }

    mutating func hear(_ state: SessionState) {
      let own = speaker.view(session)?.session.localDiscriminator ?? 0
      let packet = ControlPacket(
        state: state, detectMultiplier: 3, myDiscriminator: 77, yourDiscriminator: own,
        desiredMinTx: .milliseconds(300), requiredMinRx: .milliseconds(300))
      let bytes = packet.bytes
      speaker.deliver(
        bytes.span.bytes,
        from: PacketSource(source: peer, destination: .v4(.any), interface: 1, timeToLive: 255), at: now)
    }

    /// Comes up if it may, then hears Down.
    mutating func flap() {
      hear(.down)
      hear(.up)
      hear(.down)
    }

    mutating func pass(seconds: Int64) {
      now = now + seconds * second
      speaker.process(at: now)
    }

    var view: SessionView? { speaker.view(session) }
    var dampenings: [SpeakerEvent] {
      speaker.events.filter {
        switch $0 {
        case .dampened, .undampened: true
        default: false
        }
      }
    }
  }

  @Test func isHeldDownAndSaysSoUntilTheHoldEnds() throws {
    var bench = try Bench(threshold: 2)
    bench.flap()
    bench.flap()
    let until = bench.now + 5 * Self.second
    var seen = (bench.dampenings, bench.view?.session.hold, bench.view?.session.diagnostic)
    #expect(seen.0 == [.dampened(session: bench.session, until: until)])
    #expect(seen.1 == .down(.pathDown))
    #expect(seen.2 == .pathDown)

    bench.pass(seconds: 4)
    bench.hear(.down)
    bench.hear(.`init`)
    #expect(bench.view?.session.state == .down)

    bench.pass(seconds: 1)
    seen = (bench.dampenings, bench.view?.session.hold, nil)
    #expect(seen.0.last == .undampened(session: bench.session))
    #expect(seen.1 == nil)
    bench.hear(.down)
    bench.hear(.up)
    #expect(bench.view?.session.state == .up)
  }

  @Test func staysWhereItsOwnerHoldsItWhenTheDampeningEnds() throws {
    var bench = try Bench(threshold: 1)
    bench.flap()
    bench.speaker.hold(bench.session, .administrativelyDown, at: bench.now)
    bench.pass(seconds: 6)
    #expect(bench.view?.session.state == .adminDown)
    bench.speaker.release(bench.session, at: bench.now)
    #expect(bench.view?.session.hold == nil)
  }

  @Test func isStillDampenedWhenItsOwnerLetsItGoEarly() throws {
    var bench = try Bench(threshold: 1)
    bench.flap()
    bench.speaker.hold(bench.session, .administrativelyDown, at: bench.now)
    bench.pass(seconds: 2)
    bench.speaker.release(bench.session, at: bench.now)
    #expect(bench.view?.session.hold == .down(.pathDown))
  }

  @Test func isLetGoWhenDampeningIsSwitchedOff() throws {
    var bench = try Bench(threshold: 1)
    bench.flap()
    var settings = try #require(bench.view?.settings)
    settings.dampening = nil
    bench.speaker.configure(bench.session, settings)
    #expect(bench.view?.session.hold == nil)
  }

  @Test func isNotHeldForWhatAnOperatorDid() throws {
    var bench = try Bench(threshold: 1)
    bench.hear(.down)
    bench.hear(.up)
    bench.hear(.adminDown)
    #expect(bench.dampenings.isEmpty)
  }
}

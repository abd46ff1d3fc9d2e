import Addresses
import BFD
import Capture
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// The same behaviour, whether what repeats is read or noted by the kernel.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct RepetitionTests {
  /// The tested end hears 50 ms x 3; it may itself be silent for long.
  private let patient = SessionConfiguration(
    desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), detectMultiplier: 255)
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  private func tested(_ namespace: String, _ engine: SpeakerEngine) throws -> Speaker {
    try Speaker(
      in: NetworkNamespace(named: namespace), listen: [.v4(.any), .v6(.any)], secret: (1, 2), seed: 3,
      engine: .only(engine), at: MonotonicClock.now())
  }

  @Test("packets are counted and the last is kept, read or not", arguments: SpeakerEngine.allCases)
  func counts(engine: SpeakerEngine) throws {
    let wire = try Wire("rc")
    var a = try tested(wire.nameA, engine)
    a.keepPackets(depth: 4)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, "10.66.0.2", patient)
    let atB = try add(&b, "10.66.0.1", fast)
    let seen = run(&a, &b, seconds: 5) {
      ($0.view(atA)?.counters.received ?? 0) > 20 && $1.view(atB)?.session.state == .up
    }
    #expect(seen)
    let (engineOfA, viewOfA, viewOfB) = (a.engineView, a.view(atA), b.view(atB))
    let view = try #require(viewOfA)
    let (kept, overflowed) = (a.lastPackets(of: atA), a.counters.overflowed)
    #expect(engineOfA.engine == engine)
    #expect(engineOfA.filtered == (engine == .sockets ? 0 : 1))
    #expect(overflowed == 0)
    #expect(MonotonicClock.now() - view.session.lastReceived < 1_000_000_000)
    #expect(kept.contains { $0.direction == .received && $0.source == IPAddress("10.66.0.2") })
    let sent = try #require(viewOfB).counters.transmitted
    #expect(view.counters.received <= sent)
    #expect(view.counters.received + 3 >= sent)
  }

  @Test(
    "who slept for many detection times does not take a living peer for dead", arguments: SpeakerEngine.allCases)
  func sleeps(engine: SpeakerEngine) throws {
    let wire = try Wire("rs")
    var a = try tested(wire.nameA, engine)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, "fd66::2", patient)
    let atB = try add(&b, "fd66::1", fast)
    let seen = run(&a, &b, seconds: 5) {
      $0.view(atA)?.session.state == .up && $1.view(atB)?.session.state == .up
        && $0.view(atA)?.session.isPolling == false && ($0.view(atA)?.counters.received ?? 0) > 8
    }
    #expect(seen)
    a.events.removeAll()
    let viewBefore = a.view(atA)
    let before = try #require(viewBefore).counters.received
    let slept = MonotonicClock.now()
    // Only the peer runs, for four detection times of the sleeper's.
    while MonotonicClock.now() - slept < 600_000_000 {
      b.run(at: MonotonicClock.now())
      poll(nil, 0, Int32(max(0, min(20, (b.nextDeadline - MonotonicClock.now()) / 1_000_000 + 1))))
    }
    a.run(at: MonotonicClock.now())
    let (events, viewAfter) = (a.events, a.view(atA))
    let after = try #require(viewAfter)
    #expect(events.isEmpty)
    #expect(after.session.state == .up)
    #expect(after.counters.received >= before + 5)
  }

  @Test("a peer that falls silent is found dead in time", arguments: SpeakerEngine.allCases)
  func dies(engine: SpeakerEngine) throws {
    let wire = try Wire("rd")
    var a = try tested(wire.nameA, engine)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, "10.66.0.2", patient)
    let atB = try add(&b, "10.66.0.1", fast)
    let seen = run(&a, &b, seconds: 5) { a, _ in (a.view(atA)?.counters.received ?? 0) > 10 }
    #expect(seen)
    a.events.removeAll()
    let viewBefore = a.view(atA)
    let last = try #require(viewBefore).session.lastReceived
    b.remove(atB)
    let down = run(&a, &b, seconds: 5) { a, _ in a.view(atA)?.session.state == .down }
    #expect(down)
    guard case .transition(_, let transition)? = a.events.first else {
      Issue.record("no transition")
      return
    }
    #expect(transition.cause == .detectionTimeExpired)
    #expect(transition.at - last >= 150_000_000)
    #expect(transition.at - last < 400_000_000)
  }
}

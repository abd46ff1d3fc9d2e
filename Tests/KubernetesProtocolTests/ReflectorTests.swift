import Testing

@testable import KubernetesProtocol

/// What follows what, when a resource is kept in view.
@Suite struct AReflector {
  private static let gone = ServerRefusal(code: 410, reason: "Expired", message: "too old", request: "watch nodes")
  private static let lost = KubernetesError.transport(server: "https://a", reason: "gone")
  private func core() -> ReflectorCore {
    ReflectorCore(delays: RetryDelays(shortest: .seconds(1), longest: .seconds(8)), watchSeconds: 300...300)
  }

  /// One that watches since 0 s, from version 5.
  private func watching() -> ReflectorCore {
    var core = core()
    #expect(core.start(chance: 0, now: .zero) == [.list(resourceVersion: "0")])
    #expect(core.listed("5", chance: 0, now: .zero) == [.watch(resourceVersion: "5", seconds: 300)])
    #expect(core.watchOpened(now: .zero) == [.state(.listed)])
    return core
  }

  @Test("A watch that ends in good order goes on from its last event")
  func resumes() {
    var core = watching()
    core.event("9")
    #expect(core.watchEnded(nil, chance: 0, now: .seconds(300)) == [.watch(resourceVersion: "9", seconds: 300)])
  }

  @Test("A watch that ends at once again and again is not started again in a hurry, and is no failure")
  func hurries() {
    var core = watching()
    #expect(core.watchEnded(nil, chance: 0, now: .seconds(1)) == [])
    #expect(core.deadline == .seconds(2))
    #expect(core.tick(chance: 0, now: .seconds(2)) == [.watch(resourceVersion: "5", seconds: 300)])
    _ = core.watchOpened(now: .seconds(2))
    #expect(core.watchEnded(nil, chance: 0, now: .seconds(2)) == [])
    #expect(core.deadline == .seconds(4))
  }

  @Test("A forgotten version leads to a list of the newest, at once the first time and later the second")
  func expires() {
    var core = watching()
    #expect(core.watchEnded(.expired(Self.gone), chance: 0, now: .seconds(9)) == [.list(resourceVersion: nil)])
    #expect(core.listed("20", chance: 0, now: .seconds(9)) == [.watch(resourceVersion: "20", seconds: 300)])
    let again = core.watchEnded(.expired(Self.gone), chance: 0, now: .seconds(9))
    #expect(again == [.state(.failing(.expired(Self.gone), since: .seconds(9)))])
    #expect(core.deadline == .seconds(11))
    #expect(core.tick(chance: 0, now: .seconds(11)) == [.list(resourceVersion: nil)])
  }

  @Test("A list from memory that is too old, or from the future, becomes one of the newest")
  func expiredList() {
    var core = core()
    _ = core.start(chance: 0, now: .zero)
    #expect(core.listFailed(.expired(Self.gone), chance: 0, now: .zero) == [.list(resourceVersion: nil)])
  }

  @Test("Failures are told once, with their beginning; the wait doubles up to a limit, and the end is told")
  func backsOff() {
    var core = watching()
    #expect(
      core.watchEnded(Self.lost, chance: 0, now: .seconds(60)) == [.state(.failing(Self.lost, since: .seconds(60)))]
    )
    var now = Duration.seconds(60)
    for wait in [1, 2, 4, 8, 8] {
      #expect(core.deadline == now + .seconds(wait))
      now += .seconds(wait)
      #expect(core.tick(chance: 0, now: now) == [.watch(resourceVersion: "5", seconds: 300)])
      #expect(core.watchEnded(Self.lost, chance: 0, now: now) == [])
    }
    _ = core.tick(chance: 0, now: now + .seconds(8))
    #expect(core.watchOpened(now: now + .seconds(8)) == [.state(.listed)])
  }

  @Test("Chance takes up to half of a wait, and a server that names a time is obeyed")
  func waits() {
    #expect(RetryDelays(shortest: .seconds(2), longest: .seconds(8)).delay(failure: 1, chance: 1) == .seconds(1))
    var core = core()
    _ = core.start(chance: 0, now: .zero)
    _ = core.listFailed(.throttled(Self.gone, retryAfter: .seconds(40)), chance: 0, now: .zero)
    #expect(core.deadline == .seconds(40))
  }

  @Test("A silent server is given up: in the opening after 30 s, later 30 s after the asked time")
  func silence() {
    var core = core()
    _ = core.start(chance: 0, now: .zero)
    _ = core.listed("5", chance: 0, now: .zero)
    #expect(core.deadline == .seconds(30))
    _ = core.watchOpened(now: .seconds(1))
    #expect(core.deadline == .seconds(331))
    #expect(core.tick(chance: 0, now: .seconds(331)).first == .stopWatch)
  }

  @Test("A list without a version, a late word and a stopped reflector lead to no request")
  func nothing() {
    var core = core()
    _ = core.start(chance: 0, now: .zero)
    #expect(core.watchEnded(nil, chance: 0, now: .zero) == [])
    #expect(core.listed("", chance: 0, now: .zero).count == 1)
    var stopped = watching()
    #expect(stopped.stop() == [.stopWatch])
    #expect(stopped.watchEnded(nil, chance: 0, now: .zero) == [])
    #expect(stopped.deadline == nil)
  }
}

import BFD
import Testing

@Suite struct DampeningTests {
  private static let second: Int64 = 1_000_000_000
  private let settings = Dampening.Settings(
    threshold: 3, window: 60 * second, initialHold: 5 * second, maximumHold: 30 * second, forgetAfter: 600 * second)

  private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * Self.second) }

  /// Fails at each of the times, ending each hold in between; how long each failure held the session, in seconds.
  private func holds(_ times: [Int64], _ settings: Dampening.Settings? = nil) -> [Int64?] {
    var dampening = Dampening(settings ?? self.settings)
    return times.map { time in
      if let until = dampening.heldUntil { _ = dampening.release(at: until) }
      return dampening.failed(at: at(time)).map { ($0 - at(time)) / Self.second }
    }
  }

  @Test("fewer failures than the threshold hold nothing") func below() { #expect(holds([0, 10]) == [nil, nil]) }

  @Test("the threshold's failure holds the session for the initial time")
  func threshold() { #expect(holds([0, 10, 20]) == [nil, nil, 5]) }

  @Test("failures that are further apart than the window do not add up")
  func window() { #expect(holds([0, 50, 100, 150, 200]) == [nil, nil, nil, nil, nil]) }

  @Test("a relapse after the hold doubles it, up to the maximum")
  func relapse() { #expect(holds([0, 1, 2, 10, 25, 50, 85]) == [nil, nil, 5, 10, 20, 30, 30]) }

  @Test("a failure long after the hold must reach the threshold again, and is remembered")
  func later() { #expect(holds([0, 1, 2, 200, 201, 202]) == [nil, nil, 5, nil, nil, 10]) }

  @Test("after a long time without a failure it begins anew")
  func forgotten() { #expect(holds([0, 1, 2, 700, 701, 702]) == [nil, nil, 5, nil, nil, 5]) }

  @Test("a threshold of one holds at the first failure")
  func one() {
    var single = settings
    single.threshold = 1
    #expect(holds([0, 6], single) == [5, 10])
  }

  @Test("the hold ends at its time, not before, and once")
  func release() {
    var dampening = Dampening(settings)
    for time in 0...2 { _ = dampening.failed(at: at(Int64(time))) }
    #expect(dampening.heldUntil == at(7))
    let early = dampening.release(at: Instant(nanoseconds: 7 * Self.second - 1))
    let timely = dampening.release(at: at(7))
    let again = dampening.release(at: at(8))
    #expect([early, timely, again] == [false, true, false])
    #expect(dampening.heldUntil == nil)
    #expect(dampening.holds == 1)
  }
}

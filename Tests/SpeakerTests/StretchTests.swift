import Testing

@testable import BFD
@testable import Speaker

/// A model of a process under a CPU limit: `rate` packets a second when nothing is left out.
struct StretchTests {

  private func use(_ stretch: Stretch, demand: Int64) -> Int64 { demand * 1_000 / stretch.factor }

  @Test("within the limit nothing is left out", arguments: [0, 100, 500, 749])
  func calm(demand: Int64) {
    var stretch = Stretch()
    for _ in 0..<100 { stretch.update(use: use(stretch, demand: demand)) }
    #expect(stretch.factor == 1_000)
  }

  @Test("beyond it so much is left out that the limit is kept", arguments: [800, 1_000, 2_000, 4_000])
  func busy(demand: Int64) {
    var stretch = Stretch()
    for _ in 0..<40 { stretch.update(use: use(stretch, demand: demand)) }
    for _ in 0..<100 {
      stretch.update(use: use(stretch, demand: demand))
      #expect(use(stretch, demand: demand) <= 760)
      #expect(use(stretch, demand: demand) >= 480)
    }
  }

  @Test("and when there is room again, nothing") func recovers() {
    var stretch = Stretch()
    for _ in 0..<10 { stretch.update(use: use(stretch, demand: 3_000)) }
    #expect(stretch.factor > 3_000)
    for _ in 0..<200 { stretch.update(use: use(stretch, demand: 300)) }
    #expect(stretch.factor == 1_000)
  }

  @Test("one burst alone changes nothing much") func burst() {
    var stretch = Stretch()
    for window in 0..<50 { stretch.update(use: window == 20 ? 1_000 : 400) }
    #expect(stretch.factor == 1_000)
  }

  @Test("no peer is brought near the end of its Detection Time", arguments: [2, 3, 5, 255] as [UInt8])
  func bounds(multiplier: UInt8) {
    var stretch = Stretch()
    for _ in 0..<20 { stretch.update(use: 100_000) }
    let interval: Int64 = 10_000_000
    #expect(stretch.interval(interval, multiplier: multiplier) <= interval * Int64(multiplier - 1))
    let last = Instant(nanoseconds: 5_000_000_123)
    let timing = SessionTiming(
      detection: .distantFuture, due: last + interval * 9 / 10, earliest: last + interval * 3 / 4,
      interval: interval,
      isSteady: true, hasEcho: false)
    if let next = stretch.next(timing, multiplier: multiplier) {
      #expect(next - last <= interval * Int64(multiplier - 1))
      #expect(next >= timing.earliest)
    }
  }

  @Test("with a multiplier of 1 nothing can be left out, and what is urgent is not moved") func exceptions() {
    var stretch = Stretch()
    for _ in 0..<20 { stretch.update(use: 100_000) }
    let now = Instant(nanoseconds: 5_000_000_123)
    var timing = SessionTiming(
      detection: .distantFuture, due: now + 9_000_000, earliest: now + 7_500_000, interval: 10_000_000,
      isSteady: true,
      hasEcho: false)
    #expect(stretch.next(timing, multiplier: 1) == nil)
    timing.due = timing.earliest
    #expect(stretch.next(timing, multiplier: 3) == nil)
  }
}

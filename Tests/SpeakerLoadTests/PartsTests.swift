import Testing

@testable import SpeakerLoad

@Suite struct PartsTests {
  @Test func `the wheel gives every timer once, never early and at most a slot late`() {
    var random = Randomness(seed: 3)
    let start: Int64 = 5_000_000_000
    var wheel = Wheel(timers: 500, at: start)
    var deadlines: [Int64] = []
    for timer in 0..<500 {
      // Up to 6 s: beyond the wheel's own 3.3 s too.
      deadlines.append(start + Int64(random.fraction() * 6e9))
      wheel.set(timer, at: deadlines[timer])
    }
    var seen: Set<Int> = []
    var now = start
    while seen.count < 500, now < start + 10_000_000_000 {
      now = wheel.nextDeadline(before: now + 50_000_000)
      while let timer = wheel.take(at: now) {
        #expect(seen.insert(timer).inserted)
        #expect(deadlines[timer] <= now && now - deadlines[timer] <= Wheel.slot)
      }
    }
    #expect(seen.count == 500)
  }

  @Test func `a timer that is moved or cancelled does not end at its old time`() {
    var wheel = Wheel(timers: 2, at: 0)
    wheel.set(0, at: 1_000_000)
    wheel.set(1, at: 1_000_000)
    wheel.set(0, at: 9_000_000)
    wheel.cancel(1)
    #expect(wheel.take(at: 5_000_000) == nil)
    #expect(wheel.take(at: 9_000_000) == 0)
    #expect(wheel.deadline(1) == nil)
  }

  @Test func `quantiles are by nearest rank`() {
    let values = Quantiles((1...200).map { Double($0) })
    #expect(values[0.99] == 198)
    #expect(values[1] == 200)
    #expect(values.median == 100.5)
    #expect(Quantiles([]).median == nil)
  }

  @Test func `a histogram's quantile is right to within its bins`() {
    var histogram = Histogram(bins: 2_000, width: 0.001)
    for step in 1...1_000 { histogram.add(Double(step) / 1_000) }
    histogram.add(5)
    #expect(histogram.quantile(0.5).map { abs($0 - 0.5) < 0.002 } ?? false)
    #expect(histogram.quantile(1) == 5)
    #expect(histogram.maximum == 5)
  }

  @Test(arguments: [(0.9, 0), (1.04, 0), (1.3, 1), (2.04, 1), (2.06, 2), (9.9, 9)] as [(Double, Int)])
  func `missed deadlines are whole intervals that are over`(_ ratio: Double, _ missed: Int) {
    var intervals = Intervals()
    intervals.add(ratio)
    #expect(intervals.missed == missed)
  }

  @Test func `addresses of 50,000 peers are found again`() {
    let plan = LoadPlan(
      groups: [LoadPlan.Group(count: 50_000, interval: 1, multiplier: 3)], daemon: 1, base: FakeDaemon.base,
      link: FakeDaemon.link)
    for index in [0, 249, 250, 49_999] { #expect(plan.index(plan.address(index)) == index) }
    #expect(LoadPlan.text(plan.address(250)) == "10.97.1.1")
    #expect(plan.index(FakeDaemon.base) == nil)
    // All within 10.96.0.0/12.
    #expect(plan.address(49_999) >> 20 == FakeDaemon.daemon >> 20)
  }
}

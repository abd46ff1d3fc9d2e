import BFD
import Testing

@testable import Speaker

@Suite struct ATimerWheel {
  private let tick: Int64 = 250_000

  @Test func firesAtTheFirstTickAtOrAfterTheDeadline() {
    var wheel = TimerWheel(tick: tick, slots: 64, now: Instant(nanoseconds: 0))
    wheel.reserve(1)
    wheel.set(0, to: Instant(nanoseconds: 3 * tick + 1))
    #expect(wheel.nextDeadline == Instant(nanoseconds: 4 * tick))
    #expect(wheel.popDue(at: Instant(nanoseconds: 4 * tick - 1)) == nil)
    #expect(wheel.popDue(at: Instant(nanoseconds: 4 * tick)) == 0)
    #expect(wheel.popDue(at: Instant(nanoseconds: 4 * tick)) == nil)
    #expect(wheel.nextDeadline == .distantFuture)
  }

  @Test func aCancelledTimerDoesNotFire() {
    var wheel = TimerWheel(tick: tick, slots: 64, now: Instant(nanoseconds: 0))
    wheel.reserve(3)
    for timer in 0..<3 { wheel.set(timer, to: Instant(nanoseconds: 5 * tick)) }
    wheel.cancel(1)
    var fired: Set<Int> = []
    while let timer = wheel.popDue(at: Instant(nanoseconds: 9 * tick)) { fired.insert(timer) }
    #expect(fired == [0, 2])
  }

  /// Against a plain dictionary of deadlines, with random operations.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func agreesWithAModel(seed: UInt64) {
    var random = RandomSource(seed: seed)
    var now: Int64 = 7 * tick + 13
    var wheel = TimerWheel(tick: tick, slots: 64, now: Instant(nanoseconds: now))
    wheel.reserve(40)
    var model: [Int: Int64] = [:]
    for _ in 0..<4_000 {
      let timer = Int(random.next() % 40)
      switch random.next() % 4 {
      case 0, 1:
        // Within the horizon, so that the wheel is exact.
        let deadline = now + Int64(random.next() % UInt32(60 * tick))
        wheel.set(timer, to: Instant(nanoseconds: deadline))
        model[timer] = max((deadline + tick - 1) / tick, now / tick)
      case 2:
        wheel.cancel(timer)
        model[timer] = nil
      default:
        now += Int64(random.next() % UInt32(5 * tick))
        var fired: Set<Int> = []
        while let timer = wheel.popDue(at: Instant(nanoseconds: now)) { fired.insert(timer) }
        let due = Set(model.filter { $0.value <= now / tick }.keys)
        #expect(fired == due)
        for timer in due { model[timer] = nil }
      }
      let next = model.values.min().map { Instant(nanoseconds: $0 * tick) } ?? .distantFuture
      #expect(wheel.nextDeadline == next)
    }
  }

  @Test func aDeadlineBeyondTheHorizonIsLookedAtOnceATurn() {
    var wheel = TimerWheel(tick: tick, slots: 64, now: Instant(nanoseconds: 0))
    wheel.reserve(1)
    wheel.set(0, to: Instant(nanoseconds: 1_000 * tick))
    #expect(wheel.nextDeadline == Instant(nanoseconds: 63 * tick))
    #expect(wheel.popDue(at: Instant(nanoseconds: 63 * tick)) == 0)
  }
}

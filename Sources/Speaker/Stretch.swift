import BFD
import Glibc

/// How much longer than negotiated sessions wait between packets, so that the process stays within its CPU limit.
///
/// A process that has used up its quota stands still for the rest of the period, 100 ms as a rule: with shorter Detection
/// Times every session goes Down by that, all at once, and again. A packet less in each Detection Time fells nobody. So
/// sessions that are Up leave out packets before the quota is used up, and never so many that a peer would give up: of a
/// multiplier of 3, at most every second.
struct Stretch {
  /// Thousandths of the interval: 1,000 or more.
  private(set) var factor: Int64 = 1_000
  /// What was used in the window before, in thousandths of what is allowed.
  private var lastUse: Int64 = 0

  /// Above `high` thousandths of what is allowed packets are left out, so many that `aim` are used; below `low` fewer.
  private static let (high, aim, low) = (Int64(750), Int64(600), Int64(500))

  /// - Parameter use: CPU time since the last call, in thousandths of what is allowed for that long.
  mutating func update(use: Int64) {
    let mean = (lastUse + use) / 2
    lastUse = use
    // What a packet costs grows a little as they become fewer, so the next window may correct it.
    let ideal = max(1_000, factor * mean / Self.aim)
    if mean > Self.high {
      factor = min(ideal, 8_000)
    } else if mean < Self.low {
      factor = max(ideal, factor - factor / 16, 1_000)
    }
  }

  /// Nanoseconds from one packet to the next, for an interval in nanoseconds. The peer's Detection Time is `multiplier`
  /// of them.
  @inline(__always) func interval(_ interval: Int64, multiplier: UInt8) -> Int64 {
    min(interval * factor / 1_000, interval * max(1, Int64(multiplier) - 1))
  }

  /// When the next packet is to leave, up to a quarter of the wait early to share a wake-up; nil where nothing is left out.
  @inline(__always) func next(_ timing: SessionTiming, multiplier: UInt8) -> Instant? {
    let wait = interval(timing.interval, multiplier: multiplier)
    guard wait > timing.interval, timing.due > timing.earliest else { return nil }
    let due = timing.earliest.nanoseconds - timing.interval * 3 / 4 + wait
    let grain = Speaker.grain(of: wait, parts: 4)
    return Instant(nanoseconds: max(due / grain * grain, timing.earliest.nanoseconds))
  }
}

extension Speaker {
  /// Nanoseconds, the period of most quotas.
  private static let window: Int64 = 100_000_000

  /// Sets how much of a CPU the process may use.
  /// - Parameter share: 0.05 for 50m; nil without a limit, and where this thread is not subject to it.
  public mutating func setCPUShare(_ share: Double?) {
    let allowed = share.map { Int64($0 * Double(Self.window)) } ?? 0
    guard allowed != cpuAllowance else { return }
    cpuAllowance = max(0, allowed)
    cpuMeasured = (turnAt, MonotonicClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID))
    stretch = Stretch()
  }

  /// How many times as long as negotiated sessions wait between packets, for lack of CPU time: 1 as a rule.
  public var stretchFactor: Double { Double(stretch.factor) / 1_000 }

  /// Nanoseconds of CPU time in each window are compared with the limit.
  mutating func measureUse(at now: Instant) {
    let span = now - cpuMeasured.at
    guard span >= Self.window else { return }
    let used = MonotonicClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
    // span / window windows, each with its allowance
    stretch.update(use: (used - cpuMeasured.used) * 1_000 / max(1, cpuAllowance * span / Self.window))
    cpuMeasured = (now, used)
  }
}

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

  /// Above `high` thousandths of what is allowed packets are left out, so many that `aim` are used, and no more than that.
  /// The rest is for what comes at once: sessions that change, somebody who looks.
  private static let (high, aim) = (Int64(750), Int64(650))
  private static let (caution, most) = (Int64(3_000), Int64(8_000))

  /// Without a limit, as long as `update` is not called.
  init() {}

  /// Where a limit begins to hold nobody knows yet what the sessions will use: every second packet is left out then, with
  /// the usual multiplier, which ends within a second where there is room.
  static var cautious: Stretch {
    var stretch = Stretch()
    stretch.factor = caution
    return stretch
  }

  /// - Parameters:
  ///   - use: CPU time since the last call, in thousandths of what is allowed for that long.
  ///   - isCrowded: whether sessions wait to come up: what is there goes to them.
  mutating func update(use: Int64, isCrowded: Bool = false) {
    let mean = (lastUse + use) / 2
    lastUse = use
    // What a packet costs grows a little as they become fewer, so the next window may correct it.
    let ideal = max(1_000, factor * mean / Self.aim)
    if isCrowded, use > Self.high / 2 { factor = max(factor, Self.caution) }
    if mean > Self.high {
      factor = min(max(ideal, factor), Self.most)
    } else if ideal < factor, !isCrowded {
      factor = max(ideal, factor - factor / 8, 1_000)
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
    if allowed == 0 || cpuAllowance == 0 {
      stretch = allowed > 0 ? .cautious : Stretch()
      admission = Admission()
    }
    cpuAllowance = max(0, allowed)
    cpuMeasured = (turnAt, MonotonicClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID))
  }

  /// How many times as long as negotiated sessions wait between packets, for lack of CPU time: 1 as a rule.
  public var stretchFactor: Double { cpuAllowance > 0 ? Double(stretch.factor) / 1_000 : 1 }

  /// How often a peer was put off that wanted to come up, for lack of CPU time.
  public var refusedHandshakes: UInt64 { admission.refusals }

  /// Whether a packet would begin to bring its session up while there is no CPU time for that.
  @inline(__always) mutating func mustWait(
    _ packet: ControlPacket, _ slot: UnsafeMutablePointer<Slot>, at now: Instant
  ) -> Bool {
    guard cpuAllowance > 0, slot.pointee.session.state == .down, slot.pointee.hold == nil else { return false }
    guard packet.state == .down || packet.state == .`init` else { return false }
    return !admission.admits(at: now)
  }

  /// Nanoseconds of CPU time in each window are compared with the limit.
  mutating func measureUse(at now: Instant) {
    let span = now - cpuMeasured.at
    guard span >= Self.window else { return }
    let used = MonotonicClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
    // span / window windows, each with its allowance
    let use = (used - cpuMeasured.used) * 1_000 / max(1, cpuAllowance * span / Self.window)
    stretch.update(use: use, isCrowded: admission.update(use: use))
    cpuMeasured = (now, used)
  }
}

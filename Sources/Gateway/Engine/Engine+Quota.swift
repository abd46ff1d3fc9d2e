import BFD
import CLinux
import Glibc
import Runtime
import Speaker

extension Engine {
  /// Nanoseconds between two looks: a quota may be changed while the process runs.
  private static let quotaInterval: Int64 = 10_000_000_000

  /// Tells the speaker how much of a CPU the process may use. A thread of real-time priority is not subject to it.
  mutating func lookAtQuota(at now: Instant) {
    quotaAt = now + Self.quotaInterval
    let isRealTime = sched_getscheduler(0) != SCHED_OTHER
    let share = CPUQuota.all(of: getpid()).map { Double($0.quota) / Double(max(1, $0.period)) }.min()
    speaker.setCPUShare(isRealTime ? nil : share)
    let factor = speaker.stretchFactor
    guard factor > 1.05, let share else { return solved(Self.quotaSubject) }
    mention(
      Self.quotaSubject,
      "of \(Int(share * 1000))m is too small: packets leave at longer intervals than negotiated, so that "
        + "sessions stay up",
      help: "raise the limit (resources.limits.cpu), or let the process have real-time priority (CAP_SYS_NICE)",
      at: now)
  }

  private static let quotaSubject = "CPU limit"
}

import BFD
import CLinux
import Glibc
import Speaker

extension Engine {
  /// Tells the speaker how much of a CPU the process may use. A thread of real-time priority is not subject to it.
  mutating func limitCPU(to share: Double?, at now: Instant) {
    let isRealTime = sched_getscheduler(0) != SCHED_OTHER
    speaker.setCPUShare(isRealTime ? nil : share)
    let subject = "CPU limit"
    guard speaker.stretchFactor > 1.05, let share else { return solved(subject) }
    mention(
      subject,
      "of \(Int(share * 1000))m is too small: packets leave at longer intervals than negotiated, so that "
        + "sessions stay up",
      help: "raise the limit (resources.limits.cpu), or let the process have real-time priority (CAP_SYS_NICE)",
      at: now)
  }
}

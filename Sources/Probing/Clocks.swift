import BFD
import Glibc

/// Reads a clock in nanoseconds.
private func nanoseconds(_ clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// CLOCK_MONOTONIC, the clock that decisions are made by.
func monotonicNow() -> Instant { Instant(nanoseconds: nanoseconds(CLOCK_MONOTONIC)) }

/// Turns the kernel's receive times, which are on CLOCK_REALTIME, into instants.
struct ArrivalClock {
  private let now: Instant
  /// CLOCK_REALTIME minus CLOCK_MONOTONIC, read together.
  private let offset: Int64

  /// Reads both clocks once, for a batch.
  init() {
    let before = nanoseconds(CLOCK_MONOTONIC)
    let real = nanoseconds(CLOCK_REALTIME)
    let after = nanoseconds(CLOCK_MONOTONIC)
    now = Instant(nanoseconds: after)
    offset = real - (before + (after - before) / 2)
  }

  /// When a packet arrived, never in the future, and never before the sockets were last seen empty: so a wall clock
  /// that was set in between does not make an answer look older than it can be.
  func arrival(realtime: Int64, earliest: Instant) -> Instant {
    guard realtime != 0 else { return now }
    return min(now, max(earliest, Instant(nanoseconds: realtime - offset)))
  }
}

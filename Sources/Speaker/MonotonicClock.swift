public import BFD
import Glibc

/// CLOCK_MONOTONIC as `Instant`s. The only clock that decisions are made by.
public enum MonotonicClock {
  public static func now() -> Instant { Instant(nanoseconds: nanoseconds(CLOCK_MONOTONIC)) }

  static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Turns the kernel's receive times, which are on CLOCK_REALTIME, into instants.
struct ArrivalClock {
  /// CLOCK_REALTIME minus CLOCK_MONOTONIC, read together.
  private let offset: Int64
  private let now: Instant

  /// Reads both clocks once, for a batch.
  init() {
    let before = MonotonicClock.nanoseconds(CLOCK_MONOTONIC)
    let real = MonotonicClock.nanoseconds(CLOCK_REALTIME)
    let after = MonotonicClock.nanoseconds(CLOCK_MONOTONIC)
    now = Instant(nanoseconds: after)
    offset = real - (before + (after - before) / 2)
  }

  /// The arrival of a packet, never in the future. `earliest` is the last time the socket was seen empty: a wall
  /// clock that was set in between can then not make a packet older than it can be.
  func arrival(realtime: Int64, earliest: Instant) -> Instant {
    guard realtime != 0 else { return now }
    return min(now, max(earliest, Instant(nanoseconds: realtime - offset)))
  }
}

import Glibc

/// A point on CLOCK_MONOTONIC, in nanoseconds: the one clock of the lab's waits and of its traffic.
public struct MonotonicTime: Hashable, Comparable, Sendable {
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  public static func now() -> MonotonicTime {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
  public static func + (time: Self, wait: Duration) -> Self {
    MonotonicTime(nanoseconds: time.nanoseconds &+ UInt64(clamping: wait.wholeNanoseconds))
  }
  public static func - (a: Self, b: Self) -> Duration {
    .nanoseconds(Int64(bitPattern: a.nanoseconds &- b.nanoseconds))
  }

  /// Sleeps until this time; returns at once when it has passed. A signal does not cut it short.
  public func sleep() {
    var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil) == EINTR {}
  }
}

extension Duration {
  /// Nanoseconds, rounded towards zero.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// Milliseconds as a fraction.
  public var milliseconds: Double { Double(wholeNanoseconds) / 1e6 }
}

/// Asks `condition` every `pause` until it holds or `timeout` is over; says whether it held.
/// The last answer counts even when it came late: a loaded machine must not turn a success into a failure.
@discardableResult
public func waitUntil(
  timeout: Duration, every pause: Duration = .milliseconds(20), _ condition: () -> Bool
) -> Bool {
  let deadline = MonotonicTime.now() + timeout
  while true {
    let late = MonotonicTime.now() >= deadline
    if condition() { return true }
    if late { return false }
    (MonotonicTime.now() + pause).sleep()
  }
}

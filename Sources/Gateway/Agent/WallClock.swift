import BFD
import Control
import Speaker

/// Where the wall clock stands against the monotonic one. Instants come to the same times again and again, until the wall
/// clock is set.
struct WallClock {
  /// Nanoseconds by which the two may drift apart before it is noticed.
  private static let tolerance: Int64 = 20_000_000

  /// Nanoseconds since 1970 at the monotonic clock's zero.
  private var offset: Int64

  init() { offset = Self.currentOffset() }

  /// Follows the wall clock if it was set.
  mutating func follow() {
    let current = Self.currentOffset()
    if abs(current - offset) > Self.tolerance { offset = current }
  }

  func time(of instant: Instant) -> Timestamp {
    Timestamp(microseconds: (instant.nanoseconds + offset) / 1_000)
  }

  private static func currentOffset() -> Int64 {
    Timestamp.now().microseconds * 1_000 - MonotonicClock.now().nanoseconds
  }
}

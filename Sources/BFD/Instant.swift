/// A point on a monotonic clock, in nanoseconds since an origin that the caller chose and keeps.
///
/// The library never reads a clock: every instant comes in as an argument.
public struct Instant: Hashable, Sendable, Comparable {
  /// Nanoseconds since the caller's origin.
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Later than every instant that can be reached.
  public static let distantFuture = Instant(nanoseconds: .max)

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Moves by nanoseconds; stays at the ends of the scale instead of overflowing.
  @inlinable public static func + (a: Self, nanoseconds: Int64) -> Self {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(nanoseconds)
    return Instant(nanoseconds: overflow ? (nanoseconds < 0 ? .min : .max) : sum)
  }

  /// Nanoseconds from `b` to `a`, negative when `a` is earlier.
  @inlinable public static func - (a: Self, b: Self) -> Int64 {
    let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
    return overflow ? (a.nanoseconds < b.nanoseconds ? .min : .max) : difference
  }

  /// The duration since an earlier instant.
  public func duration(since earlier: Instant) -> Duration { .nanoseconds(self - earlier) }
}

/// An interval as a BFD Control packet carries it: 32 bits of microseconds, 0 to about 71.6 minutes
/// (RFC 5880 section 4.1).
public struct Interval: Hashable, Sendable, Comparable {
  public var microseconds: UInt32

  @inlinable public init(microseconds: UInt32) { self.microseconds = microseconds }

  /// Nil when the duration is negative, longer than 2^32 - 1 us, or not a whole number of microseconds.
  public init?(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0, seconds <= 4_294, attoseconds % 1_000_000_000_000 == 0 else { return nil }
    guard let value = UInt32(exactly: seconds * 1_000_000 + attoseconds / 1_000_000_000_000) else { return nil }
    microseconds = value
  }

  /// Milliseconds, at most 4,294,967.
  public static func milliseconds(_ value: UInt32) -> Interval { Interval(microseconds: value * 1_000) }

  public static let zero = Interval(microseconds: 0)

  /// The least transmit interval while a session is not Up: one second (RFC 5880 section 6.8.3).
  public static let slow = Interval(microseconds: 1_000_000)

  @inlinable public var nanoseconds: Int64 { Int64(microseconds) * 1_000 }

  public var duration: Duration { .microseconds(Int64(microseconds)) }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }
}

extension Interval: CustomStringConvertible {
  /// The largest unit that needs no fraction: `300ms`, `1s`, `3300us`.
  public var description: String {
    if microseconds % 1_000_000 == 0 { return "\(microseconds / 1_000_000)s" }
    if microseconds % 1_000 == 0 { return "\(microseconds / 1_000)ms" }
    return "\(microseconds)us"
  }
}

import BFD
import Speaker

/// How late timers were served in the last minute: sums at intervals, and their difference.
struct LatenessMinute: Sendable {
  /// Nanoseconds between two sums; what is told is of a minute and at most so much more.
  private static let interval: Int64 = 5_000_000_000
  private static let count = 12

  private struct Mark: Sendable {
    var histogram: LatenessHistogram
    /// Microseconds, the most in the interval after the sum.
    var worst: UInt64 = 0
  }

  private var marks: [Mark] = []
  private var next = 0
  private(set) var dueAt: Instant

  init(at now: Instant) {
    dueAt = now
    marks.reserveCapacity(Self.count)
  }

  /// Call when `dueAt` is over.
  /// - Parameter worst: microseconds, since the last call.
  mutating func mark(_ histogram: LatenessHistogram, worst: UInt64, at now: Instant) {
    note(worst)
    let mark = Mark(histogram: histogram)
    if marks.count < Self.count { marks.append(mark) } else { marks[next] = mark }
    next = (next + 1) % Self.count
    dueAt = now + Self.interval
  }

  private mutating func note(_ worst: UInt64) {
    guard !marks.isEmpty else { return }
    let last = (next + marks.count - 1) % marks.count
    marks[last].worst = max(marks[last].worst, worst)
  }

  /// - Parameter worst: as above; it is the next call's no more.
  mutating func view(_ histogram: LatenessHistogram, worst: UInt64) -> LatenessView {
    note(worst)
    let oldest = marks.count < Self.count ? marks.first : marks[next]
    return LatenessView(
      counts: zip(histogram.counts, oldest?.histogram.counts ?? []).map { $0 &- $1 },
      worst: marks.reduce(0) { max($0, $1.worst) })
  }
}

/// Of about a minute.
struct LatenessView: Hashable, Sendable {
  /// Buckets as `LatenessHistogram` has them.
  var counts: [UInt64] = []
  /// Microseconds.
  var worst: UInt64 = 0

  /// Microseconds that half of the timers were served within: the upper end of a bucket, so at most twice the median. Nil
  /// when there were none.
  var median: UInt64? {
    let all = counts.reduce(0, +)
    guard all > 0 else { return nil }
    var seen: UInt64 = 0
    for (bucket, count) in counts.enumerated() {
      seen += count
      if seen * 2 >= all { return bucket == counts.count - 1 ? worst : min(worst, UInt64(1) << UInt64(bucket)) }
    }
    return worst
  }
}

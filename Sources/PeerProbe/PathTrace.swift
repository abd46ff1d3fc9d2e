/// What was measured of a path and of this node's scheduler.
public struct PathTrace: Hashable, Sendable, Codable {
  /// One question, in the order asked. Round trip in microseconds; nil for one that was never answered.
  public var roundTrips: [UInt64?] = []
  /// From question to question, microseconds: as it was on average.
  public var spacing: UInt64
  /// How late a timer woke this process, microseconds, at each tick, in the order measured.
  public var lateness: [UInt64] = []
  /// Whether that was with SCHED_FIFO, as everway's engine runs.
  public var isRealTime = false
  /// From tick to tick of that timer, microseconds.
  public var tick: UInt64 = 1_000
  /// Periods in which the cgroup's CPU quota stopped this process, and for how long in all, microseconds; nil
  /// without a quota.
  public var throttled: Throttling?

  public struct Throttling: Hashable, Sendable, Codable {
    public var periods: UInt64
    public var microseconds: UInt64
    public init(periods: UInt64, microseconds: UInt64) {
      self.periods = periods
      self.microseconds = microseconds
    }
  }

  public init(spacing: UInt64) { self.spacing = spacing }

  /// Of the path's measurement, microseconds.
  public var duration: UInt64 { UInt64(roundTrips.count) * spacing }

  /// What it comes to, for a person.
  public var summary: Summary { Summary(self) }

  public struct Summary: Hashable, Sendable, Codable {
    public var sent: Int
    public var lost: Int
    /// Of consecutive losses: how many runs, and the longest.
    public var lossBursts: Int
    public var longestBurst: Int
    /// Microseconds; nil when nothing was answered.
    public var minimum: UInt64?
    public var median: UInt64?
    public var percentile99: UInt64?
    public var maximum: UInt64?
    /// Mean difference of consecutive round trips (RFC 3550 section 6.4.1, without its smoothing).
    public var jitter: UInt64?
    public var latenessMedian: UInt64?
    public var latenessPercentile99: UInt64?
    public var latenessMaximum: UInt64?

    init(_ trace: PathTrace) {
      sent = trace.roundTrips.count
      let answered = trace.roundTrips.compactMap(\.self)
      lost = sent - answered.count
      let bursts = trace.lossRuns
      lossBursts = bursts.count
      longestBurst = bursts.max() ?? 0
      let sorted = answered.sorted()
      minimum = sorted.first
      median = Self.quantile(sorted, 0.5)
      percentile99 = Self.quantile(sorted, 0.99)
      maximum = sorted.last
      let steps = zip(answered, answered.dropFirst()).map { $0 > $1 ? $0 - $1 : $1 - $0 }
      jitter = steps.isEmpty ? nil : steps.reduce(0, +) / UInt64(steps.count)
      let late = trace.lateness.sorted()
      latenessMedian = Self.quantile(late, 0.5)
      latenessPercentile99 = Self.quantile(late, 0.99)
      latenessMaximum = late.last
    }

    static func quantile(_ sorted: [UInt64], _ share: Double) -> UInt64? {
      sorted.isEmpty ? nil : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
  }

  /// Lengths of runs of questions without an answer.
  var lossRuns: [Int] {
    var runs: [Int] = []
    var length = 0
    for trip in roundTrips {
      if trip == nil {
        length += 1
      } else if length > 0 {
        runs.append(length)
        length = 0
      }
    }
    return length > 0 ? runs + [length] : runs
  }
}

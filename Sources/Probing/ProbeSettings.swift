/// How often to ask, how long to wait, and how many answers make a verdict.
public struct ProbeSettings: Hashable, Sendable {
  /// From question to question; at least 1 ms.
  public let interval: Duration
  /// How long an answer may take; at most `interval`, so that at most one question is open at a time.
  public let timeout: Duration
  /// Questions without answer in a row until down; at least 1.
  public let downAfter: Int
  /// Answers in a row until up; at least 1.
  public let upAfter: Int

  /// Values out of range are moved to the nearest that is in range; the configuration has refused them before.
  public init(
    interval: Duration = .seconds(1), timeout: Duration = .milliseconds(500), downAfter: Int = 3, upAfter: Int = 2
  ) {
    self.interval = max(interval, .milliseconds(1))
    self.timeout = min(max(timeout, .microseconds(1)), self.interval)
    self.downAfter = max(downAfter, 1)
    self.upAfter = max(upAfter, 1)
  }
}

extension Duration {
  /// Whole nanoseconds; the longest there are when it does not fit.
  var inNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, again) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || again ? .max : sum
  }
}

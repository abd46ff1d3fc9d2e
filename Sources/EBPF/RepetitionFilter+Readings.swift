import CLinux

/// What the filter has seen of a session.
public struct RepetitionReading: Hashable, Sendable {
  /// When the last packet that was swallowed arrived, nanoseconds of CLOCK_MONOTONIC; `lastArrival` of `expect` before any
  /// was, 0 before that.
  public var arrival: Int64
  /// How many were swallowed since `add`.
  public var count: UInt64
  /// The most nanoseconds between a packet that was swallowed and the arrival before it, since `add` or the last reset.
  public var worstGap: Int64
}

extension RepetitionFilter {
  /// What has been seen of a session; all 0 of one that is not known. Three loads.
  public func reading(_ index: Int) -> RepetitionReading {
    guard let record = record(index) else { return RepetitionReading(arrival: 0, count: 0, worstGap: 0) }
    return RepetitionReading(
      arrival: Int64(bitPattern: cl_load_relaxed_u64(record + Record.arrival)),
      count: cl_load_relaxed_u64(record + Record.count),
      worstGap: Int64(bitPattern: cl_load_relaxed_u64(record + Record.worstGap)))
  }

  /// The arrival alone; 0 for a session that is not known.
  public func arrival(_ index: Int) -> Int64 {
    guard let record = record(index) else { return 0 }
    return Int64(bitPattern: cl_load_relaxed_u64(record + Record.arrival))
  }

  /// The worst gap begins anew; what it was.
  @discardableResult public mutating func resetWorstGap(_ index: Int) -> Int64 {
    guard let record = record(index) else { return 0 }
    return Int64(bitPattern: cl_exchange_u64(record + Record.worstGap, 0))
  }
}

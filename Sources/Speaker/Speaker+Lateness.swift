extension Speaker {
  /// Microseconds that a timer was served late, the most since this was last asked.
  public mutating func takeWorstLateness() -> UInt64 { counters.lateness.takeWorst() }
}

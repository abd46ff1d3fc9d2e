public import BFD

/// What a flood of packets that are discarded has cost lately.
struct FloodGauge {
  /// Nanoseconds of quiet that one discarded packet asks for: more than 50,000 a second are a flood.
  private static let each: Int64 = 20_000
  /// Below this there is no flood, only a burst.
  private static let threshold: Int64 = 1_000_000
  private static let most: Int64 = 2_000_000
  /// Long enough for many packets to be read at once, short beside any detection time.
  static let rest: Int64 = 250_000

  /// Packets discarded since the last look.
  var discarded: Int64 = 0
  private var debt: Int64 = 0
  private var lookedAt: Instant

  init(at now: Instant) { lookedAt = now }

  mutating func isFlood(at now: Instant) -> Bool {
    debt = max(0, debt - max(0, now - lookedAt))
    debt = min(Self.most, debt + min(discarded, 1_000) * Self.each)
    discarded = 0
    lookedAt = now
    return debt > Self.threshold
  }
}

extension Speaker {
  /// Nanoseconds to sleep before the next `run`, whatever is readable: 0, except under a flood of packets that are
  /// discarded. Then a wake-up for each would take a CPU, while many read at once cost little. Nothing is late by it:
  /// arrival is the kernel's timestamp, and no deadline is slept over.
  /// - Parameter now: read after the last `run`.
  public mutating func rest(at now: Instant) -> Int64 {
    guard gauge.isFlood(at: now) else { return 0 }
    return max(0, min(FloodGauge.rest, nextDeadline - now))
  }
}

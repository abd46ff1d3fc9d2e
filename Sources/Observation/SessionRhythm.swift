/// How regularly a session's packets came, over the last minutes.
public struct SessionRhythm: Hashable, Sendable {
  /// Samples kept: one a second.
  public static let depth = 120

  private var ring: [UInt32] = []
  private var next = 0
  /// The last sample's counters.
  public private(set) var received: UInt64 = 0
  public private(set) var sent: UInt64 = 0
  /// Packets of the last sample's interval.
  public private(set) var receivedLately: UInt64 = 0
  public private(set) var sentLately: UInt64 = 0
  /// Microseconds since the peer's last packet, in the last sample; nil: there was none.
  public private(set) var age: UInt64?
  /// Microseconds, in the last sample.
  public private(set) var worstLateness: UInt64 = 0

  public init() {}

  public mutating func take(received: UInt64, sent: UInt64, worstGap: UInt64, worstLateness: UInt64, age: UInt64?) {
    // The first sample counts from the session's beginning: that is no rate.
    if !ring.isEmpty {
      receivedLately = received >= self.received ? received - self.received : received
      sentLately = sent >= self.sent ? sent - self.sent : sent
    }
    self.received = received
    self.sent = sent
    self.worstLateness = worstLateness
    self.age = age
    let gap = UInt32(clamping: worstGap)
    if ring.count < Self.depth {
      ring.append(gap)
    } else {
      ring[next] = gap
      next = (next + 1) % Self.depth
    }
  }

  /// The longest gap between two packets in each sample, in microseconds, the oldest first; 0 while it was not Up.
  /// - Parameter last: at most so many.
  public func gaps(last: Int = depth) -> [UInt32] {
    let inOrder = ring[next...] + ring[..<next]
    return Array(inOrder.suffix(max(0, last)))
  }

  /// The longest gap of the last `samples` samples, in microseconds.
  public func worstGap(samples: Int = 60) -> UInt32 { gaps(last: samples).max() ?? 0 }
}

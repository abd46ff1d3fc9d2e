/// What became of the traffic.
public struct TrafficReport: Sendable {
  /// Consecutive datagrams of one flow that never arrived.
  public struct Gap: Hashable, Sendable {
    /// From the last datagram that arrived before it, to the first after it; send times, so that a late receiver
    /// does not widen it. To the end of the traffic when none arrived after it.
    public var start: Duration
    public var end: Duration
    public var packets: Int

    public var length: Duration { end - start }
  }

  /// A flow that arrived by another way than before.
  public struct Move: Hashable, Sendable {
    /// When the first datagram that went the new way was sent.
    public var time: Duration
    public var flow: Int
    /// Indices into `pathNames`; nil for none of them.
    public var from: Int?
    public var to: Int?
  }

  public struct Flow: Hashable, Sendable {
    public var sent = 0
    /// Different datagrams that arrived.
    public var received = 0
    public var duplicated = 0
    /// Arrived after one that was sent later (RFC 4737 section 3.4).
    public var reordered = 0
    public var longestGap: Gap?
    /// Every way it took, in the order it took them.
    public var moves: [Move] = []
    /// Its first way; nil when nothing arrived, or by none of the paths.
    public var firstPath: Int?

    public var lost: Int { sent - received }
  }

  /// How many datagrams of a stretch of time arrived by each path.
  public struct Share: Hashable, Sendable {
    public var start: Duration
    /// One number for each of `pathNames`.
    public var received: [Int]
    public var lost: Int
  }

  public var pathNames: [String]
  public var flows: [Flow]
  /// All gaps of all flows, with the flow, in the order of their start.
  public var gaps: [(flow: Int, gap: Gap)]
  /// All moves of all flows, in the order of time.
  public var moves: [Move]
  public var shares: [Share]
  public var marks: [TrafficRecording.Mark]
  public var health: TrafficHealth
  /// From the first to the last datagram sent.
  public var duration: Duration
  /// The longest time between two rounds of sending, and when it ended: above the interval, the sender was starved.
  public var worstSendGap: Duration
  public var worstSendGapTime: Duration

  public var sent: Int { flows.reduce(0) { $0 + $1.sent } }
  public var received: Int { flows.reduce(0) { $0 + $1.received } }
  public var lost: Int { flows.reduce(0) { $0 + $1.lost } }
  public var duplicated: Int { flows.reduce(0) { $0 + $1.duplicated } }
  public var reordered: Int { flows.reduce(0) { $0 + $1.reordered } }
  public var longestGap: Gap? { flows.compactMap(\.longestGap).max { $0.length < $1.length } }

  /// The path each flow was on at this time; nil when it had not arrived by any yet.
  public func paths(at time: Duration) -> [Int?] {
    flows.map { flow in flow.moves.last { $0.time <= time }.map(\.to) ?? flow.firstPath }
  }
}

extension TrafficReport {
  /// What happened between a mark and the next one.
  public struct Effect: Hashable, Sendable {
    public var mark: TrafficRecording.Mark
    /// Until the next mark, or the end of the traffic.
    public var until: Duration
    /// Datagrams of gaps that began in this time.
    public var lost: Int
    public var flowsWithLoss: Int
    public var longestGap: Gap?
    /// When the last of these gaps ended: from then on all flows arrived again.
    public var healed: Duration?
    public var flowsMoved: Int
    /// How many flows each path carried just before the mark, and at the end of this time.
    public var flowsBefore: [Int]
    public var flowsAfter: [Int]
  }

  public func effects() -> [Effect] {
    marks.indices.map { index in
      let mark = marks[index]
      let until = index + 1 < marks.count ? marks[index + 1].time : duration
      // A gap begins with the datagram before the first lost one: up to one interval before its cause.
      let margin = Duration.milliseconds(2)
      let affected = gaps.filter { $0.gap.start >= mark.time - margin && $0.gap.start < until - margin }
      let moved = moves.filter { $0.time >= mark.time && $0.time < until }
      return Effect(
        mark: mark, until: until, lost: affected.reduce(0) { $0 + $1.gap.packets },
        flowsWithLoss: Set(affected.map(\.flow)).count,
        longestGap: affected.map(\.gap).max { $0.length < $1.length }, healed: affected.map(\.gap.end).max(),
        flowsMoved: Set(moved.map(\.flow)).count, flowsBefore: spread(at: mark.time - margin),
        flowsAfter: spread(at: until))
    }
  }

  /// How many flows each path carries at this time.
  public func spread(at time: Duration) -> [Int] {
    var counts = Array(repeating: 0, count: pathNames.count)
    for case let path? in paths(at: time) { counts[path] += 1 }
    return counts
  }
}

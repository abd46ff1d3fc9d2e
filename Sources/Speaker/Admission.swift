import BFD

/// How many sessions may begin to come up, where the CPU time of the process is limited.
///
/// To bring a session up takes as much CPU time as hundreds of its packets: it is told, logged, and agrees on timers. Where
/// many do so at once the quota is used up, the process stands still, and fells those that are Up already, which then want
/// to come up again: that never ends. So they come up at a rate that grows while there is room, and shrinks when there is
/// none. A peer that is put off tries again within a second.
struct Admission {
  /// Sessions a second.
  private(set) var rate: Int64 = first
  /// Billionths of a session.
  private var credit = one
  private var countedAt = Instant(nanoseconds: 0)
  /// How often a peer was put off.
  private(set) var refusals: UInt64 = 0
  /// The same when it was last looked at, and how many windows ago that changed.
  private var seen: (refusals: UInt64, windows: Int) = (0, patience)

  private var lastUse: Int64 = 0
  private static let patience = 12
  private static let one: Int64 = 1_000_000_000
  private static let (least, first, most): (Int64, Int64, Int64) = (10, 20, 10_000)
  /// In thousandths of the CPU time that is allowed: below `low` the rate grows, above `high` it shrinks.
  private static let (low, high): (Int64, Int64) = (500, 700)

  /// - Parameter use: CPU time of the last window, in thousandths of what is allowed for that long.
  /// - Returns: whether peers wait to come up: they try about once a second.
  mutating func update(use: Int64) -> Bool {
    // What those that were let in will use shows a window later.
    let expected = use + max(0, use - lastUse)
    lastUse = use
    if expected < Self.low { rate = min(rate * 3 / 2, Self.most) }
    if expected > Self.high { rate = max(rate / 2, Self.least) }
    seen = refusals == seen.refusals ? (refusals, seen.windows + 1) : (refusals, 0)
    return seen.windows < Self.patience
  }

  /// Whether one more session may begin to come up; counts it then.
  mutating func admits(at now: Instant) -> Bool {
    // A fiftieth of a second's worth at once: after a pause there is no burst.
    let most = max(Self.one, rate * Self.one / 50)
    credit = min(most, credit + rate * min(max(0, now - countedAt), Self.one))
    countedAt = max(now, countedAt)
    guard credit >= Self.one else {
      refusals &+= 1
      return false
    }
    credit -= Self.one
    return true
  }
}

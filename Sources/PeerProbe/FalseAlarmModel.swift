import Glibc

/// How often a BFD session with certain timers would fail although the path works, judged from a measurement.
///
/// What it assumes, and how it reckons:
/// - Packets of a session are 0.875 intervals apart on average (RFC 5880 section 6.8.7: 75 to 100 %), at a phase that
///   has nothing to do with the path's troubles. A session fails when nothing arrives for the detection time.
/// - **Bursts of loss.** A run of k questions lost, asked every d, is an outage of (k + 1) d, its longest. An outage of
///   length L takes m packets in a row, the least that end the session, with probability
///   clamp(L / p - (m - 1), 0, 1), p being the distance of packets.
/// - **Single losses** that are independent: the share of questions lost outside of bursts, to the power of the packets
///   that must be lost in a row.
/// - **Stalls.** A packet that comes e later than the fastest is a stall of e: everything waits, nothing is lost. So is
///   a late timer here, which makes our own packets late for the peer, and a stop by the CPU quota. A stall of length L
///   ends the session with probability clamp((L + p - detection) / p, 0, 1).
/// - **What was not seen** is extrapolated from what was: lengths of outages and of stalls are taken to fall off
///   exponentially beyond their median, with the mean excess that was measured. That is a guess, and is marked so
///   (`isExtrapolated`): a measurement of length S in which an event did not happen shows no more than that it happens
///   less often than every S / 3 (the rule of three, 95 %). A path that fails once a day for a reason that did not
///   show is not found by measuring for a minute.
/// - Measured round trips stand for one way: what hits one direction is counted for the session as a whole, which
///   errs on the safe side. The other end's scheduler is not measured but through its answers.
public struct FalseAlarmModel: Hashable, Sendable {
  /// Microseconds that were measured; at least 1.
  public let span: Double
  /// Outages seen, microseconds, shortest first.
  let outages: [Double]
  /// Stalls seen, microseconds, shortest first.
  let stalls: [Double]
  /// The chance that one packet alone is lost.
  let singleLoss: Double

  /// Stalls shorter than this end no session: even 1 ms intervals have a detection time beyond it.
  static let leastStall = 1_000.0
  /// Packets of a session are so many of its intervals apart.
  static let meanSpacing = 0.875

  public init(_ trace: PathTrace) {
    let spacing = Double(max(1, trace.spacing))
    span = max(1, Double(trace.roundTrips.count) * spacing)
    let runs = trace.lossRuns
    outages = runs.filter { $0 > 1 }.map { Double($0 + 1) * spacing }.sorted()
    let singles = runs.count { $0 == 1 }
    singleLoss = trace.roundTrips.isEmpty ? 0 : Double(singles) / Double(trace.roundTrips.count)
    stalls = (Self.stalls(trace, spacing) + Self.lateTimers(trace) + Self.stops(trace)).sorted()
  }

  /// Delays beyond the fastest answer: of a stretch of delayed answers, the longest stands for all.
  private static func stalls(_ trace: PathTrace, _ spacing: Double) -> [Double] {
    guard let fastest = trace.roundTrips.compactMap(\.self).min() else { return [] }
    return peaks(trace.roundTrips.map { $0.map { Double($0 - fastest) } ?? 0 })
  }

  private static func lateTimers(_ trace: PathTrace) -> [Double] {
    let late = peaks(trace.lateness.map { Double($0) })
    // Measured for another length of time than the path: as many as there would be in the path's.
    let measured = Double(trace.lateness.count) * Double(trace.tick)
    let wanted = Double(trace.roundTrips.count) * Double(trace.spacing)
    guard measured > 0, wanted > 0, late.count > 0 else { return [] }
    let times = max(1, Int((wanted / measured).rounded()))
    return times == 1 ? late : (0..<min(times, 100)).flatMap { _ in late }
  }

  private static func stops(_ trace: PathTrace) -> [Double] {
    guard let throttled = trace.throttled, throttled.periods > 0 else { return [] }
    let each = Double(throttled.microseconds) / Double(throttled.periods)
    return each < leastStall ? [] : Array(repeating: each, count: Int(min(throttled.periods, 100_000)))
  }

  /// The highest of each stretch above `leastStall`.
  private static func peaks(_ values: [Double]) -> [Double] {
    var found: [Double] = []
    var peak = 0.0
    for value in values {
      if value >= leastStall {
        peak = max(peak, value)
      } else if peak > 0 {
        found.append(peak)
        peak = 0
      }
    }
    return peak > 0 ? found + [peak] : found
  }

  /// The longest trouble seen, microseconds.
  public var longestTrouble: UInt64 { UInt64(max(outages.last ?? 0, stalls.last ?? 0)) }

  /// The rate below which a measurement this long can claim nothing, at 95 %: three in its length, a day.
  public var leastClaimPerDay: Double { 3 / span * Self.day }

  private static let day = 86_400_000_000.0

  /// - Parameters:
  ///   - interval: of packets, microseconds, not zero.
  ///   - multiplier: 1 to 255.
  public func estimate(interval: UInt64, multiplier: Int) -> Estimate {
    let detection = Double(interval) * Double(multiplier)
    let distance = Self.meanSpacing * Double(max(1, interval))
    // With n lost in a row, n + 1 distances pass without a packet.
    let lostInARow = max(1, Int((detection / distance).rounded(.up)) - 1)
    let byOutage = { (length: Double) in min(1, max(0, length / distance - Double(lostInARow - 1))) }
    let byStall = { (length: Double) in min(1, max(0, (length + distance - detection) / distance)) }
    let seen = outages.reduce(0) { $0 + byOutage($1) } + stalls.reduce(0) { $0 + byStall($1) }
    let singles = pow(singleLoss, Double(lostInARow)) * (1 - singleLoss) * span / distance
    let beyond =
      Self.tail(outages, beyond: distance * (Double(lostInARow) - 0.5))
      + Self.tail(stalls, beyond: detection - distance / 2)
    let perSpan = max(seen, beyond) + singles
    return Estimate(
      interval: interval, multiplier: multiplier, falseAlarmsPerDay: perSpan / span * Self.day,
      isExtrapolated: seen == 0, margin: detection - distance - Double(longestTrouble))
  }

  /// How many of these would be longer than a length, by an exponential beyond their median.
  private static func tail(_ sorted: [Double], beyond length: Double) -> Double {
    guard sorted.count >= 2, let least = sorted.first else {
      // One alone gives no excess: as if its own length were the mean.
      guard let only = sorted.first else { return 0 }
      return exp(-max(0, length - only) / only)
    }
    let median = sorted[sorted.count / 2]
    let above = sorted.filter { $0 >= median }
    let excess = above.reduce(0) { $0 + $1 - median } / Double(above.count)
    let scale = max(excess, median * 0.1, least * 0.1)
    if length <= median { return Double(sorted.count { $0 >= length }) }
    return Double(above.count) * exp(-(length - median) / scale)
  }

  /// What is to be expected of one setting.
  public struct Estimate: Hashable, Sendable, Codable {
    /// Microseconds.
    public var interval: UInt64
    public var multiplier: Int
    public var falseAlarmsPerDay: Double
    /// Nothing in the measurement was long enough: the figure is the model's guess.
    public var isExtrapolated: Bool
    /// Detection time less one packet's distance and the longest trouble seen, microseconds.
    public var margin: Double

    /// Microseconds.
    public var detectionTime: UInt64 { interval * UInt64(multiplier) }

    public enum Safety: String, Hashable, Sendable, Codable { case safe, marginal, unsafe }

    /// Safe: less than one false alarm in a hundred days by the model, and twice the longest trouble seen would not
    /// do. Unsafe: more than one a day, or the longest trouble seen would do.
    public var safety: Safety {
      let longest = Double(detectionTime) - FalseAlarmModel.meanSpacing * Double(interval) - margin
      if falseAlarmsPerDay > 1 || margin < 0 { return .unsafe }
      return falseAlarmsPerDay < 0.01 && margin >= longest ? .safe : .marginal
    }

    private enum CodingKeys: String, CodingKey {
      case interval, multiplier, falseAlarmsPerDay, isExtrapolated, margin
    }
  }
}

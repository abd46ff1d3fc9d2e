/// Which timers are safe on a path, from a measurement.
public struct TuneAdvice: Hashable, Sendable, Codable {
  /// By detection time, the fastest first.
  public var candidates: [FalseAlarmModel.Estimate]
  /// What is in use now; nil when nothing says.
  public var present: FalseAlarmModel.Estimate?
  /// Nil when none of the candidates is safe.
  public var recommended: FalseAlarmModel.Estimate?
  /// Whether that meets the wanted detection time.
  public var meetsTarget: Bool
  /// Microseconds.
  public var target: UInt64
  public var leastClaimPerDay: Double
  public var longestTrouble: UInt64

  /// - Parameters:
  ///   - target: the detection time that is wanted, microseconds.
  ///   - present: interval in microseconds and multiplier in use.
  public init(_ trace: PathTrace, target: UInt64, present: (interval: UInt64, multiplier: Int)? = nil) {
    let model = FalseAlarmModel(trace)
    self.target = target
    leastClaimPerDay = model.leastClaimPerDay
    longestTrouble = model.longestTrouble
    var settings = Set<Setting>()
    for interval in Self.intervals {
      for multiplier in [3, 5] { settings.insert(Setting(interval: interval, multiplier: multiplier)) }
    }
    // The wanted detection time by more packets, down to 10 ms.
    for multiplier in 3...6 {
      let interval = target / UInt64(multiplier) / 1_000 * 1_000
      if interval >= 10_000 { settings.insert(Setting(interval: interval, multiplier: multiplier)) }
    }
    candidates = settings.map { model.estimate(interval: $0.interval, multiplier: $0.multiplier) }
      .sorted { ($0.detectionTime, $0.multiplier) < ($1.detectionTime, $1.multiplier) }
    self.present = present.map { model.estimate(interval: $0.interval, multiplier: $0.multiplier) }
    // A path on which nothing came back is fit for nothing.
    let isMeasured = trace.roundTrips.contains { $0 != nil }
    let safe = isMeasured ? candidates.filter { $0.safety == .safe } : []
    // Among those that meet the target, the longest detection time, then the fewest packets.
    let meeting = safe.filter { $0.detectionTime <= target }
    recommended =
      meeting.max { ($0.detectionTime, $1.multiplier) < ($1.detectionTime, $0.multiplier) } ?? safe.first
    meetsTarget = !meeting.isEmpty
  }

  /// Microseconds: 50 ms is what software speaks everywhere, 1 s what OpenBFDD does unasked.
  static let intervals: [UInt64] = [50_000, 100_000, 200_000, 300_000, 500_000, 1_000_000]

  private struct Setting: Hashable {
    var interval: UInt64
    var multiplier: Int
  }

  /// A peer with the timers that are advised, as a configuration file that `everway check` takes.
  /// - Parameter namespace: its name; nil for the one everway is started in.
  public func configuration(
    name: String, address: String, namespace: String?, interface: String, source: String, isMultihop: Bool
  ) -> String? {
    guard let recommended else { return nil }
    let time = ProbeEvidence.duration(recommended.interval)
    // The interface a peer names must be one of the file's.
    let head =
      "version: 1\nnamespace: \(namespace ?? "this")\ninterfaces:\n  - name: \(ProbeEvidence.quoted(interface))\n"
    let reach =
      isMultihop
      ? "      multihop: true\n      local-address: \(ProbeEvidence.quoted(source))\n"
      : "      interface: \(ProbeEvidence.quoted(interface))\n"
    return head + "bfd:\n  peers:\n    - name: \(ProbeEvidence.quoted(name))\n"
      + "      address: \(ProbeEvidence.quoted(address))\n" + reach
      + "      transmit-interval: \(time)\n      receive-interval: \(time)\n"
      + "      detect-multiplier: \(recommended.multiplier)\n"
  }
}

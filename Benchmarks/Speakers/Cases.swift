import SpeakerLoad

/// One row of the table, for every daemon.
struct Case {
  var sessions: Int
  /// Milliseconds.
  var interval: Double
  var multiplier: UInt8 = 3
  /// As `CPULimit` reads it.
  var limit: String?
  /// Whether `--quick` has it.
  var isQuick = false

  var name: String {
    let time = interval.rounded() == interval ? "\(Int(interval))" : "\(interval)"
    return "\(sessions) x \(time) ms x \(multiplier)" + (limit.map { ", CPU limit \($0)" } ?? "")
  }

  var groups: [LoadPlan.Group] {
    [LoadPlan.Group(count: sessions, interval: UInt32(interval * 1_000), multiplier: multiplier)]
  }

  static let all = [
    Case(sessions: 4_000, interval: 300),
    Case(sessions: 1_000, interval: 300, isQuick: true),
    Case(sessions: 100, interval: 300, isQuick: true),
    Case(sessions: 1, interval: 300),
    Case(sessions: 1_000, interval: 10),
    Case(sessions: 100, interval: 10, isQuick: true),
    Case(sessions: 100, interval: 50, limit: "50m", isQuick: true),
    Case(sessions: 500, interval: 50, limit: "200m"),
    Case(sessions: 100, interval: 10, limit: "50m")
  ]

  /// From 1 to 50,000 sessions at about 4,000 packets a second in each direction. Below 40 sessions that would need
  /// intervals under 10 ms, which is the fastest FRR takes: there the rate is lower, and wake-ups are what is measured.
  static let curve = [1, 10, 100, 1_000, 10_000, 50_000].map { sessions in
    Case(sessions: sessions, interval: max(10, Double(sessions) / 4))
  }
}

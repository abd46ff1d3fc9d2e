import FoundationEssentials
import Glibc
import Lab
import SpeakerLoad

/// The runs of one daemon in one case.
struct Row: Codable {
  var name: String
  var daemon: String
  var version: String
  var runs: [Run] = []
  /// What kept it from being measured.
  var errors: [String] = []

  private enum CodingKeys: String, CodingKey { case name, daemon, version, runs, errors }

  /// Runs that others did not disturb, if there are any.
  var valid: [Run] {
    let quiet = runs.filter { !$0.isNoisy }
    return quiet.isEmpty || name.contains("limit") ? runs : quiet
  }
}

/// A value of several runs as people compare it: the median, and from the least to the greatest.
func spread(_ values: [Double?], _ digits: Int) -> String {
  let known = Quantiles(values.compactMap { $0 })
  guard let median = known.median, let least = known[0], let greatest = known[1] else { return "-" }
  let text = fixed(median, digits)
  let (low, high) = (fixed(least, digits), fixed(greatest, digits))
  return low == high ? text : "\(text) (\(low)-\(high))"
}

func fixed(_ value: Double, _ digits: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let whole = Int((value.magnitude * scale).rounded())
  let sign = value < 0 && whole != 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(whole)" }
  let fraction = String(whole % Int(scale))
  return "\(sign)\(whole / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

enum Tables {
  /// What it costs.
  static func cost(_ rows: [Row]) -> String {
    var table = TextTable([
      .left("case"), .left("daemon"), .right("good"), .right("bring-up ms"), .right("CPU ms/s"),
      .right("CPU ms/1,000 packets"), .right("packets/s"), .right("MiB"), .right("switches/s"),
      .right("false Downs"), .right("missed"), .right("generator ms/s"), .right("faults")
    ])
    for row in rows where !row.runs.isEmpty {
      let runs = row.valid
      table.add([
        row.name, row.daemon, "\(row.runs.filter { $0.failures.isEmpty }.count)/\(row.runs.count)",
        spread(runs.map(\.bringUp), 0), spread(runs.map(\.cpuPerSecond), 1),
        spread(runs.map(\.cpuPerThousandPackets), 2), spread(runs.map(\.packetsPerSecond), 0),
        spread(runs.map(\.resident), 1), spread(runs.map(\.switchesPerSecond), 0),
        spread(runs.map { Double($0.falseDowns) }, 0), spread(runs.map { Double($0.missed) }, 0),
        spread(runs.map(\.generatorCPUPerSecond), 0), spread(runs.map { Double($0.generatorFaults) }, 0)
      ])
    }
    return table.rendered()
  }

  /// How well it keeps time.
  static func time(_ rows: [Row]) -> String {
    var table = TextTable([
      .left("case"), .left("daemon"), .right("interval p50"), .right("p99"), .right("max"),
      .right("overshoot ms p50"), .right("p99"), .right("max"), .right("not noticed"), .right("re-up ms p50"),
      .right("max"), .right("generator late us p99"), .right("max")
    ])
    for row in rows where !row.runs.isEmpty {
      let runs = row.valid
      let over = runs.map { Quantiles($0.overshoot) }
      let back = runs.map { Quantiles($0.reUp) }
      table.add([
        row.name, row.daemon, spread(runs.map(\.intervalMedian), 3), spread(runs.map(\.intervalP99), 3),
        spread(runs.map { $0.intervals > 0 ? $0.intervalMaximum : nil }, 2),
        spread(over.map(\.median), 2), spread(over.map { $0[0.99] }, 2), spread(over.map { $0[1] }, 2),
        spread(runs.map { Double($0.undetected) }, 0), spread(back.map(\.median), 0),
        spread(back.map { $0[1] }, 0), spread(runs.map(\.generatorLateP99), 0),
        spread(runs.map(\.generatorLateMaximum), 0)
      ])
    }
    return table.rendered()
  }

  /// Every daemon's CPU for a packet as a multiple of Everway's: what counts, since figures move with the machine.
  static func ratios(_ rows: [Row]) -> String {
    func cost(_ row: Row) -> Double? { Quantiles(row.valid.compactMap(\.cpuPerThousandPackets)).median }
    var names: [String] = []
    for row in rows where !names.contains(row.name) { names.append(row.name) }
    let others = Subject.allCases.map(\.rawValue).filter { name in
      name != "everway" && rows.contains { $0.daemon == name }
    }
    guard !others.isEmpty else { return "" }
    var table = TextTable([.left("CPU for a packet, times Everway's")] + others.map { .right($0) })
    for name in names {
      guard let own = rows.first(where: { $0.name == name && $0.daemon == "everway" }).flatMap(cost) else {
        continue
      }
      table.add(
        [name]
          + others.map { other in
            rows.first { $0.name == name && $0.daemon == other }.flatMap(cost).map { fixed($0 / own, 2) } ?? "-"
          })
    }
    return table.rendered()
  }

  /// What went wrong, a line each.
  static func notes(_ rows: [Row]) -> String {
    var lines: [String] = []
    for row in rows {
      for error in row.errors { lines.append("note: \(row.name), \(row.daemon): \(error)") }
      for (number, run) in row.runs.enumerated() {
        if !run.failures.isEmpty {
          lines.append(
            "note: \(row.name), \(row.daemon), run \(number + 1): \(run.failures.joined(separator: "; "))")
        }
        if run.isNoisy, !row.name.contains("limit") {
          lines.append(
            "note: \(row.name), \(row.daemon), run \(number + 1): waited \(Int(run.waitPerSecond)) ms/s for its CPU: "
              + "left out if another run was quieter")
        }
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  static func json(_ rows: [Row]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return String(decoding: try encoder.encode(rows), as: UTF8.self) + "\n"
  }
}

import ArgumentParser
import FoundationEssentials
import Lab
import SpeakerLoad

/// Markdown of what `--json` has kept.
struct Summary: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Prints figures that --json has kept as Markdown.")

  @Argument(help: "Files that --json wrote.") var files: [String]
  @Flag(help: "They are of --curve.") var curve = false

  func run() throws {
    var rows: [Row] = []
    for file in files {
      guard let text = contents(file) else { throw ValidationError("\(file) cannot be read") }
      rows += try JSONDecoder().decode([Row].self, from: Data(text.utf8))
    }
    if curve {
      print("\n" + Self.curve(rows))
      return
    }
    print(Self.versions(rows) + "\n\n## Speakers")
    print("Seen from outside, on a veth pair; the daemon on one CPU, the generator of its peers on the other.\n")
    print(Self.table(rows))
    print(Self.notes(rows))
  }

  private static func versions(_ rows: [Row]) -> String {
    var versions: [String] = []
    for row in rows where !row.runs.isEmpty && row.daemon != "everway-sockets" {
      let line = "- \(row.daemon): \(row.version)"
      if !versions.contains(line) { versions.append(line) }
    }
    return versions.joined(separator: "\n")
  }

  private static func table(_ rows: [Row]) -> String {
    var lines = [
      "| case | daemon | CPU ms/1,000 packets | times BIRD's | false Downs | missed | overshoot ms: median | maximum | all Up ms | MiB | runs |",
      "|---|---|---|---|---|---|---|---|---|---|---|"
    ]
    for row in rows where !row.runs.isEmpty {
      let runs = row.valid
      let over = runs.map { Quantiles($0.overshoot) }
      let bird = rows.first { $0.name == row.name && $0.daemon == "bird" }.flatMap(cost)
      let share = bird.flatMap { bird in cost(row).map { fixed($0 / bird, 2) } } ?? "-"
      let cells = [
        row.name, row.daemon, spread(runs.map(\.cpuPerThousandPackets), 2), share,
        spread(runs.map { Double($0.falseDowns) }, 0), spread(runs.map { Double($0.missed) }, 0),
        spread(over.map(\.median), 2), spread(over.map { $0[1] }, 2), spread(runs.map(\.bringUp), 0),
        spread(runs.map(\.resident), 1), "\(runs.count) of \(row.runs.count)"
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n")
  }

  private static func curve(_ rows: [Row]) -> String {
    var lines = [
      "| case | daemon | packets/s | CPU ms/s | CPU ms/1,000 packets | wake-ups/s | all Up ms | MiB |",
      "|---|---|---|---|---|---|---|---|"
    ]
    for row in rows {
      guard let run = row.runs.last else { continue }
      let cells = [
        row.name, row.daemon, fixed(run.packetsPerSecond, 0), fixed(run.cpuPerSecond, 1),
        run.cpuPerThousandPackets.map { fixed($0, 2) } ?? "-", fixed(run.switchesPerSecond, 0),
        run.bringUp.map { fixed($0, 0) } ?? "-", fixed(run.resident, 1)
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n" + notes(rows)
  }

  private static func cost(_ row: Row) -> Double? {
    Quantiles(row.valid.compactMap(\.cpuPerThousandPackets)).median
  }

  private static func notes(_ rows: [Row]) -> String {
    let lines = Tables.notes(rows).split(separator: "\n").map { "- " + $0.dropFirst("note: ".count) }
    return lines.isEmpty ? "" : "\nWhat went wrong:\n\n" + lines.joined(separator: "\n") + "\n"
  }
}

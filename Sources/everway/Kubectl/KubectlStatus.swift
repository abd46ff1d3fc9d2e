import ArgumentParser
import Control
import FoundationEssentials
import Glibc

struct KubectlStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "One line for each gateway node: what is up, what is down, and why.")

  @Argument(help: ArgumentHelp("Nodes; all when left out.", valueName: "node")) var nodes: [String] = []
  @Flag(help: "Print one JSON object: each node's whole report, or why there is none.") var json = false
  @Option(help: ArgumentHelp("When to use colour.", valueName: "when")) var color = ColorChoice.auto
  @OptionGroup var kubectl: KubectlOptions

  /// What one node says.
  private struct Line: Encodable {
    var node: String
    var pod: String
    var status: StatusReport?
    /// Why there is none.
    var problem: String?
    /// Of `everway status`.
    var exitCode: Int32
  }

  func run() throws {
    let pods = try GatewayPods(kubectl, nodes: nodes)
    var lines: [Line] = []
    for pod in pods.pods {
      let answer = try pods.ask(pod, ["status", "--json"], timeout: .seconds(20))
      let report = try? JSONDecoder().decode(StatusReport.self, from: Data(answer.output.utf8))
      let words = answer.errorOutput.split(separator: "\n").last.map(String.init) ?? "no answer"
      lines.append(
        Line(
          node: pod.node, pod: pod.name, status: report, problem: report == nil ? "\(pod.phase): \(words)" : nil,
          exitCode: report == nil ? ExitStatus.unreachable : answer.code))
    }
    writeAll(STDOUT_FILENO, json ? try Self.json(lines) : table(lines))
    let worst = lines.map(\.exitCode).max() ?? 0
    if worst != 0 { throw ExitCode(worst) }
  }

  private static func json(_ lines: [Line]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    return String(decoding: try encoder.encode(["nodes": lines]), as: UTF8.self) + "\n"
  }

  private func table(_ lines: [Line]) -> String {
    var table = Table([
      .init("NODE"), .init("SESSIONS"), .init("PATHS"), .init("STATE"), .init("VERSION", dispensable: 1),
      .init("POD", dispensable: 2)
    ])
    for line in lines {
      guard let status = line.status else {
        table.add(
          ["\(line.node)", "", "", Styled("unreachable", .bad), "", "\(line.pod)"],
          notes: [Styled(line.problem ?? "", .bad)])
        continue
      }
      let isGood = line.exitCode == 0
      let state =
        status.drain.state != .none
        ? Styled("\(status.drain.state.rawValue)", .warning)
        : isGood ? Styled("good", .good) : Styled("trouble", .bad)
      table.add(
        [
          "\(line.node)",
          Self.share(status.sessions.filter { $0.sessionState == .up }.count, status.sessions.count),
          Self.share(status.paths.filter { $0.state == .up }.count, status.paths.count), state,
          "\(status.version)", "\(line.pod)"
        ], notes: status.problems.prefix(5).map { Styled($0.what, .warning) })
    }
    return table.lines(width: Terminal.size?.columns, color: Terminal.usesColor(color)).joined(separator: "\n")
      + "\n"
  }

  private static func share(_ good: Int, _ all: Int) -> Styled {
    Styled("\(good)/\(all)", all == 0 ? .dim : good == all ? .good : .bad)
  }
}

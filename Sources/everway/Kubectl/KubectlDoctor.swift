import ArgumentParser
import FoundationEssentials
import Glibc

struct KubectlDoctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Examine gateway nodes: one table for the cluster.",
    discussion: """
      What is found on several nodes is one line. `kubectl everway doctor NODE --whole` prints everything that is said of \
      one node. Repairs are made on the node: kubectl exec -it POD -- everway doctor --fix.
      """)

  @Argument(help: ArgumentHelp("Nodes; all when left out.", valueName: "node")) var nodes: [String] = []
  @Flag(help: "Print what doctor says on each node, whole.") var whole = false
  @Flag(help: "Print one JSON object with each node's report.") var json = false
  @Option(help: ArgumentHelp("en or zh.", valueName: "language")) var lang: String?
  @Option(help: ArgumentHelp("When to use colour.", valueName: "when")) var color = ColorChoice.auto
  @OptionGroup var kubectl: KubectlOptions

  private struct Report: Decodable {
    var findings: [Item]
    var exitCode: Int32

    struct Item: Decodable {
      var id: String
      var subject: String
      var severity: String
      var title: String
      var consequences: [Item]

      /// It, and what it leads to.
      var all: [Item] { [self] + consequences.flatMap(\.all) }
    }
  }

  /// The same finding on one or more nodes.
  private struct Found {
    var item: Report.Item
    var nodes: [String]
  }

  func run() throws {
    let pods = try GatewayPods(kubectl, nodes: nodes)
    let language = lang.map { ["--lang", $0] } ?? []
    var worst: Int32 = 0
    var reports: [(node: String, report: Report?, text: String, problem: String)] = []
    for pod in pods.pods {
      let form = whole && !json ? ["--color", "never"] : ["--json"]
      let answer = try pods.ask(pod, ["doctor"] + form + language, timeout: .seconds(120))
      let report = try? JSONDecoder().decode(Report.self, from: Data(answer.output.utf8))
      let problem = answer.errorOutput.split(separator: "\n").last.map(String.init) ?? "no answer"
      reports.append((pod.node, report, answer.output, "\(pod.phase): \(problem)"))
      let isHeard = whole && !json ? !answer.output.isEmpty : report != nil
      worst = max(worst, isHeard ? report?.exitCode ?? answer.code : ExitStatus.unreachable)
    }
    if json {
      let parts = reports.map { "\(Self.quoted($0.node)): \($0.report == nil ? "null" : $0.text)" }
      writeAll(STDOUT_FILENO, "{\(parts.joined(separator: ", "))}\n")
    } else if whole {
      for one in reports {
        writeAll(STDOUT_FILENO, "== \(one.node)\n\(one.text.isEmpty ? one.problem + "\n" : one.text)")
      }
    } else {
      writeAll(STDOUT_FILENO, table(reports.map { ($0.node, $0.report, $0.problem) }))
    }
    if worst != 0 { throw ExitCode(worst) }
  }

  private func table(_ reports: [(node: String, report: Report?, problem: String)]) -> String {
    var table = Table([.init("FINDING"), .init("SEVERITY"), .init("WHAT"), .init("ABOUT"), .init("NODES")])
    var found: [Found] = []
    for (node, report, problem) in reports {
      guard let report else {
        table.add(["", Styled("unreachable", .bad), "\(problem)", "", "\(node)"])
        continue
      }
      for item in report.findings.flatMap(\.all) {
        if let index = found.firstIndex(where: { $0.item.id == item.id && $0.item.subject == item.subject }) {
          if !found[index].nodes.contains(node) { found[index].nodes.append(node) }
        } else {
          found.append(Found(item: item, nodes: [node]))
        }
      }
    }
    let order = ["critical": 0, "error": 1, "warning": 2]
    for one in found.sorted(by: {
      (order[$0.item.severity] ?? 3, $0.item.id, $0.item.subject) < (
        order[$1.item.severity] ?? 3, $1.item.id, $1.item.subject
      )
    }) {
      let style: Style =
        (order[one.item.severity] ?? 3) < 2 ? .bad : one.item.severity == "warning" ? .warning : .dim
      table.add([
        "\(one.item.id)", Styled(one.item.severity, style), "\(one.item.title)", "\(one.item.subject)",
        "\(one.nodes.count == reports.count && reports.count > 1 ? "all" : one.nodes.joined(separator: " "))"
      ])
    }
    let good = reports.filter { $0.report?.findings.isEmpty == true }.map(\.node)
    var lines =
      table.rows.isEmpty ? [] : table.lines(width: Terminal.size?.columns, color: Terminal.usesColor(color))
    if !good.isEmpty { lines.append("nothing found on \(good.joined(separator: ", "))") }
    if !found.isEmpty { lines.append("everway doctor explain FINDING tells more") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}

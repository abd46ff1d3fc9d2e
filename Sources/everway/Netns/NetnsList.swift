import ArgumentParser
import FoundationEssentials
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

struct NetnsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Every name, its state, and who holds the namespace.",
    discussion: """
      Also names that are mounted only in another mount namespace, a container's. PROCESSES counts those that run \
      inside; LINKS counts interfaces without lo.

      EXAMPLES
        everway netns list
        everway netns list --json | jq -r '.[] | select(.state != "healthy").name'

      EXIT CODES
        0  listed
        2  the command line is wrong
      """)

  @Flag(
    help: ArgumentHelp(
      "Print a JSON array.",
      discussion: "Each has `name`, `path`, `state`, `sentence`, and where known `inode`, `processes`, `links`."))
  var json = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  struct Row: Encodable {
    var name: String
    var path: String
    var state: String
    var sentence: String
    var inode: UInt64?
    var processes: Int?
    var links: [String]?
    /// Mount namespaces that see it so, without ours.
    var elsewhere: Int
  }

  func run() throws {
    let survey = NamespaceSurvey()
    let language = language.language
    var table = Table([
      .init(Words("NAME", zh: "名字")[language]), .init(Words("STATE", zh: "状态")[language]),
      .init("INODE", number: true, dispensable: 2), .init(Words("PROCESSES", zh: "进程")[language], number: true),
      .init(Words("LINKS", zh: "接口")[language], number: true, dispensable: 1)
    ])
    var rows: [Row] = []
    for name in survey.names {
      // A name that goes meanwhile is absent then.
      guard
        let evidence = try? survey.evidence(named: name, marks: [], effort: .init(triesCreation: false))
      else { continue }
      let state = NamespaceState.judge(evidence)
      let inode = evidence.inodeHere ?? evidence.claims.first?.inode
      let living = inode.flatMap(evidence.namespace)
      let links = living?.links?.filter { $0 != "lo" }
      table.add([
        Styled(name), state.styled(language), Styled(inode.map { "\($0)" } ?? "-"),
        Styled(living.map { "\($0.holderCount)" } ?? "-"), Styled(links.map { "\($0.count)" } ?? "-")
      ])
      rows.append(
        Row(
          name: name, path: evidence.path, state: state.word, sentence: state.sentence[language], inode: inode,
          processes: living?.holderCount, links: living?.links, elsewhere: evidence.elsewhere.count))
    }
    if json {
      writeAll(STDOUT_FILENO, NetnsText.json(rows) + "\n")
    } else if rows.isEmpty {
      standardError(Words("there are no named network namespaces", zh: "没有命名的网络命名空间")[language])
    } else {
      let lines = table.lines(width: Terminal.size?.columns, color: Terminal.usesColor(color))
      writeAll(STDOUT_FILENO, lines.joined(separator: "\n") + "\n")
    }
  }
}

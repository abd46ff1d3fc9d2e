import Cluster
import ArgumentParser
import Collectors
import Doctor
import FoundationEssentials
import Glibc
import Languages

struct PreflightCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preflight",
    abstract: "Say whether this node can become a gateway.",
    discussion: """
      Goes through everything that must hold: kernel, rights, namespaces, limits, CPU, memory, disk, clock, firewall, \
      Kube-OVN's objects, versions. For what does not hold it says why that matters and what to type. Namespaces are \
      tried for real, in two of its own that are gone afterwards; nothing else is changed.

      EXAMPLES
        everway preflight
        everway preflight --config gateway.yaml
        everway preflight --json | jq '.items[] | select(.outcome != "pass")'
        everway preflight --bundle node1.json

      EXIT CODES
        0  ready
        1  ready, with warnings, or something could not be looked at
        2  not ready; also a wrong command line, which says `Usage`
        3  preflight itself failed
      """)

  @OptionGroup var place: CollectionOptions

  @Option(
    help: ArgumentHelp(
      "Judge the facts of a file that `everway collect` wrote, and try nothing; `-` reads standard input.",
      valueName: "file"), completion: .file(extensions: ["json"]))
  var bundle: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func run() throws {
    let preflight: Preflight
    if let bundle {
      preflight = Preflight(try BundleInput.read(bundle))
    } else {
      let collection = try place.collection()
      var trial = SelfTest()
      trial.run()
      preflight = Preflight(Progress.gather(collection), trials: trial.results.compactMap(Preflight.Item.init))
    }
    if json {
      writeAll(STDOUT_FILENO, PreflightReport(preflight, language.language).json + "\n")
    } else {
      let text = PreflightText(
        preflight: preflight, language: language.language, width: Terminal.size?.columns,
        color: Terminal.usesColor(color))
      writeAll(STDOUT_FILENO, text.rendered())
    }
    if preflight.exitCode != 0 { throw ExitCode(preflight.exitCode) }
  }
}

extension Preflight.Item {
  /// Nil for what was not tried because something before it failed.
  init?(_ result: SelfTest.Result) {
    let outcome: Preflight.Outcome
    switch result.outcome {
    case .ok: outcome = .pass
    // Where nobody but us uses the namespace it need not be seen elsewhere.
    case .failed: outcome = result.step == .host ? .warn : .fail
    case .unknown: outcome = .unknown
    case .skipped: return nil
    }
    var detail = result.detail
    if result.code != 0 {
      let text = String(cString: strerror(result.code))
      detail = Words("\(detail.en): \(text)", zh: "\(detail.zh)：\(text)")
    }
    let said = result.reasons + result.remedies
    let why = Words(said.map(\.en).joined(separator: "; "), zh: said.map(\.zh).joined(separator: "；"))
    self.init(
      .namespace, result.step.title, outcome, detail: detail, why: said.isEmpty ? nil : why,
      commands: ["everway netns selftest"])
  }
}

/// Groups, items, and for what does not hold why and what to type.
struct PreflightText {
  var preflight: Preflight
  var language: Language
  /// Of the terminal; nil when nothing limits it.
  var width: Int?
  var color: Bool

  func rendered() -> String {
    var lines: [String] = []
    for group in Preflight.Group.allCases {
      let items = preflight.items.filter { $0.group == group }
      guard !items.isEmpty else { continue }
      lines.append(Styled(group.title[language], .bold).rendered(color: color))
      for item in items { lines += block(item) }
    }
    lines.append("")
    lines += wrapped(verdict, 0)
    return lines.joined(separator: "\n") + "\n"
  }

  private var widest: Int { Preflight.Outcome.allCases.map { Styled($0.words[language]).width }.max() ?? 0 }

  private func block(_ item: Preflight.Item) -> [String] {
    let mark = Styled(item.outcome.words[language], style(item.outcome))
    let blanks = String(repeating: " ", count: widest - mark.width + 2)
    let indent = widest + 4
    let detail = item.detail[language]
    let separator = language == .chinese ? "：" : ": "
    let text = detail.isEmpty ? item.name[language] : item.name[language] + separator + detail
    var lines = wrapped(Styled(text), indent)
    if let first = lines.first {
      lines[0] = "  " + mark.rendered(color: color) + blanks + first.drop { $0 == " " }
    }
    if let why = item.why { lines += wrapped(Styled(why[language], .dim), indent + 2) }
    for command in item.commands { lines.append(String(repeating: " ", count: indent + 2) + "# " + command) }
    if let finding = item.finding {
      lines.append(String(repeating: " ", count: indent + 2) + "# everway doctor explain \(finding)")
    }
    return lines
  }

  private var verdict: Styled {
    let fails = preflight.count(.fail)
    let doubts = preflight.count(.warn)
    let unknown = preflight.count(.unknown)
    let counts = Words(
      "\(preflight.count(.pass)) pass, \(doubts) warn, \(fails) fail, \(unknown) could not be looked at",
      zh: "通过 \(preflight.count(.pass))，警告 \(doubts)，不通过 \(fails)，未能检查 \(unknown)")
    switch preflight.exitCode {
    case 0: return Styled(Words("Ready: \(counts.en).", zh: "就绪：\(counts.zh)。")[language], .good)
    case 1:
      return Styled(
        Words("Nothing stands in the way that was seen: \(counts.en).", zh: "未发现阻碍：\(counts.zh)。")[language],
        .warning)
    default: return Styled(Words("Not ready: \(counts.en).", zh: "未就绪：\(counts.zh)。")[language], .bad)
    }
  }

  private func style(_ outcome: Preflight.Outcome) -> Style {
    switch outcome {
    case .pass: .good
    case .warn, .unknown: .warning
    case .fail: .bad
    }
  }

  private func wrapped(_ text: Styled, _ indent: Int) -> [String] {
    Table.wrapped(text, indent: indent, width: width, color: color)
  }
}

/// The list as JSON, in one language.
struct PreflightReport: Encodable {
  var everwayVersion = Version.current
  var language: String
  var pass: Int
  var warn: Int
  var fail: Int
  var unknown: Int
  var items: [Item]
  var exitCode: Int32

  struct Item: Encodable {
    var group: Preflight.Group
    var name: String
    var outcome: Preflight.Outcome
    var detail: String
    var why: String?
    var commands: [String]
    var finding: FindingID?
  }

  init(_ preflight: Preflight, _ language: Language) {
    self.language = language.rawValue
    pass = preflight.count(.pass)
    warn = preflight.count(.warn)
    fail = preflight.count(.fail)
    unknown = preflight.count(.unknown)
    items = preflight.items.map { item in
      Item(
        group: item.group, name: item.name[language], outcome: item.outcome, detail: item.detail[language],
        why: item.why?[language], commands: item.commands, finding: item.finding)
    }
    exitCode = preflight.exitCode
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

import Cluster
import ClusterSources
import ArgumentParser
import Collectors
import ConfigurationFile
import Doctor
import Glibc
import Languages

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what is wrong with this gateway, why, and how to mend it.",
    discussion: """
      Looks at the machine, the namespace, links and routes, the firewall, BFD, OVN and Kube-OVN's objects, and changes \
      nothing. A finding names the symptom in the words you have seen elsewhere, its cause, what was read, and what to \
      do. Findings that follow from another stand below it. What could not be looked at is said.

      With --fix, repairs that are safe are made, those that are not are asked about first, and after each the symptom \
      is looked for again. What was done is also written to \(RepairLog.path).

      `everway doctor explain EW-NS-01` prints all there is to say about a finding; without an identifier, the list of \
      all. `everway collect` writes what doctor looks at to a file, and `--bundle` reads it, on any machine.

      EXAMPLES
        everway doctor
        everway doctor namespace network
        everway doctor --fix
        everway doctor --fix --yes --json | jq '.repairs'
        everway doctor --bundle node1.json --lang zh
        everway doctor explain EW-NS-01

      CHECKS
        \(Area.allCases.map(\.rawValue).joined(separator: ", ")), or identifiers of findings

      EXIT CODES
        0  nothing is wrong; there may be something to know
        1  warnings
        2  errors; also a wrong command line, which says `Usage`
        3  doctor itself failed
      """)

  @Argument(
    help: ArgumentHelp("What to check: areas or findings; everything when left out.", valueName: "check"))
  var checks: [String] = []

  @OptionGroup var place: CollectionOptions

  @Flag(help: "Make the repairs that are safe; ask about the others.")
  var fix = false

  @Flag(name: .shortAndLong, help: "With --fix: do not ask.")
  var yes = false

  @Option(
    help: ArgumentHelp(
      "Read the facts from a file that `everway collect` wrote; `-` reads standard input.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var bundle: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func validate() throws {
    if fix, bundle != nil { throw ValidationError("--fix repairs this machine, and a bundle is of another") }
    if yes, !fix { throw ValidationError("--yes answers what --fix asks: it needs --fix") }
  }

  func run() throws {
    if checks.first == "explain" {
      return try Explanation(language: language.language, json: json, color: color).print(checks.dropFirst())
    }
    let selection = try selection()
    let collection = bundle == nil ? try place.collection() : nil
    var facts: Facts
    if let bundle {
      facts = try BundleInput.read(bundle)
    } else if let collection {
      facts = Progress.gather(collection)
    } else {
      return
    }
    var outcomes: [Repairer.Outcome]?
    if fix, let collection { (outcomes, facts) = repair(facts, selection, collection) }
    let diagnosis = Diagnosis(facts, selection)
    let exitCode = Self.exitCode(diagnosis)
    if json {
      let report = DoctorReport(facts, diagnosis, language.language, repairs: outcomes, exitCode: exitCode)
      writeAll(STDOUT_FILENO, report.json + "\n")
    } else {
      let text = DoctorText(
        facts: facts, diagnosis: diagnosis, language: language.language, width: Terminal.size?.columns,
        color: Terminal.usesColor(color))
      writeAll(STDOUT_FILENO, text.rendered())
    }
    if exitCode != 0 { throw ExitCode(exitCode) }
  }

  private func selection() throws(CommandError) -> Selection {
    do throws(Selection.Unknown) {
      return try Selection(checks)
    } catch {
      let names = Area.allCases.map(\.rawValue)
      throw CommandError(
        message: "there is no check \"\(error.word)\"",
        help: Suggestion.help(for: error.word, among: names + ["explain"])
          ?? "there are \(names.joined(separator: ", ")), and the findings that `everway doctor explain` lists",
        exitCode: ExitStatus.usage)
    }
  }

  static func exitCode(_ diagnosis: Diagnosis) -> Int32 {
    switch diagnosis.worst {
    case nil, .info: 0
    case .warning: 1
    case .error, .critical: 2
    }
  }

  // MARK: --fix

  private func repair(
    _ facts: Facts, _ selection: Selection, _ collection: Collection
  ) -> ([Repairer.Outcome], Facts) {
    let dialogue = RepairDialogue(language: language.language, yes: yes)
    var repairer = Repairer(
      selection, gather: { Progress.gather(collection) },
      apply: { (action) throws(RepairError) in try Repairs.apply(action, options: collection.clusterOptions) },
      ask: dialogue.ask)
    repairer.begin = dialogue.begin
    let (outcomes, after) = repairer.run(facts)
    for outcome in outcomes { dialogue.report(outcome) }
    if outcomes.isEmpty { dialogue.nothingToDo() }
    if let problem = RepairLog.append(outcomes) { standardError("everway: \(problem)") }
    return (outcomes, after)
  }
}

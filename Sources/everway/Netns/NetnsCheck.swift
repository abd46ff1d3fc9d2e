import ArgumentParser
import FoundationEssentials
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

struct NetnsCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say what state a name is in, from what evidence, and what mends it.",
    discussion: """
      Without a name, all. Nothing is changed. What was read: the path (lstat, stat, open, statfs, NS_GET_NSTYPE), \
      mountinfo of every mount namespace on the machine, the namespaces and descriptors of all processes, capabilities, \
      user namespace, seccomp, SELinux, AppArmor and limits. Whether a namespace can be entered and made is tried by \
      threads that are thrown away.

      EXAMPLES
        everway netns check
        everway netns check ovnext --lang zh
        everway netns check ovnext --json | jq .evidence

      EXIT CODES
        0  healthy
        1  broken, or absent
        2  the command line is wrong
        3  it could not be looked at
      """)

  @Argument(help: ArgumentHelp("The namespace's name; all when left out.", valueName: "name"))
  var name: String?

  @OptionGroup var marks: NamespaceMarks

  @Flag(
    help: ArgumentHelp(
      "Print JSON: one object for a name, an array for all.",
      discussion: "It has `state` (a word), `sentence`, `repair` (the plan) and `evidence` (all that was read)."))
  var json = false

  @Flag(name: .shortAndLong, help: "Show what was read also when all is well.")
  var verbose = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func run() throws {
    let survey = NamespaceSurvey()
    var texts: [NetnsText] = []
    do throws(SystemCallError) {
      for name in name.map({ [$0] }) ?? survey.names {
        texts.append(NetnsText(try survey.evidence(named: name, marks: marks.of(name)), language.language))
      }
    } catch {
      throw CommandError(error)
    }
    if json {
      writeAll(
        STDOUT_FILENO,
        (name != nil ? NetnsText.json(texts.first?.object) : NetnsText.json(texts.map(\.object))) + "\n")
    } else {
      let usesColor = Terminal.usesColor(color)
      let width = Terminal.size?.columns
      let lines = texts.flatMap { $0.lines(verbose: verbose, width: width, color: usesColor) }
      writeAll(STDOUT_FILENO, lines.map { $0 + "\n" }.joined())
    }
    let broken = texts.filter { !$0.state.isHealthy }
    guard !broken.isEmpty else { return }
    throw ExitCode(broken.allSatisfy(\.state.isUnknown) ? ExitStatus.unreachable : ExitStatus.bad)
  }
}

import ArgumentParser
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

struct NetnsRepair: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Mend a name without losing a namespace that lives.",
    discussion: """
      Says what it will do, does it, and looks again. A namespace that a process or another mount namespace still holds \
      is pinned from there, with everything in it; only what is really gone is made anew. Cut off at any point, nothing \
      is worse than before, and the next repair goes on.

      What may be wrong to do is asked about; --yes answers. Without a terminal and without --yes, it is left alone.

      EXAMPLES
        everway netns repair ovnext
        everway netns repair ovnext --yes --interface ovnext0
        everway netns repair ovnext --from 4711
                                        the namespace that process 4711 runs in
        everway netns repair ovnext --dry-run

      EXIT CODES
        0  healthy now, or it was
        1  still broken, or left alone
        2  the command line is wrong
        3  it could not be looked at
      """)

  @Argument(help: ArgumentHelp("The namespace's name.", valueName: "name"))
  var name: String

  @OptionGroup var marks: NamespaceMarks

  @Option(
    name: .customLong("from"),
    help: ArgumentHelp("Take the namespace that this process runs in.", valueName: "pid"))
  var process: Int32?

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(help: "Say what would be done, and do nothing.")
  var dryRun = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func run() throws {
    let words = language.language
    do {
      let choice = try chosen()
      let evidence = try NamespaceSurvey().evidence(named: name, marks: marks.of(name), also: choice)
      let text = NetnsText(evidence, words, choice: choice)
      say("\(name): \(text.state.sentence[words])", text.state.style)
      if let obstacle = text.repair.obstacle {
        for advice in text.repair.advice {
          say("  " + Words("to do by hand: ", zh: "需要人工处理：")[words] + advice[words])
        }
        throw CommandFailure(
          Words("\(name) is left alone: \(obstacle.en)", zh: "\(name) 未处理：\(obstacle.zh)")[words],
          text.state.isUnknown ? ExitStatus.unreachable : ExitStatus.bad)
      }
      guard !text.repair.isEmpty else {
        say(Words("nothing to repair", zh: "无需修复")[words])
        return
      }
      writeAll(
        STDOUT_FILENO,
        text.plan(width: Terminal.size?.columns, color: Terminal.usesColor(color)).map { $0 + "\n" }.joined())
      if dryRun { return }
      if let question = text.repair.question, !agreed(question[words]) {
        throw CommandFailure(
          Words("\(name) is left alone: --yes answers what is asked", zh: "\(name) 未处理：可用 --yes 回答询问")[words],
          ExitStatus.bad)
      }
      try NamespaceRepairer.carryOut(text.repair, evidence)
      if let question = text.repair.extraQuestion, agreed(question[words]) {
        let after = try NamespaceSurvey().evidence(named: name, marks: marks.of(name))
        try NamespaceRepairer.carryOut(text.repair, after, steps: text.repair.extra)
      }
      for advice in text.repair.advice {
        say(Words("so that it does not come back: ", zh: "要避免再次发生：")[words] + advice[words])
      }
      let after = NamespaceState.judge(try NamespaceSurvey().evidence(named: name, marks: marks.of(name)))
      say("\(name): \(after.sentence[words])", after.style)
      if !after.isHealthy { throw CommandFailure("", ExitStatus.bad) }
    } catch let failure as CommandFailure {
      if !failure.message.isEmpty { standardError("everway: \(failure.message)") }
      throw ExitCode(failure.status)
    } catch let error as SystemCallError {
      throw CommandError(error)
    }
  }

  private struct CommandFailure: Error {
    var message: String
    var status: Int32

    init(_ message: String, _ status: Int32) {
      self.message = message
      self.status = status
    }
  }

  private func chosen() throws(SystemCallError) -> UInt64? {
    guard let process else { return nil }
    guard let inode = NamespaceSurvey.inode(ofProcess: process) else {
      throw SystemCallError("look at process \(process)", hint: "does it run, and is this root?")
    }
    return inode
  }

  private func agreed(_ question: String) -> Bool {
    if yes { return true }
    guard isatty(STDIN_FILENO) == 1 else {
      standardError(question)
      return false
    }
    writeAll(STDERR_FILENO, "\(question) [y/N] ")
    return ["y", "yes", "是"].contains((readLine() ?? "").lowercased())
  }

  private func say(_ text: String, _ style: Style = .plain) {
    writeAll(STDOUT_FILENO, Styled(text, style).rendered(color: Terminal.usesColor(color)) + "\n")
  }
}

import ArgumentParser
import ConfigurationFile
import Glibc

/// The command line. No task, actor or queue is touched here: the process must have one thread when `run` begins, since
/// a thread that is made later inherits the namespace of the one that makes it.
struct Everway: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "everway",
    abstract: "Keeps a cluster's way out alive.",
    discussion: """
      Everway owns the network namespace that a gateway node's traffic leaves through. It speaks BFD with every router, \
      and keeps the kernel's ECMP groups down to the paths that work.

      FIRST STEPS
        everway preflight                 can this node become a gateway?
        everway check gateway.yaml        is the configuration good?
        everway plan --config gateway.yaml
                                          what would it change here?
        everway run --config gateway.yaml
                                          be that gateway
        everway status                    what is up, what is down, and why
        everway status --follow           the same, kept up to date
        everway observe                   the same in a browser, and for programs, over HTTP
        everway watch                     what happens, as it happens
        everway drain --wait              take this node out of service
        everway undrain                   and back in
        everway history --since 2h        what happened, and why
        everway report                    availability, flaps, outages of 30 days
        everway doctor                    what is wrong, why, and how to mend it
        everway netns check               what stands behind each namespace's name
        everway probe 10.9.0.1            does this gateway speak BFD, from here?
        everway tune 10.9.0.1             which timers are safe on this path?
        everway capture -o - | wireshark -k -i -
                                          the packets, as they come and go

      EXIT CODES
        0  done, or all good
        1  something is wrong: the command's own help says what
        2  the command line is wrong
        3  the running everway cannot be reached

      IN PLACE OF OPENBFDD
        everway bfdd-beacon, everway bfdd-control, or links to everway of these names, do what
        OpenBFDD's programs do, and take their arguments: bfdd-beacon(8), bfdd-control(8)

      FILES
        \(ConfigurationOption.defaultFile)  the configuration
        \(ControlOptions.defaultSocket)  the control socket
        \(JournalOption.defaultFile)  the journal

      `everway help COMMAND` tells more; so does everway(8).
      """,
    version: "everway \(Version.current)",
    subcommands: [
      Check.self, ShowPlan.self, Run.self, Status.self, TopCommand.self, WatchCommand.self, CaptureCommand.self,
      Drain.self,
      Undrain.self, Reload.self, Observe.self,
      HistoryCommand.self, ReportCommand.self,
      Netns.self, DoctorCommand.self, CollectCommand.self, PreflightCommand.self, ProbeCommand.self,
      TuneCommand.self,
      LabCommand.self,
      ShowVersion.self
    ])
}

@main
enum Main {
  static func main() {
    if let status = StandIn.run() { exit(status) }
    let isPlugin = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) == KubectlEverway.name
    do {
      if !isPlugin { try Everway.checkCommandName(CommandLine.arguments.dropFirst().first) }
      var command = try isPlugin ? KubectlEverway.parseAsRoot() : Everway.parseAsRoot()
      try command.run()
    } catch let error as CommandError {
      standardError(error.rendered)
      exit(error.exitCode)
    } catch {
      let root: any ParsableCommand.Type = isPlugin ? KubectlEverway.self : Everway.self
      guard root.exitCode(for: error) == .validationFailure else { root.exit(withError: error) }
      standardError(root.fullMessage(for: error))
      exit(ExitStatus.usage)
    }
  }
}

extension Everway {
  /// A misspelt command deserves more than "unexpected argument".
  static func checkCommandName(_ word: String?) throws(CommandError) {
    let names = configuration.subcommands.map { $0._commandName } + ["help"]
    guard let word, !word.isEmpty, !word.hasPrefix("-"), !names.contains(word) else { return }
    throw CommandError(
      message: "there is no command \"\(word)\"",
      help: Suggestion.help(for: word, among: names) ?? "there are: \(names.joined(separator: ", "))",
      exitCode: ExitStatus.usage)
  }
}

/// What the process ends with.
enum ExitStatus {
  static let good: Int32 = 0
  static let bad: Int32 = 1
  static let usage: Int32 = 2
  static let unreachable: Int32 = 3
}

/// A command that could not do what was asked.
struct CommandError: Error {
  var message: String
  var help: String?
  var details: [String] = []
  var exitCode = ExitStatus.bad

  var rendered: String {
    let lines = ["everway: \(message)"] + details + (help.map { ["  help: \($0)"] } ?? [])
    return lines.joined(separator: "\n")
  }
}

func standardError(_ text: String) {
  writeAll(STDERR_FILENO, text + "\n")
}

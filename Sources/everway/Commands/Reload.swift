import ArgumentParser
import Control
import Glibc

struct Reload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have the running everway read its configuration again.",
    discussion: """
      Only what has changed is changed: a BFD session whose settings are the same stays Up. A file with errors is \
      refused whole, and what was in force stays in force. SIGHUP does the same, without an answer.

      EXAMPLES
        everway check /etc/everway/gateway.yaml && everway reload

      EXIT CODES
        0  the file is in force
        1  it was refused; what was in force still is
        2  the command line is wrong
        3  the running everway cannot be reached
      """)

  @Flag(name: .shortAndLong, help: "Print errors and warnings only.")
  var quiet = false

  @OptionGroup var control: ControlOptions

  func run() throws {
    // Netlink with a hundred thousand routes takes its time.
    guard case .reload(let outcome) = try control.ask(.reload, timeout: .seconds(60)) else {
      throw CommandError.unexpectedAnswer
    }
    for warning in outcome.warnings { standardError(warning) }
    guard !quiet else { return }
    let head =
      outcome.changes.isEmpty
      ? "reloaded: the configuration is the same" : "reloaded: \(Quantities.count(outcome.changes.count, "change"))"
    writeAll(STDOUT_FILENO, ([head] + outcome.changes.map { "  \($0)" }).joined(separator: "\n") + "\n")
  }
}

import ArgumentParser
import ConfigurationFile
import Gateway
import Glibc
import Netlink

struct ShowPlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what `run` would change on this machine, and change nothing.",
    discussion: """
      A diff between what the file asks for and what the kernel has: + is made, ~ is changed, - is removed. Problems \
      that `run` would meet come last, each with what to do.

      EXAMPLES
        everway plan --config gateway.yaml
        everway plan --json | jq -r '.changes[].text'

      EXIT CODES
        0  there is nothing to change
        1  a part cannot be carried out, the file is refused, or the kernel cannot be asked
        2  there are changes to be made; also a wrong command line, which says `Usage`
      """)

  @OptionGroup var file: ConfigurationOption

  @Flag(help: "Print one JSON object: `namespace`, `exitCode`, `changes` and `problems`.")
  var json = false

  @Flag(help: "Show every change, however many there are of one kind.")
  var all = false

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func run() throws {
    let configuration = try file.load()
    let report: PlanReport
    do throws(NetlinkError) {
      report = try GatewayPlanner.plan(configuration: configuration)
    } catch {
      throw CommandError(message: "\(error)", help: error.hint)
    }
    writeAll(
      STDOUT_FILENO,
      try json ? report.json() + "\n" : report.text(color: Terminal.usesColor(color), limit: all ? nil : 20))
    if report.exitCode != 0 { throw ExitCode(report.exitCode) }
  }
}

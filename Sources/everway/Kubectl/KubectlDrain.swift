import ArgumentParser
import Glibc

struct KubectlDrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Take gateway nodes out of service without losing a packet.",
    discussion: """
      One node after the other, each waited for: OVN writes what it is told at most once in five seconds, and traffic needs \
      another way out. A node whose drain does not end ends the command.
      """)

  @Argument(help: ArgumentHelp("Nodes.", valueName: "node")) var nodes: [String]
  @OptionGroup var kubectl: KubectlOptions

  func run() throws {
    try Self.each(kubectl, nodes, ["drain", "--wait"], .seconds(90))
  }

  /// Says the same to one node after the other, and stops at the first that refuses.
  static func each(
    _ options: KubectlOptions, _ nodes: [String], _ arguments: [String], _ timeout: Duration
  ) throws(CommandError) {
    let pods = try GatewayPods(options, nodes: nodes)
    for pod in pods.pods {
      let answer = try pods.ask(pod, arguments, timeout: timeout)
      writeAll(STDOUT_FILENO, answer.output.split(separator: "\n").map { "\(pod.node): \($0)\n" }.joined())
      guard answer.code == 0 else {
        throw CommandError(
          message: "node \(pod.node) refused", details: GatewayPods.lines(answer.errorOutput),
          exitCode: answer.code == ExitStatus.unreachable ? ExitStatus.unreachable : ExitStatus.bad)
      }
    }
  }
}

struct KubectlUndrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undrain", abstract: "Put gateway nodes back in service.")

  @Argument(help: ArgumentHelp("Nodes.", valueName: "node")) var nodes: [String]
  @OptionGroup var kubectl: KubectlOptions

  func run() throws { try KubectlDrain.each(kubectl, nodes, ["undrain"], .seconds(30)) }
}

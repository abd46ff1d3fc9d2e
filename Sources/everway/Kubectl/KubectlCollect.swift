import ArgumentParser
import Glibc

struct KubectlCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect", abstract: "Write what doctor looks at on each node to a file of its own.",
    discussion: "NODE.json in the folder; `everway doctor --bundle FILE` answers from it.")

  @Argument(help: ArgumentHelp("Nodes; all when left out.", valueName: "node")) var nodes: [String] = []
  @Option(name: .shortAndLong, help: ArgumentHelp("A folder; it is made if it is missing.", valueName: "folder"))
  var output = "."
  @OptionGroup var kubectl: KubectlOptions

  func run() throws {
    let pods = try GatewayPods(kubectl, nodes: nodes)
    guard mkdir(output, 0o700) == 0 || errno == EEXIST else {
      throw CommandError(
        message: "\(output) could not be made: \(String(cString: strerror(errno)))",
        exitCode: ExitStatus.unreachable)
    }
    var failed: [String] = []
    for pod in pods.pods {
      let answer = try pods.ask(pod, ["collect", "--output", "-"], timeout: .seconds(120))
      let path = "\(output)/\(pod.node).json"
      guard answer.code == 0, !answer.output.isEmpty else {
        failed += ["  \(pod.node): \(pod.phase)"] + GatewayPods.lines(answer.errorOutput)
        continue
      }
      if let problem = CollectCommand.replace(path, with: Array(answer.output.utf8)) {
        throw CommandError(message: "\(path) could not be written: \(problem)", exitCode: ExitStatus.unreachable)
      }
      writeAll(STDOUT_FILENO, "\(path)\n")
    }
    guard failed.isEmpty else {
      throw CommandError(message: "not every node answered", details: failed, exitCode: ExitStatus.unreachable)
    }
  }
}

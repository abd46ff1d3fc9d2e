import ArgumentParser
import Glibc

/// `kubectl everway top`, and `everway top --cluster`.
struct KubectlTop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Watch all gateway nodes on the terminal.",
    discussion: """
      One line for each node: its state, its sessions and paths, the worst margin, what it carries of OVN's traffic, \
      problems and findings; below them the events of all nodes. Enter opens a node, as `everway top` shows it there; Esc \
      leads back.

      Keys: arrows choose a node, Enter opens it, s sorts, p pauses, ? explains, q quits.
      """)

  @Argument(help: ArgumentHelp("Nodes; all when left out.", valueName: "node")) var nodes: [String] = []
  @Option(help: ArgumentHelp("When to use colour.", valueName: "when")) var color = ColorChoice.auto
  @OptionGroup var kubectl: KubectlOptions

  func run() throws { try Self.run(kubectl, nodes, color) }

  static func run(_ kubectl: KubectlOptions, _ nodes: [String], _ color: ColorChoice) throws {
    // What is wrong with the cluster is said before the screen is taken.
    let pods = try GatewayPods(kubectl, nodes: nodes).pods
    let terminal = try RawTerminal()
    var loop = ClusterTopLoop(kubectl, nodes, pods, terminal, color: Terminal.usesColor(color))
    let signal = loop.run()
    terminal.leave()
    guard let signal else { return }
    var wait = SignalWait([signal])
    wait.die(of: signal)
  }
}

import ArgumentParser
import Glibc

/// A plugin of kubectl: a link to this program called `kubectl-everway` on PATH makes it `kubectl everway`.
///
/// It reaches nodes as kubectl does, with the rights and the configuration of whoever calls it: `kubectl exec` into
/// Everway's pod of each node.
struct KubectlEverway: ParsableCommand {
  static let name = "kubectl-everway"

  static let configuration = CommandConfiguration(
    commandName: "kubectl everway",
    abstract: "Look at and drain Everway's gateway nodes from where kubectl works.",
    discussion: """
      Nodes are found by Everway's pods. Without names, all of them.

      EXAMPLES
        kubectl everway status
        kubectl everway top
        kubectl everway doctor
        kubectl everway doctor node1 --lang zh
        kubectl everway drain node1 && kubectl drain node1 --ignore-daemonsets
        kubectl everway collect -o bundles/

      EXIT CODES
        0  all good
        1  something is down, or warnings
        2  errors; also a wrong command line, which says `Usage`
        3  a node, or the cluster, cannot be reached
      """,
    version: "everway \(Version.current)",
    subcommands: [
      KubectlStatus.self, KubectlTop.self, KubectlDoctor.self, KubectlDrain.self, KubectlUndrain.self,
      KubectlCollect.self
    ])
}

/// Which nodes, and how kubectl is to be called.
struct KubectlOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The namespace of Everway's pods.", valueName: "namespace"))
  var namespace = "kube-system"

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The label of Everway's pods.", valueName: "selector"))
  var selector = "app.kubernetes.io/name=everway"

  @Option(help: ArgumentHelp("Their container.", valueName: "name"))
  var container = "everway"

  @Option(help: ArgumentHelp("A file for kubectl.", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("A context of that file.", valueName: "name"))
  var context: String?
}

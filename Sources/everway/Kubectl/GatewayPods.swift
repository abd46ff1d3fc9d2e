import FoundationEssentials
import Processes

/// Everway's pods, node by node, as kubectl reaches them.
struct GatewayPods {
  struct Pod: Hashable {
    var node: String
    var name: String
    /// `Running`, `Pending`, ...
    var phase: String

    var isRunning: Bool { phase == "Running" }
  }

  /// What a program inside a pod said.
  struct Answer {
    /// The program's own, or kubectl's: kubectl ends with 1 when it could not reach the pod.
    var code: Int32
    var output: String
    var errorOutput: String
  }

  private let options: KubectlOptions
  private(set) var pods: [Pod]

  /// - Parameter nodes: names; all when empty.
  /// - Throws: when the cluster cannot be asked, or a node is not one of Everway's.
  init(_ options: KubectlOptions, nodes: [String]) throws(CommandError) {
    self.options = options
    let answer = try Self.run(Self.listing(options), timeout: .seconds(30))
    guard answer.code == 0 else {
      throw CommandError(
        message: "kubectl could not list Everway's pods", details: Self.lines(answer.errorOutput),
        exitCode: ExitStatus.unreachable)
    }
    guard let pods = Self.pods(Array(answer.output.utf8)) else {
      throw CommandError(
        message: "kubectl gave something else than a list of pods", exitCode: ExitStatus.unreachable)
    }
    self.pods = pods
    guard !pods.isEmpty else {
      throw CommandError(
        message: "there is no pod with the label \(options.selector) in namespace \(options.namespace)",
        help: "--namespace and --selector say where Everway runs", exitCode: ExitStatus.unreachable)
    }
    guard !nodes.isEmpty else { return }
    for node in nodes where !pods.contains(where: { $0.node == node }) {
      throw CommandError(
        message: "no pod of Everway runs on node \(node)",
        help: "there are: \(pods.map(\.node).joined(separator: ", "))",
        exitCode: ExitStatus.unreachable)
    }
    self.pods.removeAll { !nodes.contains($0.node) }
  }

  /// Runs everway in a pod.
  /// - Throws: when kubectl itself cannot be run.
  func ask(_ pod: Pod, _ arguments: [String], timeout: Duration) throws(CommandError) -> Answer {
    try Self.run(Self.execution(options, pod, arguments), timeout: timeout)
  }

  /// What asks for the pods, as JSON.
  static func listing(_ options: KubectlOptions) -> Command {
    kubectl(
      options,
      ["get", "pods", "--namespace", options.namespace, "--selector", options.selector, "--output", "json"])
  }

  /// What runs everway in a pod.
  /// - Parameter keepsInputOpen: what runs there can tell by its input that this side is gone.
  static func execution(
    _ options: KubectlOptions, _ pod: Pod, _ arguments: [String], keepsInputOpen: Bool = false
  ) -> Command {
    kubectl(
      options,
      ["exec", "--namespace", options.namespace, pod.name, "--container", options.container]
        + (keepsInputOpen ? ["--stdin"] : []) + ["--", "everway"] + arguments)
  }

  private static func kubectl(_ options: KubectlOptions, _ arguments: [String]) -> Command {
    var all: [String] = []
    if let file = options.kubeconfig { all += ["--kubeconfig", file] }
    if let context = options.context { all += ["--context", context] }
    return Command("kubectl", all + arguments)
  }

  private static func run(_ command: Command, timeout: Duration) throws(CommandError) -> Answer {
    do throws(ProgramError) {
      let result = try command.capture(timeout: timeout, limit: 64 << 20)
      let code: Int32 = if case .exited(let code) = result.status { code } else { 255 }
      return Answer(code: code, output: result.output, errorOutput: result.errorOutput)
    } catch {
      throw CommandError(message: "\(error)", exitCode: ExitStatus.unreachable)
    }
  }

  /// One for each node, by its name, of what `listing` said; nil: it is something else.
  static func pods(_ answer: [UInt8]) -> [Pod]? {
    guard let list = try? JSONDecoder().decode(PodList.self, from: Data(answer)) else { return nil }
    var pods = list.items.compactMap { item in
      item.spec.nodeName.map { Pod(node: $0, name: item.metadata.name, phase: item.status?.phase ?? "Unknown") }
    }
    // While a node's pod is being replaced there are two: the one that runs counts.
    pods.sort { ($0.node, $0.isRunning ? 0 : 1, $0.name) < ($1.node, $1.isRunning ? 0 : 1, $1.name) }
    return pods.enumerated().filter { $0.offset == 0 || pods[$0.offset - 1].node != $0.element.node }.map(\.element)
  }

  static func lines(_ text: String) -> [String] { text.split(separator: "\n").suffix(5).map { "  \($0)" } }

  private struct PodList: Decodable {
    var items: [Item]

    struct Item: Decodable {
      var metadata: Metadata
      var spec: Spec
      var status: Status?
    }
    struct Metadata: Decodable { var name: String }
    struct Spec: Decodable { var nodeName: String? }
    struct Status: Decodable { var phase: String? }
  }
}

import FoundationEssentials
import Processes

/// Everway's pods, node by node, as kubectl reaches them.
struct GatewayPods {
  struct Pod: Hashable {
    var node: String
    var name: String
    /// `Running`, `Pending`, ...
    var phase: String
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
    let answer = try Self.kubectl(
      options,
      ["get", "pods", "--namespace", options.namespace, "--selector", options.selector, "--output", "json"],
      timeout: .seconds(30))
    guard answer.code == 0 else {
      throw CommandError(
        message: "kubectl could not list Everway's pods", details: Self.lines(answer.errorOutput),
        exitCode: ExitStatus.unreachable)
    }
    guard let list = try? JSONDecoder().decode(PodList.self, from: Data(answer.output.utf8)) else {
      throw CommandError(
        message: "kubectl gave something else than a list of pods", exitCode: ExitStatus.unreachable)
    }
    pods = list.items.compactMap { item in
      item.spec.nodeName.map { Pod(node: $0, name: item.metadata.name, phase: item.status?.phase ?? "Unknown") }
    }
    // While a node's pod is being replaced there are two: the one that runs counts.
    pods.sort {
      ($0.node, $0.phase == "Running" ? 0 : 1, $0.name) < ($1.node, $1.phase == "Running" ? 0 : 1, $1.name)
    }
    pods = pods.enumerated().filter { $0.offset == 0 || pods[$0.offset - 1].node != $0.element.node }.map(\.element)
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
    pods.removeAll { !nodes.contains($0.node) }
  }

  /// Runs everway in a pod.
  /// - Throws: when kubectl itself cannot be run.
  func ask(_ pod: Pod, _ arguments: [String], timeout: Duration) throws(CommandError) -> Answer {
    try Self.kubectl(
      options,
      ["exec", "--namespace", options.namespace, pod.name, "--container", options.container, "--", "everway"]
        + arguments,
      timeout: timeout)
  }

  private static func kubectl(
    _ options: KubectlOptions, _ arguments: [String], timeout: Duration
  ) throws(CommandError) -> Answer {
    var all: [String] = []
    if let file = options.kubeconfig { all += ["--kubeconfig", file] }
    if let context = options.context { all += ["--context", context] }
    do throws(ProgramError) {
      let result = try Command("kubectl", all + arguments).capture(timeout: timeout, limit: 64 << 20)
      let code: Int32 = if case .exited(let code) = result.status { code } else { 255 }
      return Answer(code: code, output: result.output, errorOutput: result.errorOutput)
    } catch {
      throw CommandError(message: "\(error)", exitCode: ExitStatus.unreachable)
    }
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

import Control
import ControlTestSupport
import Glibc
import Processes
import Testing

/// `kubectl everway` with a kubectl that has three pods: two run here, with a server of this process each; the third's node
/// is away. What a kubelet does, running the command in the pod, is the script's last line.
@Suite struct KubectlTests {
  private let directory = TemporaryDirectory()
  private let servers: [Serving]

  init() throws {
    let path = directory.path
    var servers: [Serving] = []
    for (node, report) in [("gw1", Gateways.good()), ("gw2", Gateways.troubled())] {
      servers.append(
        Serving(.init(path: "\(path)/\(node).sock")) { request in
          switch request.command {
          case .drain where node == "gw2": .failure(ControlFailure(.refused, "not now"))
          case .drain: .drain(DrainOutcome(changed: true, state: .drained, message: "this node is drained"))
          default: .status(report)
          }
        })
    }
    self.servers = servers
    Binary.write(
      """
      #!/bin/sh
      echo "$*" >>\(path)/calls
      case "$*" in *"get pods"*) cat \(path)/pods.json; exit 0;; esac
      while [ "$1" != exec ]; do shift; done
      pod=$4; shift 7
      [ "$1" = everway ] || exit 99
      shift
      case $pod in everway-c) echo "Error from server: error dialing backend: no route to host" >&2; exit 1;; esac
      case $1 in status|drain) exec \(Binary.path) "$@" --socket \(path)/gw${pod##*-gw}.sock;; esac
      exec \(Binary.path) "$@"
      """, to: "\(path)/kubectl")
    chmod("\(path)/kubectl", 0o755)
    symlink(Binary.path, "\(path)/kubectl-everway")
    func pod(_ name: String, _ node: String, _ phase: String = "Running") -> String {
      """
      {"metadata": {"name": "\(name)"}, "spec": {"nodeName": "\(node)"}, "status": {"phase": "\(phase)"}}
      """
    }
    Binary.write(
      """
      {"items": [\(pod("everway-c", "gw3")), \(pod("everway-gw1", "gw1")), \(pod("everway-old", "gw1", "Succeeded")),
                 \(pod("everway-gw2", "gw2")), {"metadata": {"name": "waiting"}, "spec": {}}]}
      """, to: "\(path)/pods.json")
  }

  private func run(_ arguments: String...) throws -> CommandResult {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return try Command(
      "\(directory.path)/kubectl-everway", arguments, environment: ["PATH": "\(directory.path):\(path)"]
    ).capture(timeout: .seconds(60))
  }

  @Test func `Status is one line for each node, and the worst of them the exit code`() throws {
    let result = try run("status", "--kubeconfig", "/etc/k", "--context", "east")
    #expect(result.status == .exited(3))
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("NODE"))
    #expect(lines[1].contains("gw1") && lines[1].contains("3/3") && lines[1].contains("good"))
    #expect(lines.contains { $0.contains("gw2") && $0.contains("trouble") })
    #expect(lines.contains { $0.contains("gw3") && $0.contains("unreachable") })
    #expect(lines.contains { $0.contains("no route to host") })
    #expect(try run("status", "gw1").status == .exited(0))
    #expect(try run("status", "gw2").status == .exited(1))
    let calls = try Command("cat", ["\(directory.path)/calls"]).capture().output
    #expect(calls.contains("--kubeconfig /etc/k --context east get pods --namespace kube-system"))
  }

  @Test func `A node that has no pod is refused by name, with those that have`() throws {
    let result = try run("status", "gw9")
    #expect(result.status == .exited(3))
    #expect(result.errorOutput.contains("no pod of Everway runs on node gw9"))
    #expect(result.errorOutput.contains("gw1, gw2, gw3"))
  }

  @Test func `Draining stops at the first node that refuses`() throws {
    let good = try run("drain", "gw1")
    #expect(good.status == .exited(0))
    #expect(good.output.contains("gw1: this node is drained"))
    let bad = try run("drain", "gw2", "gw3")
    #expect(bad.status == .exited(1))
    #expect(bad.errorOutput.contains("node gw2 refused"))
    #expect(bad.errorOutput.contains("not now"))
    #expect(!bad.errorOutput.contains("gw3"))
  }

  @Test func `Collecting writes a bundle for each node that answers`() throws {
    let result = try run("collect", "gw1", "gw3", "-o", "\(directory.path)/bundles")
    #expect(result.status == .exited(3))
    #expect(result.output.contains("gw1.json"))
    #expect(result.errorOutput.contains("gw3"))
    let bundle = try Command(Binary.path, ["doctor", "--bundle", "\(directory.path)/bundles/gw1.json", "--json"])
      .capture(timeout: .seconds(60))
    #expect(bundle.output.contains("\"findings\""))
  }

  @Test func `Doctor's findings on several nodes are one table`() throws {
    let result = try run("doctor")
    #expect(result.status == .exited(3))
    #expect(result.output.contains("unreachable"))
    let json = try run("doctor", "gw1", "--json")
    #expect(json.output.hasPrefix("{\"gw1\": {"))
  }

  @Test func `Without kubectl it says so`() throws {
    unlink("\(directory.path)/kubectl")
    let result = try Command(
      "\(directory.path)/kubectl-everway", ["status"], environment: ["PATH": directory.path]
    ).capture(timeout: .seconds(60))
    #expect(result.status == .exited(3))
    #expect(result.errorOutput.contains("kubectl is not installed"))
  }
}

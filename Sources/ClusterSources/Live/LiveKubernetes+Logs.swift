import Cluster
import Glibc
import Kubernetes
import KubernetesProtocol
import Synchronization

extension LiveKubernetes {
  /// Lines of Kube-OVN's logs that hold one of these: the last of the controller, and of what runs on this node.
  /// - Parameter patience: for all of them, which are asked at once.
  func logs(
    node: String, messages: [String], patience: Duration
  ) -> Gathered<[ClusterFacts.LogLine]> {
    guard let pods = facts().pods.value else { return .unavailable(facts().pods.reason ?? "no pods are known") }
    let chosen = pods.filter { $0.metadata.name.hasPrefix("kube-ovn-controller") || $0.spec.nodeName == node }
      .prefix(8)
    let answers = Mutex<[String: Result<String, KubernetesError>]>([:])
    let box = Answers(answers)
    for pod in chosen {
      let name = pod.metadata.name
      let container = Self.apps.first { name.hasPrefix($0) && $0 != "ovs" }.map {
        $0 == "kube-ovn-cni" ? "cni-server" : $0
      }
      client.perform(
        .log(
          pod: ObjectKey(name, namespace: Self.namespace), container: container, lines: 500, limit: 1 << 20),
        timeout: patience
      ) { result in box.answers.withLock { $0[name] = result } }
    }
    let deadline = ContinuousClock.now + patience
    while box.answers.withLock({ $0.count }) < chosen.count, ContinuousClock.now < deadline { usleep(5_000) }
    let known = box.answers.withLock { $0 }
    var lines: [ClusterFacts.LogLine] = []
    var problem: KubernetesError?
    for pod in chosen {
      switch known[pod.metadata.name] {
      case .success(let text):
        for line in text.split(separator: "\n") where messages.contains(where: { line.contains($0) }) {
          lines.append(.init(pod: pod.metadata.name, node: pod.spec.nodeName, text: String(line.prefix(1000))))
        }
      case .failure(let error): problem = error
      case nil: continue
      }
    }
    if lines.isEmpty, let problem { return .unavailable(problem.description) }
    return .value(lines.suffix(200).map { $0 })
  }

  private final class Answers: Sendable {
    let answers: Mutex<[String: Result<String, KubernetesError>]>
    init(_ answers: consuming Mutex<[String: Result<String, KubernetesError>]>) { self.answers = answers }
  }
}

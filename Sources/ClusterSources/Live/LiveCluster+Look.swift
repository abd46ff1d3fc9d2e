public import Cluster
import Glibc

extension LiveCluster {
  /// One look at a cluster.
  public struct Look: Hashable, Sendable {
    public var ovs: Gathered<OVSFacts>
    /// Unavailable as a whole where nothing says that there is OVN.
    public var ovn: Gathered<OVNFacts>
    /// Unavailable as a whole where nothing says that there is Kubernetes.
    public var cluster: Gathered<ClusterFacts>
    /// This node's name in Kubernetes, where it was asked.
    public var node: String?
  }

  /// Reads everything once; blocks for `timeout` at most, and for less where there is nothing to wait for.
  ///
  /// - Parameter messages: lines of Kube-OVN's logs that hold one of these are fetched; that takes `timeout` again at most.
  public static func look(
    _ options: ClusterOptions, timeout: Duration = .seconds(4), messages: [String] = []
  ) -> Look {
    once(options, timeout: timeout) { live in
      var (ovs, ovn, cluster) = live.facts()
      let isAlone = !live.expectsOVN && ovn.northbound.value == nil && ovn.southbound.value == nil
      let node = live.name(cluster.nodes.value)
      if let kubernetes = live.kubernetes, !messages.isEmpty {
        cluster.logs = kubernetes.logs(
          node: node ?? options.nodeName, messages: messages, patience: min(timeout, .seconds(2)))
      }
      // A kubeconfig that somebody named, and a pod's own account, say that there is a cluster; another one that lies about
      // says it only when its server answers.
      let isExpected =
        options.kubeconfig != nil || options.context != nil || options.environment["KUBERNETES_SERVICE_HOST"] != nil
      let isHeard = live.kubernetes?.isHeard == true
      return Look(
        ovs: ovs, ovn: isAlone ? .unavailable(ovn.southbound.reason ?? "not looked at") : .value(ovn),
        cluster: isHeard || isExpected ? .value(cluster) : .unavailable(cluster.nodes.reason ?? "not looked at"),
        node: node)
    }
  }

  /// This node's among them: by the name that was given, or by the label that kubelet sets to the machine's own name.
  private func name(_ nodes: [ClusterFacts.Node]?) -> String? {
    guard let nodes else { return nil }
    let own = options.nodeName
    return nodes.first { $0.name == own }?.name
      ?? nodes.first { $0.name == own.lowercased() || $0.metadata.labels["kubernetes.io/hostname"] == own }?.name
  }

  /// Connects, reads what there is, hands it to `body`, and closes again.
  public static func once<T, E: Error>(
    _ options: ClusterOptions, timeout: Duration = .seconds(4), _ body: (LiveCluster) throws(E) -> T
  ) throws(E) -> T {
    let live = LiveCluster(options, rounds: 1) {}
    defer { live.close() }
    let deadline = ContinuousClock.now + timeout
    _ = live.facts()
    while !live.isComplete, ContinuousClock.now < deadline {
      usleep(5_000)
      _ = live.facts()
    }
    return try body(live)
  }
}

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
  public static func look(_ options: ClusterOptions, timeout: Duration = .seconds(4)) -> Look {
    once(options, timeout: timeout) { live in
      let (ovs, ovn, _) = live.facts()
      let isAlone = !live.expectsOVN && ovn.northbound.value == nil && ovn.southbound.value == nil
      return Look(
        ovs: ovs, ovn: isAlone ? .unavailable(ovn.southbound.reason ?? "not looked at") : .value(ovn),
        cluster: .unavailable("not looked at"), node: nil)
    }
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

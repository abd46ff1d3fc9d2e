import Addresses
public import Cluster
import ConfigurationFile

/// What a node must be by the cluster's objects and OVN's databases. Where those are silent, Kube-OVN's own code is
/// followed (pkg/daemon/ovs_linux.go, loopOvnExt0Check).
public enum KubeOVN {
  /// - Parameters:
  ///   - ovn: may be unavailable; then sessions have Kube-OVN's default timers.
  ///   - node: as Kubernetes calls it.
  public static func desiredGateway(
    _ cluster: ClusterFacts, _ ovn: OVNFacts, node: String, options: KubeOVNOptions = KubeOVNOptions()
  ) -> NodeRole {
    guard let eips = cluster.ovnEips.value else {
      return .unknown(reason: cluster.ovnEips.reason ?? "OvnEips were not looked at")
    }
    let own = eips.filter { $0.type == "lsp" && $0.node == node }.sorted { order($0, $1, node: node) }
    guard !own.isEmpty else { return .notAGateway }
    guard let subnets = cluster.subnets.value else {
      return .unknown(reason: cluster.subnets.reason ?? "Subnets were not looked at")
    }
    var builder = GatewayBuilder(cluster: cluster, ovn: ovn, node: node, options: options)
    for eip in own { builder.addPort(eip, subnets) }
    // An OvnEip without an address yet is a node that is not one yet.
    guard !builder.ports.isEmpty else {
      return .unknown(reason: builder.problems.first.map { "\($0.object): \($0.what)" } ?? "no address yet")
    }
    return .gateway(builder.build(eips))
  }

  /// The one that bears the node's name comes first, so that it stays `ovnext0` when others come.
  private static func order(_ one: ClusterFacts.OvnEip, _ other: ClusterFacts.OvnEip, node: String) -> Bool {
    (one.name == node ? 0 : 1, one.name) < (other.name == node ? 0 : 1, other.name)
  }
}

extension ClusterFacts.OvnEip {
  /// Annotation of an OvnEip whose name is not the node's: Kube-OVN knows one for each node alone, so those in further
  /// external subnets need another name.
  public static let nodeAnnotation = "everway.io/node"

  /// The node whose port it is, for type `lsp`.
  public var node: String { metadata.annotations[Self.nodeAnnotation].flatMap { $0.isEmpty ? nil : $0 } ?? name }
}

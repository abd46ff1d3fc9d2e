public import ConfigurationFile

/// What an operator may decide that the cluster's objects do not say.
public struct KubeOVNOptions: Hashable, Sendable {
  /// What the operator has configured beside the cluster: scheduling, captures, peers and paths of his own. Its namespace is
  /// the gateway's, `ovnext` unless it says something else (kube-ovn: pkg/util/const.go, NodeGwNs).
  public var base = GatewayConfiguration()
  /// Of the first external subnet; further ones get `ovnext1` and so on. kube-ovn: pkg/util/const.go, NodeGwNic.
  public var interface = "ovnext0"
  /// How the physical gateways are judged. Without a verdict this node never leaves OVN's ECMP groups by itself.
  public var gatewayHealth = GatewayHealth.neighbour
  /// Whether the node's label and the OvnEip's status are written, as kube-ovn-cni would.
  public var ownsStatus = false
  /// Whether rows of OVN that say `up` of what is down are made anew.
  public var repairsStaleSessions = false

  public init() {}

  /// A gateway of a cluster always has a namespace of its own.
  public var namespace: String {
    if case .named(let name) = base.namespace { name } else { "ovnext" }
  }

  public enum GatewayHealth: String, Hashable, Sendable, CaseIterable {
    /// ARP or neighbour discovery: every gateway answers it.
    case neighbour
    case icmp
    /// The gateway speaks BFD with us.
    case bfd
    case none
  }
}

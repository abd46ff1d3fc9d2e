import Cluster
import ClusterSources
import Doctor

/// Asks the node's Open_vSwitch, OVN's databases and Kubernetes, all at once.
enum ClusterCollector {
  /// Takes `patience` at most; nothing where nothing says that there is a cluster.
  static func gather(_ context: CollectionContext, into facts: inout Facts) {
    let look = LiveCluster.look(context.clusterOptions, timeout: context.clusterPatience, messages: LogMessages.all)
    facts.ovs = look.ovs
    facts.ovn = look.ovn
    facts.cluster = look.cluster
    if let node = look.node { facts.subject.node = node }
  }
}

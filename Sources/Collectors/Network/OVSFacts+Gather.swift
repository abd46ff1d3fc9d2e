public import Cluster
import ClusterSources

extension OVSFacts {
  /// Reads the node's Open_vSwitch database.
  public static func gather(_ context: CollectionContext) -> Gathered<OVSFacts> {
    var options = context.clusterOptions
    options.kinds = .openVSwitch
    return LiveCluster.look(options, timeout: context.clusterPatience).ovs
  }
}

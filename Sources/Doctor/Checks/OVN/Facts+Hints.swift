import Cluster
import Languages

extension Facts {
  /// What says that OVN is at work on this node; nil on a plain Linux gateway.
  var hintOfOVN: String? { traceOfOVN ?? hintOfKubernetes }

  /// The same, where a cluster alone is not enough: most have another network.
  var traceOfOVN: String? {
    if ovn.value != nil { return "OVN's databases" }
    if let remote = ovs.value?.externalIDs["ovn-remote"] { return "ovn-remote=\(remote)" }
    if cluster.value?.controller.value != nil { return "kube-ovn-controller" }
    return machine.value?.traces.first {
      MachineFacts.tracesOfOVN.contains($0) || $0 == MachineFacts.traceOfKubeOVN
    }
  }

  /// What says that this node belongs to a Kubernetes cluster.
  var hintOfKubernetes: String? {
    if cluster.value != nil { return "the cluster's API" }
    return machine.value?.traces.first { MachineFacts.tracesOfKubernetes.contains($0) }
  }
}

extension Examination {
  /// OVN's northbound database. Without it there is nothing to check; whether that is a gap is for the node to say.
  mutating func northbound(_ facts: Facts) -> OVNFacts.Northbound? {
    let what = Words("OVN's northbound database", zh: "OVN 北向数据库")
    guard let part = whole(facts.ovn, what, hint: facts.hintOfOVN) else { return nil }
    return whole(part.northbound, what, hint: "OVN")
  }

  mutating func southbound(_ facts: Facts) -> OVNFacts.Southbound? {
    let what = Words("OVN's southbound database", zh: "OVN 南向数据库")
    guard let part = whole(facts.ovn, what, hint: facts.hintOfOVN) else { return nil }
    return whole(part.southbound, what, hint: "OVN")
  }

  /// A kind of the cluster's objects.
  mutating func objects<T>(_ facts: Facts, _ kind: KeyPath<ClusterFacts, Gathered<T>>, _ name: String) -> T? {
    let what = Words("\(name) in the cluster", zh: "集群中的 \(name)")
    guard let part = whole(facts.cluster, Words("the cluster's objects", zh: "集群对象"), hint: facts.hintOfKubernetes)
    else { return nil }
    return whole(part[keyPath: kind], what, hint: "Kubernetes")
  }

  /// A part that a check cannot do without. Where it is missing the check has nothing to look at: without a hint that it
  /// ought to be there that is as it should be, else it is a gap.
  private mutating func whole<T>(_ part: Gathered<T>, _ what: Words, hint: String?) -> T? {
    if let value = part.value { return value }
    isRelevant = false
    if hint != nil, let reason = part.reason { couldNotLook(at: what, reason) }
    return nil
  }
}

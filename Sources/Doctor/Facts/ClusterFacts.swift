/// Objects of Kubernetes and Kube-OVN that concern gateways.
public struct ClusterFacts: Codable, Hashable, Sendable {
  public init() {}
}

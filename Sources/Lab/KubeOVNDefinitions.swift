/// Custom resource definitions of the kinds of Kube-OVN that are used: names, scopes and subresources as Kube-OVN has them
/// (dist/images/install.sh of v1.13.0 and of the 1.17 development tree, kubeovn/kube-ovn), without its schemas: any fields are kept.
public struct KubeOVNDefinitions: Hashable, Sendable {
  public enum Version: Hashable, Sendable { case v1_13, v1_17 }

  public var kind: String
  public var plural: String
  public var singular: String
  public var shortNames: [String]
  public var isNamespaced = false
  /// Beside `status`, which all have.
  public var isScalable = false

  public static func all(_ version: Version) -> [KubeOVNDefinitions] {
    var all = [
      Self(kind: "OvnEip", plural: "ovn-eips", singular: "ovn-eip", shortNames: ["oeip"]),
      Self(kind: "Vpc", plural: "vpcs", singular: "vpc", shortNames: ["vpc"]),
      Self(kind: "Subnet", plural: "subnets", singular: "subnet", shortNames: ["subnet"]),
      Self(kind: "Vlan", plural: "vlans", singular: "vlan", shortNames: ["vlan"]),
      Self(
        kind: "ProviderNetwork", plural: "provider-networks", singular: "provider-network",
        shortNames: version == .v1_17 ? ["pn"] : [])
    ]
    if version == .v1_17 {
      all.append(
        Self(
          kind: "VpcEgressGateway", plural: "vpc-egress-gateways", singular: "vpc-egress-gateway",
          shortNames: ["vpc-egress-gw", "veg"], isNamespaced: true, isScalable: true))
    }
    return all
  }

  /// apiextensions.k8s.io/v1.
  public var json: String {
    let names = shortNames.map { "\"\($0)\"" }.joined(separator: ",")
    let scale =
      isScalable
      ? #","scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.labelSelector"}"#
      : ""
    return """
      {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"\(plural).kubeovn.io"},\
      "spec":{"group":"kubeovn.io","scope":"\(isNamespaced ? "Namespaced" : "Cluster")",\
      "names":{"kind":"\(kind)","listKind":"\(kind)List","plural":"\(plural)","singular":"\(singular)","shortNames":[\(names)]},\
      "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}\(scale)},\
      "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
      """
  }
}

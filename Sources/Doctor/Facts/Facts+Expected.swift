public import Cluster
import Addresses

extension Facts {
  /// What the node is meant to be: as the configuration has it, else Kube-OVN's objects, else what Kube-OVN wrote beside
  /// the interface into the node's Open_vSwitch database. Nil when nothing says it.
  public var expected: Expectation? {
    if let expectation = expectation.value { return expectation }
    if let cluster = cluster.value, let expectation = Expectation(cluster, subject) { return expectation }
    return ovs.value.flatMap { Expectation($0, subject) }
  }
}

extension Expectation {
  /// From the OvnEip of the node, of type lsp, and its subnet.
  public init?(_ cluster: ClusterFacts, _ subject: Facts.Subject) {
    let eips = cluster.ovnEips.value ?? []
    guard let eip = eips.first(where: { $0.name == subject.node && $0.type == "lsp" }) else { return nil }
    self.init(source: "OvnEip \(eip.name)", namespace: subject.namespace)
    let subnet = (cluster.subnets.value ?? []).first { $0.name == eip.spec.externalSubnet }
    let networks = (subnet?.cidrs ?? []).compactMap { IPPrefix($0) }
    var interface = Interface(name: subject.interface ?? Self.kubeOVNInterface)
    interface.addresses = [eip.v4, eip.v6].compactMap { $0.flatMap { IPAddress($0) } }.map { address in
      let network = networks.first { $0.contains(address) }
      return network.flatMap { IPPrefix(address, length: $0.length) } ?? IPPrefix(host: address)
    }
    interface.mac = [eip.status?.macAddress, eip.spec.macAddress].compactMap { $0.flatMap { MACAddress($0) } }.first
    interface.mtu = subnet?.spec.mtu.flatMap { $0 > 0 ? $0 : nil }
    interfaces = [interface]
    let families = Set(interface.addresses.map(\.family))
    gateways = (subnet?.gateways ?? []).compactMap { IPAddress($0) }.filter { families.contains($0.family) }
  }

  /// From the `external_ids` of the interface: `iface-id`, `ip`, `pod_netns`. The length of the prefix is not said.
  public init?(_ ovs: OVSFacts, _ subject: Facts.Subject) {
    let name = subject.interface ?? Self.kubeOVNInterface
    guard let row = ovs.interface(name), let path = row.externalIDs["pod_netns"] else { return nil }
    self.init(
      source: "external_ids of \(name)",
      namespace: path.split(separator: "/").last.map(String.init) ?? subject.namespace)
    var interface = Interface(name: name)
    interface.addresses = (row.externalIDs["ip"] ?? "").split(separator: ",").compactMap { text in
      IPPrefix(text) ?? IPAddress(text).map { IPPrefix(host: $0) }
    }
    interfaces = [interface]
  }

  /// kube-ovn: pkg/util/const.go, NodeGwNic.
  public static let kubeOVNInterface = "ovnext0"
}

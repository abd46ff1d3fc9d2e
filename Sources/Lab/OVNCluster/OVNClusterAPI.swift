import Addresses
import NetworkNamespaces
import Processes
import Synchronization

/// The Kubernetes API of an `OVNCluster`, on the node with the pod, with the objects that Kube-OVN would have for that network.
public final class OVNClusterAPI: Sendable {
  private let made = Mutex<KubernetesAPI?>(nil)
  private let lab = Mutex<Lab?>(nil)

  /// Why there can be none here; nil when there can.
  public static var obstacle: String? { KubernetesAPI.obstacle }

  public init() {}

  /// For `OVNCluster.up`'s `onMade`.
  public func standIn(_ lab: Lab) { self.lab.withLock { $0 = lab } }

  /// `everway run --kube-ovn`, told nothing but where the databases are and, since several nodes share a machine here, which
  /// namespace and socket are its own.
  public func launch(_ executable: String, _ flags: [String]) -> GatewayLaunch {
    GatewayLaunch(plugsPort: false) { [self] node throws(LabError) in
      let base = "\(node.directory)/base.yaml"
      let kubeconfig = "\(node.directory)/kubeconfig"
      let api = try api(node)
      do throws(SystemCallError) {
        try Files.write(
          "version: 1\nnamespace: \(node.exit.name)\ncontrol: {socket: \(node.controlSocketPath)}\n", to: base)
      } catch {
        throw LabError("\(error)")
      }
      try api.writeKubeconfig(kubeconfig)
      return Command(
        executable,
        [
          "run", "--kube-ovn", "--config", base, "--state-directory", node.stateDirectory, "--node", node.name,
          "--kubeconfig", kubeconfig, "--ovn-nb", node.central.northbound, "--ovs-socket",
          "\(node.directory)/db.sock"
        ] + flags)
    }
  }

  /// The API, which is made for the first node that asks.
  private func api(_ node: OVNGatewayNode) throws(LabError) -> KubernetesAPI {
    if let api = made.withLock({ $0 }) { return api }
    guard let lab = lab.withLock({ $0 }) else { throw LabError("there is no lab yet") }
    let api = try KubernetesAPI(
      lab: lab, in: LabNamespace(lab: lab.name, role: OVNClusterPlan.compute),
      address: "\(OVNClusterPlan.computeTunnelAddress)")
    try api.start()
    try api.installKubeOVN(.v1_13)
    try make(node.plan, api)
    made.withLock { $0 = api }
    return api
  }

  private func make(_ plan: OVNClusterPlan, _ api: KubernetesAPI) throws(LabError) {
    func object(
      _ plural: String, _ kind: String, _ name: String, _ spec: String, node: String? = nil
    ) throws(LabError) {
      let annotations = node.map { ",\"annotations\":{\"everway.io/node\":\"\($0)\"}" } ?? ""
      try api.create(
        "/apis/kubeovn.io/v1/\(plural)",
        """
        {"apiVersion":"kubeovn.io/v1","kind":"\(kind)","metadata":{"name":"\(name)"\(annotations)},"spec":\(spec)}
        """)
    }
    for gateway in plan.gateways {
      try api.create(
        "/api/v1/nodes",
        """
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"\(gateway.name)",
         "labels":{"ovn.kubernetes.io/external-gw":"true"}}}
        """)
    }
    for external in plan.externals {
      func addresses(_ address: (AddressFamily) -> IPAddress) -> String {
        external.families.map { "\"\($0 == .ipv4 ? "v4Ip" : "v6Ip")\":\"\(address($0))\"" }.joined(separator: ",")
      }
      let gateways = external.families.map { "\(external.physicalGateway($0))" }.joined(separator: ",")
      try object(
        "subnets", "Subnet", external.name,
        """
        {"protocol":"\(external.families.count > 1 ? "Dual" : "IPv4")","cidrBlock":"\(external.cidrBlock)",
         "gateway":"\(gateways)","vlan":"vlan\(external.number)","mtu":1400}
        """)
      for gateway in plan.gateways {
        let name = external.port(of: gateway)
        try object(
          "ovn-eips", "OvnEip", name,
          """
          {"externalSubnet":"\(external.name)","type":"lsp",\(addresses { external.address(of: gateway, $0) }),
           "macAddress":"\(external.mac(of: gateway))"}
          """, node: name == gateway.name ? nil : gateway.name)
      }
      try object(
        "ovn-eips", "OvnEip", external.routerPort,
        "{\"externalSubnet\":\"\(external.name)\",\"type\":\"lrp\",\(addresses { external.routerAddress($0) })}")
    }
  }

  // MARK: What the API says

  /// - Throws: also when no node has asked for the API yet.
  public func object(_ path: String) throws(LabError) -> String { try running().get(path) }

  public func create(_ path: String, _ json: String) throws(LabError) { try running().create(path, json) }

  public func killServer() { made.withLock { $0 }?.killServer() }

  public func startServer() throws(LabError) { try running().start() }

  private func running() throws(LabError) -> KubernetesAPI {
    guard let api = made.withLock({ $0 }) else { throw LabError("there is no Kubernetes API yet") }
    return api
  }
}

import Cluster
import Kubernetes
import KubernetesProtocol
import Synchronization

/// All that is followed of Kubernetes and Kube-OVN.
final class LiveKubernetes: Sendable {
  let client: KubernetesClient
  private let nodes: LiveKind<ClusterFacts.Node>
  private let eips: LiveKind<ClusterFacts.OvnEip>
  private let vpcs: LiveKind<ClusterFacts.Vpc>
  private let subnets: LiveKind<ClusterFacts.Subnet>
  private let vlans: LiveKind<ClusterFacts.Vlan>
  private let providerNetworks: LiveKind<ClusterFacts.ProviderNetwork>
  private let egressGateways: LiveKind<ClusterFacts.VpcEgressGateway>
  private let gatewayConfig: LiveKind<ClusterFacts.ConfigMap>
  private let controller: LiveKind<ClusterFacts.Workload>
  private let cni: LiveKind<ClusterFacts.Workload>
  private let pods: LiveKind<ClusterFacts.Pod>
  private let service: LiveKind<Service>
  private let version = Mutex<Result<String, KubernetesError>?>(nil)
  private let onChange: @Sendable () -> Void

  /// Kube-OVN's own (dist/images/install.sh).
  static let namespace = "kube-system"
  /// Of its pods.
  static let apps = ["kube-ovn-controller", "kube-ovn-cni", "ovs", "ovn-central"]

  /// Of kind Service, as far as it says where OVN's northbound database is.
  struct Service: ClusterObject {
    struct Spec: Codable, Hashable, Sendable {
      struct Port: Codable, Hashable, Sendable { var port: Int }
      var clusterIP: String?
      var ports: [Port]?
    }
    var metadata: ClusterFacts.Metadata
    var spec: Spec
  }

  init(_ configuration: KubernetesConfiguration, onChange: @escaping @Sendable () -> Void) {
    let client = KubernetesClient(configuration)
    self.client = client
    self.onChange = onChange
    func one(_ name: String) -> ObjectSelection { .only(ObjectKey(name, namespace: Self.namespace)) }
    nodes = LiveKind(client, .nodes, onChange: onChange)
    eips = LiveKind(client, .ovnEips, onChange: onChange)
    vpcs = LiveKind(client, .vpcs, onChange: onChange)
    subnets = LiveKind(client, .subnets, onChange: onChange)
    vlans = LiveKind(client, .vlans, onChange: onChange)
    providerNetworks = LiveKind(client, .providerNetworks, onChange: onChange)
    egressGateways = LiveKind(client, .vpcEgressGateways, onChange: onChange)
    gatewayConfig = LiveKind(client, .configMaps, one(KubeOVNNames.configMap), onChange: onChange)
    controller = LiveKind(client, .deployments, one("kube-ovn-controller"), onChange: onChange)
    cni = LiveKind(client, .daemonSets, one("kube-ovn-cni"), onChange: onChange)
    pods = LiveKind(
      client, .pods,
      ObjectSelection(namespace: Self.namespace, labels: "app in (\(Self.apps.joined(separator: ",")))"),
      onChange: onChange)
    service = LiveKind(client, .core("services"), one("ovn-nb"), onChange: onChange)
    askVersion()
  }

  private func askVersion() {
    client.perform(.version, timeout: .seconds(10)) { [weak self] result in
      self?.version.withLock { $0 = result.map(\.gitVersion) }
      self?.onChange()
    }
  }

  /// Whether everything was listed, or could not be.
  var isSettled: Bool {
    nodes.isSettled && eips.isSettled && vpcs.isSettled && subnets.isSettled && vlans.isSettled
      && providerNetworks.isSettled && egressGateways.isSettled && gatewayConfig.isSettled && controller.isSettled
      && cni.isSettled && pods.isSettled && service.isSettled && version.withLock { $0 != nil }
  }

  /// Whether the server has said anything at all.
  var isHeard: Bool { nodes.view().value != nil || eips.view().value != nil || facts().kubernetesVersion != nil }

  func facts() -> ClusterFacts {
    var facts = ClusterFacts()
    facts.kubernetesVersion = version.withLock { try? $0?.get() }
    // It could not be asked, and now it can.
    if nodes.view().value != nil, nodes.staleness == nil,
      version.withLock({ version in
        guard case .failure = version else { return false }
        version = nil
        return true
      })
    {
      askVersion()
    }
    facts.nodes = nodes.view()
    facts.ovnEips = eips.view()
    facts.vpcs = vpcs.view()
    facts.subnets = subnets.view()
    facts.vlans = vlans.view()
    facts.providerNetworks = providerNetworks.view()
    // Since Kube-OVN 1.14.
    facts.vpcEgressGateways = egressGateways.view(isOptional: true)
    switch gatewayConfig.view() {
    case .value(let maps): facts.externalGatewayConfig = .value(maps.first)
    case .unavailable(let reason): facts.externalGatewayConfig = .unavailable(reason)
    }
    facts.controller = controller.only("Deployment \(Self.namespace)/kube-ovn-controller")
    facts.cni = cni.only("DaemonSet \(Self.namespace)/kube-ovn-cni")
    facts.pods = pods.view()
    return facts
  }

  /// `10.96.0.17:6641`.
  var northboundService: String? {
    guard let spec = service.view().value?.first?.spec, let host = spec.clusterIP, !host.isEmpty, host != "None"
    else {
      return nil
    }
    return "\(host.contains(":") ? "[\(host)]" : host):\(spec.ports?.first?.port ?? DatabaseFinder.northboundPort)"
  }

  var staleness: [LiveCluster.Staleness] {
    [
      nodes.staleness, eips.staleness, vpcs.staleness, subnets.staleness, gatewayConfig.staleness,
      egressGateways.staleness
    ].compactMap { $0 }
  }

  func close() {
    nodes.close()
    eips.close()
    vpcs.close()
    subnets.close()
    vlans.close()
    providerNetworks.close()
    egressGateways.close()
    gatewayConfig.close()
    controller.close()
    cni.close()
    pods.close()
    service.close()
    client.close {}
  }
}

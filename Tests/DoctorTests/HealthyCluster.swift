import Cluster
@testable import Doctor

/// A cluster with nothing wrong: Vpc vpc1 reaches the outside over gateway nodes node1 and node2 by ECMP with BFD.
/// Tests break one thing of it.
struct HealthyCluster {
  var north = OVNFacts.Northbound()
  var south = OVNFacts.Southbound()
  var cluster = ClusterFacts()
  var machine: MachineFacts?

  static let takenAt: Int64 = 1_795_305_600
  static let port = "vpc1-external204"
  static let nodes = ["node1", "node2"]
  static let addresses = ["10.204.0.11", "10.204.0.12"]

  init() {
    makeNorth()
    makeSouth()
    makeCluster()
  }

  var facts: Facts {
    var facts = Facts(
      takenAt: Self.takenAt, everwayVersion: "1", subject: .init(node: "node1", namespace: "ovnext"))
    var ovn = OVNFacts()
    ovn.northbound = .value(north)
    ovn.southbound = .value(south)
    facts.ovn = .value(ovn)
    facts.cluster = .value(cluster)
    if let machine { facts.machine = .value(machine) }
    return facts
  }

  /// What all checks find, of OVN, configuration and versions.
  var findings: [Finding] {
    let areas: Set<Area> = [.ovn, .configuration, .versions]
    return Diagnosis(facts, checks: Check.all.filter { areas.contains($0.area) }).all
  }

  var found: [String] { findings.map { "\($0.id) \($0.subject)" } }

  private mutating func makeNorth() {
    var router = OVNFacts.LogicalRouter(uuid: "router", name: "vpc1")
    var port = OVNFacts.LogicalRouterPort(uuid: "port", name: Self.port)
    port.networks = ["10.204.0.254/24"]
    for (index, node) in Self.nodes.enumerated() {
      let chassis = OVNFacts.GatewayChassis(
        uuid: "gc\(index)", name: "\(Self.port)-\(node)", chassisName: "chassis-\(node)", priority: 100 - index)
      north.gatewayChassis.append(chassis)
      port.gatewayChassis.append(chassis.uuid)
      var row = OVNFacts.BFD(
        uuid: "bfd\(index)", logicalPort: Self.port, dstIp: Self.addresses[index], status: "up")
      row.minTx = 100
      row.minRx = 100
      row.detectMult = 3
      north.bfd.append(row)
      var route = OVNFacts.StaticRoute(uuid: "route\(index)", ipPrefix: "10.0.0.0/24", nexthop: row.dstIp)
      route.policy = "src-ip"
      route.bfd = row.uuid
      route.options = ["ecmp_symmetric_reply": "true"]
      north.logicalRouterStaticRoute.append(route)
      router.staticRoutes.append(route.uuid)
    }
    router.ports = [port.uuid]
    north.logicalRouter = [router]
    north.logicalRouterPort = [port]
    var localnet = OVNFacts.LogicalSwitchPort(uuid: "localnet", name: "localnet.external204", type: "localnet")
    localnet.options = ["network_name": "external204"]
    north.logicalSwitchPort = [localnet]
  }

  private mutating func makeSouth() {
    for node in Self.nodes {
      var chassis = OVNFacts.Chassis(uuid: "row-\(node)", name: "chassis-\(node)", hostname: node)
      chassis.otherConfig = ["ovn-bridge-mappings": "external204:br-external204"]
      south.chassis.append(chassis)
      south.chassisPrivate.append(
        .init(name: chassis.name, chassis: chassis.uuid, nbCfg: 7, nbCfgTimestamp: (Self.takenAt - 600) * 1000))
    }
    south.portBinding = [
      .init(uuid: "cr", logicalPort: "cr-\(Self.port)", type: "chassisredirect", chassis: "row-node1")
    ]
    south.bfd = Self.addresses.enumerated().map {
      .init(uuid: "sb\($0)", logicalPort: Self.port, dstIp: $1, status: "up")
    }
  }

  private mutating func makeCluster() {
    cluster.kubernetesVersion = "v1.31.2"
    cluster.nodes = .value(
      Self.nodes.map { name in
        var node = ClusterFacts.Node(
          name: name, labels: [KubeOVNNames.gatewayLabel: "true", KubeOVNNames.speakerLabel: "true"])
        node.metadata.annotations = [KubeOVNNames.chassisAnnotation: "chassis-\(name)"]
        node.status.conditions = [.init(type: "Ready", status: "True")]
        var info = ClusterFacts.Node.NodeInfo()
        info.kubeletVersion = "v1.31.2"
        info.kernelVersion = "6.1.0-30-amd64"
        node.status.nodeInfo = info
        return node
      })
    cluster.ovnEips = .value(
      zip(Self.nodes, Self.addresses).map { name, address in
        var status = ClusterFacts.OvnEip.Status()
        status.ready = true
        status.v4Ip = address
        return .init(
          name: name, spec: .init(externalSubnet: "external204", v4Ip: address, type: "lsp"), status: status)
      })
    var vpc = ClusterFacts.Vpc(name: "vpc1")
    vpc.spec.enableExternal = true
    vpc.spec.enableBfd = true
    vpc.spec.staticRoutes = Self.addresses.enumerated().map { index, address in
      var route = ClusterFacts.Vpc.StaticRoute(policy: "policySrc", cidr: "10.0.0.0/24", nextHopIP: address)
      route.bfdId = "bfd\(index)"
      route.ecmpMode = "ecmp_symmetric_reply"
      return route
    }
    cluster.vpcs = .value([vpc])
    var external = ClusterFacts.Subnet.Spec()
    external.cidrBlock = "10.204.0.0/24"
    external.gateway = "10.204.0.1"
    external.protocol = "IPv4"
    external.vlan = "vlan204"
    var inner = ClusterFacts.Subnet.Spec()
    inner.cidrBlock = "10.0.0.0/24"
    inner.gateway = "10.0.0.1"
    inner.vpc = "vpc1"
    inner.enableEcmp = true
    cluster.subnets = .value([.init(name: "external204", spec: external), .init(name: "inner", spec: inner)])
    cluster.vlans = .value([.init(name: "vlan204", id: 204, provider: "external204")])
    cluster.providerNetworks = .value([.init(name: "external204", defaultInterface: "eth1")])
    cluster.vpcEgressGateways = .value([])
    cluster.externalGatewayConfig = .value(
      .init(
        name: KubeOVNNames.configMap, namespace: "kube-system",
        data: [
          "enable-external-gw": "true", "type": "centralized", "external-gw-nodes": "node1,node2",
          "external-gw-nic": "eth1", "external-gw-addr": "10.204.0.1/24"
        ]))
    cluster.controller = .value(
      .init(
        name: "kube-ovn-controller", namespace: "kube-system",
        containers: [
          .init(
            name: "kube-ovn-controller", image: "docker.io/kubeovn/kube-ovn:v1.13.0",
            args: ["/kube-ovn/start-controller.sh", "--external-gateway-switch=external204"])
        ]))
    var cni = ClusterFacts.Container(name: "cni-server", image: "docker.io/kubeovn/kube-ovn:v1.13.0")
    cni.securityContext = .init(privileged: true)
    cni.volumeMounts = [.init(name: "host-ns", mountPath: "/var/run/netns", mountPropagation: "Bidirectional")]
    cluster.cni = .value(.init(name: "kube-ovn-cni", namespace: "kube-system", containers: [cni]))
    cluster.pods = .value([])
    cluster.logs = .value([])
  }
}

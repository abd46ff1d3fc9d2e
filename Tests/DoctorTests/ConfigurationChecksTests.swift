import Cluster
import Addresses
import Languages
import Testing

@testable import Doctor

private func found(_ check: Check, _ cluster: HealthyCluster) -> [String] {
  check.examine(cluster.facts).findings.map { "\($0.id) \($0.subject)" }
}

@Suite struct OvnEipsOfGatewayNodes {
  var healthy = HealthyCluster()

  private mutating func change(_ index: Int, _ body: (inout ClusterFacts.OvnEip) -> Void) {
    var eips = healthy.cluster.ovnEips.value ?? []
    body(&eips[index])
    healthy.cluster.ovnEips = .value(eips)
  }

  @Test mutating func thatWorkAndAreNotReadyAreFound() throws {
    change(0) { $0.status?.ready = false }
    let findings = Diagnosis(healthy.facts, checks: [.unreadyEips]).findings
    // That the Vpcs wait for it follows from it.
    #expect(findings.map(\.id) == ["EW-CFG-51"])
    #expect(findings.first?.consequences.map(\.id) == ["EW-CFG-52"])
    #expect(
      findings.first?.remedy.steps.last?.command
        == "kubectl label node node1 ovn.kubernetes.io/node-ext-gw=true --overwrite")
  }

  @Test mutating func thatAreNotReadyBlockVpcs() {
    change(0) { $0.status?.ready = nil }
    healthy.north.bfd[0].status = "down"
    #expect(found(.unreadyEips, healthy) == ["EW-CFG-52 node1"])
    #expect(Check.unreadyEips.examine(healthy.facts).findings.first?.certainty == .likely)
    healthy.cluster.logs = .value([.init(pod: "kube-ovn-controller-1", text: #"ovn eip "node1" not ready"#)])
    #expect(Check.unreadyEips.examine(healthy.facts).findings.first?.certainty == .certain)
  }

  @Test mutating func thatAreNotReadyHurtNobodyWithoutBFD() {
    change(0) { $0.status?.ready = false }
    healthy.north.bfd[0].status = "down"
    healthy.cluster.vpcs = .value([.init(name: "vpc1")])
    #expect(found(.unreadyEips, healthy).isEmpty)
  }

  @Test(arguments: [(0, true), (1, true), (2, false)])
  func thatAreFewerThanTwoAreFound(count: Int, isFound: Bool) {
    var cluster = healthy
    cluster.cluster.ovnEips = .value(Array((healthy.cluster.ovnEips.value ?? []).prefix(count)))
    #expect(found(.numberOfEips, cluster) == (isFound ? ["EW-CFG-53 vpc1"] : []))
  }

  @Test mutating func thatBelongToNoNodeAreFound() {
    change(1) { $0.metadata.name = "gateway-2" }
    #expect(found(.namesOfEips, healthy) == ["EW-CFG-54 gateway-2"])
    change(1) { $0.spec.type = "nat" }
    #expect(found(.namesOfEips, healthy).isEmpty)
  }

  @Test mutating func inAnotherSubnetAreFound() {
    change(1) { $0.spec.externalSubnet = "external205" }
    #expect(found(.subnetsOfEips, healthy) == ["EW-CFG-55 node2"])
  }

  /// Without its flags nobody knows which subnet is meant.
  @Test mutating func inAnotherSubnetAreAGapWithoutTheController() {
    change(1) { $0.spec.externalSubnet = "external205" }
    healthy.cluster.controller = .unavailable("deployments.apps is forbidden")
    let examination = Check.subnetsOfEips.examine(healthy.facts)
    #expect(examination.findings.isEmpty)
    #expect(examination.gaps.map(\.reason) == ["deployments.apps is forbidden"])
  }
}

@Suite struct TheGatewaysConfigMap {
  var healthy = HealthyCluster()

  private mutating func set(_ key: String, _ value: String?) {
    var map = healthy.cluster.externalGatewayConfig.value.flatMap { $0 }
    map?.data[key] = value
    healthy.cluster.externalGatewayConfig = .value(map)
  }

  @Test(
    arguments: [
      ("10.9.0.1/24", true), ("10.204.0.1", false), ("10.204.0.1/24", false), ("10.204.1.1/24", true),
      ("gateway", true)
    ])
  func withAnAddressOutsideTheSubnetIsFound(address: String, isFound: Bool) {
    var suite = self
    suite.set("external-gw-addr", address)
    #expect(found(.gatewayAddress, suite.healthy) == (isFound ? ["EW-CFG-56 \(address)"] : []))
  }

  @Test mutating func withoutANICIsFound() {
    set("external-gw-nic", nil)
    #expect(found(.gatewayNIC, healthy) == ["EW-CFG-57 ovn-external-gw-config"])
    #expect(Check.gatewayNIC.examine(healthy.facts).findings.first?.severity == .warning)
    healthy.cluster.subnets = .value([])
    #expect(Check.gatewayNIC.examine(healthy.facts).findings.first?.severity == .error)
  }

  @Test mutating func withANICThatANodeLacksIsFound() {
    let text = "failed to get nic eth1, Link not found"
    healthy.cluster.logs = .value([.init(pod: "kube-ovn-cni-1", node: "node2", text: text)])
    #expect(found(.gatewayNIC, healthy) == ["EW-CFG-57 node2"])
  }

  @Test func withANICThatThisNodeLacksIsFound() {
    var facts = healthy.facts
    var network = NetworkFacts()
    var view = NetworkView()
    view.links = [.init(name: "eth0", index: 2)]
    network.node = .value(view)
    facts.network = .value(network)
    #expect(Check.gatewayNIC.examine(facts).findings.map(\.subject) == ["node1"])
    // In a bridge of Open_vSwitch with its datapath in user space it is no link.
    var ovs = OVSFacts()
    ovs.bridges = [.init(name: "br-external204", ports: ["eth1"])]
    facts.ovs = .value(ovs)
    #expect(Check.gatewayNIC.examine(facts).findings.isEmpty)
  }

  @Test(arguments: [("br-provider", ["EW-CFG-58"]), ("br-external204", [])])
  func withANICOnAnotherBridgeIsFound(bridge: String, expected: [FindingID]) {
    var facts = healthy.facts
    var ovs = OVSFacts()
    ovs.bridges = [.init(name: "br-int", ports: ["ovnext0"]), .init(name: bridge, ports: ["eth1"])]
    facts.ovs = .value(ovs)
    #expect(Check.stolenBridge.examine(facts).findings.map(\.id) == expected)
    facts.subject.node = "node9"
    #expect(Check.stolenBridge.examine(facts).findings.isEmpty)
  }

  @Test mutating func thatNamesNoNodeIsFound() {
    set("type", "distributed")
    healthy.cluster.nodes = .value([.init(name: "node1"), .init(name: "node2")])
    #expect(found(.distributedGateway, healthy) == ["EW-CFG-60 ovn-external-gw-config"])
    // Of type centralized it names them itself.
    set("type", "centralized")
    #expect(found(.distributedGateway, healthy).isEmpty)
  }

  @Test mutating func thatDiffersFromOVNIsFound() {
    healthy.north.logicalRouter[0].name = "ovn-cluster"
    healthy.north.logicalRouterPort[0].name = "ovn-cluster-external204"
    #expect(found(.changedGatewayNodes, healthy).isEmpty)
    set("external-gw-nodes", "node1,node3")
    #expect(found(.changedGatewayNodes, healthy) == ["EW-CFG-61 ovn-cluster-external204"])
  }

  @Test mutating func thatIsMissingIsNoFinding() {
    healthy.cluster.externalGatewayConfig = .value(nil)
    for check in [Check.gatewayAddress, .gatewayNIC, .distributedGateway, .changedGatewayNodes] {
      let examination = check.examine(healthy.facts)
      #expect(examination.findings.isEmpty)
      #expect(examination.gaps.isEmpty)
    }
  }
}

@Suite struct TheWayOut {
  var healthy = HealthyCluster()

  private mutating func addDefaultRoute(table: String = "") {
    var route = OVNFacts.StaticRoute(uuid: "default", ipPrefix: "0.0.0.0/0", nexthop: "10.204.0.1")
    route.routeTable = table
    healthy.north.logicalRouterStaticRoute.append(route)
    healthy.north.logicalRouter[0].staticRoutes.append(route.uuid)
  }

  @Test mutating func withoutABridgeIsFound() throws {
    healthy.south.chassis[1].otherConfig = ["ovn-bridge-mappings": "provider:br-provider"]
    #expect(found(.bridgeMappings, healthy) == ["EW-CFG-59 node2"])
    let finding = try #require(Check.bridgeMappings.examine(healthy.facts).findings.first)
    #expect(
      finding.remedy.steps.last?.command
        == "kubectl ko vsctl node2 set open . "
        + "external-ids:ovn-bridge-mappings=provider:br-provider,external204:br-external204")
    // Older OVNs keep them elsewhere.
    healthy.south.chassis[1].otherConfig = [:]
    healthy.south.chassis[1].externalIds = ["ovn-bridge-mappings": "external204:br-ex"]
    #expect(found(.bridgeMappings, healthy).isEmpty)
  }

  @Test mutating func withALeftoverDefaultRouteIsFound() throws {
    addDefaultRoute()
    #expect(found(.shadowedECMP, healthy) == ["EW-CFG-62 vpc1"])
    var vpc = try #require(healthy.cluster.vpcs.value?.first)
    vpc.spec.staticRoutes.append(.init(policy: "policyDst", cidr: "0.0.0.0/0", nextHopIP: "10.204.0.1"))
    healthy.cluster.vpcs = .value([vpc])
    let commands = Check.shadowedECMP.examine(healthy.facts).findings.first?.remedy.steps.map(\.command)
    #expect(
      commands == [
        #"kubectl patch vpc vpc1 --type=json -p '[{"op":"remove","path":"/spec/staticRoutes/2"}]'"#,
        "kubectl ko nbctl lr-route-del vpc1 0.0.0.0/0 10.204.0.1"
      ])
  }

  @Test mutating func withADefaultRouteInAnotherTableIsNoFinding() {
    addDefaultRoute(table: "management")
    #expect(found(.shadowedECMP, healthy).isEmpty)
  }

  @Test mutating func withADefaultRouteAloneIsNoFinding() {
    healthy.north.logicalRouterStaticRoute = []
    healthy.north.logicalRouter[0].staticRoutes = []
    addDefaultRoute()
    #expect(found(.shadowedECMP, healthy).isEmpty)
  }

  @Test mutating func withoutSupervisionIsFound() {
    healthy.north.logicalRouterStaticRoute.indices.forEach { healthy.north.logicalRouterStaticRoute[$0].bfd = nil }
    // As long as there are rows, that the routes do not name them is EW-OVN-40.
    #expect(found(.unsupervisedECMP, healthy).isEmpty)
    healthy.north.bfd = []
    #expect(found(.unsupervisedECMP, healthy) == ["EW-CFG-63 vpc1"])
  }

  @Test mutating func withAsymmetricRepliesIsFound() {
    healthy.north.logicalRouterStaticRoute[1].options = [:]
    #expect(found(.asymmetricECMP, healthy) == ["EW-CFG-64 vpc1"])
    // A single next hop has nothing to be asymmetric with.
    healthy.north.logicalRouterStaticRoute[1].ipPrefix = "10.0.1.0/24"
    #expect(found(.asymmetricECMP, healthy).isEmpty)
  }

  @Test(arguments: [(2, false, true), (2, true, false), (1, false, false)])
  func ofAnEgressGatewayWithoutTranslationIsFound(replicas: Int, snat: Bool, isFound: Bool) {
    var policy = ClusterFacts.VpcEgressGateway.EgressPolicy()
    policy.snat = snat
    var spec = ClusterFacts.VpcEgressGateway.Spec()
    spec.replicas = replicas
    spec.policies = [policy]
    var cluster = healthy
    cluster.cluster.vpcEgressGateways = .value([.init(name: "egress", namespace: "default", spec: spec)])
    #expect(found(.asymmetricECMP, cluster) == (isFound ? ["EW-CFG-64 egress"] : []))
  }
}

@Suite struct KubeOVNCNI {
  var healthy = HealthyCluster()

  @Test(
    arguments: [
      (100, 3, 1_048_576, false), (6000, 3, 1_048_576, true), (900, 3, 1024, true), (700, 600, 1_048_576, true)
    ])
  func withTooManyDescriptorsIsFound(open: Int, namespaces: Int, limit: UInt64, isFound: Bool) {
    var cluster = healthy
    var machine = MachineFacts()
    machine.processes = [
      .init(pid: 9, name: "kube-ovn-daemon", openFiles: open, openNamespaces: namespaces, limit: limit)
    ]
    cluster.machine = machine
    #expect(found(.leakingCNI, cluster) == (isFound ? ["EW-CFG-66 kube-ovn-daemon (pid 9)"] : []))
  }

  private mutating func set(_ propagation: String?) {
    var mount = ClusterFacts.Container.VolumeMount(name: "host-ns", mountPath: "/var/run/netns")
    mount.mountPropagation = propagation
    var container = ClusterFacts.Container(name: "cni-server")
    container.volumeMounts = [mount]
    healthy.cluster.cni = .value(.init(name: "kube-ovn-cni", namespace: "kube-system", containers: [container]))
  }

  @Test(arguments: ["HostToContainer", "None", nil])
  func whoseMountsStayInsideIsFound(propagation: String?) throws {
    var suite = self
    suite.set(propagation)
    let finding = try #require(Check.mountPropagation.examine(suite.healthy.facts).findings.first)
    #expect(finding.id == "EW-CFG-100")
    #expect(finding.remedy.steps.first?.command?.contains(#""mountPropagation":"Bidirectional""#) == true)
  }

  @Test mutating func withoutAGatewayNodeMayMountAsItLikes() {
    set("HostToContainer")
    healthy.cluster.ovnEips = .value([])
    let examination = Check.mountPropagation.examine(healthy.facts)
    #expect(examination.findings.isEmpty)
    #expect(!examination.isRelevant)
  }
}

@Suite struct ConnectionsOfTheNamespace {
  private func facts(_ address: String, isUp: Bool) throws -> Facts {
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw", namespace: "ovnext"))
    var machine = MachineFacts()
    machine.connections = .value(.init(count: 20, limit: 1000, translatedTo: ["10.204.0.11": 12]))
    facts.machine = .value(machine)
    var view = NetworkView()
    view.links = [.init(name: "ovnext0", index: 2, isUp: isUp)]
    view.addresses = [.init(link: "ovnext0", prefix: try #require(IPPrefix(address)))]
    var network = NetworkFacts()
    network.inside = .value(view)
    facts.network = .value(network)
    return facts
  }

  @Test(arguments: [
    ("10.204.0.11/24", true, false), ("10.204.0.11/24", false, true), ("10.204.0.12/24", true, true)
  ])
  func toAnAddressThatIsGoneAreFound(address: String, isUp: Bool, isFound: Bool) throws {
    let findings = Check.stuckConnections.examine(try facts(address, isUp: isUp)).findings
    #expect(findings.map(\.id) == (isFound ? ["EW-CFG-65"] : []))
    #expect(
      findings.allSatisfy {
        $0.remedy.steps.map(\.command) == ["ip netns exec ovnext conntrack -D --reply-dst 10.204.0.11"]
      })
  }

  @Test func thatNobodyTranslatesAreNotLookedAt() throws {
    var facts = try facts("10.204.0.12/24", isUp: true)
    facts.machine = .value(MachineFacts())
    let examination = Check.stuckConnections.examine(facts)
    #expect(!examination.isRelevant)
    #expect(examination.gaps.isEmpty)
  }
}

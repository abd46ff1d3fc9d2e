import Cluster
import Addresses
import Languages
import Testing

@testable import Doctor

@Suite struct RowsOfBFD {
  var healthy = HealthyCluster()

  @Test func thatRoutesUseAreNoFinding() {
    #expect(healthy.found.isEmpty)
  }

  @Test mutating func ofThePhysicalGatewayAreWorthKnowingAndNoMore() throws {
    healthy.north.bfd.append(
      .init(uuid: "gw", logicalPort: HealthyCluster.port, dstIp: "10.204.0.1", status: "admin_down"))
    let finding = try #require(healthy.findings.first)
    #expect(healthy.found == ["EW-OVN-39 10.204.0.1"])
    #expect(finding.severity == .info)
    #expect(finding.certainty == .certain)
    #expect(finding.remedy == Remedy(repair: .none, steps: []))
    #expect(finding.cause.en.contains("never sent this gateway one BFD packet"))
  }

  /// A Vpc's default route leads through the gateway; that the BFD row is not in it is no failure.
  @Test mutating func ofThePhysicalGatewayAreNotMissedByTheDefaultRoute() {
    healthy.cluster.subnets = .unavailable("forbidden")
    healthy.north.bfd = [
      .init(uuid: "gw", logicalPort: HealthyCluster.port, dstIp: "10.204.0.1", status: "admin_down")
    ]
    healthy.north.logicalRouterStaticRoute = [.init(uuid: "default", ipPrefix: "0.0.0.0/0", nexthop: "10.204.0.1")]
    healthy.north.logicalRouter[0].staticRoutes = ["default"]
    let findings = Check.bfdRows.examine(healthy.facts).findings
    #expect(findings.map(\.id) == ["EW-OVN-39"])
    #expect(findings.first?.certainty == .likely)
  }

  @Test mutating func ofANextHopThatItsRouteDoesNotNameAreFound() throws {
    healthy.north.bfd[1].uuid = "anew"
    healthy.north.bfd[1].status = "admin_down"
    healthy.north.logicalRouterStaticRoute[1].bfd = nil
    #expect(healthy.found == ["EW-OVN-40 10.204.0.12"])
    let commands = try #require(healthy.findings.first).remedy.steps.compactMap(\.command)
    #expect(commands.contains("kubectl ko nbctl set logical_router_static_route route1 bfd=anew"))
    #expect(commands.contains { $0.contains("/spec/staticRoutes/1/bfdId") && $0.contains("\"anew\"") })
  }

  @Test mutating func ofAPolicyAreUsed() {
    healthy.north.logicalRouterStaticRoute = []
    healthy.north.logicalRouter[0].staticRoutes = []
    var policy = OVNFacts.Policy(
      uuid: "policy", priority: 29100, match: "ip4.src == 10.0.0.0/24", action: "reroute")
    policy.nexthops = HealthyCluster.addresses
    policy.bfdSessions = ["bfd0", "bfd1"]
    healthy.north.logicalRouterPolicy = [policy]
    healthy.north.logicalRouter[0].policies = ["policy"]
    healthy.north.bfd[0].status = "admin_down"
    #expect(Check.bfdRows.examine(healthy.facts).findings.isEmpty)
    healthy.north.logicalRouterPolicy[0].bfdSessions = []
    #expect(Check.bfdRows.examine(healthy.facts).findings.map(\.id) == ["EW-OVN-40"])
  }

  @Test mutating func onNoPortAreFound() {
    healthy.north.bfd[0].logicalPort = "vpc1-external"
    let findings = Check.bfdPorts.examine(healthy.facts).findings
    #expect(findings.map(\.id) == ["EW-OVN-41"])
    #expect(
      findings.first?.remedy.steps.first?.command
        == "kubectl ko nbctl set bfd bfd0 logical_port=\(HealthyCluster.port)")
  }

  @Test mutating func onAPortThatIsOnlyForBFDMayLeadElsewhere() {
    healthy.north.logicalRouterPort[0].networks = ["10.255.255.255/32"]
    #expect(Check.bfdPorts.examine(healthy.facts).findings.map(\.id) == ["EW-OVN-41", "EW-OVN-41"])
    healthy.north.logicalRouterPort[0].options = ["bfd-only": "true"]
    #expect(Check.bfdPorts.examine(healthy.facts).findings.isEmpty)
  }

  @Test mutating func onADistributedPortAreFound() {
    healthy.north.logicalRouterPort[0].gatewayChassis = []
    healthy.south.portBinding = []
    #expect(Check.bfdPorts.examine(healthy.facts).findings.map(\.id) == ["EW-OVN-42"])
    healthy.north.logicalRouter[0].options = ["chassis": "chassis-node1"]
    #expect(Check.bfdPorts.examine(healthy.facts).findings.isEmpty)
  }

  @Test(arguments: [(1, true), (3, true), (4, false), (100, false)])
  func withTinyIntervalsAreFound(interval: Int, isFound: Bool) {
    var cluster = healthy
    cluster.north.bfd[0].minTx = interval
    #expect(cluster.found == (isFound ? ["EW-OVN-49 10.204.0.11"] : []))
  }

  @Test mutating func inInitThatARouteUsesAreWorthKnowing() {
    healthy.north.bfd[0].status = "init"
    #expect(healthy.found == ["EW-OVN-50 10.204.0.11"])
    healthy.north.logicalRouterStaticRoute[0].bfd = nil
    #expect(Check.bfdTimers.examine(healthy.facts).findings.isEmpty)
  }
}

@Suite struct GatewayPorts {
  var healthy = HealthyCluster()

  @Test(arguments: [(["chassis-node1"], Severity.warning), (["chassis-node1", "chassis-node2"], .critical)])
  func whoseChassisAreGoneAreFound(gone: [String], severity: Severity) {
    var cluster = healthy
    cluster.south.chassis.removeAll { gone.contains($0.name) }
    let findings = Check.gatewayChassis.examine(cluster.facts).findings
    #expect(findings.map(\.id) == ["EW-OVN-43"])
    #expect(findings.first?.severity == severity)
  }

  @Test mutating func withoutANodeThatIsLabelledAreFound() {
    healthy.cluster.nodes = .value([.init(name: "node1"), .init(name: "node2")])
    #expect(Check.gatewayChassis.examine(healthy.facts).findings.map(\.subject) == ["vpc1"])
  }

  @Test mutating func ofANodeWithoutAnAnnotationAreFound() {
    healthy.cluster.nodes = .value([.init(name: "node1", labels: [KubeOVNNames.gatewayLabel: "true"])])
    #expect(Check.gatewayChassis.examine(healthy.facts).findings.map(\.subject) == ["node1"])
  }

  @Test mutating func areSuspectedByTheLogAlone() {
    healthy.cluster.logs = .value([.init(pod: "kube-ovn-controller-1", text: "E1 vpc.go:1] no external gw nodes")])
    let findings = Check.gatewayChassis.examine(healthy.facts).findings
    #expect(findings.map(\.id) == ["EW-OVN-43"])
    #expect(findings.first?.certainty == .possible)
  }

  @Test mutating func thatLackANodeLabelledLaterAreFound() throws {
    var node = ClusterFacts.Node(name: "node3", labels: [KubeOVNNames.gatewayLabel: "true"])
    node.metadata.annotations = [KubeOVNNames.chassisAnnotation: "chassis-node3"]
    healthy.cluster.nodes = .value((healthy.cluster.nodes.value ?? []) + [node])
    let finding = try #require(Check.lateGatewayNodes.examine(healthy.facts).findings.first)
    #expect(finding.id == "EW-OVN-44")
    #expect(
      finding.remedy.steps.map(\.command)
        == ["kubectl ko nbctl lrp-set-gateway-chassis vpc1-external204 chassis-node3 98"])
  }

  @Test mutating func thatNobodyHostsWhileBFDSaysUpAreFound() {
    healthy.south.portBinding[0].chassis = nil
    #expect(Check.deadGatewayChassis.examine(healthy.facts).findings.map(\.id) == ["EW-OVN-45"])
    healthy.north.bfd.indices.forEach { healthy.north.bfd[$0].status = "down" }
    #expect(Check.deadGatewayChassis.examine(healthy.facts).findings.isEmpty)
  }

  /// The other chassis has been at a newer nb_cfg for that many seconds.
  @Test(arguments: [(5, false), (59, false), (60, true), (600, true)])
  func thatAChassisHostsWhichFallsBehindAreFound(seconds: Int64, isFound: Bool) {
    var cluster = healthy
    cluster.south.chassisPrivate[1].nbCfg = 8
    cluster.south.chassisPrivate[1].nbCfgTimestamp = (HealthyCluster.takenAt - seconds) * 1000
    #expect(Check.deadGatewayChassis.examine(cluster.facts).findings.map(\.id) == (isFound ? ["EW-OVN-45"] : []))
  }

  @Test(arguments: [
    ([100, 99], false), ([101, 99], false), ([101, 95], true), ([100, 95], true), ([101, 101], true)
  ])
  func whosePrioritiesAFlapHasChangedAreFound(priorities: [Int], isFound: Bool) {
    var cluster = healthy
    for (index, priority) in priorities.enumerated() { cluster.north.gatewayChassis[index].priority = priority }
    #expect(Check.movedGatewayPort.examine(cluster.facts).findings.map(\.id) == (isFound ? ["EW-OVN-48"] : []))
  }
}

@Suite struct SessionsOfOVN {
  private func facts(_ sessions: [SpeakerFacts.Session]?, node: String = "node1") -> Facts {
    var facts = HealthyCluster().facts
    facts.subject.node = node
    var speaker = SpeakerFacts()
    if let sessions {
      var gateway = SpeakerFacts.Gateway(pid: 1, sessions: sessions, schedulingPolicy: "SCHED_FIFO")
      gateway.isDrained = false
      speaker.gateway = .value(gateway)
    }
    facts.speaker = .value(speaker)
    return facts
  }

  private func session(_ state: SpeakerFacts.State, seconds: Double = 60) throws -> SpeakerFacts.Session {
    var session = SpeakerFacts.Session(
      source: "everway", peer: try #require(IPAddress("10.204.0.254")), state: state)
    session.local = IPAddress("10.204.0.11")
    session.secondsInState = seconds
    return session
  }

  @Test(
    arguments: [(.up, 60, false), (.down, 60, true), (.down, 3, false), (.adminDown, 60, true)]
      as [(SpeakerFacts.State, Double, Bool)])
  func thatAreUpOnlyThereAreFound(state: SpeakerFacts.State, seconds: Double, isFound: Bool) throws {
    let examination = Check.staleSessions.examine(facts([try session(state, seconds: seconds)]))
    #expect(examination.findings.map { "\($0.id) \($0.subject)" } == (isFound ? ["EW-OVN-46 10.204.0.11"] : []))
  }

  @Test func thatNobodyHereKnowsAreFound() {
    let findings = Check.staleSessions.examine(facts([])).findings
    #expect(findings.map(\.subject) == ["10.204.0.11"])
    #expect(
      findings.first?.remedy.steps.compactMap(\.command) == [
        "kubectl ko nbctl clear logical_router_static_route route0 bfd -- destroy bfd bfd0",
        "kubectl ko nbctl create bfd logical_port=vpc1-external204 dst_ip=10.204.0.11 min_tx=100 min_rx=100 detect_mult=3",
        "kubectl ko nbctl set logical_router_static_route route0 bfd=UUID"
      ])
  }

  @Test func ofOtherNodesAreNotOurs() {
    #expect(Check.staleSessions.examine(facts([], node: "node9")).findings.isEmpty)
  }

  @Test func thatNobodyTellsOfAreAGap() {
    let examination = Check.staleSessions.examine(facts(nil))
    #expect(examination.findings.isEmpty)
    #expect(examination.gaps.count == 1)
  }
}

@Suite struct Logs {
  static let denied =
    #"WARN|transaction error: {"details":"RBAC rules for client \"node1\" role \"ovn-controller\" prohibit modification of "#
    + #"table \"TABLE\".","error":"permission error"}"#

  @Test(arguments: [("BFD", true), ("IGMP_Group", false)])
  func ofAccessDeniedToBFDAreFound(table: String, isFound: Bool) {
    var cluster = HealthyCluster()
    let text = Self.denied.replacing("TABLE", with: table)
    cluster.cluster.logs = .value([.init(pod: "ovs-ovn-1", node: "node1", text: text)])
    #expect(cluster.found == (isFound ? ["EW-OVN-47 node1"] : []))
  }
}

@Suite struct WithoutOVN {
  private let area = [Area.ovn, .configuration]

  private func summaries(_ facts: Facts) -> [Diagnosis.AreaSummary] {
    Diagnosis(facts).areas.filter { area.contains($0.area) }
  }

  @Test func aPlainLinuxGatewayHasNoGap() {
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw", namespace: "ovnext"))
    facts.machine = .value(MachineFacts())
    for summary in summaries(facts) {
      #expect(summary.gaps.isEmpty)
      #expect(summary.checks == 0)
    }
  }

  @Test func aNodeOfAClusterHasGapsThatSaySo() {
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw", namespace: "ovnext"))
    var machine = MachineFacts()
    machine.traces = ["/var/lib/kubelet/config.yaml"]
    facts.machine = .value(machine)
    facts.ovn = .unavailable("ovnnb_db.sock: Permission denied")
    let gaps = summaries(facts).flatMap(\.gaps)
    #expect(gaps.contains { $0.reason == "ovnnb_db.sock: Permission denied" })
    #expect(summaries(facts).first { $0.area == .ovn }?.checks == 0)
  }
}

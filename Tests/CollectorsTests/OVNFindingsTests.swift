import Addresses
import Cluster
import ClusterSources
import Doctor
import Glibc
import Lab
import Processes
import Testing

@testable import Collectors

/// Faults made in a real OVN, found in its databases, and repaired by writing them.
@Suite(.enabled(if: geteuid() == 0), .serialized, .timeLimit(.minutes(5))) struct OVNFindings {
  struct Field {
    var lab: Lab
    var central: OVNCentral
    var chassis: OVNChassis
    var network: OVNNetwork
    var speaker: LabNamespace
    /// What Kubernetes would say.
    var cluster: ClusterFacts?

    static let nexthop = OVNNetwork.gatewayAddress(1, .ipv4)

    var options: ClusterOptions {
      var options = ClusterOptions()
      options.node = "ovnext-1"
      options.ovsSocket = "\(lab.directory)/\(chassis.name)/db.sock"
      options.northbound = central.northbound
      options.environment = [:]
      options.centralDirectory = "/nonexistent"
      options.kinds = [.openVSwitch, .northbound, .southbound]
      return options
    }

    func facts() -> Facts {
      var facts = Facts(
        takenAt: Int64(time(nil)), everwayVersion: "test",
        subject: .init(node: "ovnext-1", namespace: speaker.name, interface: "ovnext0"))
      let look = LiveCluster.look(options)
      (facts.ovs, facts.ovn) = (look.ovs, look.ovn)
      if let cluster { facts.cluster = .value(cluster) }
      return facts
    }

    func findings(_ words: String...) throws -> [Finding] { Diagnosis(facts(), try Selection(words)).all }

    /// Finds it, repairs it, and finds it no more.
    func expectRepair(
      _ id: String, _ subject: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let selection = try Selection([id])
      let before = facts()
      let found = Diagnosis(before, selection).all
      #expect(
        found.map(\.id.rawValue) == [id] && found.first?.subject == subject, "\(found)",
        sourceLocation: sourceLocation
      )
      let options = options
      let repairer = Repairer(
        selection, gather: { self.facts() },
        apply: { (action) throws(RepairError) in try Repairs.apply(action, options: options) }, ask: { _ in true })
      let (outcomes, after) = repairer.run(before)
      #expect(outcomes.map(\.result) == [.repaired], "\(outcomes)", sourceLocation: sourceLocation)
      #expect(Diagnosis(after, selection).all.isEmpty, sourceLocation: sourceLocation)
    }

    func value(_ table: String, _ column: String, _ condition: String...) throws -> String {
      try central.nbctl(["--bare", "--columns=\(column)", "find", table] + condition).filter { !$0.isWhitespace }
    }
  }

  private func with(_ tag: String, speaks: Bool = true, _ body: (inout Field) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("c\(getpid())\(tag)")
    defer { lab.down() }
    let node = try lab.makeNamespace("node1")
    let speaker = try lab.makeNamespace("gw")
    let central = OVNCentral(lab: lab)
    try central.start()
    let chassis = OVNChassis(namespace: node, central: central)
    try chassis.start()
    let network = OVNNetwork(central: central)
    try network.make(.distributed(gateways: [chassis.name]))
    try network.plug(1, into: speaker, at: chassis)
    var field = Field(lab: lab, central: central, chassis: chassis, network: network, speaker: speaker)
    if speaks {
      let peer = try Speaker.start(lab, in: speaker)
      defer { peer.kill() }
      try network.watch(Field.nexthop, BFDTimers(milliseconds: 300))
      try central.wait(for: "up", of: Field.nexthop)
      try body(&field)
    } else {
      try network.watch(Field.nexthop, BFDTimers(milliseconds: 300))
      try body(&field)
    }
  }

  @Test func aRouteThatLostItsSessionGetsItBack() throws {
    try with("ovn40") { field in
      let (route, row) = (
        try field.value("Logical_Router_Static_Route", "_uuid"), try field.value("BFD", "_uuid")
      )
      try field.central.nbctl("clear", "Logical_Router_Static_Route", route, "bfd")
      try field.central.wait(for: "admin_down", of: Field.nexthop)
      try field.expectRepair("EW-OVN-40", "\(Field.nexthop)")
      #expect(try field.value("Logical_Router_Static_Route", "bfd") == row)
      try field.central.wait(for: "up", of: Field.nexthop)
    }
  }

  @Test func aRouteWhoseNextHopSpeaksNoBFDKeepsWorking() throws {
    try with("ovn40n", speaks: false) { field in
      let (route, row) = (
        try field.value("Logical_Router_Static_Route", "_uuid"), try field.value("BFD", "_uuid")
      )
      try field.central.nbctl("clear", "Logical_Router_Static_Route", route, "bfd")
      try field.central.wait(for: "admin_down", of: Field.nexthop)
      let writer = try NorthboundWriter(
        DatabasePlace(connection: field.central.northbound, source: "test"), southbound: nil)
      let error = #expect(throws: ClusterWriteError.self) {
        try writer.setBFD(row, ofRoute: route, untilUp: .seconds(1))
      }
      #expect(error?.message.contains("did not come up") == true)
      #expect(try field.value("Logical_Router_Static_Route", "bfd") == "")
    }
  }

  @Test func routesWithoutSupervisionGetIt() throws {
    try with("ovn63") { field in
      let (route, row) = (
        try field.value("Logical_Router_Static_Route", "_uuid"), try field.value("BFD", "_uuid")
      )
      // What Kube-OVN leaves of enableBfd: false.
      try field.central.nbctl(
        "set", "Logical_Router_Static_Route", route, "options:ecmp_symmetric_reply=true", "--", "clear",
        "Logical_Router_Static_Route", route, "bfd", "--", "destroy", "BFD", row)
      try field.central.sync()
      try field.expectRepair("EW-CFG-63", "vpc1")
      #expect(try field.value("Logical_Router_Static_Route", "bfd") == field.value("BFD", "_uuid"))
      try field.central.wait(for: "up", of: Field.nexthop)
    }
  }

  @Test func aDeadChassisThatSaysUpLosesItsWord() throws {
    try with("ovn45") { field in
      let row = try field.value("BFD", "_uuid")
      field.chassis.killController()
      // As the port's binding looks when its chassis is gone; OVN itself corrects nothing.
      try field.central.sbctl("--if-exists", "chassis-del", field.chassis.name)
      let isEmpty = waitUntil(timeout: .seconds(20)) {
        (try? field.findings("EW-OVN-45").first?.subject) == OVNNetwork.routerPort
      }
      #expect(isEmpty)
      #expect(try field.central.northboundStatus(of: Field.nexthop) == "up")
      try field.expectRepair("EW-OVN-45", OVNNetwork.routerPort)
      try field.central.wait(for: "down", of: Field.nexthop)
      #expect(try field.value("BFD", "_uuid") == row)
    }
  }

  @Test func anUpThatTheSpeakerDoesNotKnowIsRenewed() throws {
    try with("ovn46", speaks: false) { field in
      try field.central.wait(for: "down", of: Field.nexthop)
      // ovn-org/ovn issue 322: the status of before, on top of a session that never came up.
      let row = try field.central.sbctl("--bare", "--columns=_uuid", "list", "BFD").filter { !$0.isWhitespace }
      try field.central.sbctl("set", "BFD", row, "status=up")
      try field.central.wait(for: "up", of: Field.nexthop)
      var facts = field.facts()
      #expect(facts.ovn.value?.southbound.value?.bfd.first?.status == "up")
      var speaker = SpeakerFacts()
      speaker.gateway = .value(SpeakerFacts.Gateway(pid: 1, sessions: [], schedulingPolicy: "SCHED_FIFO"))
      facts.speaker = .value(speaker)
      var network = NetworkFacts()
      var view = NetworkView()
      view.addresses = [AddressFacts(link: "ovnext0", prefix: try #require(IPPrefix("\(Field.nexthop)/24")))]
      network.inside = .value(view)
      facts.network = .value(network)
      let diagnosis = Diagnosis(facts, try Selection(["EW-OVN-46"]))
      let found = try #require(
        diagnosis.all.first, "\(diagnosis.areas) \(facts.ovn.value?.southbound.value?.bfd ?? []) \(view)")
      #expect(found.remedy.repair == .guarded)
      for action in found.remedy.actions { try Repairs.apply(action, options: field.options) }
      try field.central.wait(for: "down", of: Field.nexthop)
    }
  }

  @Test func aGatewayNodeLabelledLaterIsLetIn() throws {
    try with("ovn44", speaks: false) { field in
      try field.central.sbctl("chassis-add", "node2", "geneve", "127.0.0.2")
      var cluster = ClusterFacts()
      var nodes = ["node1", "node2"].map {
        ClusterFacts.Node(name: $0, labels: [KubeOVNNames.gatewayLabel: "true"])
      }
      for index in nodes.indices {
        nodes[index].metadata.annotations[KubeOVNNames.chassisAnnotation] = nodes[index].name
      }
      cluster.nodes = .value(nodes)
      field.cluster = cluster
      try field.expectRepair("EW-OVN-44", OVNNetwork.routerPort)
      #expect(try field.value("Gateway_Chassis", "priority", "chassis_name=node2") == "99")
    }
  }

  @Test func aMissingBridgeMappingIsSetWhereTheBridgeIs() throws {
    try with("cfg59", speaks: false) { field in
      // Kube-OVN's names.
      try field.central.nbctl("lsp-del", "localnet", "--", "lsp-add", "external", "localnet.external")
      try field.central.nbctl(
        "lsp-set-type", "localnet.external", "localnet", "--", "lsp-set-options", "localnet.external",
        "network_name=external")
      try field.central.sync()
      let manual = try #require(try field.findings("EW-CFG-59").first)
      #expect(manual.subject == "node1" && manual.remedy.repair == .manual, "there is no br-external")
      try field.chassis.vsctl(
        "add-br", "br-external", "--", "set", "bridge", "br-external", "datapath_type=netdev")
      let now = field
      let repairer = Repairer(
        try Selection(["EW-CFG-59"]), gather: { now.facts() },
        apply: { (action) throws(RepairError) in
          try Repairs.apply(action, options: now.options)
          // ovn-controller tells the southbound database in its own time.
          _ = waitUntil(timeout: .seconds(20)) { (try? now.findings("EW-CFG-59").isEmpty) ?? false }
        }, ask: { _ in false })
      #expect(repairer.run(now.facts()).outcomes.map(\.result) == [.repaired])
    }
  }

  /// Whatever a bare machine has, nobody waits, and nobody misses what need not be there.
  @Test func aMachineWithoutOVNIsNotAskedForIt() throws {
    var options = ClusterOptions()
    options.ovsSocket = "/nonexistent/db.sock"
    options.environment = [:]
    options.centralDirectory = "/nonexistent"
    let begun = ContinuousClock.now
    let look = LiveCluster.look(options)
    #expect(ContinuousClock.now - begun < .seconds(3))
    #expect(look.ovs.value == nil && look.ovn.value == nil && look.cluster.value == nil)
    var facts = Facts(takenAt: 1, everwayVersion: "test", subject: .init(node: "n"))
    (facts.ovs, facts.ovn, facts.cluster) = (look.ovs, look.ovn, look.cluster)
    let diagnosis = Diagnosis(facts, try Selection(["ovn"]))
    #expect(diagnosis.areas.allSatisfy { $0.checks == 0 && $0.gaps.isEmpty }, "\(diagnosis.areas)")
  }
}

/// OVN's peer: this program under OpenBFDD's name, as Kube-OVN calls it.
private enum Speaker {
  static func start(_ lab: Lab, in namespace: LabNamespace) throws -> LabProcess {
    for name in ["bfdd-beacon", "bfdd-control"] { symlink(SpeakerField.program, "\(lab.directory)/\(name)") }
    let process = try lab.start(
      Command(
        "\(lab.directory)/bfdd-beacon", ["--nofork", "--tee", "--listen=0.0.0.0"],
        environment: ["EVERWAY_BFDD_STATE_DIRECTORY": "\(lab.directory)/state"]), in: namespace, label: "gw/beacon",
      outputName: "beacon.log")
    let isReady = waitUntil(timeout: .seconds(30)) {
      (try? namespace.run("\(lab.directory)/bfdd-control", "allow", "\(OVNNetwork.routerAddresses[0])")) != nil
    }
    try #require(isReady, "\(process.lastLines())")
    return process
  }
}

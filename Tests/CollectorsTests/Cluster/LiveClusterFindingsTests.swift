import Addresses
import Cluster
import ClusterSources
import Doctor
import Glibc
import Lab
import NamespaceTestSupport
import NetworkNamespaces
import Processes
import Testing

@testable import Collectors

/// A real API server and a real OVN.
@Suite(.enabled(if: KubernetesAPI.obstacle == nil), .serialized, .timeLimit(.minutes(5))) struct ClusterFindings {
  private struct Field {
    var lab: Lab
    var api: KubernetesAPI
    var kubeconfig: String
    var central: OVNCentral

    /// As a user calls it.
    func doctor(_ words: String..., namespace: String? = nil) throws -> CommandResult {
      var arguments = ["doctor"] + words
      arguments += ["--kubeconfig", kubeconfig, "--node", "node1", "--passive"]
      arguments += ["--ovn-nb", central.northbound, "--ovn-sb", central.southbound, "--lang", "en"]
      if let namespace { arguments += ["--namespace", namespace, "--interface", "ovnext0"] }
      return try Command(SpeakerField.program, arguments).capture(timeout: .seconds(60), limit: 8 << 20)
    }

    var options: ClusterOptions {
      var options = ClusterOptions()
      options.node = "node1"
      options.ovsSocket = "\(lab.directory)/node1/db.sock"
      options.kubeconfig = kubeconfig
      options.northbound = central.northbound
      options.southbound = central.southbound
      options.environment = [:]
      options.centralDirectory = "/nonexistent"
      return options
    }

    func facts() -> Facts {
      var facts = Facts(takenAt: Int64(time(nil)), everwayVersion: "test", subject: .init(node: "node1"))
      let look = LiveCluster.look(options)
      (facts.ovs, facts.ovn, facts.cluster) = (look.ovs, look.ovn, look.cluster)
      return facts
    }

    func expectRepair(
      _ id: String, _ subject: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let selection = try Selection([id])
      let before = facts()
      let found = Diagnosis(before, selection).all
      #expect(found.map { "\($0.id) \($0.subject)" } == ["\(id) \(subject)"], sourceLocation: sourceLocation)
      let options = options
      let repairer = Repairer(
        selection, gather: { self.facts() },
        apply: { (action) throws(RepairError) in try Repairs.apply(action, options: options) }, ask: { _ in false })
      let (outcomes, after) = repairer.run(before)
      #expect(outcomes.map(\.result) == [.repaired], "\(outcomes)", sourceLocation: sourceLocation)
      #expect(Diagnosis(after, selection).all.isEmpty, sourceLocation: sourceLocation)
    }
  }

  private func with(_ tag: String, _ body: (Field) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("c\(getpid())\(tag)")
    defer { lab.down() }
    let api = try KubernetesAPI(lab: lab)
    try api.start()
    try api.installKubeOVN()
    let kubeconfig = "\(api.directory)/kubeconfig"
    try api.writeKubeconfig(kubeconfig)
    let central = OVNCentral(lab: lab)
    try central.start()
    try api.makeKubeOVN()
    try body(Field(lab: lab, api: api, kubeconfig: kubeconfig, central: central))
  }

  /// kube-ovn issue 4998: `setting the network namespace "ovnext" failed: Invalid argument`, and BFD to the physical
  /// gateway 10.9.0.1 is admin_down.
  @Test func theReportedCaseHasTwoCausesAndOneIsHarmless() throws {
    let name = NamespaceNames.make("issue")
    defer { NamespaceNames.erase(name) }
    try with("4998") { field in
      try field.api.makeNode(
        "node1", labels: [KubeOVNNames.gatewayLabel: "true", KubeOVNNames.speakerLabel: "true"],
        annotations: [KubeOVNNames.chassisAnnotation: "node1"])
      try field.api.makeNode(
        "node2", labels: [KubeOVNNames.gatewayLabel: "true", KubeOVNNames.speakerLabel: "true"],
        annotations: [KubeOVNNames.chassisAnnotation: "node2"])
      try field.api.make(
        "subnets", "Subnet", "external204",
        spec: #"{"protocol":"IPv4","cidrBlock":"10.9.0.0/16","gateway":"10.9.0.1","vlan":"vlan204"}"#)
      try field.api.make("vpcs", "Vpc", "vpc1", spec: #"{"enableExternal":true,"enableBfd":true}"#)
      for (node, host) in [("node1", 11), ("node2", 12)] {
        try field.api.make(
          "ovn-eips", "OvnEip", node,
          spec: #"{"externalSubnet":"external204","type":"lsp","v4Ip":"10.9.0.\#(host)"}"#,
          status: #"{"ready":true,"type":"lsp","v4Ip":"10.9.0.\#(host)"}"#)
      }
      // What kube-ovn-controller writes: a row for the gateway that nothing names (vpc.go:566-574).
      try field.central.sbctl("chassis-add", "node1", "geneve", "127.0.0.1")
      try field.central.sbctl("chassis-add", "node2", "geneve", "127.0.0.2")
      try field.central.nbctl(
        "lr-add", "vpc1", "--", "lrp-add", "vpc1", "vpc1-external204", "02:00:00:09:00:fe", "10.9.0.254/16", "--",
        "lrp-set-gateway-chassis", "vpc1-external204", "node1", "100", "--", "lrp-set-gateway-chassis",
        "vpc1-external204", "node2", "99")
      try field.central.nbctl(
        "create", "BFD", "logical_port=vpc1-external204", "dst_ip=10.9.0.1", "min_tx=100", "min_rx=100",
        "detect_mult=3")
      let isForced = waitUntil(timeout: .seconds(20)) {
        (try? field.central.nbctl("--bare", "--columns=status", "list", "BFD").contains("admin_down")) == true
      }
      #expect(isForced, "northd itself says admin_down")
      // What kube-ovn-cni does in its container: the mount stays there, an empty file here.
      let container = try field.lab.start(
        Command(
          "unshare",
          [
            "--mount", "--propagation", "slave", "sh", "-c",
            "ip netns add \(name) && ip -n \(name) link add ovnext0 type veth peer name ovnext0p && exec sleep 300"
          ]), in: nil, label: "cni", outputName: "cni.log")
      defer { container.kill() }
      let isMade = waitUntil(timeout: .seconds(20)) {
        (try? Command("cat", ["/proc/\(container.pid)/comm"]).capture().output) == "sleep\n"
      }
      try #require(isMade, "\(container.lastLines())")
      let entering = try Command("ip", ["netns", "exec", name, "true"]).capture()
      #expect(entering.errorOutput.contains("Invalid argument"))

      let words = ["EW-NS-01", "EW-CFG-100", "EW-OVN-39", "EW-OVN-40"]
      let facts = try bundle(field, name)
      let diagnosis = Diagnosis(facts, try Selection(words))
      let tops = diagnosis.findings
      #expect(tops.map { "\($0.id) \($0.subject)" } == ["EW-CFG-100 kube-ovn-cni", "EW-OVN-39 10.9.0.1"])
      #expect(tops.first?.consequences.map { "\($0.id) \($0.subject)" } == ["EW-NS-01 \(name)"])
      #expect(
        tops.last?.severity == .info && tops.last?.certainty == .certain
          && tops.last?.remedy.repair == RepairClass.none)

      let said = try field.doctor("namespace", "ovn", "configuration", "--fix", namespace: name)
      // Words are wrapped by the terminal's width alone, and there is none.
      #expect(
        said.output.contains("OVN has never sent this gateway one BFD packet"), "\(said.output)\(said.errorOutput)")
      #expect(said.output.contains("mountPropagation HostToContainer"))
      #expect(
        try Command("ip", ["netns", "exec", name, "ip", "link", "show", "ovnext0"]).capture().status.isSuccess)
      let after = Diagnosis(try bundle(field, name), try Selection(words))
      #expect(after.all.map { "\($0.id) \($0.subject)" } == ["EW-CFG-100 kube-ovn-cni", "EW-OVN-39 10.9.0.1"])
      #expect(try field.central.nbctl("--bare", "--columns=status", "list", "BFD").contains("admin_down"))
    }
  }

  /// What `everway collect` writes.
  private func bundle(_ field: Field, _ name: String) throws -> Facts {
    var collection = Collection(everwayVersion: "test")
    collection.namespace = name
    collection.interface = "ovnext0"
    collection.sendsProbes = false
    collection.clusterOptions = field.options
    return try BundleFile.decode(BundleFile.encode(collection.gather()))
  }

  @Test func whatKubeOVNForgotToWriteIsWritten() throws {
    try with("objects") { field in
      // Row 51: it works, and nobody says so.
      try field.api.makeNode("node1", labels: [KubeOVNNames.gatewayLabel: "true"])
      try field.api.make(
        "ovn-eips", "OvnEip", "node1", spec: #"{"externalSubnet":"external204","type":"lsp","v4Ip":"10.9.0.11"}"#,
        status: #"{"ready":false,"type":"lsp","v4Ip":"10.9.0.11"}"#)
      try field.central.nbctl(
        "lr-add", "vpc1", "--", "lrp-add", "vpc1", "vpc1-external204", "02:00:00:09:00:fe", "10.9.0.254/16")
      let row = try field.central.nbctl(
        "create", "BFD", "logical_port=vpc1-external204", "dst_ip=10.9.0.11"
      ).filter { !$0.isWhitespace }
      try field.central.nbctl(
        "--ecmp", "--policy=src-ip", "--bfd=\(row)", "lr-route-add", "vpc1", "10.0.0.0/8", "10.9.0.11")
      // An ovn-controller is not there: its words are ours.
      let isThere = waitUntil(timeout: .seconds(20)) {
        (try? field.central.session(with: .v4(IPv4Address(10, 9, 0, 11)))) != nil
      }
      #expect(isThere)
      let session = try field.central.sbctl("--bare", "--columns=_uuid", "list", "BFD").filter { !$0.isWhitespace }
      try field.central.sbctl("set", "BFD", session, "status=up")
      try field.central.wait(for: "up", of: .v4(IPv4Address(10, 9, 0, 11)))
      try field.expectRepair("EW-CFG-51", "node1")
      #expect(try field.api.get("/api/v1/nodes/node1").contains("\"\(KubeOVNNames.speakerLabel)\": \"true\""))

      // Row 13: the OvnEip is gone, the label is left.
      try field.api.makeNode("node9", labels: [KubeOVNNames.speakerLabel: "true"])
      try field.expectRepair("EW-NS-13", "node9")
      #expect(try !field.api.get("/api/v1/nodes/node9").contains(KubeOVNNames.speakerLabel))
    }
  }

  @Test func theVpcGetsTheUUIDOfItsRow() throws {
    try with("vpc") { field in
      try field.api.make(
        "vpcs", "Vpc", "vpc1",
        spec: #"{"enableExternal":true,"enableBfd":true,"staticRoutes":[{"policy":"policySrc","cidr":"10.0.0.0/8","#
          + #""nextHopIP":"10.9.0.11","ecmpMode":"ecmp_symmetric_reply","bfdId":"00000000-0000-0000-0000-00000000dead"}]}"#
      )
      let path = "/apis/kubeovn.io/v1/vpcs/vpc1"
      let row = "0f0e1c52-93c9-4d0c-b6a5-3a9b8b6e7a11"
      let guarded = [
        ("10.9.0.11", true), ("10.9.0.99", false)
      ]
      for (nexthop, isThere) in guarded.reversed() {
        let body =
          #"[{"op":"test","path":"/spec/staticRoutes/0/nextHopIP","value":"\#(nexthop)"},"#
          + #"{"op":"add","path":"/spec/staticRoutes/0/bfdId","value":"\#(row)"}]"#
        let action = RepairAction.patchObject(path: path, kind: .json, body: body)
        if isThere {
          try Repairs.apply(action, options: field.options)
        } else {
          #expect(throws: RepairError.self) { try Repairs.apply(action, options: field.options) }
        }
        #expect(try field.api.get(path).contains(row) == isThere)
      }
      let live = LiveCluster(field.options) {}
      defer { live.close() }
      #expect(
        waitUntil(timeout: .seconds(20)) {
          live.facts().cluster.vpcs.value?.first?.spec.staticRoutes.first?.bfdId == row
        })
      // A change comes by itself.
      try field.api.patch(path, #"{"spec":{"enableBfd":false}}"#)
      #expect(
        waitUntil(timeout: .seconds(20)) { live.facts().cluster.vpcs.value?.first?.spec.enableBfd == false })
      #expect(live.facts().cluster.kubernetesVersion?.hasPrefix("v1.") == true)
      #expect(
        live.facts().cluster.cni.value?.metadata.annotations.values.contains { $0.contains("secret") } == false)
      #expect(live.facts().cluster.controller.value?.containers.first?.args.count == 2)
    }
  }

  @Test func aServerThatIsNotThereIsAGapAndNoWait() throws {
    var options = ClusterOptions()
    options.environment = [:]
    options.ovsSocket = "/nonexistent/db.sock"
    options.centralDirectory = "/nonexistent"
    options.kubeconfig = "/nonexistent/kubeconfig"
    let begun = ContinuousClock.now
    let look = LiveCluster.look(options)
    #expect(ContinuousClock.now - begun < .seconds(3))
    #expect(look.cluster.value?.nodes.reason?.contains("/nonexistent/kubeconfig") == true)
  }
}

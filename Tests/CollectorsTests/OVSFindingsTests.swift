import Cluster
import Addresses
import Doctor
import Glibc
import Lab
import Testing

@testable import Collectors

/// `ovnext0` as a port of a real Open vSwitch, with OVN behind it, as Kube-OVN makes it.
@Suite(.enabled(if: geteuid() == 0), .serialized, .timeLimit(.minutes(5))) struct OVSFindings {
  /// Of OVNNetwork.plug; Kube-OVN gives the logical port the node's name.
  private static let node = "ovnext-1"

  private func with(_ tag: String, _ body: (inout GatewayLab, OVNChassis) throws -> Void) throws {
    try GatewayLab.with(tag) { field in
      try field.gateway.ip("link del ovnext0")
      let central = OVNCentral(lab: field.lab)
      try central.start()
      let chassis = OVNChassis(namespace: field.node, central: central)
      try chassis.start()
      let network = OVNNetwork(central: central)
      try network.make(.distributed(gateways: [chassis.name]))
      try network.plug(1, into: field.gateway, at: chassis)
      let ip = "\(OVNNetwork.gatewayAddress(1, .ipv4))"
      try chassis.vsctl(
        "set", "interface", "ovnext0", "external_ids:ip=\(ip)",
        "external_ids:pod_netns=/var/run/netns/\(field.gateway.name)", "--", "add-port", "br-int", "ovn0", "--",
        "set", "interface", "ovn0", "type=internal", "external_ids:iface-id=node-\(Self.node)")
      field.ovsSocket = "\(field.lab.directory)/\(chassis.name)/db.sock"
      field.subject.node = Self.node
      try configure(&field)
      try central.sync()
      // OVN's own router must have come to this chassis, and answer.
      let isReady = waitUntil(timeout: .seconds(30), every: .milliseconds(200)) {
        (try? field.findings().isEmpty) ?? false
      }
      #expect(isReady)
      try body(&field, chassis)
    }
  }

  private func configure(_ field: inout GatewayLab) throws {
    let addresses = [
      "\(OVNNetwork.gatewayAddress(1, .ipv4))/24", "\(OVNNetwork.gatewayAddress(1, .ipv6))/64"
    ]
    field.expectation.interfaces[0].addresses = try addresses.map { try #require(IPPrefix($0)) }
    field.expectation.interfaces[0].mac = MACAddress(bits: 0x0200_0079_0101)
    field.expectation.interfaces[0].mtu = 1400
    field.expectation.gateways = OVNNetwork.routerAddresses
    try field.gateway.ip(
      OVNNetwork.routerAddresses.map { "route add \($0.family == .ipv4 ? "default" : "::/0") via \($0)" })
    try field.gateway.sysctl([("ipv4.conf.ovnext0.send_redirects", "0"), ("ipv4.conf.ovnext0.rp_filter", "0")])
  }

  @Test func aWrongLogicalPortIsSetRight() throws {
    try with("ovsid") { field, chassis in
      try chassis.vsctl("set", "interface", "ovnext0", "external_ids:iface-id=node9")
      // OVN takes the port away, and its router no longer answers.
      let isGone = waitUntil(timeout: .seconds(30), every: .milliseconds(200)) {
        (try? field.findings().contains("EW-NET-21")) ?? false
      }
      #expect(isGone)
      let diagnosis = Diagnosis(field.facts(), try GatewayLab.selection())
      #expect(diagnosis.findings.map(\.id) == ["EW-NET-16"])
      #expect(try field.repair(field.facts()).map(\.id).contains("EW-NET-16"))
      try expectHealth(field)
    }
  }

  @Test func aPortWithoutItsDeviceIsMadeAnew() throws {
    try with("ovsdev") { field, chassis in
      try field.gateway.ip("link del ovnext0")
      let diagnosis = Diagnosis(field.facts(), try GatewayLab.selection())
      #expect(diagnosis.findings.map(\.id) == ["EW-NET-15"], "\(diagnosis.all.map { ($0.id, $0.evidence) })")
      let outcomes = try field.repair(field.facts())
      #expect(outcomes.first?.result == .repaired, "\(outcomes)")
      let row = try chassis.vsctl("get", "interface", "ovnext0", "external_ids")
      #expect(row.contains("iface-id=ovnext-1") && row.contains("pod_netns"))
      try expectHealth(field)
    }
  }

  @Test func aTwinAfterARestartReplacesTheDeadOne() throws {
    try with("ovstw") { field, chassis in
      chassis.killSwitch()
      try chassis.start()
      let isDouble = waitUntil(timeout: .seconds(30), every: .milliseconds(200)) {
        (try? field.node.run("ip", "link").contains("ovnext0")) ?? false
      }
      #expect(isDouble)
      let diagnosis = Diagnosis(field.facts(), try GatewayLab.selection())
      #expect(diagnosis.findings.map(\.id) == ["EW-NET-72"], "\(diagnosis.all.map { ($0.id, $0.evidence) })")
      let outcomes = try field.repair(field.facts())
      #expect(outcomes.first?.result == .repaired, "\(outcomes)")
      try expectHealth(field)
    }
  }

  /// OVN takes a moment to bind the port again. What a fresh interface still lacks is found and mended on the way.
  private func expectHealth(_ field: GatewayLab) throws {
    let isWell = waitUntil(timeout: .seconds(30), every: .milliseconds(200)) {
      (try? field.findings().isEmpty) ?? false
    }
    let left = Diagnosis(field.facts(), try GatewayLab.selection()).all
    #expect(isWell, "\(left.map { ($0.id, $0.evidence) })")
  }

  @Test func whatIsExpectedCanComeFromTheDatabaseAlone() throws {
    try with("ovsexp") { field, _ in
      let facts = field.facts()
      #expect(facts.ovs.value?.externalIDs["ovn-encap-type"] == "geneve")
      #expect(facts.ovs.value?.bridges.map(\.name) == ["br-int"])
      let row = try #require(facts.ovs.value?.interface("ovnext0"))
      #expect(row.bridge == "br-int" && (row.ofport ?? 0) > 0 && row.type == "internal")
      var bare = facts
      bare.expectation = .unavailable("no configuration")
      #expect(bare.expected?.interfaces.first?.addresses.map { "\($0)" } == ["10.79.0.101/32"])
      #expect(Diagnosis(bare, try GatewayLab.selection()).all.isEmpty)
    }
  }
}

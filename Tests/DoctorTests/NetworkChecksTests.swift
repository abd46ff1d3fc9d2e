import Cluster
import Addresses
import Languages
import Testing

@testable import Doctor

/// A gateway with one thing wrong, and what must be found.
struct BrokenNetwork: CustomTestStringConvertible, Sendable {
  var name: String
  var expected: [String]
  var breakIt: @Sendable (inout Facts) throws -> Void

  init(_ name: String, _ expected: [String], _ breakIt: @escaping @Sendable (inout Facts) throws -> Void) {
    self.name = name
    self.expected = expected
    self.breakIt = breakIt
  }

  var testDescription: String { name }

  static func address(_ text: String) throws -> IPAddress { try NetworkSample.address(text) }
  static func prefix(_ text: String) throws -> IPPrefix { try NetworkSample.prefix(text) }

  static let all: [BrokenNetwork] = [
    BrokenNetwork("nothing wrong", []) { _ in },
    BrokenNetwork("the interface on the node", ["EW-NET-14"]) { facts in
      facts.node.links = [LinkFacts(name: "ovnext0", index: 7)]
      facts.inside.links.removeLast()
    },
    BrokenNetwork("no interface at all", ["EW-NET-15"]) { facts in
      facts.inside.links.removeLast()
      facts.rows.interfaces[0].ofport = -1
      facts.rows.interfaces[0].error = "could not open network device ovnext0 (No such device)"
    },
    BrokenNetwork("a port that Open vSwitch could not open", ["EW-NET-15"]) { facts in
      facts.rows.interfaces[0].error = "could not open network device ovnext0 (No such device)"
    },
    BrokenNetwork("no iface-id", ["EW-NET-16"]) { facts in facts.rows.interfaces[0].externalIDs["iface-id"] = nil },
    BrokenNetwork("another node's iface-id", ["EW-NET-16"]) { facts in
      facts.rows.interfaces[0].externalIDs["iface-id"] = "node2"
    },
    BrokenNetwork("a host name with its domain where nothing is sure", []) { facts in
      facts.rows.interfaces.removeLast()
      facts.rows.interfaces[0].externalIDs["iface-id"] = "node1.example.org"
    },
    BrokenNetwork("another address", ["EW-NET-17"]) { facts in
      facts.inside.addresses[0].prefix = try prefix("10.204.0.12/24")
    },
    BrokenNetwork("another MAC", ["EW-NET-17"]) { facts in
      facts.inside.links[1].mac = MACAddress(bits: 0x0200_0000_00ff)
    },
    BrokenNetwork("a second address that nobody asked for", []) { facts in
      facts.inside.addresses.append(AddressFacts(link: "ovnext0", prefix: try prefix("10.204.0.99/24")))
    },
    BrokenNetwork("IPv6 off, and wanted", ["EW-NET-78", "EW-NET-17"]) { facts in
      facts.wish.interfaces[0].addresses.append(try prefix("fd00::1/64"))
      facts.inside.sysctls["net.ipv6.conf.ovnext0.disable_ipv6"] = "1"
      facts.inside.sysctls["net.ipv6.conf.all.forwarding"] = "1"
    },
    BrokenNetwork("a path that is too narrow", ["EW-NET-18"]) { facts in
      facts.net.pathProbes = .value([
        PathProbe(
          link: "ovnext0", address: try address("10.204.0.1"), mtu: 1500, sizes: [84, 1400, 1500],
          answered: [84, 1400])
      ])
    },
    BrokenNetwork("an MTU that nobody asked for", ["EW-NET-77"]) { facts in facts.wish.interfaces[0].mtu = 1400 },
    BrokenNetwork("no default route", ["EW-NET-19"]) { facts in facts.inside.routes.removeFirst() },
    BrokenNetwork("another default route", ["EW-NET-19"]) { facts in
      facts.inside.routes[0].nextHops[0].gateway = try address("10.204.0.254")
    },
    BrokenNetwork("a worse default route beside the right one", []) { facts in
      var route = facts.inside.routes[0]
      route.nextHops[0].gateway = try address("10.204.0.254")
      route.metric = 100
      facts.inside.routes.append(route)
    },
    BrokenNetwork("a better default route to somebody else", ["EW-NET-19"]) { facts in
      var route = facts.inside.routes[0]
      route.nextHops[0].gateway = try address("10.204.0.254")
      facts.inside.routes[0].metric = 100
      facts.inside.routes.append(route)
    },
    BrokenNetwork("one of two gateways withdrawn", []) { facts in
      facts.wish.gateways.append(try address("10.204.0.2"))
    },
    BrokenNetwork("a default route in a table nobody asks", ["EW-NET-75", "EW-NET-19"]) { facts in
      facts.inside.routes[0].table = 100
    },
    BrokenNetwork("a default route in a table that all ask", []) { facts in
      facts.inside.routes[0].table = 100
      facts.inside.rules.append(RuleFacts(isIPv6: false, priority: 1000, table: 100, isForAll: true))
    },
    BrokenNetwork("no default route where none is wanted", []) { facts in
      facts.inside.routes.removeFirst()
      facts.wish.gateways = []
    },
    BrokenNetwork("no default route where nothing is known", ["EW-NET-19"]) { facts in
      facts.inside.routes.removeFirst()
      facts.expectation = .notAsked
    },
    BrokenNetwork("somebody else with our address", ["EW-NET-20"]) { facts in
      facts.net.neighbourProbes.change { $0[1].answers = [MACAddress(bits: 0x0200_0000_0099)] }
    },
    BrokenNetwork("OVN answering for our address", []) { facts in
      facts.net.neighbourProbes.change { $0[1].answers = [NetworkSample.mac] }
    },
    BrokenNetwork("our other interface answering for our address", ["EW-NET-74"]) { facts in
      let mac = MACAddress(bits: 0x0200_0000_000c)
      facts.inside.links.append(LinkFacts(name: "net2", index: 3, mac: mac))
      facts.net.neighbourProbes.change { $0[1].answers = [mac] }
    },
    BrokenNetwork("a silent gateway", ["EW-NET-21"]) { facts in
      facts.net.neighbourProbes.change { $0[0].answers = [] }
      facts.net.pathProbes = .value([])
    },
    BrokenNetwork("a silent gateway, unasked", ["EW-NET-21"]) { facts in
      facts.net.neighbourProbes = .unavailable("no packet socket: Operation not permitted")
      facts.inside.neighbours[0].state = "FAILED"
    },
    BrokenNetwork("a wrong neighbour entry", ["EW-NET-76"]) { facts in
      facts.inside.neighbours[0].mac = MACAddress(bits: 0x0200_0000_0099)
      facts.inside.neighbours[0].state = "PERMANENT"
    },
    BrokenNetwork("no forwarding", ["EW-NET-22"]) { facts in facts.inside.sysctls["net.ipv4.ip_forward"] = "0" },
    BrokenNetwork("no forwarding of one interface", ["EW-NET-22"]) { facts in
      facts.inside.sysctls["net.ipv4.conf.ovnext0.forwarding"] = "0"
    },
    BrokenNetwork("a strict filter", ["EW-NET-23"]) { facts in
      facts.inside.sysctls["net.ipv4.conf.ovnext0.rp_filter"] = "1"
    },
    BrokenNetwork("a strict filter for all", ["EW-NET-23"]) { facts in
      facts.inside.sysctls["net.ipv4.conf.ovnext0.rp_filter"] = "0"
      facts.inside.sysctls["net.ipv4.conf.all.rp_filter"] = "1"
    },
    BrokenNetwork("a strict filter for all, loosened here", []) { facts in
      facts.inside.sysctls["net.ipv4.conf.all.rp_filter"] = "1"
    },
    BrokenNetwork("redirects", ["EW-NET-24"]) { facts in
      facts.inside.sysctls["net.ipv4.conf.all.send_redirects"] = "1"
    },
    BrokenNetwork("the loopback down", ["EW-NET-25"]) { facts in facts.inside.links[0].isUp = false },
    BrokenNetwork("the link down", ["EW-NET-70"]) { facts in facts.inside.links[1].isUp = false },
    BrokenNetwork("no carrier", ["EW-NET-71"]) { facts in facts.inside.links[1].hasCarrier = false },
    BrokenNetwork("a twin on the node", ["EW-NET-72"]) { facts in
      facts.inside.links[1].hasCarrier = false
      facts.node.links = [LinkFacts(name: "ovnext0", index: 7)]
    },
    BrokenNetwork("failed duplicate address detection", ["EW-NET-73"]) { facts in
      facts.inside.addresses.append(
        AddressFacts(link: "ovnext0", prefix: try prefix("fd00::1/64"), flags: ["dadfailed", "tentative"]))
    },
    BrokenNetwork("a gateway on no subnet", ["EW-NET-79", "EW-NET-19"]) { facts in
      facts.wish.gateways = [try address("10.205.0.1")]
    }
  ]
}

extension Gathered {
  mutating func change(_ body: (inout Value) -> Void) {
    guard var value else { return }
    body(&value)
    self = .value(value)
  }
}

@Suite struct NetworkChecks {
  @Test(arguments: BrokenNetwork.all) func findWhatIsWrongAndNothingElse(_ broken: BrokenNetwork) throws {
    var facts = try NetworkSample.facts()
    try broken.breakIt(&facts)
    let diagnosis = Diagnosis(facts, checks: Check.network)
    #expect(diagnosis.all.map(\.id.rawValue) == broken.expected)
    for finding in diagnosis.all {
      for words in [finding.title, finding.symptom, finding.cause, finding.fix] {
        #expect(!words.en.contains("{") && !words.zh.contains("{"), "\(finding.id): \(words.en)")
      }
    }
  }

  @Test func aGatewayOnNoSubnetIsNamed() throws {
    var facts = try NetworkSample.facts()
    facts.wish.gateways = [try #require(IPAddress("10.205.0.1"))]
    let finding = try #require(Diagnosis(facts, checks: Check.network).findings.first)
    #expect(finding.id == "EW-NET-79")
    #expect(finding.remedy.repair == .manual)
  }

  @Test func oneGapForANamespaceThatCannotBeEntered() throws {
    var facts = try NetworkSample.facts()
    facts.net.inside = .unavailable("open network namespace ovnext: Invalid argument")
    let diagnosis = Diagnosis(facts, checks: Check.network)
    #expect(diagnosis.findings.isEmpty)
    #expect(diagnosis.areas.first?.gaps.count == 1)
  }

  @Test func withoutProbesThereAreGapsAndNoFindings() throws {
    var facts = try NetworkSample.facts()
    facts.net.neighbourProbes = .unavailable("no packet socket: Operation not permitted")
    facts.net.pathProbes = .unavailable("no raw socket: Operation not permitted")
    let diagnosis = Diagnosis(facts, checks: Check.network)
    #expect(diagnosis.findings.isEmpty)
    #expect(diagnosis.areas.first?.gaps.count == 3)
  }

  @Test func aMissingInterfaceExplainsTheMissingRoute() throws {
    var facts = try NetworkSample.facts()
    facts.inside.links.removeLast()
    facts.inside.routes = []
    facts.inside.addresses = []
    let findings = Diagnosis(facts, checks: Check.network).findings
    #expect(findings.map(\.id) == ["EW-NET-15"])
    #expect(findings.first?.consequences.map(\.id) == ["EW-NET-19"])
  }

  @Test func anInterfaceThatArrivesIsConfigured() throws {
    var facts = try NetworkSample.facts()
    facts.node.links = [LinkFacts(name: "ovnext0", index: 7)]
    facts.inside.links.removeLast()
    let finding = try #require(Diagnosis(facts, checks: Check.network).findings.first)
    #expect(
      finding.remedy.steps.compactMap(\.command) == [
        "ip link set ovnext0 netns ovnext",
        "nsenter --net=/run/netns/ovnext ip link set ovnext0 address 02:00:00:00:00:0b",
        "nsenter --net=/run/netns/ovnext ip address add 10.204.0.11/24 dev ovnext0",
        "nsenter --net=/run/netns/ovnext ip link set ovnext0 up",
        "nsenter --net=/run/netns/ovnext ip route replace default via 10.204.0.1 dev ovnext0"
      ])
    #expect(finding.remedy.steps.allSatisfy { $0.action != nil })
  }

  @Test func aWrongAddressIsReplacedWithoutAGap() throws {
    var facts = try NetworkSample.facts()
    facts.inside.addresses[0].prefix = try NetworkSample.prefix("10.204.0.12/24")
    let finding = try #require(Diagnosis(facts, checks: Check.network).findings.first)
    #expect(
      finding.remedy.steps.compactMap(\.command).map { $0.dropFirst("nsenter --net=/run/netns/ovnext ".count) } == [
        "sysctl -w net.ipv4.conf.ovnext0.promote_secondaries=1", "ip address add 10.204.0.11/24 dev ovnext0",
        "ip address del 10.204.0.12/24 dev ovnext0", "ip route replace default via 10.204.0.1 dev ovnext0"
      ])
  }

  @Test func anAddressWhosePrefixNobodyKnowsIsLeftToPeople() throws {
    var facts = try NetworkSample.facts()
    facts.expectation = .notAsked
    facts.inside.addresses = []
    let finding = try #require(
      Diagnosis(facts, checks: Check.network).all.first { $0.id == "EW-NET-17" })
    #expect(finding.remedy.repair == .manual)
    #expect(finding.evidence.last == Evidence("external_ids of ovnext0", "10.204.0.11"))
  }

  @Test func anMTUThatTheConfigurationSetsIsNotLowered() throws {
    var facts = try NetworkSample.facts()
    facts.wish.interfaces[0].mtu = 1500
    facts.net.pathProbes.change { $0[0].answered = [84, 1400] }
    let finding = try #require(Diagnosis(facts, checks: Check.network).findings.first)
    #expect(finding.remedy.repair == .manual)
    #expect(finding.remedy.actions.isEmpty)
  }
}

@Suite struct WhatIsExpected {
  @Test func comesFromTheOvnEipOfTheNode() throws {
    var facts = try NetworkSample.facts()
    facts.expectation = .notAsked
    var spec = ClusterFacts.Subnet.Spec()
    spec.cidrBlock = "10.204.0.0/24,fd00:204::/64"
    spec.gateway = "10.204.0.1,fd00:204::1"
    var status = ClusterFacts.OvnEip.Status()
    status.macAddress = "02:00:00:00:00:0b"
    var cluster = ClusterFacts()
    cluster.ovnEips = .value([
      .init(
        name: "node1", spec: .init(externalSubnet: "external204", v4Ip: "10.204.0.11", type: "lsp"), status: status)
    ])
    cluster.subnets = .value([.init(name: "external204", spec: spec)])
    facts.cluster = .value(cluster)
    let expected = try #require(facts.expected)
    #expect(expected.source == "OvnEip node1")
    #expect(expected.interfaces.first?.addresses == [try NetworkSample.prefix("10.204.0.11/24")])
    #expect(expected.interfaces.first?.mac == NetworkSample.mac)
    #expect(expected.gateways == [try NetworkSample.address("10.204.0.1")])
    #expect(Diagnosis(facts, checks: Check.network).findings.isEmpty)
  }

  @Test func elseFromOpenvSwitch() throws {
    var facts = try NetworkSample.facts()
    facts.expectation = .notAsked
    #expect(facts.expected?.source == "external_ids of ovnext0")
    #expect(Diagnosis(facts, checks: Check.network).findings.isEmpty)
  }
}

import Addresses
import Cluster
import ConfigurationFile
import Testing

@testable import KubeOVN

@Suite struct TheGatewayThatACluster {
  private func gateway(
    _ sample: SampleCluster, node: String = "node1", _ options: KubeOVNOptions = KubeOVNOptions()
  ) throws -> KubeOVNGateway {
    let role = KubeOVN.desiredGateway(sample.cluster, sample.ovn, node: node, options: options)
    guard case .gateway(let gateway) = role else {
      Issue.record("\(role)")
      throw CancellationError()
    }
    return gateway
  }

  @Test func asksForHasTheOvnEipsAddressAndTheSubnetsGateway() throws {
    let gateway = try gateway(SampleCluster())
    let interface = try #require(gateway.configuration.interfaces.first)
    #expect(interface.name == "ovnext0")
    #expect(interface.addresses == [IPPrefix("10.204.0.11/24")])
    #expect(interface.mac == MACAddress("00:00:00:01:02:03"))
    #expect(interface.mtu == 1400)
    #expect(gateway.configuration.namespace == .named("ovnext"))
    #expect(gateway.configuration.paths.map(\.via) == [IPAddress("10.204.0.1")])
    #expect(gateway.configuration.groups.flatMap(\.routes).map(\.prefix) == [IPPrefix("0.0.0.0/0")])
    #expect(
      gateway.ports.first?.externalIDs
        == ["iface-id": "node1", "ip": "10.204.0.11", "pod_netns": "/var/run/netns/ovnext"])
    #expect(gateway.problems.isEmpty)
  }

  @Test func hasTheTimersOfOVNsRowTheOtherWayRound() throws {
    let peer = try #require(try gateway(SampleCluster()).configuration.bfd.peers.first)
    #expect(peer.name == "vpc1-external204")
    #expect(peer.address == IPAddress("10.204.0.254"))
    #expect(peer.localAddress == IPAddress("10.204.0.11"))
    #expect(peer.timers.transmitInterval == .milliseconds(200))
    #expect(peer.timers.receiveInterval == .milliseconds(100))
    #expect(peer.timers.detectMultiplier == 3)
    #expect(peer.compatibility == .ovn)
    #expect(peer.remoteDiscriminator == 77)
    #expect(peer.minimumTTL == 255)
  }

  /// When OVN's port moves, sessions flap ten times in a second, and that is to be over then: whatever dampening an operator
  /// has for others.
  @Test func dampensNoSessionWithOVN() throws {
    var sample = SampleCluster()
    sample.cluster.ovnEips = .value(
      (sample.cluster.ovnEips.value ?? []) + [SampleCluster.eip("vpc9-external204", "10.204.0.99", type: "lrp")])
    let bfd = try gateway(sample).configuration.bfd
    #expect(!bfd.peers.isEmpty && !bfd.allow.isEmpty)
    #expect(bfd.peers.allSatisfy { $0.dampening == nil } && bfd.allow.allSatisfy { $0.dampening == nil })
  }

  @Test func speaksOnlyToRowsTowardsThisNode() throws {
    var sample = SampleCluster()
    sample.addRow("vpc2-external204", "10.204.0.253/24", to: "10.204.0.12")
    #expect(try gateway(sample).configuration.bfd.peers.map(\.name) == ["vpc1-external204"])
    #expect(
      try gateway(sample, node: "node2").configuration.bfd.peers.map(\.name)
        == ["vpc1-external204", "vpc2-external204"])
  }

  @Test func takesPacketsFromOneHopFurtherForPortsThatAreForBFDOnly() throws {
    var sample = SampleCluster()
    sample.addRow("bfd@vpc3", "10.204.0.77/24", to: "10.204.0.11")
    let peer = try #require(
      try gateway(sample).configuration.bfd.peers.first { $0.address == IPAddress("10.204.0.77") })
    #expect(peer.name == "bfd-vpc3")
    #expect(peer.minimumTTL == 254)
  }

  @Test func answersAReadyPortThatHasNoRowYet() throws {
    var sample = SampleCluster()
    sample.cluster.ovnEips = .value(
      (sample.cluster.ovnEips.value ?? []) + [
        SampleCluster.eip("vpc9-external204", "10.204.0.99", type: "lrp"),
        SampleCluster.eip("elsewhere", "10.9.0.99", type: "lrp")
      ])
    let allow = try gateway(sample).configuration.bfd.allow
    #expect(allow.map(\.name) == ["vpc9-external204"])
    #expect(allow.first?.prefix == IPPrefix("10.204.0.99/32"))
    #expect(allow.first?.timers.receiveInterval == .milliseconds(100))
  }

  @Test func speaksToEveryReadyPortWithTheControllersTimersWhenOVNCannotBeRead() throws {
    var sample = SampleCluster()
    let container = ClusterFacts.Container(
      name: "kube-ovn-controller", args: ["--bfd-min-tx=300", "--bfd-min-rx=400", "--detect-mult=4"])
    sample.cluster.controller = .value(
      .init(name: "kube-ovn-controller", namespace: "kube-system", containers: [container]))
    let role = KubeOVN.desiredGateway(sample.cluster, OVNFacts(), node: "node1")
    guard case .gateway(let gateway) = role else {
      Issue.record("\(role)")
      return
    }
    let peer = try #require(gateway.configuration.bfd.peers.first)
    #expect(peer.address == IPAddress("10.204.0.254"))
    #expect(peer.timers.transmitInterval == .milliseconds(400))
    #expect(peer.timers.receiveInterval == .milliseconds(300))
    #expect(peer.timers.detectMultiplier == 4)
  }

  @Test func hasBothFamilies() throws {
    var sample = SampleCluster()
    sample.cluster.ovnEips = .value([SampleCluster.eip("node1", "10.204.0.11", v6: "fd00::11")])
    var external = ClusterFacts.Subnet.Spec()
    external.cidrBlock = "10.204.0.0/24,fd00::/64"
    external.gateway = "10.204.0.1,fd00::1"
    external.mtu = 1200
    sample.cluster.subnets = .value([.init(name: "external204", spec: external)])
    sample.addRow("vpc1-external204", "fd00::254/64", to: "fd00::11")
    let configuration = try gateway(sample).configuration
    #expect(configuration.interfaces.first?.addresses.map { "\($0)" } == ["10.204.0.11/24", "fd00::11/64"])
    // Below 1280 octets there is no IPv6.
    #expect(configuration.interfaces.first?.mtu == nil)
    #expect(configuration.groups.flatMap(\.routes).map(\.prefix) == [IPPrefix("0.0.0.0/0"), IPPrefix("::/0")])
    #expect(configuration.bfd.peers.map(\.address) == [IPAddress("10.204.0.254"), IPAddress("fd00::254")])
    #expect(configuration.bfd.peers.map(\.name) == ["vpc1-external204", "vpc1-external204-v6"])
  }

  @Test func hasAPortForEachExternalSubnet() throws {
    var sample = SampleCluster()
    var further = SampleCluster.eip("node1-wan2", "10.205.0.11", subnet: "external205")
    further.metadata.annotations = [ClusterFacts.OvnEip.nodeAnnotation: "node1"]
    sample.cluster.ovnEips = .value((sample.cluster.ovnEips.value ?? []) + [further])
    var external = ClusterFacts.Subnet.Spec()
    external.cidrBlock = "10.205.0.0/24"
    external.gateway = "10.205.0.1"
    sample.cluster.subnets = .value(
      (sample.cluster.subnets.value ?? []) + [.init(name: "external205", spec: external)])
    let gateway = try gateway(sample)
    #expect(gateway.ports.map(\.name) == ["ovnext0", "ovnext1"])
    #expect(gateway.ports.map(\.eip) == ["node1", "node1-wan2"])
    #expect(gateway.configuration.groups.flatMap(\.routes).map(\.table) == [254, 101])
    // What comes in there leaves there.
    #expect(gateway.configuration.rules.map(\.incomingInterface) == ["ovnext1"])
    #expect(gateway.configuration.rules.map(\.table) == [101])
    #expect(gateway.configuration.routes.map { "\($0.prefix)" } == ["10.205.0.0/24"])
  }

  @Test func isNoneWithoutAnOvnEipOfThisName() {
    #expect(KubeOVN.desiredGateway(SampleCluster().cluster, OVNFacts(), node: "node7") == .notAGateway)
  }

  @Test func staysWhatItIsWhenTheClusterCannotBeRead() {
    var sample = SampleCluster()
    sample.cluster.ovnEips = .unavailable("connection refused")
    #expect(
      KubeOVN.desiredGateway(sample.cluster, sample.ovn, node: "node1") == .unknown(reason: "connection refused"))
  }

  @Test(arguments: [
    (SampleCluster.eip("node1", ""), "it has no address yet"),
    (SampleCluster.eip("node1", "10.9.9.9"), "10.9.9.9 is not in subnet external204, 10.204.0.0/24"),
    (SampleCluster.eip("node1", "banana"), "\"banana\" is no address"),
    (SampleCluster.eip("node1", "10.204.0.11", subnet: "gone"), "it is in subnet gone, which does not exist")
  ])
  func isNotMadeOfObjectsThatDoNotFit(eip: ClusterFacts.OvnEip, reason: String) {
    var sample = SampleCluster()
    sample.cluster.ovnEips = .value([eip])
    #expect(
      KubeOVN.desiredGateway(sample.cluster, sample.ovn, node: "node1")
        == .unknown(reason: "OvnEip node1: \(reason)"))
  }

  @Test func fallsSilentTowardsOVNWhenTheGatewayOfItsFamilyIsLost() throws {
    var sample = SampleCluster()
    sample.cluster.ovnEips = .value([SampleCluster.eip("node1", "10.204.0.11", v6: "fd00::11")])
    var external = ClusterFacts.Subnet.Spec()
    external.cidrBlock = "10.204.0.0/24,fd00::/64"
    external.gateway = "10.204.0.1,fd00::1"
    sample.cluster.subnets = .value([.init(name: "external204", spec: external)])
    sample.addRow("vpc1-external204", "fd00::254/64", to: "fd00::11")
    let configuration = try gateway(sample).configuration
    #expect(
      configuration.uplinks.map(\.watch) == [[.path("gateway-external204")], [.path("gateway-external204-v6")]])
    #expect(configuration.uplinks.map(\.peers) == [["vpc1-external204"], ["vpc1-external204-v6"]])
    #expect(configuration.uplinks.allSatisfy { $0.tell == .silence })
    var options = KubeOVNOptions()
    options.gatewayHealth = .none
    #expect(try gateway(sample, options).configuration.uplinks.isEmpty)
  }
}

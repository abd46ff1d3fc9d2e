import Cluster
import Addresses
import Doctor
import Glibc
import Lab
import Languages
import Netlink
import NetworkNamespaces
import Testing

@testable import Collectors

/// Each state is produced for real, named by doctor, and repaired where that is safe.
@Suite(.enabled(if: geteuid() == 0), .serialized, .timeLimit(.minutes(5))) struct NetworkFindings {
  @Test func aHealthyGatewayHasNone() throws {
    try GatewayLab.with("ok") { field in
      let diagnosis = Diagnosis(field.facts(), try GatewayLab.selection())
      #expect(diagnosis.all.isEmpty, "\(diagnosis.all.map { ($0.id, $0.evidence) })")
      #expect(diagnosis.areas.flatMap(\.gaps).isEmpty, "\(diagnosis.areas)")
    }
  }

  @Test func anInterfaceOnTheNodeIsMovedIn() throws {
    try GatewayLab.with("move") { field in
      try field.gateway.ip("link set ovnext0 netns \(field.node.name)")
      try field.expect(["EW-NET-14"])
    }
  }

  @Test func anInterfaceUnderAnotherNameOnTheNodeIsMovedIn() throws {
    try GatewayLab.with("name") { field in
      try field.gateway.ip("link set ovnext0 netns \(field.node.name) name eth1")
      field.expectation.interfaces[0].outsideName = "eth1"
      try field.expect(["EW-NET-14"])
    }
  }

  @Test func anInterfaceThatIsNowhereIsNamedWithWhatFollows() throws {
    try GatewayLab.with("gone") { field in
      try field.gateway.ip("link del ovnext0")
      let findings = Diagnosis(field.facts(), try GatewayLab.selection()).findings
      #expect(findings.map(\.id) == ["EW-NET-15"])
      #expect(findings.first?.remedy.repair == .manual)
      #expect(findings.first?.consequences.map(\.id) == ["EW-NET-19", "EW-NET-19"])
    }
  }

  @Test func aWrongAddressIsReplaced() throws {
    try GatewayLab.with("addr") { field in
      try field.gateway.ip(
        "addr del 10.204.0.11/24 dev ovnext0", "addr add 10.204.0.12/24 dev ovnext0",
        "route replace default via 10.204.0.1")
      try field.expect(["EW-NET-17"])
      let left = try field.gateway.run("ip", "-4", "address", "show", "dev", "ovnext0")
      #expect(!left.contains("10.204.0.12") && left.contains("10.204.0.11/24"))
    }
  }

  @Test func aWrongMACIsSetRight() throws {
    try GatewayLab.with("mac") { field in
      try field.gateway.ip("link set ovnext0 address 02:00:cc:00:00:99")
      try field.expect(["EW-NET-17"])
    }
  }

  @Test func ipv6ThatIsSwitchedOffIsSwitchedOn() throws {
    try GatewayLab.with("v6") { field in
      try field.gateway.sysctl([("ipv6.conf.ovnext0.disable_ipv6", "1")])
      try field.expect(["EW-NET-78"])
    }
  }

  @Test func anMTUTooLargeForThePathIsLowered() throws {
    try GatewayLab.with("path") { field in
      // The link drops in silence what its other end would not take.
      try field.router.ip("link set br0 mtu 1400", "link set r0 mtu 1400")
      try field.expect(["EW-NET-18"])
      #expect(try field.gateway.run("ip", "link", "show", "dev", "ovnext0").contains("mtu 1400"))
    }
  }

  @Test func anMTUThatNobodyAskedForIsSetRight() throws {
    try GatewayLab.with("mtu") { field in
      field.expectation.interfaces[0].mtu = 1400
      try field.expect(["EW-NET-77"])
    }
  }

  @Test func aMissingDefaultRouteIsPutBack() throws {
    try GatewayLab.with("route") { field in
      try field.gateway.ip("route del default")
      try field.expect(["EW-NET-19"])
    }
  }

  @Test func aWrongDefaultRouteIsReplaced() throws {
    try GatewayLab.with("wrong") { field in
      try field.router.ip("addr add 10.204.0.254/24 dev br0", "addr add fd00:204::254/64 dev br0 nodad")
      try field.gateway.ip(
        "route replace default via 10.204.0.254", "route add ::/0 via fd00:204::254 metric 5")
      try field.expect(["EW-NET-19", "EW-NET-19"])
    }
  }

  @Test func aDefaultRouteThroughANextHopGroupCounts() throws {
    try GatewayLab.with("group") { field in
      try field.gateway.sysctl([("ipv4.nexthop_compat_mode", "0")])
      try field.gateway.ip(
        "route del default", "nexthop add id 10 via 10.204.0.1 dev ovnext0", "nexthop add id 100 group 10",
        "route add default nhid 100")
      #expect(try field.findings().isEmpty)
    }
  }

  @Test func aDefaultRouteInAnotherTableIsNamed() throws {
    try GatewayLab.with("table") { field in
      try field.gateway.ip("route del default", "route add default via 10.204.0.1 table 100")
      try field.expect(["EW-NET-75"])
    }
  }

  @Test func aDefaultRouteInATableThatIsLookedUpCounts() throws {
    try GatewayLab.with("rule") { field in
      try field.gateway.ip(
        "route del default", "route add default via 10.204.0.1 table 100", "rule add lookup 100")
      #expect(try field.findings().isEmpty)
    }
  }

  @Test func anAddressThatSomebodyElseHasIsNamed() throws {
    try GatewayLab.with("dup") { field in
      try field.router.ip("addr add 10.204.0.11/32 dev br0", "addr add fd00:204::11/128 dev br0 nodad")
      let findings = Diagnosis(field.facts(), try GatewayLab.selection()).all
      #expect(findings.filter { $0.id == "EW-NET-20" }.map(\.subject) == ["10.204.0.11", "fd00:204::11"])
      #expect(findings.first?.symptom.en.contains("with MAC \(GatewayLab.routerMAC)") == true)
      #expect(findings.first?.remedy.repair == .manual)
    }
  }

  @Test func aGatewayThatDoesNotAnswerIsNamed() throws {
    try GatewayLab.with("quiet") { field in
      try field.router.ip("addr del 10.204.0.1/24 dev br0")
      try field.expect(["EW-NET-21"], repaired: false)
    }
  }

  @Test func withoutProbesTheKernelsExperienceIsUsed() throws {
    try GatewayLab.with("kernel") { field in
      field.sendsProbes = false
      try field.router.ip("addr del 10.204.0.1/24 dev br0")
      // The kernel asks three times, a second apart.
      try field.gateway.run("bash", "-c", "echo > /dev/udp/10.204.0.1/9")
      let isKnown = waitUntil(timeout: .seconds(20), every: .milliseconds(50)) {
        (try? field.gateway.run("ip", "neigh").contains("FAILED")) ?? false
      }
      #expect(isKnown)
      try field.expect(["EW-NET-21"], repaired: false)
    }
  }

  @Test func forwardingThatIsOffIsSwitchedOn() throws {
    try GatewayLab.with("fwd") { field in
      try field.gateway.sysctl([("ipv4.ip_forward", "0"), ("ipv6.conf.all.forwarding", "0")])
      try field.expect(["EW-NET-22", "EW-NET-22"])
    }
  }

  @Test func aStrictFilterIsLoosened() throws {
    try GatewayLab.with("rpf") { field in
      try field.gateway.sysctl([("ipv4.conf.all.rp_filter", "1")])
      try field.expect(["EW-NET-23"])
    }
  }

  @Test func redirectsAreSwitchedOff() throws {
    try GatewayLab.with("redir") { field in
      try field.gateway.sysctl([
        ("ipv4.conf.all.send_redirects", "1"), ("ipv4.conf.ovnext0.send_redirects", "1")
      ])
      try field.expect(["EW-NET-24"])
    }
  }

  @Test func aLoopbackThatIsDownIsSetUp() throws {
    try GatewayLab.with("lo") { field in
      try field.gateway.ip("link set lo down")
      try field.expect(["EW-NET-25"])
    }
  }

  @Test func aLinkThatIsDownIsSetUp() throws {
    try GatewayLab.with("down") { field in
      try field.gateway.ip("link set ovnext0 down")
      try field.expect(["EW-NET-70"])
    }
  }

  @Test func aLinkWithoutCarrierIsNamed() throws {
    try GatewayLab.with("wire") { field in
      try field.router.ip("link set r0 down")
      try field.expect(["EW-NET-71"], repaired: false)
    }
  }

  @Test func anAddressThatFailedDetectionIsNamed() throws {
    try GatewayLab.with("dad") { field in
      try field.router.ip("addr add fd00:204::33/64 dev br0 nodad")
      try field.gateway.sysctl([
        ("ipv6.conf.all.accept_dad", "1"), ("ipv6.conf.ovnext0.accept_dad", "1"),
        ("ipv6.conf.ovnext0.dad_transmits", "1")
      ])
      try field.gateway.ip("addr add fd00:204::33/64 dev ovnext0")
      let isKnown = waitUntil(timeout: .seconds(20), every: .milliseconds(50)) {
        (try? field.gateway.run("ip", "-6", "address").contains("dadfailed")) ?? false
      }
      #expect(isKnown)
      // Who has it is the cause; both are for people.
      try field.expect(["EW-NET-20"], repaired: false)
      #expect(try field.findings() == ["EW-NET-20", "EW-NET-73"])
    }
  }

  @Test func anInterfaceThatAnswersForAnotherIsSilenced() throws {
    try GatewayLab.with("flux") { field in
      try field.router.ip(
        "link add r1 type veth peer name net2 netns \(field.gateway.name)", "link set r1 master br0 up")
      try field.gateway.sysctl([("ipv4.conf.net2.send_redirects", "0"), ("ipv4.conf.net2.rp_filter", "0")])
      try field.gateway.ip("addr add 10.204.0.12/24 dev net2 noprefixroute", "link set net2 up")
      try field.gateway.waitUntilRunning(["net2"])
      var second = Doctor.Expectation.Interface(name: "net2")
      second.addresses = [try #require(IPPrefix("10.204.0.12/24"))]
      field.expectation.interfaces.append(second)
      try field.expect(["EW-NET-74", "EW-NET-74"])
    }
  }

  @Test func aWrongNeighbourEntryIsRemoved() throws {
    try GatewayLab.with("neigh") { field in
      try field.gateway.ip(
        "neigh replace 10.204.0.1 lladdr 02:00:cc:00:00:77 dev ovnext0 nud permanent")
      let findings = try field.findings()
      #expect(findings.contains("EW-NET-76"))
      try field.expect(["EW-NET-76"])
    }
  }

  @Test func aNamespaceThatIsNotThereIsOneGap() throws {
    try GatewayLab.with("none") { field in
      field.subject.namespace = "evl-not-there"
      let diagnosis = Diagnosis(field.facts(), try GatewayLab.selection())
      #expect(diagnosis.all.isEmpty)
      #expect(diagnosis.areas.flatMap(\.gaps).count == 1, "\(diagnosis.areas.flatMap(\.gaps))")
    }
  }

  @Test func aChangedMACKeepsRoutesAndAddresses() throws {
    try GatewayLab.with("keep") { field in
      let before = try field.gateway.run("ip", "route") + field.gateway.run("ip", "-6", "route")
      try field.gateway.ip("link set ovnext0 address 02:00:cc:00:00:99")
      _ = try field.repair(field.facts())
      #expect(try field.gateway.run("ip", "route") + field.gateway.run("ip", "-6", "route") == before)
    }
  }

  /// As for a driver that changes the address only of what is down; no such one is to be had everywhere.
  @Test func aMACThatNeedsTheLinkDownKeepsThemToo() throws {
    try GatewayLab.with("busy") { field in
      try field.gateway.ip(
        "route add 10.206.0.0/16 via 10.204.0.9", "route add fd00:206::/64 via fd00:204::9",
        "route add 10.207.0.0/16 nexthop via 10.204.0.8 weight 2 nexthop via 10.204.0.9")
      func routes() throws -> [Substring] {
        let text = try field.gateway.run("ip", "route") + field.gateway.run("ip", "-6", "route")
        return text.split(separator: "\n").filter { !$0.contains("fe80") }.sorted()
      }
      let before = try routes()
      #expect(before.count == 9)
      let mac = MACAddress(bits: 0x0200_cc00_0055)
      var netlink = try NetlinkSocket(in: try NetworkNamespace(named: field.gateway.name))
      let link = try #require(try netlink.link(named: "ovnext0"))
      try NetworkRepairs.setMACWhileDown(mac, link, &netlink)
      #expect(try routes() == before)
      #expect(try netlink.link(named: "ovnext0")?.mac == mac)
    }
  }
}

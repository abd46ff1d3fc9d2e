import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Probing

@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: geteuid() == 0)) struct ProberTests {
  @Test(arguments: ["10.0.0.2", "fd00::2"]) func aGatewayThatAnswersEchoComesUp(gateway: String) throws {
    let lab = try Lab("up")
    let probe = try lab.addEcho(gateway)
    #expect(lab.becomes(.up, probe))
    let view = try #require(lab.view(probe))
    #expect(view.linkAddress != nil)
    #expect(view.source == (try address(gateway == "fd00::2" ? "fd00::1" : "10.0.0.1")))
    #expect(try #require(view.state.lastRoundTrip) > .zero)
    #expect(view.reason?.contains("\(gateway) answers ICMP") == true)
    #expect(view.trouble == nil)
    #expect(lab.events.count == 1)
  }

  @Test(arguments: ["10.0.0.2", "fd00::2"]) func aNeighbourThatAnswersComesUp(gateway: String) throws {
    let lab = try Lab("nb")
    let probe = try lab.addNeighbour(gateway)
    #expect(lab.becomes(.up, probe))
    #expect(lab.drive { (lab.view(probe)?.state.counters.answered ?? 0) >= 4 })
    #expect(lab.reason(probe).contains(gateway == "fd00::2" ? "neighbour discovery" : "ARP"))
  }

  @Test func aLinkLocalGatewayIsAskedFromALinkLocalAddress() throws {
    let lab = try Lab("ll")
    try run("ip", "-n", lab.far, "address", "add", "fe80::2/64", "dev", "b0", "nodad")
    try run("ip", "-n", lab.near, "address", "add", "fe80::1/64", "dev", "a0", "nodad")
    let echo = try lab.addEcho("fe80::2")
    let neighbour = try lab.addNeighbour("fe80::2")
    #expect(lab.becomes(.up, echo))
    #expect(lab.becomes(.up, neighbour))
    guard case .v6(let source)? = lab.view(neighbour)?.source else {
      Issue.record("no source")
      return
    }
    #expect(source.isLinkLocal)
  }

  @Test(arguments: ["10.0.0.2", "fd00::2"]) func thePeersLinkGoingDownIsDownAndComesBack(gateway: String) throws {
    let lab = try Lab("link")
    let echo = try lab.addEcho(gateway)
    let neighbour = try lab.addNeighbour(gateway)
    #expect(lab.becomes(.up, echo) && lab.becomes(.up, neighbour))
    try run("ip", "-n", lab.far, "link", "set", "b0", "down")
    #expect(lab.becomes(.down, echo) && lab.becomes(.down, neighbour))
    // Without a carrier the kernel says so, or does not.
    let reason = lab.reason(echo)
    #expect(reason.contains("\(gateway) does not answer") || reason.contains("a0 drops what is sent"))
    #expect(reason.contains("3 unanswered in a row"))
    try run("ip", "-n", lab.far, "link", "set", "b0", "up")
    if gateway.contains(":") {
      try run("ip", "-n", lab.far, "address", "replace", "fd00::2/64", "dev", "b0", "nodad")
    }
    #expect(lab.becomes(.up, echo) && lab.becomes(.up, neighbour))
  }

  @Test func ourOwnLinkDownAndAnInterfaceThatIsGoneAreSaid() throws {
    let lab = try Lab("own")
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.up, probe))
    try run("ip", "-n", lab.near, "link", "set", "a0", "down")
    #expect(lab.becomes(.down, probe))
    #expect(lab.reason(probe).contains("cannot send on a0: Network is down"))
    try run("ip", "-n", lab.near, "link", "delete", "a0")
    #expect(lab.drive { lab.view(probe)?.trouble == "interface a0 is not there" })
  }

  @Test func anInterfaceThatComesLaterIsUsedWhenItIsThere() throws {
    let lab = try Lab("later")
    let probe = try lab.prober.add(
      .echo(address: address("10.7.0.2"), via: address("10.7.0.2"), ProbeInterface(index: 77, name: "c0")),
      Lab.settings, at: monotonicNow())
    #expect(lab.becomes(.down, probe))
    #expect(lab.reason(probe).contains("interface c0 is not there"))
    try run(
      "ip", "-n", lab.near, "link", "add", "c0", "index", "77", "type", "veth", "peer", "d0", "netns", lab.far)
    try run("ip", "-n", lab.near, "link", "set", "c0", "up")
    try run("ip", "-n", lab.far, "link", "set", "d0", "up")
    try run("ip", "-n", lab.far, "address", "add", "10.7.0.2/24", "dev", "d0")
    #expect(lab.drive { lab.view(probe)?.trouble?.contains("has no IPv4 address") == true })
    try run("ip", "-n", lab.near, "address", "add", "10.7.0.1/24", "dev", "c0")
    #expect(lab.becomes(.up, probe))
  }

  @Test(arguments: [("10.0.0.2", "ARP", "ICMP echo"), ("fd00::2", "neighbour discovery", "ICMPv6 echo")])
  func aGatewayThatIsAliveButDeafToEchoIsToldApart(gateway: String, link: String, echoName: String) throws {
    let lab = try Lab("deaf")
    for family in ["ipv4", "ipv6"] {
      try lab.farSpace.write(
        #require(Sysctl("net.\(family).\(family == "ipv6" ? "icmp." : "icmp_")echo_ignore_all")), "1")
    }
    let neighbour = try lab.addNeighbour(gateway)
    #expect(lab.becomes(.up, neighbour))
    let echo = try lab.addEcho(gateway)
    #expect(lab.becomes(.down, echo))
    #expect(lab.reason(echo).contains("\(gateway) answers \(link) ("))
    #expect(lab.reason(echo).contains("but not \(echoName)"))
  }

  @Test func aSilenceThatDecidesAloneIsToldApartToo() throws {
    let lab = try Lab("alone")
    let quick = ProbeSettings(interval: .milliseconds(200), timeout: .milliseconds(150), downAfter: 1, upAfter: 1)
    let echo = try lab.addEcho("10.0.0.2", quick)
    #expect(lab.becomes(.up, echo))
    try lab.farSpace.write(#require(Sysctl("net.ipv4.icmp_echo_ignore_all")), "1")
    #expect(lab.becomes(.down, echo))
    #expect(lab.reason(echo).contains("answers ARP ("))
  }

  @Test func everyFourthEchoLostIsAQuarterAndNoVerdict() throws {
    let lab = try Lab("loss")
    for rule in [
      ["add", "table", "ip", "t"],
      ["add", "chain", "ip", "t", "c", "{ type filter hook input priority 0; }"],
      [
        "add", "rule", "ip", "t", "c", "icmp", "type", "echo-request", "numgen", "inc", "mod", "4", "==", "3",
        "drop"
      ]
    ] {
      try run("ip", "netns", "exec", lab.far, "nft", rule.joined(separator: " "))
    }
    let slow = ProbeSettings(interval: .milliseconds(250), timeout: .milliseconds(250), downAfter: 3, upAfter: 2)
    let probe = try lab.addEcho("10.0.0.2", slow)
    #expect(lab.drive { (lab.view(probe)?.state.recentLoss.asked ?? 0) >= 16 })
    let state = try #require(lab.view(probe)?.state)
    #expect(state.verdict == .up)
    #expect(state.recentLoss.unanswered >= 4)
    #expect(state.recentLoss.fraction < 0.5)
    #expect(lab.events.count == 1)
  }

  @Test func aWrongEntryInOurKernelsNeighbourCacheIsNeitherUsedNorTouched() throws {
    let lab = try Lab("cache")
    try run(
      "ip", "-n", lab.near, "neighbour", "add", "10.0.0.2", "lladdr", "02:ff:ff:ff:ff:ff", "dev", "a0", "nud",
      "permanent")
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.up, probe))
    #expect(lab.view(probe)?.linkAddress != (try mac("02:ff:ff:ff:ff:ff")))
    try run("ip", "netns", "exec", lab.near, "sh", "-c", "ip neighbour | grep -q '02:ff:ff:ff:ff:ff PERMANENT'")
  }

  @Test func aProbeMakesNoEntryInOurKernelsNeighbourCache() throws {
    let lab = try Lab("clean")
    let probes = [
      try lab.addEcho("10.0.0.2"), try lab.addNeighbour("10.0.0.2"), try lab.addNeighbour("fd00::2"),
      try lab.addEcho("fd00::2")
    ]
    for probe in probes { #expect(lab.becomes(.up, probe)) }
    try run("ip", "netns", "exec", lab.near, "sh", "-c", "! ip neighbour | grep -q 10.0.0.2")
  }

  @Test func aGatewayWhoseEntryForUsIsWrongAnswersArpButNotEcho() throws {
    let lab = try Lab("wrong")
    try run(
      "ip", "-n", lab.far, "neighbour", "add", "10.0.0.1", "lladdr", "02:ff:ff:ff:ff:ff", "dev", "b0", "nud",
      "permanent")
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.down, probe))
    #expect(lab.reason(probe).contains("answers ARP ("))
  }

  @Test func aGatewayThatMovesToAnotherMacIsFoundAgain() throws {
    let lab = try Lab("move")
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.up, probe))
    try run("ip", "-n", lab.far, "link", "set", "b0", "address", "02:00:00:00:77:77")
    #expect(lab.drive { (try? mac("02:00:00:00:77:77")) == lab.view(probe)?.linkAddress })
    #expect(lab.becomes(.up, probe))
  }

  /// A server behind the gateway, in a network that the probing namespace has no route to; and strict reverse path
  /// filters on top.
  @Test(arguments: [("198.51.100.9", "10.0.0.2"), ("2001:db8:9::9", "fd00::2")])
  func anAddressBehindTheNextHopNeedsNoRouteHere(target: String, via: String) throws {
    let lab = try Lab("behind")
    try lab.nearSpace.write(#require(Sysctl("net.ipv4.conf.all.rp_filter")), "1")
    try run("ip", "-n", lab.far, "link", "set", "lo", "up")
    try run("ip", "-n", lab.far, "address", "add", "\(target)/\(via.contains(":") ? 128 : 32)", "dev", "lo")
    let probe = try lab.addEcho(target, via: via)
    #expect(lab.becomes(.up, probe))
    #expect(lab.reason(probe).contains("\(target) answers"))
    #expect(lab.reason(probe).contains("through \(via)"))
    try run("ip", "-n", lab.far, "address", "delete", "\(target)/\(via.contains(":") ? 128 : 32)", "dev", "lo")
    try run("ip", "-n", lab.far, "route", "add", "unreachable", target)
    for sysctl in ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"] {
      try lab.farSpace.write(#require(Sysctl(sysctl)), "1")
    }
    #expect(lab.becomes(.down, probe))
    #expect(lab.reason(probe).contains("\(via) says of \(target): "))
    #expect(lab.reason(probe).contains("unreachable") || lab.reason(probe).contains("no route"))
  }

  @Test func aSourceThatWasGivenIsUsed() throws {
    let lab = try Lab("source")
    try run("ip", "-n", lab.near, "address", "add", "10.0.0.77/24", "dev", "a0")
    let probe = try lab.addEcho("10.0.0.2", source: "10.0.0.77")
    #expect(lab.becomes(.up, probe))
    #expect(lab.view(probe)?.source == (try address("10.0.0.77")))
  }

  @Test func aProberThatWasAwayDoesNotJudgeALivingPeerDead() throws {
    let lab = try Lab("away")
    let slow = ProbeSettings(interval: .milliseconds(500), timeout: .milliseconds(500), downAfter: 1, upAfter: 1)
    let probe = try lab.addEcho("10.0.0.2", slow)
    #expect(lab.becomes(.up, probe))
    for _ in 0..<3 {
      let sent = lab.view(probe)?.state.counters.sent ?? 0
      #expect(lab.drive { (lab.view(probe)?.state.counters.sent ?? 0) > sent })
      // Its answer is in the socket; nobody reads it for longer than the timeout.
      usleep(1_200_000)
    }
    lab.prober.run(at: monotonicNow())
    #expect(lab.view(probe)?.state.counters.unanswered == 0)
    #expect(lab.view(probe)?.state.verdict == .up)
  }

  @Test func removingTheLastProbeClosesItsSocketsAndOthersGoOn() throws {
    let lab = try Lab("remove")
    let first = try lab.addEcho("10.0.0.2")
    let second = try lab.addNeighbour("10.0.0.2")
    let link = try #require(lab.prober.links.first ?? nil)
    #expect(link.descriptor(.ipv4) != nil && link.descriptor(.arp) != nil && link.descriptor(.ipv6) == nil)
    lab.prober.remove(first)
    #expect(lab.prober.links.first??.descriptor(.ipv4) == nil)
    #expect(lab.view(first) == nil)
    #expect(lab.becomes(.up, second))
    lab.prober.remove(second)
    #expect(lab.prober.links.allSatisfy { $0 == nil })
    #expect(lab.prober.nextDeadline == .distantFuture)
    #expect(try lab.addEcho("fd00::2") == 0)
    #expect(lab.becomes(.up, 0))
  }

  @Test func aThousandProbesThatAskAtOnceAreAllHeard() throws {
    let lab = try Lab("many")
    let slow = ProbeSettings(interval: .seconds(60), timeout: .seconds(60), downAfter: 1, upAfter: 1)
    let first = try lab.addEcho("10.0.0.2", slow)
    // The next hop is known, so that the others leave in one turn.
    #expect(lab.becomes(.up, first))
    for _ in 0..<1000 { _ = try lab.addEcho("10.0.0.2", slow) }
    lab.prober.run(at: monotonicNow())
    #expect(lab.drive { lab.prober.indices.count { lab.view($0)?.state.verdict == .up } == 1001 })
  }

  @Test func addressesThatDoNotFitAreRefused() throws {
    let lab = try Lab("refuse")
    #expect(throws: ProbeError.self) { try lab.addEcho("224.0.0.1", via: "10.0.0.2") }
    #expect(throws: ProbeError.self) { try lab.addEcho("10.0.0.2", source: "fd00::1") }
    #expect(throws: ProbeError.self) { try lab.addNeighbour("0.0.0.0") }
    #expect(lab.prober.indices.isEmpty)
  }
}

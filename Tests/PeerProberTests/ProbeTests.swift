import Addresses
import ConfigurationFile
import Firewall
import Glibc
import Lab
import NetworkNamespaces
import PeerProbe
import Processes
import Testing

@testable import PeerProber

/// Real peers, and everything that a peer can be instead of one. A probe ends early when all is known, so the time it
/// is given is for a loaded machine.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(5))) struct ProbeTests {
  @Test("FRR that has us as its peer comes Up, and hears AdminDown at the end")
  func frr() throws {
    try Field.with("f") { field in
      let frr = try field.frr(field.peer, [BFDPeer(Field.own, local: Field.near, interface: "w")])
      let (evidence, verdict) = try field.probe(Field.near, seconds: 60)
      #expect(verdict.outcome == .up, "\(evidence)")
      #expect(verdict.causes.isEmpty, "\(verdict.causes)")
      #expect(evidence.bfd.last?.ttl == 255)
      #expect(evidence.bfd.arrivedForUs > 0)
      #expect(evidence.neighbour?.linkAddresses.count == 1)
      #expect(evidence.echo.received > 0)
      #expect(evidence.firewall.incomingBFD == .accepted)
      let session = try #require(try frr.session(with: Field.own))
      #expect(session.state != .up)
      #expect(session.remoteDiagnostic == 7)
    }
  }

  @Test("BIRD over IPv6 comes Up")
  func bird() throws {
    try Field.with("b") { field in
      let bird = BIRDRouter(
        lab: field.lab, namespace: field.peer,
        peers: [BFDPeer(Field.ownV6, local: Field.nearV6, interface: "w")])
      try bird.start()
      let (evidence, verdict) = try field.probe(Field.nearV6, seconds: 60)
      #expect(verdict.outcome == .up, "\(evidence)")
      #expect(evidence.neighbour?.linkAddresses.count == 1)
    }
  }

  @Test("FRR that knows others only says nothing: it may not know us")
  func stranger() throws {
    try Field.with("s") { field in
      let other = IPAddress.v4(IPv4Address(10, 98, 0, 77))
      _ = try field.frr(field.peer, [BFDPeer(other, local: Field.near, interface: "w")])
      let (evidence, verdict) = try field.probe(Field.near, seconds: 4)
      #expect(verdict.outcome == .silent, "\(evidence)")
      #expect(verdict.causes.first?.kind == .notConfigured)
      #expect(evidence.bfd.portUnreachable == 0)
    }
  }

  @Test("A host without BFD says so: port unreachable; what is advised instead is taken by everway")
  func noDaemon() throws {
    try Field.with("n") { field in
      for address in [Field.near, Field.nearV6] {
        let (evidence, verdict) = try field.probe(address)
        #expect(verdict.outcome == .silent, "\(evidence)")
        #expect(verdict.causes.first?.kind == .noDaemon)
        #expect(verdict.causes.first?.likelihood == .certain)
        let text = try #require(
          evidence.configuration(for: verdict, intervalMicroseconds: 300_000, multiplier: 3))
        #expect(text.contains("icmp"))
        let parsed = try GatewayConfiguration.parse(bytes: Array(text.utf8), file: "probe.yaml")
        #expect(parsed.warnings.isEmpty)
      }
    }
  }

  @Test("A host that drops everything but ARP is judged by ARP")
  func arpOnly() throws {
    try Field.with("a") { field in
      try field.nft(field.peer, Field.inputChain("ip protocol { icmp, udp } drop"))
      let (evidence, verdict) = try field.probe(Field.near, seconds: 4)
      #expect(verdict.outcome == .silent, "\(evidence)")
      #expect(evidence.echo.received == 0)
      let text = try #require(evidence.configuration(for: verdict, intervalMicroseconds: 300_000, multiplier: 3))
      #expect(text.contains("neighbour"))
    }
  }

  @Test("An address that nobody has is unreachable")
  func nobody() throws {
    try Field.with("x") { field in
      let (evidence, verdict) = try field.probe(.v4(IPv4Address(10, 98, 0, 99)), seconds: 2)
      #expect(verdict.outcome == .unreachable, "\(evidence)")
      #expect(verdict.causes.first?.kind == .noNeighbour)
      #expect(verdict.exitCode == 3)
    }
  }

  @Test("No route is said at once")
  func noRoute() throws {
    try Field.with("r") { field in
      let (evidence, verdict) = try field.probe(.v4(IPv4Address(192, 0, 2, 1)))
      #expect(verdict.outcome == .unreachable, "\(evidence)")
      #expect(verdict.causes.first?.kind == .noRoute)
    }
  }

  @Test("Our own nftables drop the answers: seen on the wire, not heard, and the rule is named")
  func ownFirewall() throws {
    try Field.with("o") { field in
      _ = try field.frr(field.peer, [BFDPeer(Field.own, local: Field.near, interface: "w")])
      try field.nft(field.us, Field.inputChain("udp dport 3784 counter drop"))
      let (evidence, verdict) = try field.probe(Field.near, seconds: 5)
      #expect(verdict.outcome == .speaks, "\(evidence)")
      let cause = try #require(verdict.causes.first)
      #expect(cause.kind == .ownFirewallIn)
      #expect(cause.likelihood == .certain)
      #expect(cause.evidence.contains { $0.contains("udp dport 3784") && $0.contains("handle") })
    }
  }

  @Test("Our own nftables drop what we send: nothing leaves, and the rule is named")
  func ownOutput() throws {
    try Field.with("u") { field in
      try field.nft(field.us, Field.inputChain("udp dport 3784 drop", hook: "output"))
      let (evidence, verdict) = try field.probe(Field.near, seconds: 4)
      #expect(evidence.bfd.left == 0)
      let cause = try #require(verdict.causes.first)
      #expect(cause.kind == .ownFirewallOut, "\(evidence)")
      #expect(cause.likelihood == .certain)
    }
  }

  @Test("A peer that says a packet is prohibited is told from one without BFD")
  func prohibited() throws {
    try Field.with("p") { field in
      try field.nft(field.peer, Field.inputChain("udp dport 3784 reject with icmpx admin-prohibited"))
      let (evidence, verdict) = try field.probe(Field.near, seconds: 4)
      #expect(verdict.causes.first?.kind == .prohibited, "\(evidence)")
    }
  }

  @Test("FRR behind a router comes Up over several hops; over one hop that is what is advised")
  func multihop() throws {
    try Field.with("m") { field in
      _ = try field.frr(
        field.far, [BFDPeer(Field.own, local: Field.behind, isMultihop: true, minimumTTL: 250)])
      var request = field.request(Field.behind, seconds: 60)
      request.isMultihop = true
      let (evidence, verdict) = try field.probe(request)
      #expect(verdict.outcome == .up, "\(evidence)")
      #expect(evidence.route.gateway == "10.98.0.1")
      #expect(evidence.bfd.last?.ttl == 254)
      let text = try #require(evidence.configuration(for: verdict, intervalMicroseconds: 300_000, multiplier: 3))
      #expect(throws: Never.self) { try GatewayConfiguration.parse(bytes: Array(text.utf8), file: "probe.yaml") }

      let single = try field.probe(Field.behind, seconds: 3)
      #expect(single.verdict.outcome != .up)
      #expect(single.verdict.causes.contains { $0.kind == .multihopNeeded }, "\(single.evidence)")
    }
  }

  @Test("Another program with the port is named, and its session with the peer is not touched")
  func portTaken() throws {
    try Field.with("t") { field in
      let ours = try field.frr(field.us, [BFDPeer(Field.near, local: Field.own, interface: "w")])
      _ = try field.frr(field.peer, [BFDPeer(Field.own, local: Field.near, interface: "w")])
      try ours.wait(for: .up, of: Field.near, timeout: .seconds(60))
      let ups = try #require(try ours.session(with: Field.near)).timesUp
      let (evidence, verdict) = try field.probe(Field.near, seconds: 6)
      #expect(evidence.bfd.way == .watched, "\(evidence)")
      #expect(evidence.bfd.holder?.program == "bfdd")
      #expect(evidence.bfd.sent == 0)
      #expect(verdict.outcome == .up)
      #expect(verdict.causes.contains { $0.kind == .portTaken })
      let after = try #require(try ours.session(with: Field.near))
      #expect(after.state == .up)
      #expect(after.timesUp == ups)
    }
  }

  @Test("Beside another program, a host without BFD still says so")
  func beside() throws {
    try Field.with("d") { field in
      _ = try field.frr(field.us, [])
      let (evidence, verdict) = try field.probe(Field.near, seconds: 8)
      #expect(evidence.bfd.way == .beside, "\(evidence)")
      #expect(verdict.outcome == .silent)
      #expect(verdict.causes.first { $0.kind == .noDaemon }?.likelihood == .certain)
    }
  }

  @Test("What is asked for and not there is refused", arguments: ["nope"])
  func refused(interface: String) throws {
    try Field.with("i") { field in
      var request = field.request(Field.near)
      request.interface = interface
      #expect(throws: ProbeFailure.self) { try field.probe(request) }
    }
  }
}

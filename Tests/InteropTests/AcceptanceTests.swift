import Addresses
import BFD
import Glibc
import Lab
import NetworkNamespaces
import Speaker
import Testing

extension Interop {
  /// Whose packets we take.
  @Suite struct Acceptance {
    /// The slow wires are allowed, the fast ones are not; nobody is configured.
    @Test func anAllowListAnswersThoseItNamesAndNobodyElse() throws {
      try Field.with("allow", ours: .speaker) { field in
        let allowed = field.lines.filter { $0.pace == .slow }
        let refused = field.lines.filter { $0.pace == .fast }
        let answers = try refused.map { line in
          let header = line.family == .ipv4 ? "ip" : "ip6"
          return try field.us.drop(DropRule(hook: .output, match: "\(header) daddr \(line.theirs) udp dport 3784"))
        }
        let rules = try allowed.map { line in
          AllowRule(
            prefix: try #require(IPPrefix("\(line.theirs)/\(line.prefixLength)")),
            parameters: line.pace.timers.configuration(.passive))
        }
        try field.own.perform { $0.setRules(rules) }
        #expect(
          waitUntil(timeout: .seconds(30), every: .milliseconds(50)) {
            let made = (try? views(field)) ?? []
            return made.count == allowed.count && made.allSatisfy { $0.session.state == .up }
          })
        let made = try views(field)
        #expect(Set(made.map(\.settings.remoteAddress)) == Set(allowed.map(\.theirs)))
        #expect(Set(made.map(\.settings.localAddress)) == Set(allowed.map(\.ours)))
        #expect(try field.own.created.count == allowed.count)

        // The refused ones have spoken, and are counted.
        #expect(
          waitUntil(timeout: .seconds(30)) { ((try? field.own.counters[.noSession]) ?? 0) >= refused.count * 2 })
        let peers = try field.peerViews()
        for line in allowed { #expect(peers[line]?.state == .up, "\(line)") }
        for line in refused {
          #expect(peers[line]?.state == .down, "\(line)")
          if line.kind == .frr { #expect(peers[line]?.packetsReceived == 0, "\(line)") }
        }
        for answer in answers { #expect(try answer.droppedPackets() == 0, "an answer to \(answer.rule.match)") }

        // What is no longer allowed goes at once, and the peer notices.
        try field.own.perform { $0.setRules([]) }
        #expect(try views(field).isEmpty)
        #expect(
          waitUntil(timeout: .seconds(30)) {
            (try? field.peerViews()).map { views in allowed.allSatisfy { views[$0]?.state == .down } } ?? false
          })
      }
    }

    private func views(_ field: Field) throws -> [SessionView] {
      try field.own.perform { speaker in speaker.indices.compactMap { speaker.view($0) } }
    }
  }

  /// A router between us and the peers, so that packets come with TTL 254.
  @Suite struct Distance {
    private static let ours = [IPAddress("10.78.1.1"), IPAddress("fd78:0:1::1")].compactMap { $0 }
    private static let frr = [IPAddress("10.78.11.2"), IPAddress("fd78:0:11::2")].compactMap { $0 }
    private static let bird = [IPAddress("10.78.21.2"), IPAddress("fd78:0:21::2")].compactMap { $0 }

    @Test func packetsThatPassedARouterAreTakenOnlyWhereTheTTLAllowsThem() throws {
      Lab.sweep()
      let lab = try Lab.up("i\(getpid())ttl")
      defer { lab.down() }
      let us = try makeNetwork(lab)
      let own = try OwnSide(in: us)
      defer { own.stop() }
      let peers = Self.frr + Self.bird

      // As RFC 5881 section 5 has it: 255, or it came from elsewhere.
      let strict = try add(peers, minimumTimeToLive: 255, own, us)
      for daemon in try startDaemons(lab) { #expect(daemon.isRunning) }
      #expect(waitUntil(timeout: .seconds(30)) { ((try? own.counters[.timeToLive]) ?? 0) >= 8 })
      for session in strict {
        let view = try own.view(session)
        #expect(view.session.state == .down)
        #expect(view.session.remote == nil)
        #expect(view.counters.received == 0)
        try own.perform { $0.remove(session) }
      }
      try expectNoSessionByRule(own)

      let lenient = try add(peers, minimumTimeToLive: 254, own, us)
      let refused = try own.counters[.timeToLive]
      waitUntil(timeout: .seconds(20)) { lenient.allSatisfy { (try? own.view($0))?.session.state == .up } }
      for (session, peer) in zip(lenient, peers) {
        #expect(try own.view(session).session.state == .up, "\(peer)")
      }
      #expect(try own.counters[.timeToLive] == refused)
    }

    /// An allow list takes no packet from afar either.
    private func expectNoSessionByRule(_ own: OwnSide) throws {
      let rules = try Self.frr.map {
        AllowRule(prefix: try #require(IPPrefix("\($0)/\($0.family == .ipv4 ? 24 : 64)")))
      }
      let refused = try own.counters[.timeToLive]
      try own.perform { $0.setRules(rules) }
      #expect(waitUntil(timeout: .seconds(30)) { ((try? own.counters[.timeToLive]) ?? 0) >= refused + 4 })
      #expect(try own.perform { $0.indices }.isEmpty)
      try own.perform { $0.setRules([]) }
    }

    private func add(
      _ peers: [IPAddress], minimumTimeToLive: UInt8, _ own: OwnSide, _ us: LabNamespace
    ) throws -> [Int] {
      let index = try us.perform { () throws(SystemCallError) in if_nametoindex("w") }
      return try peers.map { peer in
        let settings = SessionSettings(
          key: SessionKey(peer: .address(peer, interface: index)), remoteAddress: peer,
          localAddress: Self.ours.first { $0.family == peer.family }, minimumTimeToLive: minimumTimeToLive,
          parameters: BFDTimers(milliseconds: 300).configuration())
        return try #require(try own.perform { $0.add(settings, at: MonotonicClock.now()) })
      }
    }

    private func startDaemons(_ lab: Lab) throws -> [any BFDPeerDaemon] {
      let daemons: [any BFDPeerDaemon] = [
        FRRRouter(
          lab: lab, namespace: try #require(lab.namespace("frr")),
          peers: zip(Self.ours, Self.frr).map { BFDPeer($0, local: $1, interface: "w") }),
        BIRDRouter(
          lab: lab, namespace: try #require(lab.namespace("bird")),
          peers: zip(Self.ours, Self.bird).map { BFDPeer($0, local: $1, interface: "w") })
      ]
      for daemon in daemons { try daemon.start() }
      for label in ["frr/bfdd", "bird/bird"] { hurry(lab.runningProcess(label)) }
      return daemons
    }

    private func makeNetwork(_ lab: Lab) throws -> LabNamespace {
      let router = try lab.makeNamespace("router")
      try router.sysctl([("ipv4.ip_forward", "1"), ("ipv6.conf.all.forwarding", "1")])
      for (role, number) in [("us", 1), ("frr", 11), ("bird", 21)] {
        let place = try lab.makeNamespace(role)
        try place.ip("link add w type veth peer name \(role) netns \(router.name)")
        try router.ip(
          "addr add 10.78.\(number).254/24 dev \(role)", "addr add fd78:0:\(number)::fe/64 dev \(role) nodad",
          "link set \(role) up")
        // BIRD speaks to neighbours on its wire only: a wide prefix makes us one. On IPv4 it does not ask for a route
        // either (SO_DONTROUTE), so the router answers its ARP for us.
        if role == "bird" { try router.sysctl([("ipv4.conf.bird.proxy_arp", "1")]) }
        let (v4, v6) = role == "bird" ? (16, 32) : (24, 64)
        let host = role == "us" ? 1 : 2
        try place.ip(
          "addr add 10.78.\(number).\(host)/\(v4) dev w", "addr add fd78:0:\(number)::\(host)/\(v6) dev w nodad",
          "link set w up")
        try place.waitUntilRunning(["w"])
        try router.waitUntilRunning([role])
        let networks =
          role == "us"
          ? ["10.78.11.0/24", "10.78.21.0/24", "fd78:0:11::/64", "fd78:0:21::/64"]
          : ["10.78.1.0/24", "fd78:0:1::/64"]
        try place.ip(
          networks.map {
            "route add \($0) via \($0.contains(":") ? "fd78:0:\(number)::fe" : "10.78.\(number).254")"
          })
        // Neither FRR nor BIRD lets its single-hop sessions accept 254: the rule undoes the router's work for them.
        guard role != "us" else { continue }
        try place.run(
          "nft", "-f", "-",
          input: """
            table inet ttl {
              chain restore {
                type filter hook prerouting priority -300
                meta nfproto ipv4 udp dport 3784 ip ttl set 255
                meta nfproto ipv6 udp dport 3784 ip6 hoplimit set 255
              }
            }

            """)
      }
      return try #require(lab.namespace("us"))
    }
  }
}

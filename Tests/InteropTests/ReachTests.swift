import Addresses
import Control
import Glibc
import Lab
import Testing

extension Interop {
  /// Peers behind routers, and in other namespaces than the gateway's.
  @Suite struct Reach {
    /// us -- middle -- frr, bird: sessions over one router, IPv4 and IPv6.
    private func withMultihop(
      _ tag: String, _ body: (Lab, _ us: LabNamespace, _ middle: LabNamespace) throws -> Void
    )
      throws
    {
      Lab.sweep()
      let lab = try Lab.up("i\(getpid())\(tag)")
      defer { lab.down() }
      let (us, middle) = (try lab.makeNamespace("us"), try lab.makeNamespace("middle"))
      let (frr, bird) = (try lab.makeNamespace("frr"), try lab.makeNamespace("bird"))
      try wire(us, middle, 1)
      try wire(middle, frr, 2)
      try wire(middle, bird, 3)
      try middle.sysctl([("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")])
      for (place, subnet, gateway) in [(us, 1, 2), (frr, 2, 1), (bird, 3, 1)] {
        try place.ip(
          "route add default via 10.\(subnet).0.\(gateway)", "route add default via fd00:\(subnet)::\(gateway)")
      }
      let timers = BFDTimers(milliseconds: 100)
      let daemons: [any BFDPeerDaemon] = [
        FRRRouter(
          lab: lab, namespace: frr,
          peers: [
            BFDPeer(
              try address("10.1.0.1"), local: try address("10.2.0.2"), timers: timers, isMultihop: true,
              minimumTTL: 254),
            BFDPeer(
              try address("fd00:1::1"), local: try address("fd00:2::2"), timers: timers, isMultihop: true,
              minimumTTL: 254)
          ]),
        BIRDRouter(
          lab: lab, namespace: bird,
          peers: [
            BFDPeer(try address("10.1.0.1"), local: try address("10.3.0.2"), timers: timers, isMultihop: true)
          ])
      ]
      for daemon in daemons { try daemon.start() }
      try body(lab, us, middle)
    }

    /// BIRD sends multihop packets with the system's TTL, 64.
    private static func peers(minimumTTL: Int, ofBIRD: Int = 63) -> String {
      """
        transmit-interval: 100ms
        receive-interval: 100ms
        peers:
          - {name: frr4, address: 10.2.0.2, local-address: 10.1.0.1, multihop: true, minimum-ttl: \(minimumTTL)}
          - {name: frr6, address: "fd00:2::2", local-address: "fd00:1::1", multihop: true, minimum-ttl: \(minimumTTL)}
          - {name: bird, address: 10.3.0.2, local-address: 10.1.0.1, multihop: true, minimum-ttl: \(ofBIRD)}
      """
    }

    @Test("multihop sessions with FRR and BIRD come up over a router, fall when it stops forwarding, and return")
    func multihop() throws {
      try withMultihop("mhop") { lab, us, middle in
        let program = try Program(lab, in: us, Self.peers(minimumTTL: 254))
        let all = ["frr4", "frr6", "bird"]
        try program.wait(Dictionary(uniqueKeysWithValues: all.map { ($0, .up) }))
        try middle.sysctl([("ipv4/ip_forward", "0")])
        try program.wait(["frr4": .down, "bird": .down, "frr6": .up])
        try middle.sysctl([("ipv4/ip_forward", "1")])
        try program.wait(Dictionary(uniqueKeysWithValues: all.map { ($0, .up) }))
        #expect(try program.sessions()["frr6"]?.downCount == 0)
      }
    }

    @Test("a multihop session with a TTL floor that the router in between undercuts stays down, and says why")
    func floor() throws {
      try withMultihop("mttl") { lab, us, _ in
        let program = try Program(lab, in: us, Self.peers(minimumTTL: 255, ofBIRD: 64))
        let counted = waitUntil(timeout: .seconds(30), every: .milliseconds(50)) {
          ((try? program.discards()["time-to-live"]) ?? nil ?? 0) > 20
        }
        #expect(counted)
        #expect(try program.sessions().values.allSatisfy { $0.sessionState == .down })
      }
    }

    @Test("one process speaks in several namespaces, where the same addresses are different routers")
    func namespaces() throws {
      Lab.sweep()
      let lab = try Lab.up("i\(getpid())nspace")
      defer { lab.down() }
      var daemons: [FRRRouter] = []
      var places: [LabNamespace] = []
      for name in ["one", "two"] {
        let (here, there) = (try lab.makeNamespace(name), try lab.makeNamespace("frr\(name)"))
        try wire(here, there, 1)
        try there.waitUntilRunning(["w1b"])
        let peer = BFDPeer(
          try address("10.1.0.1"), interface: "w1b", timers: BFDTimers(milliseconds: 100))
        daemons.append(FRRRouter(lab: lab, namespace: there, peers: [peer]))
        try daemons.last?.start()
        places.append(here)
      }
      let program = try Program(
        lab, in: places[0],
        """
          transmit-interval: 100ms
          receive-interval: 100ms
          peers:
            - {name: one, address: 10.1.0.2, interface: w1a}
            - {name: two, address: 10.1.0.2, interface: w1a, namespace: \(places[1].name)}
        """)
      try program.wait(["one": .up, "two": .up])
      daemons[1].kill()
      try program.wait(["one": .up, "two": .down])
      try daemons[1].start()
      try program.wait(["one": .up, "two": .up])
      #expect(try program.sessions()["one"]?.downCount == 0)
    }
  }
}

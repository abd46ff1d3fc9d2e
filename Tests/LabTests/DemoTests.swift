import Addresses
import ConfigurationFile
import Glibc
import NetworkNamespaces
import Testing

@testable import Lab

@Suite struct ThePlanOfTheDemo {
  @Test func everyoneHasAnAddressOnEveryWire() {
    let plan = DemoPlan()
    #expect(plan.roles == ["client", "node", "server", "r1", "r2", "r3"])
    #expect(plan.routers.map(\.kind) == [.frr, .bird, .frr])
    #expect(plan.commands("r2").contains("addr add 10.77.2.2/24 dev gw"))
    #expect(plan.commands("r2").contains("route replace fd99::/64 via fd88:2::2 dev srv"))
    #expect(plan.commands("node").isEmpty)
    #expect(
      plan.wires { "evl-x-\($0)" }.contains(
        "link add up3 netns evl-x-node type veth peer name gw netns evl-x-r3"))
  }

  @Test func theConfigurationNamesEveryPathAndPeer() {
    let text = DemoPlan(timers: BFDTimers(milliseconds: 50)).configuration(namespace: "evl-x-gw", socket: "/s")
    for line in [
      "namespace: evl-x-gw", "  transmit-interval: 50ms", "  detect-multiplier: 3", "  socket: /s",
      "    - {name: r2-v6, address: \"fd77:2::2\", interface: up2}",
      "  - {name: r3, via: \"10.77.3.2\", interface: up3, hold-down: 1000ms, health: {bfd: r3}}",
      "    paths: [r1-v6, r2-v6, r3-v6]", "    routes: [\"0.0.0.0/0\"]", "    type: resilient"
    ] {
      #expect(text.contains(line + "\n"), "\(line)")
    }
  }

  @Test func everwayTakesTheConfiguration() throws {
    let text = DemoPlan(routes4: ["0.0.0.0/0", "10.200.0.0/16"]).configuration(namespace: "evl-x-gw", socket: "/s")
    let parsed = try GatewayConfiguration.parse(text: text, file: "everway.yaml")
    #expect(parsed.warnings.isEmpty)
    let configuration = parsed.configuration
    #expect(configuration.namespace == .named("evl-x-gw"))
    #expect(configuration.interfaces.map(\.name) == ["in0", "up1", "up2", "up3"])
    #expect(configuration.bfd.peers.count == 6)
    #expect(configuration.bfd.peers.allSatisfy { $0.timers.transmitInterval == .milliseconds(50) })
    #expect(configuration.paths.allSatisfy { $0.holdDown == .seconds(1) && $0.health == .bfd(peer: $0.name) })
    #expect(configuration.groups.map { $0.routes.count } == [2, 1])
    #expect(configuration.control.socket == "/s")
  }

  @Test func flowsDifferInPortAndDestination() {
    let plan = DemoPlan().traffic(flows: 48)
    #expect(Set(plan.flows.map(\.sourcePort)).count == 48)
    #expect(plan.flows.filter { $0.destination.family == .ipv4 }.count == 32)
    #expect(Set(plan.flows.map(\.destination)).count == 24)
    #expect(plan.paths.map(\.interface) == ["r1", "r2", "r3"])
  }
}

@Suite(.enabled(if: TestLab.isPossible), .timeLimit(.minutes(3))) struct TheDemoStanding {
  /// The network with the gateway done by hand: resilient next-hop groups that nobody corrects.
  private func with(_ tag: String, _ body: (DemoTopology) throws -> Void) throws {
    Lab.sweep()
    let topology = try DemoTopology.up("t\(getpid())\(tag)")
    defer { topology.down() }
    _ = try NetworkNamespace.create(named: topology.gateway.name)
    var moves: [String] = ["in0"] + topology.plan.routers.map(\.uplink)
    moves = moves.map { "link set \($0) netns \(topology.gateway.name)" }
    try topology.node.ip(moves)
    var lines = ["link set lo up"]
    for (interface, v4, v6) in [("in0", "10.77.100.1", "fd77:100::1")]
      + topology.plan.routers.map({ ($0.uplink, $0.gateway4, $0.gateway6) })
    {
      lines += [
        "addr add \(v4)/24 dev \(interface)", "addr add \(v6)/64 dev \(interface) nodad", "link set \(interface) up"
      ]
    }
    for router in topology.plan.routers {
      lines.append("nexthop add id \(router.number) via \(router.address4) dev \(router.uplink)")
      lines.append("nexthop add id 1\(router.number) via \(router.address6) dev \(router.uplink)")
    }
    lines += ["nexthop add id 100 group 1/2/3", "nexthop add id 101 group 11/12/13"]
    lines += ["route add default nhid 100", "route add ::/0 nhid 101"]
    try topology.gateway.sysctl([
      ("ipv4.ip_forward", "1"), ("ipv6.conf.all.forwarding", "1"), ("ipv4.fib_multipath_hash_policy", "1"),
      ("ipv6.fib_multipath_hash_policy", "1")
    ])
    try topology.gateway.ip(lines)
    try topology.gateway.waitUntilRunning(["in0", "up1", "up2", "up3"])
    try topology.server.waitUntilRunning(topology.plan.serverInterfaces)
    try topology.client.waitUntilRunning(["eth0"])
    for router in topology.routers { try router.namespace.waitUntilRunning(["gw", "srv"]) }
    try body(topology)
  }

  @Test func flowsReachTheServerByAllRouters() throws {
    try with("flow") { topology in
      let traffic = try topology.startTraffic(topology.plan.traffic(flows: 24, intervalMicroseconds: 5000))
      #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.received >= 2400 })
      let report = traffic.stop()
      #expect(report.lost == 0, "\(report.gaps)")
      #expect(report.spread(at: report.duration).reduce(0, +) == 24)
      #expect(report.spread(at: report.duration).allSatisfy { $0 > 0 })
    }
  }

  @Test func aCrashedRouterLosesItsFlowsUntilItBoots() throws {
    try with("crash") { topology in
      let router = try #require(topology.router(1))
      let traffic = try topology.startTraffic(topology.plan.traffic(flows: 24, intervalMicroseconds: 5000))
      #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.received >= 1200 })
      traffic.mark("r1 crashes", at: try router.crash())
      #expect(!router.daemon.isRunning)
      let sent = traffic.counts.sent
      #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.sent >= sent + 1200 })
      try router.boot()
      #expect(router.daemon.isRunning)
      traffic.mark("r1 is back")
      let received = traffic.counts.received
      #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.received >= received + 2400 })
      let report = traffic.stop()
      let crash = try #require(report.effects().first)
      #expect(crash.flowsWithLoss > 0)
      #expect(crash.flowsWithLoss == crash.flowsBefore[0])
      #expect(report.effects().last?.lost == 0)
    }
  }

  @Test func aLinkThatComesBackHasItsRoutes() throws {
    try with("link") { topology in
      let router = try #require(topology.router(2))
      try router.linkDown()
      #expect(try topology.gateway.run("ip", "link", "show", "up2").contains("NO-CARRIER"))
      try router.linkUp()
      for address in ["10.77.100.0/24", "fd77:100::/64"] {
        #expect(
          try router.namespace.run("ip", "route", "get", String(address.prefix { $0 != "/" }) + "2").contains(
            "dev gw"))
      }
    }
  }

  @Test func anotherProcessFindsTheRoutersAndControlsThem() throws {
    try with("find") { topology in
      let other = try #require(DemoTopology.existing(topology.lab.name))
      let router = try #require(other.router(2))
      #expect(router.daemon.isRunning)
      #expect(try router.daemon.sessions().count == 2)
      #expect(other.statusTable().rendered().contains("r2      BIRD    yes   10.77.2.1  "))
      router.daemon.kill()
      #expect(topology.router(2)?.daemon.isRunning == false)
      #expect(other.statusTable().rendered().contains("r2      BIRD    no    -"))
      try router.daemon.start()
      #expect(router.daemon.isRunning)
    }
  }
}

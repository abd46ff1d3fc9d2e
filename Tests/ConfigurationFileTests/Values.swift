import Addresses
import ConfigurationFile
import Testing

/// Parses a file that must be good.
private func parse(_ text: String) throws -> GatewayConfiguration {
  try GatewayConfiguration.parse(text: text, file: "gateway.yaml").configuration
}

private typealias C = GatewayConfiguration

@Suite struct GoodFiles {
  @Test func theSmallestFileIsAllDefaults() throws {
    let configuration = try parse("version: 1\n")
    #expect(configuration == GatewayConfiguration())
    #expect(configuration.namespace == .named("ovnext"))
    #expect(configuration.egressSysctls)
    #expect(
      configuration.bfd.timers
        == C.BFDTimers(
          transmitInterval: .milliseconds(300), receiveInterval: .milliseconds(300), detectMultiplier: 3))
    #expect(configuration.control == C.Control(socket: "/run/everway/control.sock", group: "root", mode: 0o660))
    #expect(configuration.drain == C.Drain(onStop: true, keepRoutes: true))
    #expect(configuration.startupGrace == .seconds(10))
    #expect(configuration.uplinks.isEmpty)
  }

  @Test func everyKeyReachesItsField() throws {
    let configuration = try parse(
      """
      version: 1
      namespace: this
      interfaces:
        - {name: net1, from: eth1, addresses: [10.9.0.11/24, 2001:db8::11/64], mtu: 1500, mac: "02:00:00:00:00:01", up: false}
      egress-sysctls: false
      sysctls: {net.ipv4.conf.net1.rp_filter: 2}
      bfd:
        transmit-interval: 50ms
        receive-interval: 3300us
        detect-multiplier: 5
        listen: [10.9.0.11, "::"]
        peers:
          - name: tor
            address: 10.9.0.1
            interface: net1
            local-address: 10.9.0.11
            mode: passive
            detect-multiplier: 4
            minimum-ttl: 254
            point-to-point: true
            shutdown: true
        allow:
          - {name: ovn, prefix: 10.9.0.0/24, interface: net1, max-sessions: 9, transmit-interval: 1s, minimum-ttl: 254}
      paths:
        - name: a
          via: 10.9.0.2
          interface: net1
          weight: 256
          hold-down: 0s
          health: {icmp: {address: 192.0.2.1, interval: 200ms, timeout: 100ms, down-after: 2, up-after: 4}}
      groups:
        - name: g
          paths: [{path: a, weight: 7}]
          type: resilient
          buckets: 64
          idle-timer: 10ms
          unbalanced-timer: 1m
          last-path: blackhole
          metric: 20
          table: 100
          routes: [0.0.0.0/0, {prefix: 10.0.0.0/8, metric: 1, table: 2}]
      routes:
        - {prefix: 192.0.2.0/24, via: 10.9.0.3, interface: net1, metric: 3, table: 4, source: 10.9.0.11}
      uplinks: {watch: [{interface: net1}, {path: a}], lost-when: {fewer-than: 2}, tell: admin-down, peers: [ovn]}
      drain: {on-stop: false, keep-routes: false, tell: silence}
      control: {socket: /run/x.sock, group: wheel, mode: "0600"}
      realtime: {priority: 0, cpu: 3, lock-memory: false}
      capture: {ring: 8, when-down: false, directory: /tmp/c, max-files: 3, max-size: 65536}
      startup-grace: 1.5s
      """)
    let defaults = C.BFDTimers(
      transmitInterval: .milliseconds(50), receiveInterval: .microseconds(3300), detectMultiplier: 5)
    var peerTimers = defaults
    peerTimers.detectMultiplier = 4
    var allowTimers = defaults
    allowTimers.transmitInterval = .seconds(1)
    let own = try #require(IPAddress("10.9.0.11"))
    let expected = try GatewayConfiguration(
      namespace: .current,
      interfaces: [
        C.Interface(
          name: "net1", from: "eth1",
          addresses: [#require(IPPrefix("10.9.0.11/24")), #require(IPPrefix("2001:db8::11/64"))], mtu: 1500,
          mac: MACAddress(bits: 0x0200_0000_0001), up: false)
      ],
      egressSysctls: false, sysctls: [C.Sysctl(key: "net.ipv4.conf.net1.rp_filter", value: "2")],
      bfd: C.BFDSettings(
        timers: defaults, listen: [own, .v6(.any)],
        peers: [
          C.BFDPeer(
            name: "tor", address: #require(IPAddress("10.9.0.1")), interface: "net1", localAddress: own,
            mode: .passive,
            timers: peerTimers, minimumTTL: 254, pointToPoint: true, shutdown: true)
        ],
        allow: [
          C.BFDAllow(
            name: "ovn", prefix: #require(IPPrefix("10.9.0.0/24")), interface: "net1", maxSessions: 9,
            timers: allowTimers,
            minimumTTL: 254)
        ]),
      paths: [
        C.Path(
          name: "a", via: #require(IPAddress("10.9.0.2")), interface: "net1", weight: 256, holdDown: .zero,
          health: .icmp(
            address: #require(IPAddress("192.0.2.1")),
            C.Probe(interval: .milliseconds(200), timeout: .milliseconds(100), downAfter: 2, upAfter: 4)))
      ],
      groups: [
        C.Group(
          name: "g", members: [C.Member(path: "a", weight: 7)],
          type: .resilient(buckets: 64, idleTimer: .milliseconds(10), unbalancedTimer: .seconds(60)),
          lastPath: .blackhole,
          routes: [
            C.GroupRoute(prefix: #require(IPPrefix("0.0.0.0/0")), metric: 20, table: 100),
            C.GroupRoute(prefix: #require(IPPrefix("10.0.0.0/8")), metric: 1, table: 2)
          ])
      ],
      routes: [
        C.StaticRoute(
          prefix: #require(IPPrefix("192.0.2.0/24")), via: IPAddress("10.9.0.3"), interface: "net1",
          metric: 3,
          table: 4, source: own)
      ],
      uplinks: [
        C.Uplinks(
          watch: [.interface("net1"), .path("a")], lostWhen: .fewerThan(2), tell: .adminDown, peers: ["ovn"])
      ],
      drain: C.Drain(onStop: false, keepRoutes: false, tell: .silence),
      control: C.Control(socket: "/run/x.sock", group: "wheel", mode: 0o600),
      realtime: C.Realtime(priority: 0, cpu: 3, locksMemory: false),
      capture: C.Capture(ring: 8, whenDown: false, directory: "/tmp/c", maximumFiles: 3, maximumSize: 65_536),
      startupGrace: .milliseconds(1500))
    #expect(configuration == expected)
  }

  @Test func anInlinePeerHasThePathsNameAddressAndInterface() throws {
    let configuration = try parse(
      """
      version: 1
      bfd: {receive-interval: 50ms}
      paths: [{name: a, via: "fe80::1", interface: net1, health: {bfd: {transmit-interval: 1s}}}]
      """)
    let peer = try #require(configuration.bfd.peers.first)
    #expect(peer.name == "a")
    #expect(peer.address == IPAddress("fe80::1"))
    #expect(peer.interface == "net1")
    #expect(
      peer.timers
        == C.BFDTimers(transmitInterval: .seconds(1), receiveInterval: .milliseconds(50), detectMultiplier: 3))
    #expect(configuration.paths.first?.health == .bfd(peer: "a"))
  }

  @Test func aProfileStandsBetweenAPeersOwnWordsAndTheDefaults() throws {
    let configuration = try parse(
      """
      version: 1
      bfd:
        receive-interval: 80ms
        dampening: {threshold: 4, initial-hold: 1s}
        profiles:
          - {name: fast, transmit-interval: 50ms, detect-multiplier: 5, mode: passive, minimum-ttl: 254, dampening: false}
        peers:
          - {name: a, address: 10.9.0.1, profile: fast, detect-multiplier: 4}
          - {name: b, address: 10.9.0.2}
        allow: [{prefix: 10.8.0.0/24, profile: fast}]
      paths: [{name: c, via: 10.9.0.3, interface: net1, health: {bfd: {profile: fast}}}]
      """)
    let peers = configuration.bfd.peers
    #expect(peers.map(\.timers.transmitInterval) == [.milliseconds(50), .milliseconds(300), .milliseconds(50)])
    #expect(peers.map(\.timers.receiveInterval) == [.milliseconds(80), .milliseconds(80), .milliseconds(80)])
    #expect(peers.map(\.timers.detectMultiplier) == [4, 3, 5])
    #expect(peers.map(\.mode) == [.passive, .active, .passive])
    #expect(peers.map(\.minimumTTL) == [254, 255, 254])
    #expect(peers.map(\.dampening?.threshold) == [nil, 4, nil])
    #expect(peers[1].dampening == C.Dampening(threshold: 4, initialHold: .seconds(1)))
    #expect(configuration.bfd.allow.map(\.timers.detectMultiplier) == [5])
    #expect(configuration.bfd.allow.map(\.minimumTTL) == [254])
  }

  @Test func aPeerMayBeBehindRoutersInAVRFOrInAnotherNamespace() throws {
    let configuration = try parse(
      """
      version: 1
      bfd:
        peers:
          - {name: a, address: 10.9.0.1, local-address: 10.8.0.1, multihop: true, minimum-ttl: 250}
          - {name: b, address: 10.9.0.1, vrf: red}
          - {name: c, address: 10.9.0.1, vrf: red, namespace: other}
        allow: [{prefix: 10.9.0.0/24, multihop: true}, {prefix: 10.9.0.0/24, namespace: other}]
      """)
    #expect(
      configuration.bfd.peers.map(\.reach) == [
        C.BFDReach(multihop: true), C.BFDReach(vrf: "red"), C.BFDReach(vrf: "red", namespace: "other")
      ])
    #expect(configuration.bfd.peers.map(\.minimumTTL) == [250, 255, 255])
    #expect(configuration.bfd.allow.map(\.reach) == [C.BFDReach(multihop: true), C.BFDReach(namespace: "other")])
    #expect(configuration.bfd.allow.map(\.minimumTTL) == [1, 255])
  }

  @Test func seamlessPeersAndReflectorsNameTheirDiscriminators() throws {
    let configuration = try parse(
      """
      version: 1
      bfd:
        peers:
          - {name: a, address: 10.9.0.1, seamless: {discriminator: 0xcafe}}
          - {name: b, address: 10.9.0.2, seamless: {discriminator: 10.255.0.1}, minimum-ttl: 200}
        reflectors:
          - {discriminator: 7, allow: [10.9.0.0/24], receive-interval: 5ms, maximum-rate: 50, shutdown: true, vrf: red}
      """)
    #expect(configuration.bfd.peers.map(\.seamlessDiscriminator) == [0xcafe, 0x0aff_0001])
    #expect(configuration.bfd.peers.map(\.minimumTTL) == [1, 200])
    #expect(
      configuration.bfd.reflectors == [
        C.BFDReflector(
          discriminator: 7, allow: [try #require(IPPrefix("10.9.0.0/24"))], receiveInterval: .milliseconds(5),
          maximumRate: 50, shutdown: true, reach: C.BFDReach(vrf: "red"))
      ])
  }

  @Test func healthChecksNest() throws {
    let configuration = try parse(
      """
      version: 1
      bfd: {peers: [{name: tor, address: 10.9.0.1}]}
      paths:
        - {name: a, via: 10.9.0.1, interface: net1, health: {all: [{bfd: tor}, {any: [{icmp: }, {neighbour: {interval: 100ms}}, link]}]}}
      """)
    let via = try #require(IPAddress("10.9.0.1"))
    let fast = C.Probe(interval: .milliseconds(100), timeout: .milliseconds(100))
    #expect(
      configuration.paths.first?.health
        == .all([.bfd(peer: "tor"), .any([.icmp(address: via, C.Probe()), .neighbour(fast), .link])]))
    #expect(configuration.paths.first?.health.peers == ["tor"])
  }

  @Test func aMembersWeightIsThePathsUnlessTheGroupSaysElse() throws {
    let configuration = try parse(
      """
      version: 1
      paths: [{name: a, via: 10.9.0.1, interface: net1, weight: 3}, {name: b, via: 10.9.0.2, interface: net1, weight: 4}]
      groups: [{name: g, paths: [a, {path: b, weight: 9}], last-path: keep, routes: [0.0.0.0/0]}]
      """)
    #expect(configuration.groups.first?.members.map(\.weight) == [3, 9])
    #expect(configuration.groups.first?.type == .plain)
  }

  /// The kernel turns an IPv6 metric of 0 into 1024, and would show a difference for ever.
  @Test func anIPv6RouteHasTheMetricThatTheKernelGivesIt() throws {
    let configuration = try parse(
      "version: 1\nroutes: [{prefix: '::/0', interface: net1}, {prefix: 0.0.0.0/0, interface: net1}]")
    #expect(configuration.routes.map(\.metric) == [1024, 0])
  }

  @Test func rulesAreReadForBothFamiliesUnlessTheySayOne() throws {
    let configuration = try parse(
      """
      version: 1
      routes: [{prefix: 0.0.0.0/0, via: 10.9.0.1, table: 100}]
      rules:
        - {from: 10.204.0.0/24, incoming-interface: net1, table: 100, priority: 1000}
        - {to: "2001:db8::/32", table: 254, priority: 1001}
        - {incoming-interface: net2, table: 100, priority: 1002}
      """)
    let (from, to) = (IPPrefix("10.204.0.0/24"), IPPrefix("2001:db8::/32"))
    #expect(
      configuration.rules == [
        .init(from: from, incomingInterface: "net1", table: 100, priority: 1000),
        .init(to: to, table: 254, priority: 1001),
        .init(incomingInterface: "net2", table: 100, priority: 1002)
      ])
    #expect(configuration.rules.map(\.families) == [[.ipv4], [.ipv6], [.ipv4, .ipv6]])
  }

  @Test func bfddControlIsAnsweredOnlyWhereTheFileAsksForIt() throws {
    #expect(try !parse("version: 1").bfd.openBFDDControl)
    #expect(try parse("version: 1\nbfd: {openbfdd-control: true}").bfd.openBFDDControl)
  }

  @Test func severalUplinksAreAListAndEachSaysWhomItTells() throws {
    let configuration = try parse(
      """
      version: 1
      bfd:
        peers: [{name: v4, address: 10.9.0.1}, {name: v6, address: "2001:db8::1"}]
      uplinks:
        - {watch: [{interface: net1}], tell: silence, peers: [v4]}
        - {watch: [{interface: net2}], tell: admin-down, peers: [v6]}
      """)
    #expect(
      configuration.uplinks == [
        .init(watch: [.interface("net1")], tell: .silence, peers: ["v4"]),
        .init(watch: [.interface("net2")], tell: .adminDown, peers: ["v6"])
      ])
  }

  @Test func aDrainIsToldToOVNBySilenceUnlessTheFileSaysOtherwise() throws {
    #expect(GatewayConfiguration.Drain().tell(.ovn) == .silence)
    #expect(GatewayConfiguration.Drain().tell(.none) == .adminDown)
    let configuration = try parse("version: 1\ndrain: {tell: admin-down}")
    #expect(configuration.drain.tell(.ovn) == .adminDown)
  }

  @Test func uplinksTellEveryPeerThatIsNotBehindThem() throws {
    let configuration = try parse(
      """
      version: 1
      bfd:
        peers: [{name: tor, address: 10.9.0.1, interface: net1}, {name: other, address: 10.8.0.1, interface: net2}]
        allow: [{prefix: 10.204.0.0/24, interface: net2}]
      paths:
        - {name: a, via: 10.9.0.1, interface: net1, health: {bfd: tor}}
        - {name: b, via: 10.9.0.2, interface: net1, health: {bfd: {}}}
      uplinks: {watch: [{path: a}, {interface: net1}]}
      """)
    #expect(configuration.uplinks.first?.peers == ["other", "10.204.0.0/24%net2"])
    #expect(configuration.uplinks.first?.lostWhen == .all)
    #expect(configuration.uplinks.first?.tell == .concatenatedPathDown)
  }

  @Test func anAliasStandsForAValue() throws {
    let configuration = try parse(
      """
      version: 1
      paths:
        - {name: a, via: 10.9.0.1, interface: net1, health: &check {icmp: {interval: 100ms, timeout: 50ms}}}
        - {name: b, via: 10.9.0.2, interface: net1, health: *check}
      """)
    let probe = C.Probe(interval: .milliseconds(100), timeout: .milliseconds(50))
    #expect(configuration.paths.last?.health == .icmp(address: try #require(IPAddress("10.9.0.2")), probe))
  }

  @Test(arguments: [
    ("0s", Duration.zero), ("1us", .microseconds(1)), ("1µs", .microseconds(1)), ("50ms", .milliseconds(50)),
    ("0.5s", .milliseconds(500)),
    ("3300us", .microseconds(3300)), ("1m", .seconds(60)), ("1h", .seconds(3600)),
    ("1.000001s", .microseconds(1_000_001)),
    ("10 s", .seconds(10)), ("0.50s", .milliseconds(500))
  ])
  func durationsAreReadExactly(text: String, expected: Duration) throws {
    #expect(try parse("version: 1\nstartup-grace: \(text)\n").startupGrace == expected)
  }

  @Test(arguments: ["s", "", ".5s", "5.s", "1.2.3s", "+1s", "1d", "1S", "0x10s", "1e3s", "١s", "1s s", "∞s"])
  func malformedDurationsAreRefused(text: String) {
    #expect(throws: ConfigurationErrors.self) { try parse("version: 1\nstartup-grace: \"\(text)\"\n") }
  }
}

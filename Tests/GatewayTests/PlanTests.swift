import Addresses
import ConfigurationFile
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

@Suite("A plan by value")
struct PlanTests {
  /// One interface, one path, one group with one route, no sysctls.
  private func desired(_ edit: (inout GatewayConfiguration) throws -> Void = { _ in }) throws -> DesiredState {
    var configuration = GatewayConfiguration(
      interfaces: [
        GatewayConfiguration.Interface(name: "net1", from: "eth1", addresses: [try prefix("10.9.0.11/24")])
      ],
      egressSysctls: false,
      paths: [
        GatewayConfiguration.Path(name: "r1", via: try address("10.9.0.1"), interface: "net1"),
        GatewayConfiguration.Path(name: "r2", via: try address("10.9.0.2"), interface: "net1")
      ],
      groups: [
        GatewayConfiguration.Group(
          name: "out",
          members: [GatewayConfiguration.Member(path: "r1"), GatewayConfiguration.Member(path: "r2", weight: 2)],
          lastPath: .keep, routes: [GatewayConfiguration.GroupRoute(prefix: try prefix("0.0.0.0/0"))])
      ])
    try edit(&configuration)
    return DesiredState(configuration)
  }

  /// A kernel in which all of `desired` is in force.
  private func fulfilled(_ desired: DesiredState) -> ObservedState {
    var state = ObservedState()
    state.inside["lo"] = ObservedLink(name: "lo", isUp: true)
    for interface in desired.interfaces {
      state.inside[interface.name] = ObservedLink(
        name: interface.name, mtu: interface.mtu ?? 1500, mac: interface.mac, isUp: true,
        addresses: interface.addresses.map { ObservedAddress(prefix: $0) })
    }
    for hop in desired.nextHops {
      state.nextHops[hop.id] = ObservedNextHop(id: hop.id, kind: .gateway(hop.via, interface: hop.interface))
    }
    for group in desired.groups {
      state.nextHops[group.id] = ObservedNextHop(id: group.id, kind: .group(group.members, group.type))
    }
    for sysctl in desired.sysctls { state.sysctls[sysctl.sysctl] = .value(sysctl.value, isWritable: true) }
    for route in desired.routes {
      switch route.target {
      case .group(let id, _): state.routes.insert(own: ObservedRoute(key: route.key, nextHop: id))
      case .direct(let via, let interface, let source):
        state.routes.insert(
          own: ObservedRoute(key: route.key, via: via, interface: interface ?? "net1", source: source))
      }
    }
    return state
  }

  @Test("A machine as desired needs nothing")
  func nothing() throws {
    let desired = try desired { $0.egressSysctls = true }
    let plan = Plan(desired, fulfilled(desired))
    #expect(plan.isEmpty)
    #expect(plan.problems == [])
  }

  @Test("Everything in its order: namespace, link, MAC, MTU, sysctl, up, address, next hop, group, route")
  func order() throws {
    let desired = try desired {
      $0.egressSysctls = true
      $0.interfaces[0].mtu = 9000
      $0.interfaces[0].mac = try mac("02:00:00:00:00:01")
    }
    var observed = ObservedState(place: .absent)
    observed.outside["eth1"] = ObservedLink(name: "eth1", isUp: true)
    let changes = Plan(desired, observed).changes()
    func place(_ matches: (Change) -> Bool) throws -> Int {
      let place = changes.firstIndex(where: matches)
      return try #require(place)
    }
    let places = [
      try place { $0 == .createNamespace("ovnext") },
      try place { if case .moveLink = $0 { true } else { false } },
      try place { if case .setMAC = $0 { true } else { false } },
      try place { if case .setMTU = $0 { true } else { false } },
      try place { $0.subject == .sysctl && $0.interface == "net1" },
      try place { $0 == .setLinkUp("net1") },
      try place { $0.subject == .address },
      try place { $0.subject == .nextHop },
      try place { $0.subject == .group },
      try place { $0.subject == .route }
    ]
    #expect(places == places.sorted())
    // Turning forwarding on resets others: it comes before all sysctls.
    let forward = try #require(Sysctl("net.ipv4.ip_forward"))
    #expect(changes.first { $0.subject == .sysctl } == .setSysctl(forward, from: nil, to: "1"))
  }

  @Test("A tap that nobody serves any more makes room for its successor outside; no other link does")
  func deadTap() throws {
    let desired = try desired()
    var observed = fulfilled(desired)
    observed.place = .present
    observed.outside["eth1"] = ObservedLink(name: "eth1", isTap: true)
    func links() -> [Change] { Plan(desired, observed).changes().filter { $0.subject == .link } }
    observed.inside["net1"]?.hasCarrier = false
    #expect(links() == [], "a cable that is out is no reason")
    observed.inside["net1"]?.isTap = true
    #expect(
      links() == [
        .removeLink("net1"), .moveLink(from: "eth1", to: "net1", namespace: "ovnext", loses: []), .setLinkUp("net1")
      ])
    #expect(Plan(desired, observed).problems == [])
    observed.inside["net1"]?.hasCarrier = true
    #expect(links() == [])
    observed.inside["net1"]?.hasCarrier = false
    observed.outside = [:]
    #expect(links() == [], "without a successor it stays")
  }

  @Test("A link that is moved in gets its addresses anew, whatever it had outside")
  func moveLosesAddresses() throws {
    let desired = try desired()
    var observed = fulfilled(desired)
    observed.outside["eth1"] = observed.inside.removeValue(forKey: "net1")
    observed.outside["eth1"]?.name = "eth1"
    let changes = Plan(desired, observed).changes()
    let address = try prefix("10.9.0.11/24")
    #expect(
      changes.prefix(3) == [
        .moveLink(from: "eth1", to: "net1", namespace: "ovnext", loses: [address]), .setLinkUp("net1"),
        .addAddress(address, interface: "net1")
      ])
  }

  @Test(
    "A value in other words is the same value",
    arguments: [("1 \t2", "1 2", true), ("1", "1 ", true), ("1", "11", false)])
  func sysctlWords(_ case: (String, String, Bool)) {
    #expect(Planner.same(`case`.0, `case`.1) == `case`.2)
  }

  @Test("The user's sysctl stands in for the one of egress")
  func userSysctl() throws {
    let desired = try desired {
      $0.egressSysctls = true
      $0.sysctls = [GatewayConfiguration.Sysctl(key: "net.ipv4.conf.net1.rp_filter", value: "1")]
    }
    let filters = desired.sysctls.filter { $0.sysctl == .ipv4("rp_filter", interface: "net1") }
    #expect(filters.map(\.value) == ["1"])
    #expect(filters.map(\.field) == ["sysctls.net.ipv4.conf.net1.rp_filter"])
  }

  @Test("An interface's name may hold dots")
  func dottedInterface() throws {
    let desired = try desired {
      $0.egressSysctls = true
      $0.interfaces[0].name = "net1.5"
    }
    #expect(desired.sysctls.contains { $0.sysctl.description == "net.ipv4.conf.net1/5.rp_filter" })
    #expect(desired.sysctls.contains { $0.interface == "net1.5" })
  }

  @Test("A read-only /proc/sys is said for what would have to change, and only for that")
  func readOnlySysctls() throws {
    let desired = try desired { $0.egressSysctls = true }
    var observed = fulfilled(desired)
    for sysctl in desired.sysctls { observed.sysctls[sysctl.sysctl] = .value(sysctl.value, isWritable: false) }
    let forward = try #require(Sysctl("net.ipv4.ip_forward"))
    observed.sysctls[forward] = .value("0", isWritable: false)
    let plan = Plan(desired, observed)
    #expect(plan.isEmpty)
    #expect(plan.problems.count == 1)
    #expect(plan.problems.first?.what.contains("net.ipv4.ip_forward is 0, should be 1") == true)
    #expect(plan.problems.first?.remedy.hasSuffix(" net.ipv4.ip_forward=1") == true)

    // Many are one problem.
    for sysctl in desired.sysctls { observed.sysctls[sysctl.sysctl] = .value("9", isWritable: false) }
    let all = Plan(desired, observed).problems
    #expect(all.count == 1)
    #expect(all.first?.what.hasSuffix("nor can \(desired.sysctls.count - 1) others") == true)
  }

  @Test("A kernel without IPv6 is no problem, unless IPv6 is asked for", arguments: [false, true])
  func withoutIPv6(asked: Bool) throws {
    let desired = try desired {
      $0.egressSysctls = true
      if asked { $0.interfaces[0].addresses.append(try prefix("2001:db8::1/64")) }
    }
    var observed = fulfilled(desired)
    for sysctl in desired.sysctls where sysctl.sysctl.components[1] == "ipv6" {
      observed.sysctls[sysctl.sysctl] = .absent
    }
    let plan = Plan(desired, observed)
    #expect(plan.isEmpty)
    #expect(plan.problems.isEmpty != asked)
  }

  @Test("Below 1280 octets no IPv6 key is asked for; on the way up from there they are set")
  func smallMTU() throws {
    let small = try desired {
      $0.egressSysctls = true
      $0.interfaces[0].mtu = 1000
    }
    #expect(!small.sysctls.contains { $0.interface == "net1" && $0.sysctl.components[1] == "ipv6" })
    let large = try desired {
      $0.egressSysctls = true
      $0.interfaces[0].addresses.append(try prefix("2001:db8::1/64"))
      $0.interfaces[0].mtu = 1500
    }
    var observed = fulfilled(large)
    observed.inside["net1"]?.mtu = 1000
    let key = try #require(Sysctl.ipv6("keep_addr_on_down", interface: "net1"))
    observed.sysctls[key] = .absent
    let plan = Plan(large, observed)
    #expect(plan.problems == [])
    #expect(
      plan.changes() == [.setMTU("net1", from: 1000, to: 1500), .setSysctl(key, from: nil, to: "1")])
  }

  @Test("Only routes of ours that nobody wants are removed; foreign ones are not even looked at")
  func staleRoutes() throws {
    let desired = try desired()
    var observed = fulfilled(desired)
    let stale = ObservedRoute(
      key: RouteKey(prefix: try prefix("10.1.0.0/16"), metric: 5), via: try address("10.9.0.1"))
    observed.routes.insert(own: stale)
    let twin = ObservedRoute(
      key: RouteKey(prefix: try prefix("0.0.0.0/0"), metric: 0), via: try address("10.9.0.9"))
    observed.routes.insert(own: twin)
    #expect(Plan(desired, observed).changes() == [.removeRoute(twin), .removeRoute(stale)])
  }

  @Test("A route of ours beside a foreign one is left as it is, and said")
  func foreignBesideOurs() throws {
    let desired = try desired()
    var observed = fulfilled(desired)
    let key = RouteKey(prefix: try prefix("0.0.0.0/0"), metric: 0)
    observed.routes.foreign[key] = ObservedRoute(
      key: key, protocol: .bird, via: try address("10.9.0.9"), interface: "net1")
    let plan = Plan(desired, observed)
    #expect(plan.isEmpty)
    #expect(plan.problems.first?.what.hasPrefix("besides ours") == true)
  }

  @Test("A group that lost members is left to the engine; one with a stranger or another weight is changed")
  func groupMembers() throws {
    let desired = try desired()
    let group = desired.groups[0]
    func changes(_ members: [NextHop.Member], blackhole: Bool = false) throws -> [Change] {
      let desired = try self.desired { $0.groups[0].lastPath = blackhole ? .blackhole : .keep }
      var observed = fulfilled(desired)
      observed.nextHops[group.id]?.kind = .group(members, .multipath)
      return Plan(desired, observed).changes()
    }
    #expect(try changes([group.members[1]]) == [])
    let stranger = [NextHop.Member(7)]
    #expect(try changes(stranger) == [.updateGroup(group, members: stranger)])
    let heavy = [NextHop.Member(group.members[0].id, weight: 9)]
    #expect(try changes(heavy) == [.updateGroup(group, members: heavy)])
    let hole = [NextHop.Member(NextHopIDs.blackhole(.ipv4))]
    #expect(try changes(hole, blackhole: true) == [])
    #expect(try changes(hole) == [.updateGroup(group, members: hole)])
  }

  @Test("A next hop over a link without carrier is the engine's to miss")
  func noCarrier() throws {
    let desired = try desired()
    var observed = fulfilled(desired)
    observed.inside["net1"]?.hasCarrier = false
    observed.nextHops[desired.nextHops[0].id] = nil
    #expect(Plan(desired, observed).isEmpty)
    observed.inside["net1"]?.hasCarrier = true
    #expect(Plan(desired, observed).changes() == [.addNextHop(desired.nextHops[0])])
  }

  @Test("What is in use waits: a group until its routes have moved, a next hop until its group has let it go")
  func staleWaits() throws {
    let before = try desired()
    let observed = fulfilled(before)
    let after = try desired { configuration in
      configuration.groups[0].name = "renamed"
      configuration.groups[0].members.removeLast()
      configuration.paths.removeLast()
    }
    let plan = Plan(after, observed, previous: before)
    #expect(plan.changes(for: .agent) == [])
    #expect(plan.nextHops == [.createGroup(after.groups[0])])
    #expect(plan.waitingRoutes.map(\.sign) == ["~"])
    let leaving = [before.groups[0].id, before.nextHops[1].id]
    #expect(
      plan.waitingStale == leaving.compactMap { observed.nextHops[$0] }.map(Change.removeNextHop))

    // The engine has made the new group, the route has moved: now both may go.
    var moved = fulfilled(after)
    for id in leaving { moved.nextHops[id] = observed.nextHops[id] }
    #expect(
      Plan(after, moved, previous: before).changes(for: .agent)
        == leaving.compactMap { observed.nextHops[$0] }.map(Change.removeNextHop))
  }

  @Test("What the configuration before had put into another namespace is not looked for here")
  func otherNamespace() throws {
    let before = try desired {
      $0.namespace = .named("other")
      $0.interfaces[0].addresses.append(try prefix("10.9.0.12/24"))
    }
    let after = try desired()
    var observed = fulfilled(after)
    observed.inside["net1"]?.addresses.append(ObservedAddress(prefix: try prefix("10.9.0.12/24")))
    #expect(Plan(after, observed, previous: before).isEmpty)
  }

  @Test("An address that moves to another interface on reload is added there, then removed here")
  func addressMoves() throws {
    let wanted = try prefix("10.9.0.11/24")
    let before = try desired { $0.interfaces.append(GatewayConfiguration.Interface(name: "net2")) }
    let after = try desired {
      $0.interfaces[0].addresses = []
      $0.interfaces.append(GatewayConfiguration.Interface(name: "net2", addresses: [wanted]))
    }
    #expect(
      Plan(after, fulfilled(before), previous: before).changes() == [
        .addAddress(wanted, interface: "net2"), .removeAddress(wanted, interface: "net1")
      ])
    #expect(Plan(after, fulfilled(before)).problems.map(\.what).contains("10.9.0.11 is on net1 already"))
  }

  @Test("A foreign IPv6 address with another length is a problem, ours is replaced before the new one comes")
  func otherLength() throws {
    let before = try desired { $0.interfaces[0].addresses = [try prefix("2001:db8::1/64")] }
    let after = try desired { $0.interfaces[0].addresses = [try prefix("2001:db8::1/48")] }
    #expect(
      Plan(after, fulfilled(before), previous: before).groundwork == [
        .removeAddress(try prefix("2001:db8::1/64"), interface: "net1"),
        .addAddress(try prefix("2001:db8::1/48"), interface: "net1")
      ])
    let plan = Plan(after, fulfilled(before))
    #expect(plan.groundwork == [])
    #expect(plan.problems.contains { $0.what == "2001:db8::1 is on net1 as 2001:db8::1/64" })
  }

  @Test("A gateway on no subnet of its interface is warned of")
  func unreachableGateway() throws {
    let desired = try desired { $0.paths[0].via = try address("192.0.2.1") }
    let plan = Plan(desired, fulfilled(desired))
    #expect(plan.problems.map(\.field) == ["paths[0].via"])
    #expect(plan.problems.map(\.severity) == [.warning])
  }

  @Test("An IPv6 route written without a metric is the one that the kernel has with 1024")
  func ipv6Metric() throws {
    let desired = try desired {
      $0.routes = [
        GatewayConfiguration.StaticRoute(
          prefix: try prefix("2001:db8::/32"), via: try address("fe80::1"), interface: "net1")
      ]
    }
    #expect(desired.routes.first?.key.metric == 1024)
    #expect(Plan(desired, fulfilled(desired)).isEmpty)
  }

  @Test("A static route that goes another way is replaced", arguments: ["via", "dev", "src"])
  func staticRoute(_ what: String) throws {
    let desired = try desired {
      $0.routes = [
        GatewayConfiguration.StaticRoute(
          prefix: try prefix("10.0.0.0/8"), via: try address("10.9.0.2"), interface: "net1")
      ]
    }
    var observed = fulfilled(desired)
    let key = desired.routes[0].key
    var there = try #require(observed.routes.own[key])
    switch what {
    case "via": there.via = try address("10.9.0.3")
    case "dev": there.interface = "net2"
    default: there.source = try address("10.9.0.11")
    }
    observed.routes.own[key] = there
    #expect(Plan(desired, observed).changes() == [.replaceRoute(desired.routes[0], from: there)])
  }

  @Test(
    "Typing mistakes are counted",
    arguments: [("eth0", "eth1", 1), ("eht0", "eth0", 2), ("", "abc", 3), ("net1", "net1", 0)])
  func distance(_ case: (String, String, Int)) {
    #expect(editDistance(`case`.0, `case`.1) == `case`.2)
  }

  @Test("An interface outside that the configuration does not list is said to be there")
  func unlistedInterface() throws {
    let desired = try desired { $0.paths[1].interface = "eth7" }
    var observed = fulfilled(desired)
    observed.outside["eth7"] = ObservedLink(name: "eth7")
    let problem = try #require(Plan(desired, observed).problems.first)
    #expect(problem.field == "paths[1].interface")
    #expect(problem.remedy.contains("list it under interfaces"))
  }

  @Test("What uplinks and BFD peers rely on must be there")
  func references() throws {
    let desired = try desired {
      $0.bfd.peers = [
        GatewayConfiguration.BFDPeer(
          name: "a", address: try address("10.9.0.1"), interface: "br8", localAddress: try address("10.9.0.77"))
      ]
      $0.uplinks = [GatewayConfiguration.Uplinks(watch: [.interface("net1"), .interface("net9")], peers: ["a"])]
    }
    let problems = Plan(desired, fulfilled(desired)).problems
    #expect(
      problems.map(\.field) == [
        "uplinks.watch[1].interface", "bfd.peers[0].interface", "bfd.peers[0].local-address"
      ])
    #expect(problems.first?.remedy.contains("did you mean net1?") == true)
  }
}

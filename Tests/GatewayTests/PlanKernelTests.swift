import Addresses
import ConfigurationFile
import Glibc
import NamespaceDiagnosis
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

@Suite("A plan on a real kernel", .enabled(if: geteuid() == 0), .timeLimit(.minutes(5)))
struct PlanKernelTests {
  @Test("Looking at a gateway that is not there yet changes nothing, and names everything")
  func fromNothing() throws {
    var lab = try PlanLab("none")
    let configuration = try lab.configuration()
    let plan = try lab.plan(configuration)
    #expect(plan.problems == [])
    #expect(plan.changes().first == .createNamespace(lab.gateway))
    #expect(plan.changes().contains { $0.subject == .route })
    #expect(try NetworkNamespace.state(named: lab.gateway) == .absent)
    #expect(try lab.sockets.home.netlink.link(named: "eth1") != nil)
  }

  @Test("After everything is applied there is nothing left to change")
  func idempotent() throws {
    var lab = try PlanLab("idem")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(configuration) == [])
    let again = try lab.plan(configuration)
    #expect(again.changes() == [])
    #expect(again.problems == [])

    let link = try #require(try lab.inside { netlink throws(NetlinkError) in try netlink.link(named: "net1") })
    #expect(link.mtu == 9000)
    #expect(link.mac == (try mac("02:00:00:00:09:11")))
    #expect(link.flags.contains(.up))
    let route = try #require(
      try lab.inside { netlink throws(NetlinkError) in try netlink.routes(RouteFilter(protocol: .everway)) }
        .first { $0.destination.length == 0 && $0.destination.family == .ipv4 })
    #expect(route.nextHop == DesiredState(configuration).groups[0].id)
  }

  @Test("An IPv6 address works at once, without waiting for duplicate address detection")
  func noDuplicateDetection() throws {
    var lab = try PlanLab("nodad")
    #expect(try lab.applyAll(lab.configuration()) == [])
    let addresses = try lab.inside { netlink throws(NetlinkError) in try netlink.addresses() }
    let address = try #require(addresses.first { $0.prefix.description == "2001:db8::11/64" })
    #expect(!address.flags.contains(.tentative))
  }

  @Test("IPv6 addresses outlive a link that is set down and up")
  func keepsAddresses() throws {
    var lab = try PlanLab("keep")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(configuration) == [])
    try lab.inside { .setLink($0, LinkSettings(isUp: false)) }
    let down = try lab.plan(configuration)
    #expect(down.groundwork == [.setLinkUp("net1")])
    // The kernel took routes and next hops along, groups that are empty then too.
    #expect(down.changes().contains { $0.subject == .nextHop })
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])
  }

  @Test(
    "Interrupted anywhere, the next plan finishes the work", arguments: Array(stride(from: 0, through: 40, by: 4)))
  func interrupted(after count: Int) throws {
    var lab = try PlanLab("int\(count)")
    let configuration = try lab.configuration()
    let changes = try lab.plan(configuration).changes()
    #expect(changes.count > 30)
    #expect(Applier.apply(Array(changes.prefix(count)), &lab.sockets).failures == [])
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])
  }

  @Test("In this very namespace a link is renamed, and nothing is moved")
  func current() throws {
    var lab = try PlanLab("cur", current: true)
    let configuration = try lab.configuration()
    let plan = try lab.plan(configuration)
    #expect(plan.problems == [])
    #expect(plan.changes().contains(.renameLink(from: "eth1", to: "net1")))
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])
  }

  @Test("A reload removes what the configuration before put there, and nothing else")
  func reload() throws {
    var lab = try PlanLab("reload")
    let before = try lab.configuration { $0.interfaces[0].addresses += [try prefix("10.9.0.12/24")] }
    #expect(try lab.applyAll(before) == [])
    let foreign = try prefix("10.9.0.99/24")
    try lab.inside { .addAddress(InterfaceAddress(interface: $0, prefix: foreign)) }
    let foreignRoute = Route(try prefix("10.77.0.0/16"), gateway: try address("10.9.0.2"), protocol: .boot)
    try lab.inside { _ in .addRoute(foreignRoute) }

    let after = try lab.configuration { configuration in
      configuration.interfaces[0].addresses = [try prefix("10.9.0.12/24"), try prefix("2001:db8::11/48")]
      configuration.paths.removeLast()
      configuration.groups.removeLast()
      configuration.routes.removeLast()
    }
    let plan = try lab.plan(after, previous: before)
    #expect(plan.problems == [])
    #expect(plan.changes().contains(.removeAddress(try prefix("10.9.0.11/24"), interface: "net1")))
    #expect(plan.changes().count { $0.sign == "-" } == 6)  // two addresses, two routes, a group, a next hop
    #expect(try lab.applyAll(after, previous: before) == [])
    #expect(try lab.plan(after, previous: before).changes() == [])

    let addresses = try lab.inside { netlink throws(NetlinkError) in try netlink.addresses() }
      .map(\.prefix).filter {
        !$0.address.isLinkLocal && $0.description != "127.0.0.1/8" && $0.description != "::1/128"
      }
    #expect(
      Set(addresses) == [try prefix("10.9.0.12/24"), try prefix("10.9.0.99/24"), try prefix("2001:db8::11/48")])
    let routes = try lab.inside { netlink throws(NetlinkError) in try netlink.routes(RouteFilter(protocol: .boot)) }
    #expect(routes.contains { $0.destination == foreignRoute.destination })
  }

  @Test("Removing the first address of a subnet loses no other, also without promote_secondaries")
  func secondaries() throws {
    var lab = try PlanLab("second")
    let before = try lab.configuration {
      $0.egressSysctls = false
      $0.routes = []
    }
    #expect(try lab.applyAll(before) == [])
    let foreign = try prefix("10.9.0.99/24")
    try lab.inside { .addAddress(InterfaceAddress(interface: $0, prefix: foreign)) }
    let after = try lab.configuration {
      $0.egressSysctls = false
      $0.routes = []
      $0.interfaces[0].addresses[0] = try prefix("10.9.0.12/24")
    }
    #expect(try lab.applyAll(after, previous: before) == [])
    let addresses = Set(
      try lab.inside { netlink throws(NetlinkError) in try netlink.addresses() }.map(\.prefix.description))
    #expect(addresses.isSuperset(of: ["10.9.0.12/24", "10.9.0.99/24"]))
    #expect(!addresses.contains("10.9.0.11/24"))
  }

  @Test(
    "A static route becomes a group's, and back, by one replacement",
    arguments: ["10.50.0.0/16", "2001:db8:50::/48"])
  func routeChangesHands(_ text: String) throws {
    let destination = try prefix(text)
    var lab = try PlanLab(destination.family == .ipv4 ? "hand4" : "hand6")
    let via = try address(destination.family == .ipv4 ? "10.9.0.2" : "2001:db8::2")
    let number = destination.family == .ipv4 ? 0 : 1
    let direct = try lab.configuration {
      $0.routes.append(GatewayConfiguration.StaticRoute(prefix: destination, via: via))
    }
    let grouped = try lab.configuration {
      $0.groups[number].routes.append(GatewayConfiguration.GroupRoute(prefix: destination))
    }
    #expect(try lab.applyAll(direct) == [])
    for configuration in [grouped, direct] {
      let changes = try lab.plan(configuration).changes()
      #expect(changes.count == 1)
      #expect(changes.first?.text.hasPrefix("route \(text) ") == true && changes.first?.sign == "~")
      #expect(try lab.applyAll(configuration) == [])
      #expect(try lab.plan(configuration).changes() == [])
    }
  }

  @Test("10,000 routes through a group: planned, applied, found again; and gone with their group")
  func manyRoutes() throws {
    var lab = try PlanLab("many")
    let prefixes = (0..<10_000).compactMap { number in
      IPPrefix(
        .v4(IPv4Address(bits: 0x6400_0000 + UInt32(number) << 8)), length: 24)
    }
    let configuration = try lab.configuration {
      $0.groups[0].routes += prefixes.map { GatewayConfiguration.GroupRoute(prefix: $0, metric: 7) }
    }
    let desired = DesiredState(configuration)
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])

    // The engine withdraws the group: the kernel takes its routes.
    let id = desired.groups[0].id
    try lab.inside { _ in .removeNextHop(id) }
    var routes = try lab.inside { netlink throws(NetlinkError) in try Observer.routes(desired, &netlink) }
    #expect(RoutePlan.changes(forGroup: "out", exists: false, desired, routes).changes == [])
    // For the agent there is nothing to do until the engine has made it again.
    #expect(try lab.plan(configuration).changes(for: .agent) == [])

    let group = try #require(desired.group(named: "out"))
    #expect(Applier.apply([.createGroup(group)], &lab.sockets).failures == [])
    let (changes, problems) = RoutePlan.changes(forGroup: "out", exists: true, desired, routes)
    #expect(changes.count == 10_001)
    #expect(problems == [])
    #expect(Applier.apply(changes, &lab.sockets).failures == [])
    // Once more: what is there already is no failure.
    #expect(Applier.apply(changes, &lab.sockets).failures == [])
    routes = try lab.inside { netlink throws(NetlinkError) in try Observer.routes(desired, &netlink) }
    #expect(RoutePlan.changes(forGroup: "out", exists: true, desired, routes).changes == [])
    #expect(try lab.plan(configuration).changes() == [])
  }

  @Test("The agent's part leaves next hops, groups and routes to absent groups to the engine")
  func agent() throws {
    var lab = try PlanLab("agent")
    let configuration = try lab.configuration()
    let desired = DesiredState(configuration)
    let outcome = try Reconciler.reconcile(desired, &lab.sockets)
    #expect(outcome.problems == [])
    #expect(outcome.plan.changes(for: .agent) == [])
    #expect(outcome.plan.nextHops.count == 4)
    #expect(outcome.plan.waitingRoutes.count == 2)
    #expect(outcome.observed.nextHops.isEmpty)
    #expect(outcome.observed.routes.own.count == 3)
  }

  @Test("A type of group that the kernel cannot change is made anew, with its routes")
  func groupType() throws {
    var lab = try PlanLab("type")
    let plain = try lab.configuration()
    #expect(try lab.applyAll(plain) == [])
    let resilient = try lab.configuration {
      $0.groups[0].type = .resilient(buckets: 16, idleTimer: .seconds(10), unbalancedTimer: .seconds(300))
    }
    let plan = try lab.plan(resilient)
    // Another group, so that routes move over without a gap.
    #expect(plan.nextHops.map(\.sign) == ["+"])
    #expect(plan.changes(for: .agent) == [])
    #expect(try lab.applyAll(resilient) == [])
    #expect(try lab.plan(resilient).changes() == [])
  }

  @Test("A group that drops for now is as desired, and so are its routes", arguments: [0, 1])
  func blackholed(group number: Int) throws {
    var lab = try PlanLab("hole\(number)")
    let configuration = try lab.configuration { $0.groups[number].lastPath = .blackhole }
    #expect(try lab.applyAll(configuration) == [])
    let group = DesiredState(configuration).groups[number]
    let family: AddressFamily = number == 0 ? .ipv4 : .ipv6
    let hole = NextHopIDs.blackhole(family)
    try lab.inside { _ in .replaceNextHop(NextHop(hole, .blackhole(family), protocol: .everway)) }
    try lab.inside { _ in
      .replaceNextHop(NextHop(group.id, .group([NextHop.Member(hole)], group.type), protocol: .everway))
    }
    #expect(try lab.plan(configuration).changes() == [])
    // And when nobody wants them any more, they can be removed all the same.
    let empty = try lab.configuration {
      $0.groups = []
      $0.paths = []
    }
    #expect(try lab.applyAll(empty) == [])
    #expect(try lab.plan(empty).changes() == [])
    #expect(try lab.inside { netlink throws(NetlinkError) in try netlink.nextHops() } == [])
  }

  @Test("Removing what is gone already is no failure")
  func goneAlready() throws {
    var lab = try PlanLab("gone")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(configuration) == [])
    let empty = try lab.configuration {
      $0.interfaces[0].addresses = []
      $0.groups = []
      $0.paths = []
      $0.routes = []
    }
    let changes = try lab.plan(empty, previous: configuration).changes()
    #expect(changes.count == 11)  // five routes, two addresses, two groups, two next hops
    for _ in 0..<2 {
      let outcome = Applier.apply(changes, &lab.sockets)
      #expect(outcome.failures == [])
      #expect(outcome.applied == changes.count)
    }
  }
}

import Addresses
import Glibc
import Netlink
import NetworkNamespaces
import Testing

/// What the kernel does with next hops and groups that routes use. docs/kernel-next-hops.md refers to these by name.
@Suite(.enabled(if: geteuid() == 0)) struct KernelNextHopFacts {
  static let types = [NextHop.GroupType.multipath, resilient]
  static let families = [AddressFamily.ipv4, .ipv6]

  /// Group 10 of next hops 1 and 2 (and blackhole 9) with one route to it; returns the two interfaces and the route.
  private func lab(
    _ here: inout TestNamespace, _ family: AddressFamily, _ type: NextHop.GroupType
  ) throws -> (Int32, Int32, Route) {
    let (a, b) = try here.nextHops(2, family)
    try here.netlink.perform(.addNextHop(NextHop(9, .blackhole(family))))
    try here.netlink.perform(.addNextHop(NextHop(10, .group([.init(1), .init(2)], type))))
    let route = try Route(prefix(family == .ipv4 ? "192.0.2.0/24" : "2001:db8:2::/48"), nextHop: 10)
    try here.netlink.perform(.addRoute(route))
    return (a, b, route)
  }

  private func far(_ family: AddressFamily) throws -> IPAddress {
    try address(family == .ipv4 ? "192.0.2.1" : "2001:db8:2::1")
  }

  /// The code a lookup fails with; 0 when there is a route.
  private func lookup(_ here: inout TestNamespace, _ family: AddressFamily) throws -> Int32 {
    let to = try far(family)
    do {
      _ = try here.netlink.route(to: to)
      return 0
    } catch { return error.code }
  }

  private func refusal(_ here: inout TestNamespace, _ change: NetlinkChange) throws -> String? {
    let refusal = try here.netlink.perform([change]).first
    return refusal.map { $0.error.kernelMessage ?? "errno \($0.error.code)" }
  }

  @Test(arguments: families, types) func aGroupBecomesABlackholeAndComesBackWhileARouteUsesIt(
    family: AddressFamily, type: NextHop.GroupType
  ) throws {
    var here = try TestNamespace("hole-\(family)-\(type == .multipath)")
    let (_, _, route) = try lab(&here, family, type)
    let filter = RouteFilter(family: family, protocol: .static)
    #expect(try lookup(&here, family) == 0)
    try here.netlink.perform(.replaceNextHop(NextHop(10, .group([.init(9)], type))))
    #expect(try lookup(&here, family) == EINVAL)  // how a lookup says blackhole
    let held = try #require(try here.netlink.routes(filter).first)
    #expect(held.nextHop == 10)
    #expect(held.kind == .blackhole)
    #expect(held.canonical == route.canonical)
    try here.netlink.perform(.replaceNextHop(NextHop(10, .group([.init(1), .init(2)], type))))
    #expect(try lookup(&here, family) == 0)
    #expect(try here.netlink.routes(filter).map(\.canonical) == [route.canonical])
    try here.netlink.perform(.replaceNextHop(NextHop(10, .group([.init(9)], type))))
    try here.netlink.perform(.removeRoute(try #require(try here.netlink.routes(filter).first)))
    #expect(try here.netlink.routes(filter).isEmpty)
  }

  @Test func whatCannotReplaceAGroup() throws {
    var here = try TestNamespace("cannot")
    _ = try lab(&here, .ipv4, .multipath)
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(10, .blackhole(.ipv4))))
        == "Can not replace a nexthop group with a nexthop.")
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(10, .group([.init(1), .init(9)], .multipath))))
        == "Blackhole nexthop can not be used in a group with more than 1 path")
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(10, .group([.init(1)], resilient))))
        == "Can not replace a nexthop group with one of a different type.")
    #expect(try refusal(&here, .replaceNextHop(NextHop(10, .group([], .multipath)))) != nil)
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(10, .group([.init(1), .init(1)], .multipath))))
        == "Nexthop id can not be used twice in a group")
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(10, .group([.init(77)], .multipath)))) == "Invalid nexthop id")
    try here.netlink.perform(.addNextHop(NextHop(20, .group([.init(1)], resilient))))
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(20, .group([.init(1)], .resilient(.init(buckets: 16))))))
        == "Can not change number of buckets of a resilient nexthop group.")
    #expect(
      try refusal(&here, .replaceNextHop(NextHop(21, .group([.init(10)], .multipath)))) != nil)
  }

  @Test(arguments: families, types) func carrierLossFlushesTheNextHopsOfTheLinkWithoutAnEvent(
    family: AddressFamily, type: NextHop.GroupType
  ) throws {
    var here = try TestNamespace("carrier-\(family)-\(type == .multipath)")
    let (_, b, _) = try lab(&here, family, type)
    var monitor = try NetlinkMonitor(in: here.namespace, [.nextHops, .links])
    try here.netlink.setLink(b, up: false)
    let gone = try eventually { try here.netlink.nextHops().map(\.id) == [9] }
    #expect(gone)
    #expect(try here.netlink.routes(RouteFilter(family: family, protocol: .static)).isEmpty)
    try here.netlink.setLink(b, up: true)
    var events: [RouteEvent] = []
    while try monitor.receive({ events.append($0) }) {}
    let linkEvents = events.filter { if case .link = $0 { true } else { false } }
    #expect(linkEvents.count > 0)
    #expect(linkEvents.count == events.count)
    #expect(try here.netlink.nextHops().map(\.id) == [9])
  }

  @Test(arguments: ["0", "1"]) func carrierLossFlushesWhateverIgnoreRoutesWithLinkdownSays(value: String) throws {
    var here = try TestNamespace("ignore-\(value)")
    let (_, b, _) = try lab(&here, .ipv4, .multipath)
    for interface in ["all", "a0"] {
      let key = try #require(Sysctl.ipv4("ignore_routes_with_linkdown", interface: interface))
      try here.namespace.write(key, value)
    }
    try here.netlink.setLink(b, up: false)
    let gone = try eventually { try here.netlink.nextHops().map(\.id) == [9] }
    #expect(gone)
  }

  @Test(arguments: families) func aGroupOfABlackholeOutlivesEveryLinkAndSoDoItsRoutes(family: AddressFamily) throws
  {
    var here = try TestNamespace("outlive-\(family)")
    let (a, _, _) = try lab(&here, family, .multipath)
    let lo = try #require(try here.netlink.link(named: "lo")).index
    try here.netlink.setLink(lo, up: true)
    try here.netlink.perform(.replaceNextHop(NextHop(10, .group([.init(9)], .multipath))))
    try here.netlink.setLink(a, up: false)
    try here.netlink.setLink(lo, up: false)
    #expect(try here.netlink.nextHops().map(\.id) == [9, 10])
    #expect(try here.netlink.routes(RouteFilter(family: family, protocol: .static)).count == 1)
  }

  @Test(arguments: families, types) func aGroupThatLosesItsLastMemberGoesAndTakesItsRoutesWithIt(
    family: AddressFamily, type: NextHop.GroupType
  ) throws {
    var here = try TestNamespace("last-\(family)-\(type == .multipath)")
    _ = try lab(&here, family, type)
    var monitor = try NetlinkMonitor(in: here.namespace, [.nextHops, .routes])
    try here.netlink.perform(.removeNextHop(1))
    #expect(try here.netlink.nextHops().map(\.id) == [2, 9, 10])
    try here.netlink.perform(.removeNextHop(2))
    #expect(try here.netlink.nextHops().map(\.id) == [9])
    #expect(try here.netlink.routes(RouteFilter(family: family, protocol: .static)).isEmpty)
    var removed: [UInt32] = []
    var routes = 0
    while try monitor.receive({ event in
      if case .nextHopRemoved(let id) = event { removed.append(id) }
      if case .routeRemoved = event { routes += 1 }
    }) {}
    #expect(removed == [1, 2, 10])
    #expect(routes == (family == .ipv4 ? 0 : 1))  // IPv4 is silent about its routes
  }

  @Test func aNextHopOnALinkThatIsDownOrWithoutCarrierIsRefused() throws {
    var here = try TestNamespace("refused-nh")
    let (a, b) = try here.nextHops(1)
    let nextHop = try NextHop(5, .gateway(address("10.0.0.9"), interface: a))
    try here.netlink.setLink(b, up: false)
    let down = try eventually { try here.netlink.link(index: a)?.carrier == false }
    #expect(down)
    #expect(try refusal(&here, .addNextHop(nextHop)) == "Carrier for nexthop device is down")
    try here.netlink.setLink(a, up: false)
    #expect(try refusal(&here, .addNextHop(nextHop)) == "Nexthop device is not up")
  }

  @Test func removingTheAddressTheGatewayIsReachedFromLeavesTheNextHop() throws {
    var here = try TestNamespace("no-address")
    let (a, _, _) = try lab(&here, .ipv4, .multipath)
    try here.netlink.removeAddress(prefix("10.0.0.1/24"), interface: a)
    #expect(try here.netlink.nextHops().map(\.id) == [1, 2, 9, 10])
    #expect(try lookup(&here, .ipv4) == 0)
  }

  /// A group of `size` members is made and replaced; which of the listings that show it still work?
  @Test(arguments: [
    (256, "get list routes"), (1900, "get list routes"), (2100, "get list"), (4000, "get list"), (4100, "get"),
    (8000, "get"), (8190, "")
  ])
  func groupsTooLargeToBeListedCanBeMade(size: Int, works: String) throws {
    var here = try TestNamespace("size-\(size)")
    let (a, _) = try here.nextHops(1)
    let gateway = try address("10.0.0.9")
    let members = (0..<size).map { NextHop.Member(1000 + UInt32($0)) }
    let singles = members.map { NetlinkChange.addNextHop(NextHop($0.id, .gateway(gateway, interface: a))) }
    #expect(try here.netlink.perform(singles).isEmpty)
    let group = NextHop(10, .group(members, .multipath))
    try here.netlink.perform(.replaceNextHop(group))
    try here.netlink.perform(.replaceNextHop(group))
    try here.netlink.perform(.addRoute(Route(prefix("192.0.2.0/24"), nextHop: 10)))
    var worked: [String] = []
    if (try? here.netlink.nextHop(10)) == group { worked.append("get") }
    if (try? here.netlink.nextHops().contains(group)) == true { worked.append("list") }
    let filter = RouteFilter(family: .ipv4, protocol: .static)
    if try here.netlink.routes(filter).count == 1 { worked.append("routes") }
    #expect(worked.joined(separator: " ") == works)
    try here.namespace.write(try #require(Sysctl("net.ipv4.nexthop_compat_mode")), "0")
    #expect(try here.netlink.routes(filter).count == 1)
  }

  @Test func anIPv6RouteTakesNoIPv4NextHopAndAnIPv4RouteTakesAnyFamily() throws {
    var here = try TestNamespace("mix")
    _ = try lab(&here, .ipv4, .multipath)
    let a = try #require(try here.netlink.link(named: "a0")).index
    try here.netlink.perform(.addNextHop(NextHop(61, .gateway(address("2001:db8::61"), interface: a))))
    try here.netlink.perform(.addNextHop(NextHop(69, .blackhole(.ipv6))))
    let refused = "IPv6 routes can not use an IPv4 nexthop"
    #expect(try refusal(&here, .addNextHop(NextHop(70, .group([.init(1), .init(61)], .multipath)))) == nil)
    #expect(try refusal(&here, .addNextHop(NextHop(71, .group([.init(61)], .multipath)))) == nil)
    #expect(try refusal(&here, .addRoute(Route(prefix("198.51.100.0/24"), nextHop: 70))) == nil)
    #expect(try refusal(&here, .addRoute(Route(prefix("2001:db8:7::/48"), nextHop: 70))) == refused)
    #expect(try refusal(&here, .addRoute(Route(prefix("2001:db8:7::/48"), nextHop: 10))) == refused)
    #expect(try refusal(&here, .addRoute(Route(prefix("2001:db8:7::/48"), nextHop: 71))) == nil)
    // Nor may a group that an IPv6 route uses become IPv4's, not even its blackhole.
    #expect(try refusal(&here, .replaceNextHop(NextHop(71, .group([.init(9)], .multipath)))) == refused)
    #expect(try refusal(&here, .replaceNextHop(NextHop(71, .group([.init(1)], .multipath)))) == refused)
    #expect(try refusal(&here, .replaceNextHop(NextHop(10, .group([.init(69)], .multipath)))) == nil)
    #expect(try lookup(&here, .ipv4) == EINVAL)
  }

  @Test(arguments: families, ["0", "1"])
  func compatModeSaysWhatARouteIsListedWithAndWhetherAReplaceTellsOfEachRoute(
    family: AddressFamily, value: String
  ) throws {
    var here = try TestNamespace("compat-\(family)-\(value)")
    try here.namespace.write(try #require(Sysctl("net.ipv4.nexthop_compat_mode")), value)
    let (_, _, route) = try lab(&here, family, .multipath)
    var monitor = try NetlinkMonitor(in: here.namespace, [.routes, .nextHops])
    let listed = try #require(try here.netlink.routes(RouteFilter(family: family, protocol: .static)).first)
    try here.netlink.perform(.replaceNextHop(NextHop(10, .group([.init(2)], .multipath))))
    var groups: [NextHop] = []
    var routes = 0
    while try monitor.receive({ event in
      if case .nextHop(let group) = event { groups.append(group) }
      if case .route(let told) = event, told.destination == route.destination { routes += 1 }
    }) {}
    #expect(groups == [NextHop(10, .group([.init(2)], .multipath))])
    #expect(listed.paths.count == (value == "0" ? 0 : 2))
    #expect(routes == (value == "0" ? 0 : 1))
    #expect(listed.canonical == route.canonical)
  }

  @Test func aBlackholeNeedsTheLoopbackUp() throws {
    var here = try TestNamespace("hole-lo")
    #expect(try refusal(&here, .addNextHop(NextHop(9, .blackhole(.ipv4)))) == "Device for nexthop is not up")
    #expect(try refusal(&here, .addNextHop(NextHop(9, .blackhole(.ipv6)))) == "Nexthop device is not up")
  }

  @Test(arguments: types) func removingAMemberTellsOfTheMemberAndOfEachGroup(type: NextHop.GroupType) throws {
    var here = try TestNamespace("member-\(type == .multipath)")
    _ = try lab(&here, .ipv4, type)
    var monitor = try NetlinkMonitor(in: here.namespace, [.nextHops])
    try here.netlink.perform(.removeNextHop(1))
    var events: [RouteEvent] = []
    while try monitor.receive({ events.append($0) }) {}
    #expect(events == [.nextHopRemoved(1), .nextHop(try #require(try here.netlink.nextHop(10)))])
  }
}

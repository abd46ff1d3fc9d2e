import Addresses
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct Routes {
  @Test(arguments: [AddressFamily.ipv4, .ipv6])
  func aRouteWithEveryFieldIsReadBackAsWritten(family: AddressFamily) throws {
    var here = try TestNamespace("route-\(family)")
    let (a, _) = try here.nextHops(1, family)
    let v4 = family == .ipv4
    let route = try Route(
      prefix(v4 ? "192.0.2.0/24" : "2001:db8:1::/48"), gateway: address(v4 ? "10.0.0.9" : "2001:db8::9"),
      interface: a,
      table: 1000, priority: 77, protocol: RouteProtocol(rawValue: 99),
      preferredSource: address(v4 ? "10.0.0.1" : "2001:db8::1"), mtu: 1300)
    try here.netlink.perform(.addRoute(route))
    #expect(try here.netlink.routes(RouteFilter(table: 1000)) == [route])
    #expect(try here.netlink.routes(RouteFilter(family: family, protocol: route.protocol)) == [route])
    do {
      try here.netlink.perform(.addRoute(route))
      Issue.record("added twice")
    } catch { #expect(error.code == EEXIST) }
    var other = route
    other.mtu = 1200
    try here.netlink.perform(.replaceRoute(other))
    #expect(try here.netlink.routes(RouteFilter(table: 1000)) == [other])
    try here.netlink.perform(.removeRoute(other))
    #expect(try here.netlink.routes(RouteFilter(table: 1000)).isEmpty)
    do {
      try here.netlink.perform(.removeRoute(other))
      Issue.record("removed twice")
    } catch { #expect(error.code == ESRCH) }
  }

  @Test(arguments: [AddressFamily.ipv4, .ipv6], [RouteKind.blackhole, .unreachable, .prohibit])
  func aRouteThatDropsIsMadeAndRemoved(family: AddressFamily, kind: RouteKind) throws {
    var here = try TestNamespace("drop-\(family)-\(kind.rawValue)")
    let everything = try prefix(family == .ipv4 ? "0.0.0.0/0" : "::/0")
    let route = Route(everything, kind: kind, table: 100, priority: 4000)
    try here.netlink.perform(.addRoute(route))
    let found = try #require(try here.netlink.routes(RouteFilter(table: 100)).first)
    #expect(found.kind == kind && found.destination == everything && found.priority == 4000)
    try here.netlink.perform(.removeRoute(route))
    #expect(try here.netlink.routes(RouteFilter(table: 100)).isEmpty)
  }

  @Test func aTableNobodyHasUsedIsEmpty() throws {
    var here = try TestNamespace("no-table")
    #expect(try here.netlink.routes(RouteFilter(table: 4242)).isEmpty)
  }

  @Test func aMultipathRouteAndAnIPv6GatewayForIPv4AreReadBack() throws {
    var here = try TestNamespace("multi")
    let (a, _) = try here.nextHops(1)
    let many = try Route(
      prefix("192.0.2.0/24"),
      paths: [
        Route.Path(gateway: address("10.0.0.8"), interface: a, weight: 3),
        Route.Path(gateway: address("2001:db8::8"), interface: a, weight: 256)
      ], table: 9)
    let via = try Route(prefix("198.51.100.0/24"), gateway: address("2001:db8::9"), interface: a, table: 9)
    try here.netlink.perform(.addRoute(many))
    try here.netlink.perform(.addRoute(via))
    #expect(try here.netlink.routes(RouteFilter(table: 9)) == [many, via])
  }

  @Test func aGatewayOutOfReachIsRefusedWithWhatToDo() throws {
    var here = try TestNamespace("reach")
    _ = try here.pair()
    let route = try Route(prefix("0.0.0.0/0"), gateway: address("203.0.113.1"))
    do {
      try here.netlink.perform(.addRoute(route))
      Issue.record("accepted")
    } catch {
      #expect(error.code == ENETUNREACH)
      #expect(error.description.contains("add route 0.0.0.0/0 in table 254"))
      #expect(error.hint?.contains("add an address of its subnet") == true)
    }
  }

  @Test func aBatchGoesOnAfterARefusalAndNamesEachRefused() throws {
    var here = try TestNamespace("batch")
    let (a, _) = try here.nextHops(1)
    var changes = try (0..<1000).map { index in
      NetlinkChange.addRoute(
        Route(
          try #require(IPPrefix(.v4(IPv4Address(bits: 0x1400_0000 + UInt32(index) << 8)), length: 24)),
          nextHop: 1, table: 5))
    }
    changes[7] = .setLink(4711, LinkSettings(isUp: true))
    changes[600] = changes[599]
    changes[999] = try .addRoute(Route(prefix("192.0.2.0/24"), gateway: address("203.0.113.1"), interface: a))
    let refusals = try here.netlink.perform(changes)
    #expect(refusals.map(\.index) == [7, 600, 999])
    #expect(refusals.map(\.error.code) == [ENODEV, EEXIST, ENETUNREACH])
    #expect(refusals.map(\.error.operation) == [7, 600, 999].map { changes[$0].description })
    #expect(try here.netlink.routes(RouteFilter(table: 5)).count == 997)
    #expect(try here.netlink.perform([NetlinkChange]()).isEmpty)
  }

  @Test func aHundredThousandRoutesAreLoadedListedAndMovedByOneMessage() throws {
    var here = try TestNamespace("many")
    _ = try here.nextHops(2)
    try here.namespace.write(try #require(Sysctl("net.ipv4.nexthop_compat_mode")), "0")
    try here.netlink.perform(.addNextHop(NextHop(10, .group([.init(1), .init(2)], .multipath))))
    let changes = try (0..<100_000).map { index in
      NetlinkChange.addRoute(
        Route(
          try #require(IPPrefix(.v4(IPv4Address(bits: 0x1400_0000 + UInt32(index) << 8)), length: 24)),
          nextHop: 10, table: 5))
    }
    #expect(try here.netlink.perform(changes).isEmpty)
    let routes = try here.netlink.routes(RouteFilter(family: .ipv4, table: 5))
    #expect(routes.count == 100_000)
    #expect(routes.allSatisfy { $0.nextHop == 10 })
    var message = NextHopGroupMessage()
    message.encodeReplace(group: 10, .multipath, members: [NextHop.Member(2)].span)
    try here.netlink.sendAndAwaitAck(&message)
    #expect(try here.netlink.nextHop(10)?.kind == .group([.init(2)], .multipath))
  }
}

import Addresses
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct Monitors {
  @Test func everyKindOfChangeIsTold() throws {
    var here = try TestNamespace("monitor")
    var monitor = try NetlinkMonitor(in: here.namespace, .all)
    let (a, b) = try here.nextHops(1)
    let route = try Route(prefix("192.0.2.0/24"), nextHop: 1)
    let neighbour = try Neighbour(interface: a, address: address("10.0.0.7"), linkAddress: mac("02:00:00:00:00:07"))
    try here.netlink.perform(.addRoute(route))
    try here.netlink.perform(.removeRoute(route))
    try here.netlink.perform(.setNeighbour(neighbour))
    try here.netlink.perform(.removeNeighbour(neighbour.address, interface: a))
    try here.netlink.perform(.removeNextHop(1))
    try here.netlink.removeAddress(prefix("10.0.0.1/24"), interface: a)
    try here.netlink.removeLink(b)
    var events: [RouteEvent] = []
    while try monitor.receive({ events.append($0) }) {}
    let gateway = try NextHop(1, .gateway(address("10.0.0.11"), interface: a))
    let told: [(String, (RouteEvent) -> Bool)] = [
      ("link up", { if case .link(let link) = $0 { link.index == a && link.flags.contains(.up) } else { false } }),
      ("address", { if case .address(let own) = $0 { own.prefix.description == "10.0.0.1/24" } else { false } }),
      ("next hop", { $0 == .nextHop(gateway) }),
      ("route", { if case .route(let found) = $0 { found.canonical == route.canonical } else { false } }),
      (
        "route gone",
        { if case .routeRemoved(let found) = $0 { found.canonical == route.canonical } else { false } }
      ),
      ("neighbour", { $0 == .neighbour(neighbour) }),
      (
        "neighbour gone",
        { if case .neighbourRemoved(let n) = $0 { n.address == neighbour.address } else { false } }
      ),
      ("next hop gone", { $0 == .nextHopRemoved(1) }),
      ("address gone", { if case .addressRemoved(let own) = $0 { own.interface == a } else { false } }),
      ("link gone", { if case .linkRemoved(let link) = $0 { link.index == a } else { false } })
    ]
    var from = 0
    for (name, matches) in told {
      guard let index = events[from...].firstIndex(where: matches) else {
        Issue.record("\(name) was not told in its turn")
        continue
      }
      from = index
    }
  }

  /// The kernel tells of a carrier from a work queue, not within the request that caused it.
  @Test func aCarrierThatComesAndGoesIsToldSoonAfter() throws {
    var here = try TestNamespace("carrier")
    let (a, b) = try here.pair()
    var monitor = try NetlinkMonitor(in: here.namespace, [.links])
    var usable: Bool?
    func told(_ expected: Bool) throws -> Bool {
      try eventually {
        while try monitor.receive({ if case .link(let link) = $0, link.index == a { usable = link.isUsable } }) {}
        return usable == expected
      }
    }
    try here.netlink.setLink(b, up: false)
    #expect(try told(false))
    try here.netlink.setLink(b, up: true)
    #expect(try told(true))
  }

  @Test func onlyTheTopicsAskedForAreTold() throws {
    var here = try TestNamespace("topics")
    var monitor = try NetlinkMonitor(in: here.namespace, [.nextHops])
    _ = try here.nextHops(2)
    var events: [RouteEvent] = []
    while try monitor.receive({ events.append($0) }) {}
    #expect(events.count == 2)
  }

  @Test func moreThanTheBufferHoldsIsToldAsLost() throws {
    var here = try TestNamespace("lost")
    _ = try here.nextHops(1)
    var monitor = try NetlinkMonitor(in: here.namespace, [.routes])
    let changes = try (0..<20_000).map { index in
      NetlinkChange.addRoute(
        Route(
          try #require(IPPrefix(.v4(IPv4Address(bits: 0x1400_0000 + UInt32(index) << 8)), length: 24)), nextHop: 1))
    }
    #expect(try here.netlink.perform(changes).isEmpty)
    var lost = 0
    while try monitor.receive({ if $0 == .lost { lost += 1 } }) {}
    #expect(lost > 0)
  }

  @Test func anIdleMonitorDoesNotBlock() throws {
    let here = try TestNamespace("idle")
    var monitor = try NetlinkMonitor(in: here.namespace, .all)
    #expect(try !monitor.receive { _ in })
  }
}

import Cluster
import Addresses
import Doctor
import Netlink
import NetworkNamespaces

/// Reads one network namespace: only what checks ask for, since a node can have thousands of links and routes.
struct NetworkReader: ~Copyable {
  /// More routes of the main table are counted, not listed.
  static let maximumRoutes = 1000
  /// More links have no sysctls read.
  static let maximumLinks = 64

  private let namespace: NetworkNamespace
  private var netlink: NetlinkSocket

  /// - Throws: why the namespace cannot be entered.
  init(_ namespace: consuming NetworkNamespace) throws(NetlinkError) {
    netlink = try NetlinkSocket(in: namespace)
    self.namespace = namespace
  }

  /// - Parameters:
  ///   - interfaces: whose sysctls are read; those of default routes are always.
  ///   - isOwn: whether the namespace is the gateway's alone; all its links matter then.
  ///   - gateways: whose neighbour entries are read; those of default routes are always.
  mutating func view(
    interfaces: [String], isOwn: Bool, gateways: [IPAddress]
  ) throws(NetlinkError) -> NetworkView {
    var view = NetworkView()
    let links = try netlink.links()
    let names = Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first }
    view.links = links.map { LinkFacts($0, master: $0.master.flatMap { names[$0] }) }
    view.addresses = try netlink.addresses().compactMap { address in
      names[address.interface].map { AddressFacts(address, link: $0) }
    }
    view.rules = try netlink.rules().map { rule in
      RuleFacts(
        isIPv6: rule.family == .ipv6, priority: rule.priority, table: rule.table, isForAll: rule.isForAll)
    }
    try readRoutes(names, into: &view)
    let hops = view.routes.filter(\.isDefault).flatMap(\.nextHops)
    let wanted = Set(gateways + hops.compactMap(\.gateway))
    view.neighbours = try netlink.neighbours().compactMap { neighbour in
      guard wanted.contains(neighbour.address), let name = names[neighbour.interface] else { return nil }
      return NeighbourFacts(neighbour, link: name)
    }
    var chosen: [String] = []
    for name in interfaces + hops.compactMap(\.link) + (isOwn ? links.map(\.name) : []) {
      if name != "lo", !chosen.contains(name), view.link(name) != nil { chosen.append(name) }
    }
    view.sysctls = readSysctls(Array(chosen.prefix(Self.maximumLinks)))
    return view
  }

  private mutating func readRoutes(_ names: [Int32: String], into view: inout NetworkView) throws(NetlinkError) {
    let objects = Dictionary(try netlink.nextHops().map { ($0.id, $0) }) { first, _ in first }
    for route in try netlink.routes() {
      let isDefault = route.destination.length == 0
      guard isDefault || route.table == RouteTable.main else { continue }
      guard isDefault || view.routes.count < Self.maximumRoutes else {
        view.routesLeftOut += 1
        continue
      }
      view.routes.append(RouteFacts(route, names, objects))
    }
  }

  private func readSysctls(_ links: [String]) -> [String: String] {
    var wanted = ["ip_forward", "fib_multipath_hash_policy"].compactMap { Sysctl("net.ipv4.\($0)") }
    wanted += [Sysctl("net.ipv6.fib_multipath_hash_policy")].compactMap { $0 }
    for link in ["all"] + links {
      for key in [
        "forwarding", "rp_filter", "send_redirects", "accept_redirects", "arp_ignore", "arp_announce", "arp_filter",
        "proxy_arp", "promote_secondaries"
      ] { wanted += [Sysctl.ipv4(key, interface: link)].compactMap { $0 } }
      for key in ["disable_ipv6", "forwarding", "accept_ra", "accept_dad"] {
        wanted += [Sysctl.ipv6(key, interface: link)].compactMap { $0 }
      }
    }
    let names = wanted
    let values = try? namespace.perform { () throws(SystemCallError) in
      var values: [String: String] = [:]
      for sysctl in names { if let value = try? sysctl.readHere() { values[sysctl.description] = value } }
      return values
    }
    return values ?? [:]
  }
}

// MARK: From Netlink's words into the facts'

extension LinkFacts {
  fileprivate init(_ link: Link, master: String?) {
    self.init(
      name: link.name, index: link.index, mac: link.mac, mtu: Int(link.mtu), isUp: link.flags.contains(.up),
      hasCarrier: link.flags.contains(.lowerUp))
    kind = link.kind
    isLoopback = link.flags.contains(.loopback)
    self.master = master
    peerIndex = link.link
    peerNamespaceID = link.linkNamespaceID
  }
}

extension AddressFacts {
  fileprivate init(_ address: InterfaceAddress, link: String) {
    let words: [(InterfaceAddress.Flags, String)] = [
      // One bit has two names: what is secondary for IPv4 is temporary for IPv6.
      (.secondary, address.prefix.family == .ipv4 ? "secondary" : "temporary"), (.duplicate, "dadfailed"),
      (.tentative, "tentative"), (.deprecated, "deprecated")
    ]
    self.init(
      link: link, prefix: address.prefix, scope: address.scope.words,
      flags: words.filter { address.flags.contains($0.0) }.map(\.1))
  }
}

extension RouteScope {
  fileprivate var words: String {
    switch self {
    case .universe: "global"
    case .link: "link"
    case .host: "host"
    default: "\(rawValue)"
    }
  }
}

extension RouteFacts {
  fileprivate init(_ route: Route, _ names: [Int32: String], _ objects: [UInt32: Netlink.NextHop]) {
    self.init(route.destination, table: route.table, nextHops: [])
    metric = route.priority
    self.protocol = route.protocol.rawValue
    kind = route.kind.words
    nextHopID = route.nextHop
    preferredSource = route.preferredSource
    if let id = route.nextHop {
      // With nexthop_compat_mode=0 the kernel reports the id alone.
      nextHops = Self.hops(id, 1, names, objects)
    } else if !route.paths.isEmpty {
      nextHops = route.paths.map { path in
        var hop = NextHop(gateway: path.gateway, link: names[path.interface], weight: path.weight)
        hop.isDead = path.flags.contains(.dead) || path.flags.contains(.linkDown)
        return hop
      }
    } else if route.gateway != nil || route.interface != nil {
      var hop = NextHop(gateway: route.gateway, link: route.interface.flatMap { names[$0] })
      hop.isDead = route.flags.contains(.dead) || route.flags.contains(.linkDown)
      nextHops = [hop]
    }
  }

  private static func hops(
    _ id: UInt32, _ weight: Int, _ names: [Int32: String], _ objects: [UInt32: Netlink.NextHop]
  ) -> [NextHop] {
    guard let object = objects[id] else { return [] }
    switch object.kind {
    case .gateway(let address, let interface):
      var hop = NextHop(gateway: address, link: names[interface], weight: weight)
      hop.isDead = object.flags.contains(.dead) || object.flags.contains(.linkDown)
      return [hop]
    case .interface(let interface, _): return [NextHop(gateway: nil, link: names[interface], weight: weight)]
    case .blackhole: return []
    // No group is a member of a group.
    case .group(let members, _):
      return members.flatMap { member in
        if case .group = objects[member.id]?.kind { return [NextHop]() }
        return hops(member.id, member.weight, names, objects)
      }
    }
  }
}

extension RouteKind {
  fileprivate var words: String {
    switch self {
    case .unicast: "unicast"
    case .blackhole: "blackhole"
    case .unreachable: "unreachable"
    case .prohibit: "prohibit"
    default: "\(rawValue)"
    }
  }
}

extension NeighbourFacts {
  fileprivate init(_ neighbour: Neighbour, link: String) {
    let words: [(Neighbour.State, String)] = [
      (.incomplete, "INCOMPLETE"), (.reachable, "REACHABLE"), (.stale, "STALE"), (.delay, "DELAY"),
      (.probe, "PROBE"), (.failed, "FAILED"), (.noARP, "NOARP"), (.permanent, "PERMANENT")
    ]
    self.init(
      link: link, address: neighbour.address, mac: neighbour.linkAddress,
      state: words.first { neighbour.state.contains($0.0) }?.1 ?? "NONE")
  }
}

import Addresses
import ConfigurationFile
import Netlink
import NetworkNamespaces

/// What a configuration asks of the kernel: everything that ``Plan`` compares, and nothing that is decided at run time.
struct DesiredState: Hashable, Sendable {
  var namespace: GatewayConfiguration.Namespace
  var interfaces: [Interface] = []
  /// In the order in which they are set; each key once.
  var sysctls: [DesiredSysctl] = []
  /// Those of the paths.
  var nextHops: [PlannedNextHop] = []
  var groups: [PlannedGroup] = []
  /// Static ones first, then the groups'.
  var routes: [PlannedRoute] = []
  var rules: [PlannedRule] = []
  /// The dropping next hops that a group may fall back to.
  var blackholes: Set<UInt32> = []
  /// Interfaces that must be there, though nothing is made on them: of uplinks and BFD peers.
  var references: [Reference] = []
  /// Source addresses of BFD peers, which must be on some interface.
  var localAddresses: [LocalAddress] = []
  /// What cannot even be asked for.
  var problems: [Problem] = []

  /// An interface to move in and configure.
  struct Interface: Hashable, Sendable {
    /// Inside.
    var name: String
    /// In the namespace everway was started in.
    var outsideName: String
    /// Host bits kept.
    var addresses: [IPPrefix] = []
    var mtu: UInt32?
    var mac: MACAddress?
    /// Whether to set it up; it is never set down.
    var up = true
  }

  init(_ configuration: GatewayConfiguration) {
    namespace = configuration.namespace
    interfaces = configuration.interfaces.map {
      Interface(
        name: $0.name, outsideName: $0.from ?? $0.name, addresses: $0.addresses,
        mtu: $0.mtu.map { UInt32(clamping: $0) },
        mac: $0.mac, up: $0.up)
    }
    let ids = NextHopIDs.assign(configuration)
    nextHops = configuration.paths.enumerated().map { index, path in
      PlannedNextHop(
        id: ids.paths[path.name] ?? 0, path: path.name, via: path.via, interface: path.interface,
        field: "paths[\(index)]")
    }
    groups = configuration.groups.map { PlannedGroup($0, ids) }
    for group in configuration.groups where group.lastPath == .blackhole {
      for family in Set(group.routes.map(\.prefix.family)).union(
        configuration.paths.filter { path in group.members.contains { $0.path == path.name } }.map(\.family))
      {
        blackholes.insert(NextHopIDs.blackhole(family))
      }
    }
    addRoutes(configuration)
    for (index, rule) in configuration.rules.enumerated() {
      for family in rule.families { rules.append(PlannedRule(rule, family, field: "rules[\(index)]")) }
    }
    addReferences(configuration)
    addSysctls(configuration)
  }

  struct Reference: Hashable, Sendable {
    var interface: String
    var field: String
  }

  struct LocalAddress: Hashable, Sendable {
    var address: IPAddress
    var field: String
  }

  private mutating func addReferences(_ configuration: GatewayConfiguration) {
    for (number, entry) in configuration.uplinks.enumerated() {
      let field = configuration.uplinks.count == 1 ? "uplinks" : "uplinks[\(number)]"
      for (index, uplink) in entry.watch.enumerated() {
        if case .interface(let name) = uplink {
          references.append(Reference(interface: name, field: "\(field).watch[\(index)].interface"))
        }
      }
    }
    for (index, peer) in configuration.bfd.peers.enumerated() {
      let field = "bfd.peers[\(index)]"
      if let name = peer.interface { references.append(Reference(interface: name, field: "\(field).interface")) }
      if let address = peer.localAddress {
        localAddresses.append(LocalAddress(address: address, field: "\(field).local-address"))
      }
    }
    for (index, allow) in configuration.bfd.allow.enumerated() {
      guard let name = allow.interface else { continue }
      references.append(Reference(interface: name, field: "bfd.allow[\(index)].interface"))
    }
  }

  private mutating func addRoutes(_ configuration: GatewayConfiguration) {
    routes.reserveCapacity(configuration.routes.count + configuration.groups.reduce(0) { $0 + $1.routes.count })
    for (index, route) in configuration.routes.enumerated() {
      routes.append(
        PlannedRoute(
          key: RouteKey(prefix: route.prefix, table: route.table, metric: route.metric),
          target: .direct(via: route.via, interface: route.interface, source: route.source), origin: .route(index)))
    }
    for (number, group) in configuration.groups.enumerated() {
      let target = PlannedRoute.Target.group(id: groups[number].id, name: group.name)
      for (index, route) in group.routes.enumerated() {
        routes.append(
          PlannedRoute(
            key: RouteKey(prefix: route.prefix, table: route.table, metric: route.metric), target: target,
            origin: .groupRoute(group: number, index)))
      }
    }
  }

  /// Whether anything in it is IPv6.
  var usesIPv6: Bool {
    interfaces.contains { $0.addresses.contains { $0.family == .ipv6 } }
      || nextHops.contains { $0.via.family == .ipv6 } || routes.contains { $0.key.prefix.family == .ipv6 }
  }

  func group(named name: String) -> PlannedGroup? { groups.first { $0.name == name } }
}

/// A path's next hop.
struct PlannedNextHop: Hashable, Sendable {
  var id: UInt32
  var path: String
  var via: IPAddress
  var interface: String
  /// `paths[2]`.
  var field: String
}

/// A group that will exist, and what may be in it. Who is in it is decided at run time.
struct PlannedGroup: Hashable, Sendable {
  var id: UInt32
  var name: String
  /// Every path that may be in it.
  var members: [NextHop.Member]
  /// Their names, in the same order.
  var paths: [String]
  var type: NextHop.GroupType

  init(id: UInt32, name: String, members: [NextHop.Member], paths: [String], type: NextHop.GroupType) {
    self.id = id
    self.name = name
    self.members = members
    self.paths = paths
    self.type = type
  }

  fileprivate init(_ group: GatewayConfiguration.Group, _ ids: (paths: [String: UInt32], groups: [String: UInt32]))
  {
    let members = group.members.compactMap { member in
      ids.paths[member.path].map { NextHop.Member($0, weight: member.weight) }
    }
    let type: NextHop.GroupType =
      switch group.type {
      case .plain: .multipath
      case .resilient(let buckets, let idle, let unbalanced):
        .resilient(
          NextHop.Resilience(buckets: UInt16(clamping: buckets), idleTimer: idle, unbalancedTimer: unbalanced))
      }
    self.init(
      id: ids.groups[group.name] ?? 0, name: group.name, members: members, paths: group.members.map(\.path),
      type: type)
  }
}

import Addresses
import ConfigurationFile
import Glibc
import Netlink
import NamespaceDiagnosis
import NetworkNamespaces

/// Reads from the kernel what a plan needs to know. Changes nothing.
enum Observer {
  /// - Throws: when the kernel cannot be asked (EPERM: entering a namespace needs CAP_SYS_ADMIN).
  static func observe(_ desired: DesiredState, _ sockets: inout GatewaySockets) throws(NetlinkError)
    -> ObservedState
  {
    try sockets.open()
    var state = ObservedState()
    if case .named(let name) = desired.namespace {
      state.place = try place(name, marks: desired.interfaces.map(\.name), sockets)
    }
    if !sockets.isOne {
      state.outside = try links(&sockets.home.netlink).byName
      if desired.interfaces.contains(where: { state.outside[$0.outsideName] != nil }) {
        try markDefaultRoutes(&state.outside, &sockets.home.netlink)
      }
    }
    if case .absent = state.place, case .named(let name) = desired.namespace, sockets.gateway == nil {
      state.place = try absentPlace(name, marks: desired.interfaces.map(\.name))
    }
    guard sockets.gateway != nil else {
      // A key that this kernel lacks at home, a new namespace lacks as well. Those of interfaces come with them.
      state.sysctls = try sysctls(desired.sysctls.filter { $0.interface == nil }, in: sockets.home)
        .filter { $0.value == .absent }
      return state
    }
    try sockets.inGateway { (place, _) throws(NetlinkError) in
      let links = try links(&place.netlink)
      state.inside = links.byName
      state.nextHops = try nextHops(&place.netlink, links.names)
      state.routes = try routes(desired, &place.netlink, links.names)
      state.rules = try rules(&place.netlink)
      let present = desired.sysctls.filter { $0.interface.map { links.byName[$0] != nil } ?? true }
      state.sysctls = try sysctls(present, in: place)
    }
    let absent = desired.sysctls.filter { state.sysctls[$0.sysctl] == .absent && $0.interface == nil }
    guard !sockets.isOne, !absent.isEmpty else { return state }
    for case (let sysctl, .value(let value, _)) in try sysctls(absent, in: sockets.home) {
      state.sysctls[sysctl] = .machineWide(value)
    }
    return state
  }

  private static func place(
    _ name: String, marks: [String], _ sockets: borrowing GatewaySockets
  ) throws(NetlinkError) -> ObservedState.Place {
    let found = try asNetlink { () throws(SystemCallError) in try NetworkNamespace.state(named: name) }
    let identity: NamespaceIdentity?
    switch sockets.gateway {
    case .none: identity = nil
    case .some(let place): identity = try asNetlink { () throws(SystemCallError) in try place.namespace.identity() }
    }
    switch found {
    case .healthy(let other): return identity == nil || identity == other ? .present : .replaced
    case .absent: return identity == nil ? .absent : .unnamed
    // What is held can be pinned again whatever stands at its name.
    case .broken where identity != nil: return .unnamed
    case .broken(let fault):
      let evidence = try asNetlink { () throws(SystemCallError) in
        try NetworkNamespace.evidence(named: name, marks: marks)
      }
      guard case .broken(let known) = NamespaceState.judge(evidence) else { return .broken(fault, .make(evidence)) }
      return .broken(known, .make(evidence))
    }
  }
}

extension Observer {
  /// A name that is gone may have left a namespace that lives on, with our interfaces in it.
  private static func absentPlace(_ name: String, marks: [String]) throws(NetlinkError) -> ObservedState.Place {
    let evidence = try asNetlink { () throws(SystemCallError) in
      try NetworkNamespace.evidence(named: name, marks: marks)
    }
    guard case .broken(let fault) = NamespaceState.judge(evidence) else { return .absent }
    return .broken(fault, .make(evidence))
  }
}

// MARK: Links and next hops

extension Observer {
  private struct Links {
    var byName: [String: ObservedLink] = [:]
    var names: [Int32: String] = [:]
  }

  private static func links(_ netlink: inout NetlinkSocket) throws(NetlinkError) -> Links {
    let links = try netlink.links()
    var addresses: [Int32: [ObservedAddress]] = [:]
    for address in try netlink.addresses() {
      addresses[address.interface, default: []].append(
        ObservedAddress(
          prefix: address.prefix,
          // The kernel uses one bit for "secondary" (IPv4) and "temporary" (IPv6, RFC 8981).
          isSecondary: address.prefix.family == .ipv4 && address.flags.contains(.secondary),
          isDuplicate: address.flags.contains(.duplicate)))
    }
    var result = Links()
    result.names = Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first }
    for link in links {
      result.byName[link.name] = ObservedLink(
        name: link.name, mtu: link.mtu, maximumMTU: link.maximumMTU, mac: link.mac, isUp: link.flags.contains(.up),
        hasCarrier: link.carrier, isTap: link.kind == "tun", master: link.master.flatMap { result.names[$0] },
        addresses: addresses[link.index] ?? [])
    }
    return result
  }

  private static func markDefaultRoutes(
    _ links: inout [String: ObservedLink], _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) {
    let indices = try netlink.links()
    for route in try netlink.routes(RouteFilter(table: RouteTable.main))
    where route.destination.length == 0 && route.kind == .unicast {
      let used = [route.interface].compactMap { $0 } + route.paths.map(\.interface)
      for link in indices where used.contains(link.index) { links[link.name]?.carriesDefaultRoute = true }
    }
  }

  private static func nextHops(
    _ netlink: inout NetlinkSocket, _ names: [Int32: String]
  ) throws(NetlinkError) -> [UInt32: ObservedNextHop] {
    var result: [UInt32: ObservedNextHop] = [:]
    let hops: [NextHop]
    do throws(NetlinkError) {
      hops = try netlink.nextHops()
    } catch {
      // Before Linux 5.3 there are none; making one then says so.
      guard error.code == EOPNOTSUPP else { throw error }
      return [:]
    }
    for hop in hops {
      let kind: ObservedNextHop.Kind =
        switch hop.kind {
        case .gateway(let via, let interface): .gateway(via, interface: names[interface] ?? "\(interface)")
        case .group(let members, let type): .group(members, type)
        case .interface, .blackhole: .other
        }
      result[hop.id] = ObservedNextHop(id: hop.id, protocol: hop.protocol, kind: kind)
    }
    return result
  }
}

// MARK: Routes

extension Observer {
  /// The routes of now: ours, and others in the place of desired ones. Linear in the routes of the namespace.
  static func routes(
    _ desired: DesiredState, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) -> ObservedRoutes {
    let links = try netlink.links()
    return try routes(desired, &netlink, Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first })
  }

  private static func routes(
    _ desired: DesiredState, _ netlink: inout NetlinkSocket, _ names: [Int32: String]
  ) throws(NetlinkError) -> ObservedRoutes {
    var result = ObservedRoutes()
    let wanted = Set(desired.routes.map(\.key))
    // One dump: the kernel can be asked for one protocol, or for all, but not for "all others".
    let filter = wanted.isEmpty ? RouteFilter(protocol: .everway) : RouteFilter()
    for route in try netlink.routes(filter) {
      if route.protocol == .everway {
        result.insert(own: ObservedRoute(route, names))
      } else {
        let key = RouteKey(prefix: route.destination, table: route.table, metric: route.priority)
        if wanted.contains(key), result.foreign[key] == nil { result.foreign[key] = ObservedRoute(route, names) }
      }
    }
    return result
  }
}

extension Observer {
  private static func rules(_ netlink: inout NetlinkSocket) throws(NetlinkError) -> [Rule] {
    do throws(NetlinkError) {
      return try netlink.rules().filter { $0.protocol == .everway }
    } catch {
      // A kernel without policy routing (CONFIG_IP_MULTIPLE_TABLES); making one then says so.
      guard error.code == EOPNOTSUPP || error.code == EAFNOSUPPORT else { throw error }
      return []
    }
  }
}

extension ObservedRoute {
  init(_ route: Route, _ names: [Int32: String]) {
    self.init(
      key: RouteKey(prefix: route.destination, table: route.table, metric: route.priority),
      protocol: route.protocol,
      // A route to a next hop is of the kind it was made with; one whose group drops for now is only listed otherwise.
      kind: route.nextHop == nil || route.kind != .blackhole ? route.kind : .unicast, nextHop: route.nextHop)
    guard route.nextHop == nil else { return }
    via = route.gateway
    interface = route.interface.flatMap { names[$0] }
    source = route.preferredSource
    isMultipath = !route.paths.isEmpty
  }
}

// MARK: Sysctls

extension Observer {
  private static func sysctls(
    _ wanted: [DesiredSysctl], in place: borrowing Place
  ) throws(NetlinkError) -> [Sysctl: SysctlState] {
    try asNetlink { () throws(SystemCallError) in
      // One visit for all: entering costs a thread.
      try place.run { () throws(SystemCallError) in
        var result: [Sysctl: SysctlState] = [:]
        for sysctl in wanted.map(\.sysctl) { result[sysctl] = try state(of: sysctl) }
        return result
      }
    }
  }

  private static func state(of sysctl: Sysctl) throws(SystemCallError) -> SysctlState {
    do throws(SystemCallError) {
      return .value(try sysctl.readHere(), isWritable: sysctl.isWritableHere)
    } catch {
      guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
      return .absent
    }
  }
}

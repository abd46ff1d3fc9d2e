import Addresses
import Glibc
import Netlink
import NetworkNamespaces

/// Carries out changes, in their order; goes on with what can be done when something fails.
enum Applier {
  /// What came of it.
  struct Outcome: Sendable {
    var applied = 0
    var failures: [Failure] = []
    /// Not tried, because what they stand on failed.
    var skipped: [Change] = []
    /// Something was disturbed on the way (a link went down for a moment): look again.
    var mustLookAgain = false
  }

  struct Failure: Error, Hashable, Sendable {
    var change: Change
    var error: NetlinkError
  }

  /// Changes that are done already (an address that is there, a route that is gone) count as applied.
  static func apply(_ changes: [Change], _ sockets: inout GatewaySockets) -> Outcome {
    var run = ApplierRun()
    var next = changes.startIndex
    while next < changes.endIndex {
      let change = changes[next]
      guard change.subject != .route else {
        // As many routes as follow one another: hundreds in one system call.
        let end = changes[next...].firstIndex { $0.subject != .route } ?? changes.endIndex
        run.applyRoutes(changes[next..<end], &sockets)
        next = end
        continue
      }
      run.apply(change, &sockets)
      next += 1
    }
    return run.outcome
  }
}

/// One run of the applier.
struct ApplierRun {
  var outcome = Applier.Outcome()
  /// The links inside, read when needed.
  private var links: [String: Link]?
  private var isNowhere = false
  /// Interfaces that did not arrive: nothing else is tried on them.
  private var lost: Set<String> = []

  mutating func apply(_ change: Change, _ sockets: inout GatewaySockets) {
    if isNowhere || change.interface.map(lost.contains) == true {
      outcome.skipped.append(change)
      return
    }
    do throws(NetlinkError) {
      try perform(change, &sockets)
      outcome.applied += 1
    } catch {
      fail(change, error)
      switch change {
      case .createNamespace, .repairNamespace: isNowhere = true
      case .moveLink(_, let name, _, _), .renameLink(_, let name): lost.insert(name)
      default: break
      }
    }
  }

  private mutating func fail(_ change: Change, _ error: NetlinkError) {
    outcome.failures.append(Applier.Failure(change: change, error: error))
  }

  private mutating func perform(_ change: Change, _ sockets: inout GatewaySockets) throws(NetlinkError) {
    if case .createNamespace(let name) = change {
      try sockets.createNamespace(named: name)
      return
    }
    if case .repairNamespace(let repair) = change {
      try sockets.repairNamespace(repair)
      return
    }
    try sockets.inGateway { (gateway, home) throws(NetlinkError) in
      switch change {
      case .createNamespace, .repairNamespace: break
      case .nameNamespace(let name):
        try asNetlink { () throws(SystemCallError) in try gateway.namespace.pin(named: name) }
      case .moveLink(let from, let to, _, _):
        guard let link = try home.netlink.link(named: from) else {
          throw NetlinkError(
            "move link \(from)", code: ENODEV, hint: "it is gone from the namespace everway was started in")
        }
        try home.netlink.moveLink(link.index, to: gateway.namespace, name: from == to ? nil : to)
        links = nil
      case .removeLink(let name):
        try gateway.netlink.removeLink(index(name, &gateway.netlink))
        links = nil
      case .renameLink(let from, let to): try rename(from, to, &gateway.netlink)
      case .setMAC(let name, _, let mac): try setMAC(name, mac, &gateway.netlink)
      case .setMTU(let name, _, let mtu):
        try gateway.netlink.setLink(index(name, &gateway.netlink), mtu: mtu)
      case .setLinkUp(let name): try gateway.netlink.setLink(index(name, &gateway.netlink), up: true)
      case .setSysctl(let sysctl, _, let value): try write(sysctl, value, gateway)
      case .addAddress(let prefix, let name):
        // Without duplicate address detection: a gateway's address must work at once, not after 1 to 2 s.
        let flags: InterfaceAddress.Flags = prefix.family == .ipv6 ? .noDuplicateDetection : []
        try tolerate(EEXIST) { () throws(NetlinkError) in
          try gateway.netlink.addAddress(prefix, interface: index(name, &gateway.netlink), flags: flags)
        }
      case .removeAddress(let prefix, let name):
        try tolerate(EADDRNOTAVAIL) { () throws(NetlinkError) in
          try gateway.netlink.removeAddress(prefix, interface: index(name, &gateway.netlink))
        }
      case .addNextHop(let hop), .replaceNextHop(let hop, _):
        let kind = NextHop.Kind.gateway(hop.via, interface: try index(hop.interface, &gateway.netlink))
        try gateway.netlink.perform(.replaceNextHop(NextHop(hop.id, kind, protocol: .everway)))
      case .createGroup(let group), .updateGroup(let group, _): try replace(group, &gateway.netlink)
      case .recreateGroup(let group, _):
        try tolerate(ENOENT) { () throws(NetlinkError) in try gateway.netlink.perform(.removeNextHop(group.id)) }
        try replace(group, &gateway.netlink)
      case .removeNextHop(let hop):
        try tolerate(ENOENT) { () throws(NetlinkError) in try gateway.netlink.perform(.removeNextHop(hop.id)) }
      case .addRule(let planned):
        try tolerate(EEXIST) { () throws(NetlinkError) in try gateway.netlink.perform(.addRule(planned.rule)) }
      case .removeRule(let rule):
        try tolerate(ENOENT) { () throws(NetlinkError) in try gateway.netlink.perform(.removeRule(rule)) }
      case .addRoute, .replaceRoute, .removeRoute: break  // in batches
      }
    }
  }

  /// With those members whose next hops are there: the kernel knows no others, and no empty group.
  private func replace(_ group: PlannedGroup, _ netlink: inout NetlinkSocket) throws(NetlinkError) {
    let there = Set(try netlink.nextHops().map(\.id))
    let members = group.members.filter { there.contains($0.id) }
    guard !members.isEmpty else {
      throw NetlinkError(
        "make group \(group.name)", code: ENOENT,
        hint: "none of its paths has a next hop yet; it is made when one is up")
    }
    try netlink.perform(.replaceNextHop(NextHop(group.id, .group(members, group.type), protocol: .everway)))
  }

  private func tolerate(_ code: Int32, _ body: () throws(NetlinkError) -> Void) throws(NetlinkError) {
    do throws(NetlinkError) {
      try body()
    } catch {
      guard error.code == code else { throw error }
    }
  }

  private func write(_ sysctl: Sysctl, _ value: String, _ place: borrowing Place) throws(NetlinkError) {
    try asNetlink { () throws(SystemCallError) in
      try place.run { () throws(SystemCallError) in try sysctl.writeHere(value) }
    }
  }
}

// MARK: Links

extension ApplierRun {
  private mutating func link(_ name: String, _ netlink: inout NetlinkSocket) throws(NetlinkError) -> Link {
    if links == nil {
      links = Dictionary(try netlink.links().map { ($0.name, $0) }) { first, _ in first }
    }
    guard let link = links?[name] else {
      throw NetlinkError("find interface \(name)", code: ENODEV)
    }
    return link
  }

  private mutating func index(_ name: String, _ netlink: inout NetlinkSocket) throws(NetlinkError) -> Int32 {
    try link(name, &netlink).index
  }

  /// Kernels before 6.2 rename only what is down.
  private mutating func rename(_ from: String, _ to: String, _ netlink: inout NetlinkSocket) throws(NetlinkError) {
    let link = try link(from, &netlink)
    links = nil
    try evenIfDown(link, &netlink) { (netlink) throws(NetlinkError) in
      try netlink.setLink(link.index, name: to)
    }
  }

  /// Some drivers change the address only of what is down.
  private mutating func setMAC(
    _ name: String, _ mac: MACAddress, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) {
    let link = try link(name, &netlink)
    try evenIfDown(link, &netlink) { (netlink) throws(NetlinkError) in
      try netlink.setLink(link.index, mac: mac)
    }
  }

  /// Tries; when the kernel says busy, again with the link down for that moment. It then lost routes and, unless they
  /// are kept, IPv6 addresses.
  private mutating func evenIfDown(
    _ link: Link, _ netlink: inout NetlinkSocket, _ body: (inout NetlinkSocket) throws(NetlinkError) -> Void
  ) throws(NetlinkError) {
    do throws(NetlinkError) {
      try body(&netlink)
    } catch {
      guard error.code == EBUSY, link.flags.contains(.up) else { throw error }
      try netlink.setLink(link.index, up: false)
      outcome.mustLookAgain = true
      do throws(NetlinkError) {
        try body(&netlink)
      } catch {
        try? netlink.setLink(link.index, up: true)
        throw error
      }
      try netlink.setLink(link.index, up: true)
    }
  }
}

// MARK: Routes

extension ApplierRun {
  mutating func applyRoutes(_ changes: ArraySlice<Change>, _ sockets: inout GatewaySockets) {
    var batch: [NetlinkChange] = []
    var places: [Int] = []
    batch.reserveCapacity(changes.count)
    do throws(NetlinkError) {
      try sockets.inGateway { (gateway, _) throws(NetlinkError) in
        for place in changes.indices {
          do throws(NetlinkError) {
            guard let change = try encode(changes[place], &gateway.netlink) else {
              outcome.skipped.append(changes[place])
              continue
            }
            batch.append(change)
            places.append(place)
          } catch {
            fail(changes[place], error)
          }
        }
        let refusals = try gateway.netlink.perform(batch)
        outcome.applied += batch.count - refusals.count
        // What the kernel has, when it says that something is there: read once.
        var kernels: [RouteKey: Route]?
        for refusal in refusals {
          try settle(
            changes[places[refusal.index]], batch[refusal.index], refusal.error, &kernels, &gateway.netlink)
        }
      }
    } catch {
      // The conversation broke: what is in force shows only at the next look.
      outcome.mustLookAgain = true
      for change in changes.prefix(1) { fail(change, error) }
      outcome.skipped += changes.dropFirst()
    }
  }

  /// Nil when its interface did not arrive.
  private mutating func encode(
    _ change: Change, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) -> NetlinkChange? {
    switch change {
    case .addRoute(let route): try kernelRoute(route, &netlink).map(NetlinkChange.addRoute)
    case .replaceRoute(let route, _): try kernelRoute(route, &netlink).map(NetlinkChange.replaceRoute)
    case .removeRoute(let route):
      .removeRoute(
        Route(
          route.key.prefix, nextHop: route.nextHop, kind: route.kind, table: route.key.table,
          priority: route.key.metric, protocol: route.protocol))
    default: nil
    }
  }

  private mutating func kernelRoute(
    _ route: PlannedRoute, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) -> Route? {
    switch route.target {
    case .group(let id, _):
      return Route(
        route.key.prefix, nextHop: id, table: route.key.table, priority: route.key.metric, protocol: .everway)
    case .direct(let via, let interface, let source):
      if let interface, lost.contains(interface) { return nil }
      var number: Int32?
      if let interface { number = try index(interface, &netlink) }
      return Route(
        route.key.prefix, gateway: via, interface: number, table: route.key.table, priority: route.key.metric,
        protocol: .everway, preferredSource: source)
    }
  }

  /// What a refusal means: nothing, when the kernel has it so already.
  private mutating func settle(
    _ change: Change, _ sent: NetlinkChange, _ error: NetlinkError, _ kernels: inout [RouteKey: Route]?,
    _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) {
    switch (change, error.code) {
    case (.removeRoute, ESRCH): outcome.applied += 1
    case (.removeRoute(let route), EINVAL):
      // Its group is gone, and took it along: the kernel does not even look for the route then.
      if let id = route.nextHop, try netlink.nextHop(id) == nil {
        outcome.applied += 1
      } else {
        fail(change, error)
      }
    case (.addRoute(let route), EEXIST):
      if kernels == nil {
        kernels = Dictionary(try netlink.routes().map { ($0.key, $0) }) { first, _ in first }
      }
      let there = kernels?[route.key]
      if case .addRoute(let wanted) = sent, there?.protocol == .everway, there?.nextHop == wanted.nextHop,
        wanted.nextHop != nil || there?.gateway == wanted.gateway,
        wanted.interface == nil || there?.interface == wanted.interface
      {
        outcome.applied += 1
        return
      }
      var error = error
      if let there {
        error.hint = RoutePlan.conflict(route, ObservedRoute(there, [:])).remedy
        error.operation += ", where there is one of protocol \(there.protocol.words)"
      }
      fail(change, error)
    default: fail(change, error)
    }
  }
}

extension Route {
  fileprivate var key: RouteKey { RouteKey(prefix: destination, table: table, metric: priority) }
}

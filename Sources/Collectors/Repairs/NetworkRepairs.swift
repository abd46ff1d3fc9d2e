import Cluster
import Addresses
import Doctor
import Glibc
import Netlink
import NetworkNamespaces

/// Repairs of links, addresses, routes, neighbours and sysctls.
enum NetworkRepairs {
  static func apply(_ action: RepairAction) throws(RepairError) {
    let home: NetworkNamespace
    do throws(SystemCallError) {
      home = try NetworkNamespace.current()
    } catch {
      throw RepairError(error.description)
    }
    try apply(action, home: home)
  }

  /// - Parameter home: the namespace everway was started in, the node's.
  /// - Throws: `SystemCallError` and `NetlinkError` in words.
  static func apply(
    _ action: RepairAction, home: borrowing NetworkNamespace
  ) throws(RepairError) {
    switch action {
    case .setSysctl(let namespace, let name, let value):
      guard let sysctl = Sysctl(name) else { throw RepairError("\(name) is not the name of a sysctl") }
      try inNamespace(namespace, home) { (place) throws(NetlinkError) in
        do throws(SystemCallError) { try place.write(sysctl, value) } catch { throw NetlinkError(error) }
      }
    case .moveLink(let outside, let namespace, let name): try move(outside, namespace, name, home)
    case .setLinkUp(let namespace, let link):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try netlink.setLink(found.index, up: true)
      }
    case .setMTU(let namespace, let link, let octets):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try netlink.setLink(found.index, mtu: UInt32(clamping: octets))
      }
    case .setMAC(let namespace, let link, let mac):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try setMAC(mac, found, &netlink)
      }
    case .addAddress(let namespace, let link, let address):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        // Without duplicate address detection: a gateway's address must work at once, not after 1 to 2 s.
        let flags: InterfaceAddress.Flags = address.family == .ipv6 ? .noDuplicateDetection : []
        try tolerate(EEXIST) { () throws(NetlinkError) in
          try netlink.addAddress(address, interface: found.index, flags: flags)
        }
      }
    case .removeAddress(let namespace, let link, let address):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try tolerate(EADDRNOTAVAIL) { () throws(NetlinkError) in
          try netlink.removeAddress(address, interface: found.index)
        }
      }
    case .replaceDefaultRoute(let namespace, let gateway, let link):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try replaceDefault(gateway, found, &netlink)
      }
    case .removeLink(let namespace, let link):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try netlink.removeLink(found.index)
      }
    case .removeNeighbour(let namespace, let link, let address):
      try onLink(link, namespace, home) { (found, netlink) throws(NetlinkError) in
        try tolerate(ENOENT) { () throws(NetlinkError) in
          try netlink.perform(.removeNeighbour(address, interface: found.index))
        }
      }
    default: throw RepairError("this is no repair of the network: \(action)")
    }
  }

  // MARK: Places

  private static func inNamespace(
    _ name: String?, _ home: borrowing NetworkNamespace,
    _ body: (borrowing NetworkNamespace) throws(NetlinkError) -> Void
  ) throws(RepairError) {
    do throws(NetlinkError) {
      guard let name else { return try body(home) }
      let namespace: NetworkNamespace
      do throws(SystemCallError) { namespace = try NetworkNamespace(named: name) } catch {
        throw NetlinkError(error)
      }
      try body(namespace)
    } catch {
      throw RepairError(error.description)
    }
  }

  private static func onLink(
    _ name: String, _ namespace: String?, _ home: borrowing NetworkNamespace,
    _ body: (Link, inout NetlinkSocket) throws(NetlinkError) -> Void
  ) throws(RepairError) {
    try inNamespace(namespace, home) { (place) throws(NetlinkError) in
      var netlink = try NetlinkSocket(in: place)
      guard let link = try netlink.link(named: name) else {
        throw NetlinkError("find interface \(name)", code: ENODEV)
      }
      try body(link, &netlink)
    }
  }

  private static func tolerate(_ code: Int32, _ body: () throws(NetlinkError) -> Void) throws(NetlinkError) {
    do throws(NetlinkError) { try body() } catch { if error.code != code { throw error } }
  }

  // MARK: What takes more than one step

  private static func move(
    _ outside: String, _ namespace: String, _ name: String, _ home: borrowing NetworkNamespace
  ) throws(RepairError) {
    try inNamespace(namespace, home) { (place) throws(NetlinkError) in
      var netlink = try NetlinkSocket(in: home)
      guard let link = try netlink.link(named: outside) else {
        throw NetlinkError("move link \(outside)", code: ENODEV, hint: "it is not on the node (any more)")
      }
      try netlink.moveLink(link.index, to: place, name: outside == name ? nil : name)
    }
  }

  /// Tries; when the kernel says busy, again with the link down for that moment.
  private static func setMAC(
    _ mac: MACAddress, _ link: Link, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) {
    do throws(NetlinkError) {
      try netlink.setLink(link.index, mac: mac)
      return
    } catch {
      guard error.code == EBUSY, link.flags.contains(.up) else { throw error }
    }
    try setMACWhileDown(mac, link, &netlink)
  }

  /// What the kernel takes along when the link goes down is put back: routes, and IPv6 addresses.
  static func setMACWhileDown(
    _ mac: MACAddress, _ link: Link, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) {
    let addresses = try netlink.addresses(interface: link.index)
    let routes = try netlink.routes().filter { route in
      route.nextHop == nil && route.table != RouteTable.local && route.protocol != .kernel
        && (route.interface == link.index || route.paths.contains { $0.interface == link.index })
    }
    try netlink.setLink(link.index, up: false)
    var failure: NetlinkError?
    do throws(NetlinkError) { try netlink.setLink(link.index, mac: mac) } catch { failure = error }
    try netlink.setLink(link.index, up: true)
    for address in addresses where address.prefix.family == .ipv6 && !address.prefix.address.isLinkLocal {
      var again = address
      again.flags = .noDuplicateDetection
      try tolerate(EEXIST) { () throws(NetlinkError) in try netlink.perform(.addAddress(again)) }
    }
    // Those with a gateway last: it must be on a link again.
    for route in routes.sorted(by: { $0.gateway == nil && $1.gateway != nil }) {
      try tolerate(EEXIST) { () throws(NetlinkError) in try netlink.perform(.addRoute(route.canonical)) }
    }
    if let failure { throw failure }
  }

  /// In the main table. A wrong one that the kernel prefers is the one that is replaced.
  private static func replaceDefault(
    _ gateway: IPAddress, _ link: Link, _ netlink: inout NetlinkSocket
  ) throws(NetlinkError) {
    guard let everywhere = IPPrefix(.any(gateway.family), length: 0) else { return }
    let present = try netlink.routes(RouteFilter(family: gateway.family, table: RouteTable.main))
      .filter { $0.destination == everywhere }
    let best = present.map(\.priority).min()
    // IPv4's own metric is 0, the best there is; IPv6's is 1024.
    let priority = gateway.family == .ipv6 ? min(best ?? 1024, 1024) : 0
    try netlink.perform(
      .replaceRoute(Route(everywhere, gateway: gateway, interface: link.index, priority: priority)))
  }
}

import CLinux
import Glibc
public import NetworkNamespaces

/// A change in the kernel's tables, whoever made it.
public enum RouteEvent: Hashable, Sendable {
  /// New, or changed: flags, carrier, name.
  case link(Link)
  case linkRemoved(Link)
  case address(InterfaceAddress)
  case addressRemoved(InterfaceAddress)
  case route(Route)
  case routeRemoved(Route)
  case nextHop(NextHop)
  /// Its id. The kernel's routes that used it are gone without events of their own.
  case nextHopRemoved(UInt32)
  case neighbour(Neighbour)
  case neighbourRemoved(Neighbour)
  /// Events were lost (ENOBUFS): read the tables anew.
  case lost
}

/// A subscription to changes in one namespace. Reading never blocks: poll `descriptor` for input.
public struct NetlinkMonitor: ~Copyable, Sendable {
  public let descriptor: Int32
  private var buffer: [UInt8]

  /// What to be told about.
  public struct Topics: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let links = Topics(rawValue: 1)
    public static let addresses = Topics(rawValue: 2)
    public static let routes = Topics(rawValue: 4)
    public static let nextHops = Topics(rawValue: 8)
    public static let neighbours = Topics(rawValue: 16)
    public static let all: Topics = [.links, .addresses, .routes, .nextHops, .neighbours]

    fileprivate var groups: [rtnetlink_groups] {
      var groups: [rtnetlink_groups] = []
      if contains(.links) { groups.append(RTNLGRP_LINK) }
      if contains(.addresses) { groups += [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] }
      if contains(.routes) { groups += [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE] }
      if contains(.nextHops) { groups.append(RTNLGRP_NEXTHOP) }
      if contains(.neighbours) { groups.append(RTNLGRP_NEIGH) }
      return groups
    }
  }

  /// Subscribes in a namespace. Subscribe first, then read the tables: nothing is missed then.
  public init(in namespace: borrowing NetworkNamespace, _ topics: Topics) throws(NetlinkError) {
    do throws(SystemCallError) {
      descriptor = try namespace.perform { () throws(SystemCallError) in
        let fd = try NetlinkSocket.open(SOCK_RAW, flags: Int32(SOCK_NONBLOCK.rawValue))
        for group in topics.groups {
          var number = Int32(group.rawValue)
          let size = socklen_t(MemoryLayout<Int32>.size)
          guard setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &number, size) == 0 else {
            let error = SystemCallError("subscribe to netlink group \(number)")
            close(fd)
            throw error
          }
        }
        return fd
      }
    } catch {
      throw NetlinkError(error)
    }
    buffer = [UInt8](repeating: 0, count: 65536)
  }

  deinit { close(descriptor) }

  /// Reads what has come, at most one datagram, and hands each event to `body`.
  /// - Returns: false when there was nothing to read. Until then, call again.
  public mutating func receive(_ body: (RouteEvent) -> Void) throws(NetlinkError) -> Bool {
    while true {
      let fd = descriptor
      let count = buffer.withUnsafeMutableBytes { recv(fd, $0.baseAddress, $0.count, Int32(MSG_TRUNC)) }
      if count >= 0 {
        guard count <= buffer.count else {
          body(.lost)
          return true
        }
        for message in NetlinkMessages(buffer[..<count]) {
          if let event = RouteEvent(message) { body(event) }
        }
        return true
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: return false
      case ENOBUFS:
        body(.lost)
        return true
      default: throw NetlinkError("receive netlink events", code: errno)
      }
    }
  }
}

extension RouteEvent {
  /// Nil for what we do not know, and what cannot be read.
  init?(_ message: NetlinkMessage) {
    let event: RouteEvent? =
      switch message.type {
      case RTM_NEWLINK: Link(message).map { .link($0) }
      case RTM_DELLINK: Link(message).map { .linkRemoved($0) }
      case RTM_NEWADDR: InterfaceAddress(message).map { .address($0) }
      case RTM_DELADDR: InterfaceAddress(message).map { .addressRemoved($0) }
      case RTM_NEWROUTE: Route(message).map { .route($0) }
      case RTM_DELROUTE: Route(message).map { .routeRemoved($0) }
      case RTM_NEWNEXTHOP: NextHop(message).map { .nextHop($0) }
      case RTM_DELNEXTHOP: NextHop.removedID(message).map { .nextHopRemoved($0) }
      case RTM_NEWNEIGH: Neighbour(message).map { .neighbour($0) }
      case RTM_DELNEIGH: Neighbour(message).map { .neighbourRemoved($0) }
      default: nil
      }
    guard let event else { return nil }
    self = event
  }
}

extension NextHop {
  /// The id alone: a removal need not say more.
  fileprivate static func removedID(_ message: NetlinkMessage) -> UInt32? {
    guard let (_, attributes) = message.header(nhmsg.self) else { return nil }
    for attribute in attributes where NHA_ID ~= attribute.type { return attribute.u32 }
    return nil
  }
}

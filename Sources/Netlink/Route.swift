public import Addresses
import CLinux
import Glibc

/// A route (RTM_NEWROUTE).
public struct Route: Hashable, Sendable {
  /// A network: host bits zero. 0.0.0.0/0 and ::/0 are the default routes.
  public var destination: IPPrefix
  public var table: UInt32
  /// The metric; the lowest wins. IPv6 knows no 0: the kernel makes it 1024.
  public var priority: UInt32
  public var `protocol`: RouteProtocol
  public var scope: RouteScope
  public var kind: RouteKind
  /// Id of a next hop or next-hop group; then `gateway`, `interface` and `paths` are only what the kernel reports.
  public var nextHop: UInt32?
  /// May be of the other family (RFC 5549: an IPv6 gateway for an IPv4 route).
  public var gateway: IPAddress?
  /// ifindex.
  public var interface: Int32?
  /// A multipath route of the old kind (RTA_MULTIPATH).
  public var paths: [Path]
  public var preferredSource: IPAddress?
  /// Octets (RTAX_MTU).
  public var mtu: UInt32?
  public var flags: NextHopFlags

  /// One path of a multipath route.
  public struct Path: Hashable, Sendable {
    public var gateway: IPAddress?
    public var interface: Int32
    /// 1 to 256.
    public var weight: Int
    public var flags: NextHopFlags

    public init(gateway: IPAddress?, interface: Int32, weight: Int = 1, flags: NextHopFlags = []) {
      self.gateway = gateway
      self.interface = interface
      self.weight = weight
      self.flags = flags
    }
  }

  /// `scope` is taken as `ip route` takes it when it is not given: link for an IPv4 unicast route without gateway and
  /// next hop, else universe.
  public init(
    _ destination: IPPrefix, nextHop: UInt32? = nil, gateway: IPAddress? = nil, interface: Int32? = nil,
    paths: [Path] = [], kind: RouteKind = .unicast, table: UInt32 = RouteTable.main, priority: UInt32 = 0,
    protocol: RouteProtocol = .static, scope: RouteScope? = nil, preferredSource: IPAddress? = nil,
    mtu: UInt32? = nil, flags: NextHopFlags = []
  ) {
    self.destination = destination
    self.nextHop = nextHop
    self.gateway = gateway
    self.interface = interface
    self.paths = paths
    self.kind = kind
    self.table = table
    self.priority = priority
    self.protocol = `protocol`
    let direct = kind == .unicast && gateway == nil && nextHop == nil && paths.isEmpty
    self.scope = scope ?? (direct && destination.family == .ipv4 ? .link : .universe)
    self.preferredSource = preferredSource
    self.mtu = mtu
    self.flags = flags
  }
}

extension Route {
  /// The route as a request for it would say it: equal for a route that is wanted and the same route as listed.
  ///
  /// Takes out what the kernel adds: what a next-hop id stands for (with a blackhole in the group, even the kind), state
  /// flags, IPv6's metric 1024 and scope, the loopback of a route that drops.
  public var canonical: Route {
    var route = self
    route.destination = destination.network
    route.flags = flags.intersection(.settable)
    for index in route.paths.indices { route.paths[index].flags.formIntersection(.settable) }
    if nextHop != nil {
      if kind == .blackhole { route.kind = .unicast }
      (route.gateway, route.interface, route.paths, route.flags) = (nil, nil, [], [])
    }
    if route.kind == .blackhole || route.kind == .unreachable || route.kind == .prohibit { route.interface = nil }
    if destination.family == .ipv6 {
      if priority == 0 { route.priority = 1024 }
      route.scope = .universe
    }
    return route
  }
}

extension Route: CustomStringConvertible {
  /// `10.0.0.0/8 in table 254 metric 100`.
  public var description: String {
    "\(destination) in table \(table)\(priority == 0 ? "" : " metric \(priority)")"
  }
}

/// Which routes to list; a nil field matches all. The kernel filters.
public struct RouteFilter: Hashable, Sendable {
  public var family: AddressFamily?
  public var table: UInt32?
  public var `protocol`: RouteProtocol?

  public init(family: AddressFamily? = nil, table: UInt32? = nil, protocol: RouteProtocol? = nil) {
    self.family = family
    self.table = table
    self.protocol = `protocol`
  }
}

extension NetlinkSocket {
  /// The routes of the namespace; those that the kernel clones for itself are left out.
  public mutating func routes(_ filter: RouteFilter = RouteFilter()) throws(NetlinkError) -> [Route] {
    var all: [Route] = []
    for family in filter.family.map({ [$0] }) ?? AddressFamily.allCases {
      do throws(NetlinkError) {
        all += try dump("list \(family) routes") { writer, sequence in
          var header = rtmsg()
          header.rtm_family = family.number
          header.rtm_protocol = filter.protocol?.rawValue ?? 0
          writer.begin(RTM_GETROUTE, flags: NLM_F_DUMP, sequence: sequence, header)
          if let table = filter.table { writer.put(RTA_TABLE, table) }
          writer.end()
        } decode: { message in
          RTM_NEWROUTE ~= message.type ? Route(message) : nil
        }
      } catch {
        // A table nobody has used yet does not exist: no routes.
        guard error.code == ENOENT, filter.table != nil else { throw error }
      }
    }
    return all
  }

  /// The route a packet to that address would take now (as `ip route get`).
  /// - Throws: ENETUNREACH when there is none, EINVAL for a blackhole, EHOSTUNREACH for an unreachable route.
  public mutating func route(to address: IPAddress) throws(NetlinkError) -> Route? {
    try get("look up the route to \(address)") { writer, sequence in
      var header = rtmsg()
      header.rtm_family = address.family.number
      header.rtm_dst_len = UInt8(address.family.bitWidth)
      writer.begin(RTM_GETROUTE, flags: 0, sequence: sequence, header)
      writer.put(RTA_DST, bytes: address.octets)
      writer.end()
    } decode: {
      Route($0)
    }
  }
}

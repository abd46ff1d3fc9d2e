public import Addresses

extension GatewayConfiguration {
  /// Paths of one family that share routes: a kernel next-hop group.
  public struct Group: Hashable, Sendable {
    public var name: String
    /// At least one; each path once.
    public var members: [Member]
    public var type: GroupType
    /// What the routes do when no member is left.
    public var lastPath: LastPath
    public var routes: [GroupRoute]

    public init(
      name: String, members: [Member], type: GroupType = .plain, lastPath: LastPath, routes: [GroupRoute] = []
    ) {
      self.name = name
      self.members = members
      self.type = type
      self.lastPath = lastPath
      self.routes = routes
    }
  }

  /// A path's place in a group.
  public struct Member: Hashable, Sendable {
    /// A path's name.
    public var path: String
    /// 1 to 256: as the group says, or else as the path says.
    public var weight: Int

    public init(path: String, weight: Int = 1) {
      self.path = path
      self.weight = weight
    }
  }

  /// How the kernel spreads flows over a group (linux/nexthop.h: NEXTHOP_GRP_TYPE_*).
  public enum GroupType: Hashable, Sendable {
    /// Hash-threshold: flows of living members may move when another leaves.
    case plain
    /// A table of buckets: only the flows of the member that left move. `buckets` 1 to 65535. With `idleTimer` zero a bucket
    /// may move at once; with `unbalancedTimer` zero a bucket in use is never moved by force.
    case resilient(buckets: Int, idleTimer: Duration, unbalancedTimer: Duration)
  }

  /// The policy for a group without a working member.
  public enum LastPath: String, Hashable, Sendable, CaseIterable {
    /// The member that failed last stays.
    case keep
    /// The routes are removed, so that another route may match.
    case withdraw
    /// The routes stay and drop the packets.
    case blackhole
  }

  /// A destination that a group serves.
  public struct GroupRoute: Hashable, Sendable {
    /// Host bits are zero.
    public var prefix: IPPrefix
    /// As the kernel stores it: an IPv6 route written with 0 has 1024 (IP6_RT_PRIO_USER).
    public var metric: UInt32
    /// 1 to 4294967295; 254 is main.
    public var table: UInt32

    public init(prefix: IPPrefix, metric: UInt32? = nil, table: UInt32 = 254) {
      self.prefix = prefix
      self.metric = kernelMetric(metric ?? 0, prefix.family)
      self.table = table
    }
  }

  /// A route without health; at least one of `via` and `interface` is there.
  public struct StaticRoute: Hashable, Sendable {
    /// Host bits are zero.
    public var prefix: IPPrefix
    public var via: IPAddress?
    public var interface: String?
    /// As the kernel stores it: an IPv6 route written with 0 has 1024 (IP6_RT_PRIO_USER).
    public var metric: UInt32
    /// 1 to 4294967295; 254 is main.
    public var table: UInt32
    /// The source address that the kernel prefers for this route.
    public var source: IPAddress?

    public init(
      prefix: IPPrefix, via: IPAddress? = nil, interface: String? = nil, metric: UInt32? = nil, table: UInt32 = 254,
      source: IPAddress? = nil
    ) {
      self.prefix = prefix
      self.via = via
      self.interface = interface
      self.metric = kernelMetric(metric ?? 0, prefix.family)
      self.table = table
      self.source = source
    }
  }

  /// A rule of policy routing: packets that match all of what is given are looked up in a table before they are in main.
  public struct RoutingRule: Hashable, Sendable {
    /// Host bits are zero; nil for any. At least one of the three is given, and both prefixes are of one family.
    public var from: IPPrefix?
    public var to: IPPrefix?
    /// Where the packet came in; a rule with this alone is for both families.
    public var incomingInterface: String?
    /// 1 to 4294967295.
    public var table: UInt32
    /// 1 to 32765; the lowest is asked first, and main has 32766.
    public var priority: UInt32

    public init(
      from: IPPrefix? = nil, to: IPPrefix? = nil, incomingInterface: String? = nil, table: UInt32, priority: UInt32
    ) {
      self.from = from
      self.to = to
      self.incomingInterface = incomingInterface
      self.table = table
      self.priority = priority
    }

    /// Which families it is for.
    public var families: [AddressFamily] { (from ?? to).map { [$0.family] } ?? AddressFamily.allCases }
  }

  /// An IPv6 route sent with metric 0 comes back with 1024: both spellings are one route (linux: ip6_route_info_create).
  static func kernelMetric(_ metric: UInt32, _ family: AddressFamily) -> UInt32 {
    family == .ipv6 && metric == 0 ? 1024 : metric
  }
}

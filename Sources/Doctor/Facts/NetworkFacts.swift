public import Cluster
public import Addresses

/// Links, addresses, neighbours, routes and sysctls, inside the gateway's namespace and on the node.
public struct NetworkFacts: Codable, Hashable, Sendable {
  /// The gateway's namespace.
  public var inside: Gathered<NetworkView> = .notAsked
  /// The namespace everway was started in; nil when that is the gateway's.
  public var node: Gathered<NetworkView>?
  /// Questions to neighbours of the gateway's namespace; why none were asked.
  public var neighbourProbes: Gathered<[NeighbourProbe]> = .notAsked
  /// Echo requests of many sizes from the gateway's namespace.
  public var pathProbes: Gathered<[PathProbe]> = .notAsked

  public init() {}
}

/// What one network namespace holds.
public struct NetworkView: Codable, Hashable, Sendable {
  public var links: [LinkFacts] = []
  public var addresses: [AddressFacts] = []
  /// Of the main table, and the default routes of all others.
  public var routes: [RouteFacts] = []
  /// More routes that were left out: how many.
  public var routesLeftOut = 0
  public var rules: [RuleFacts] = []
  /// Entries for gateways alone.
  public var neighbours: [NeighbourFacts] = []
  /// By their dotted names, `net.ipv4.ip_forward`; a dot in an interface's name is written as a slash, as sysctl(8) has
  /// it. What could not be read is absent.
  public var sysctls: [String: String] = [:]

  public init() {}

  public func link(_ name: String) -> LinkFacts? { links.first { $0.name == name } }

  /// Whether a default route leads out of it.
  public func carriesDefault(_ link: String) -> Bool {
    routes.contains { $0.isDefault && $0.nextHops.contains { $0.link == link } }
  }

  public func addresses(of link: String) -> [AddressFacts] { addresses.filter { $0.link == link } }

  /// `net.FAMILY.conf.LINK.KEY` as a number.
  public func sysctl(_ family: AddressFamily, _ link: String, _ key: String) -> Int? {
    sysctls[Self.sysctlName(family, link, key)].flatMap { Int($0) }
  }

  public static func sysctlName(_ family: AddressFamily, _ link: String, _ key: String) -> String {
    let name = String(link.map { $0 == "." ? "/" : $0 })
    return "net.\(family == .ipv4 ? "ipv4" : "ipv6").conf.\(name).\(key)"
  }
}

/// A network interface.
public struct LinkFacts: Codable, Hashable, Sendable {
  public var name: String
  /// ifindex.
  public var index: Int32
  /// `veth`, `openvswitch`, `tun`; nil when its driver has no name.
  public var kind: String?
  public var mac: MACAddress?
  /// Octets.
  public var mtu: Int
  /// Set up by the administrator.
  public var isUp: Bool
  /// Only meaningful while up.
  public var hasCarrier: Bool
  public var isLoopback = false
  /// The bridge or bond that it belongs to.
  public var master: String?
  /// ifindex of the other end of a veth, or of the link beneath.
  public var peerIndex: Int32?
  /// The id, in this namespace, of the namespace the other end is in; nil when it is this one.
  public var peerNamespaceID: Int32?

  public init(
    name: String, index: Int32, mac: MACAddress? = nil, mtu: Int = 1500, isUp: Bool = true, hasCarrier: Bool = true
  ) {
    self.name = name
    self.index = index
    self.mac = mac
    self.mtu = mtu
    self.isUp = isUp
    self.hasCarrier = hasCarrier
  }
}

/// An address of an interface.
public struct AddressFacts: Codable, Hashable, Sendable {
  public var link: String
  /// Host bits kept.
  public var prefix: IPPrefix
  /// `global`, `site`, `link`, `host` or a number, as `ip address` has it.
  public var scope: String
  /// `secondary`, `dadfailed`, `tentative`, `deprecated`, as `ip address` has them.
  public var flags: [String] = []

  public init(link: String, prefix: IPPrefix, scope: String = "global", flags: [String] = []) {
    self.link = link
    self.prefix = prefix
    self.scope = scope
    self.flags = flags
  }
}

/// A route.
public struct RouteFacts: Codable, Hashable, Sendable {
  public var destination: IPPrefix
  /// 254 is main.
  public var table: UInt32
  public var metric: UInt32 = 0
  /// rtm_protocol; /etc/iproute2/rt_protos names them.
  public var `protocol`: UInt8 = 4
  /// `unicast`, `blackhole`, `unreachable`, `prohibit` or a number.
  public var kind = "unicast"
  /// Id of a next hop or a group of next hops.
  public var nextHopID: UInt32?
  /// What a next-hop object stands for is resolved.
  public var nextHops: [NextHop] = []
  public var preferredSource: IPAddress?

  public struct NextHop: Codable, Hashable, Sendable {
    public var gateway: IPAddress?
    public var link: String?
    /// 1 to 256.
    public var weight = 1
    /// The kernel does not use it: its link is down or lacks a carrier.
    public var isDead = false

    public init(gateway: IPAddress?, link: String?, weight: Int = 1) {
      self.gateway = gateway
      self.link = link
      self.weight = weight
    }
  }

  public init(_ destination: IPPrefix, table: UInt32 = RouteFacts.main, nextHops: [NextHop]) {
    self.destination = destination
    self.table = table
    self.nextHops = nextHops
  }

  public static let main: UInt32 = 254

  public var isDefault: Bool { destination.length == 0 }
}

/// A rule of policy routing.
public struct RuleFacts: Codable, Hashable, Sendable {
  /// True for IPv6.
  public var isIPv6: Bool
  public var priority: UInt32
  public var table: UInt32
  /// It looks up every packet in `table`.
  public var isForAll: Bool

  public init(isIPv6: Bool, priority: UInt32, table: UInt32, isForAll: Bool) {
    self.isIPv6 = isIPv6
    self.priority = priority
    self.table = table
    self.isForAll = isForAll
  }
}

/// What the kernel knows of a neighbour.
public struct NeighbourFacts: Codable, Hashable, Sendable {
  public var link: String
  public var address: IPAddress
  public var mac: MACAddress?
  /// As `ip neighbour` has it: `REACHABLE`, `STALE`, `FAILED`, `PERMANENT`.
  public var state: String

  public init(link: String, address: IPAddress, mac: MACAddress?, state: String) {
    self.link = link
    self.address = address
    self.mac = mac
    self.state = state
  }
}

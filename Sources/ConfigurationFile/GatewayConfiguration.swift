public import Addresses

/// What one gateway is to be: the configuration file, with every default filled in and every reference resolved.
///
/// A value of this type that came from ``parse(text:file:)`` or ``load(path:)`` is consistent: names are unique, every
/// reference names something that exists, families match. Two equal values ask for the same gateway, so a reload compares
/// them. There are no line numbers in here; those are in ``ParsedConfiguration``.
public struct GatewayConfiguration: Hashable, Sendable {
  /// Where the gateway lives.
  public var namespace: Namespace
  /// Interfaces to move in and configure, in the order of the file. Others are left alone.
  public var interfaces: [Interface]
  /// Whether the sysctls that egress needs are set (forwarding, loose rp_filter, layer 4 hashing, no redirects, ...).
  public var egressSysctls: Bool
  /// Further sysctls, after the egress ones, in the order of the file; keys start with `net.` and are unique.
  public var sysctls: [Sysctl]
  public var bfd: BFDSettings
  public var paths: [Path]
  public var groups: [Group]
  /// Routes without a health check.
  public var routes: [StaticRoute]
  /// Which packets are looked up in which table.
  public var rules: [RoutingRule] = []
  /// Each is judged by itself, such as IPv4 and IPv6, or one external subnet and the next; empty: this node never tells its
  /// peers that it has lost its uplinks.
  public var uplinks: [Uplinks]
  public var drain: Drain
  public var control: Control
  public var realtime: Realtime
  public var capture: Capture
  /// Nil: nothing is kept and nothing is served beside the control socket.
  public var observe: Observe?
  /// How long a path that was adopted from a run before keeps its place while no verdict is in yet.
  public var startupGrace: Duration

  public init(
    namespace: Namespace = .named("ovnext"), interfaces: [Interface] = [], egressSysctls: Bool = true,
    sysctls: [Sysctl] = [], bfd: BFDSettings = BFDSettings(), paths: [Path] = [], groups: [Group] = [],
    routes: [StaticRoute] = [], uplinks: [Uplinks] = [], drain: Drain = Drain(), control: Control = Control(),
    realtime: Realtime = Realtime(), capture: Capture = Capture(), startupGrace: Duration = .seconds(10)
  ) {
    self.namespace = namespace
    self.interfaces = interfaces
    self.egressSysctls = egressSysctls
    self.sysctls = sysctls
    self.bfd = bfd
    self.paths = paths
    self.groups = groups
    self.routes = routes
    self.uplinks = uplinks
    self.drain = drain
    self.control = control
    self.realtime = realtime
    self.capture = capture
    self.startupGrace = startupGrace
  }
}

extension GatewayConfiguration {
  /// The network namespace the gateway lives in.
  public enum Namespace: Hashable, Sendable {
    /// /run/netns/NAME, created when it is not there.
    case named(String)
    /// The namespace everway was started in; written `this`.
    case current
  }

  /// A network interface.
  public struct Interface: Hashable, Sendable {
    /// Its name inside the namespace: 1 to 15 bytes, no `/`, no white space (kernel: dev_valid_name).
    public var name: String
    /// Its name in the namespace everway was started in, when it differs.
    public var from: String?
    /// Addresses with their prefix lengths, host bits kept.
    public var addresses: [IPPrefix]
    /// 68 to 65535 bytes, at least 1280 with IPv6 addresses (RFC 8200 section 5); nil leaves it as it is.
    public var mtu: Int?
    /// Nil leaves it as it is.
    public var mac: MACAddress?
    /// Whether to set it up.
    public var up: Bool

    public init(
      name: String, from: String? = nil, addresses: [IPPrefix] = [], mtu: Int? = nil, mac: MACAddress? = nil,
      up: Bool = true
    ) {
      self.name = name
      self.from = from
      self.addresses = addresses
      self.mtu = mtu
      self.mac = mac
      self.up = up
    }
  }

  /// One sysctl of the namespace.
  public struct Sysctl: Hashable, Sendable {
    /// Dotted as sysctl(8) writes it (`net.ipv4.conf.net1.rp_filter`); a `/` stands for a dot inside an interface's name.
    public var key: String
    public var value: String

    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }
}

/// The demo's network as a value: who is there, with which addresses, and everway's configuration for it.
///
///     client ──── in0 ┌─────────┐ up1 ──── r1 (FRR)  ──── ┌────────┐
///                     │ gateway │ up2 ──── r2 (BIRD) ──── │ server │
///                     └─────────┘ up3 ──── r3 (FRR)  ──── └────────┘
///
/// The gateway's node is a namespace that plays the host: `in0` and `up1` to `up3` lie in it until everway, started
/// there, moves them into the gateway's namespace. The server answers on a wire of its own, straight to the client, so
/// that what a fault costs is the loss of one direction and nothing else.
public struct DemoPlan: Hashable, Sendable {
  public enum RouterKind: String, Hashable, Sendable {
    case frr = "FRR"
    case bird = "BIRD"
  }

  /// One upstream router, numbered from 1.
  public struct Router: Hashable, Sendable {
    public var number: Int
    public var kind: RouterKind

    public var role: String { "r\(number)" }
    /// The gateway's interface towards it.
    public var uplink: String { "up\(number)" }
    /// The gateway's addresses on that wire, without prefix length (24 and 64).
    public var gateway4: String { "10.77.\(number).1" }
    public var gateway6: String { "fd77:\(number)::1" }
    /// The router's addresses on that wire, on its interface `gw`.
    public var address4: String { "10.77.\(number).2" }
    public var address6: String { "fd77:\(number)::2" }
  }

  /// One after another; at least one, at most 9.
  public var routers: [Router]
  /// BFD on both ends.
  public var timers: BFDTimers
  /// How long a path that is back must hold before it is used, in milliseconds.
  public var holdDownMilliseconds: Int
  /// Prefixes of the gateway's groups, IPv4 and IPv6.
  public var routes4: [String]
  public var routes6: [String]
  /// Keeps flows of living paths where they are.
  public var isResilient: Bool

  public init(
    kinds: [RouterKind] = [.frr, .bird, .frr], timers: BFDTimers = BFDTimers(milliseconds: 50),
    holdDownMilliseconds: Int = 1000, routes4: [String] = ["0.0.0.0/0"], routes6: [String] = ["::/0"],
    isResilient: Bool = true
  ) {
    self.routers = kinds.prefix(9).enumerated().map { Router(number: $0.offset + 1, kind: $0.element) }
    self.timers = timers
    self.holdDownMilliseconds = holdDownMilliseconds
    self.routes4 = routes4
    self.routes6 = routes6
    self.isResilient = isResilient
  }

  // MARK: Names and addresses

  public static let client = "client"
  public static let node = "node"
  public static let gateway = "gw"
  public static let server = "server"
  /// Everything in these is an address of the server.
  static let servers4 = "10.99.0.0/24"
  static let servers6 = "fd99::/64"

  /// The first `count` IPv4 and IPv6 addresses of the server, 1 to 254.
  public static func serverAddresses(_ count: Int) -> (ipv4: [String], ipv6: [String]) {
    let numbers = 1...min(max(count, 1), 254)
    return (numbers.map { "10.99.0.\($0)" }, numbers.map { "fd99::\(String($0, radix: 16))" })
  }

  /// The server's interface on which a router's packets arrive: which path a flow took.
  public var serverInterfaces: [String] { routers.map(\.role) }

  /// The roles of all namespaces the lab itself makes.
  var roles: [String] { [Self.client, Self.node, Self.server] + routers.map(\.role) }

  // MARK: What `ip` is told

  /// Wires first, from namespaces that all exist by now: (role that runs it, commands).
  func wires(name: (String) -> String) -> [String] {
    func veth(_ a: String, _ aName: String, _ b: String, _ bName: String) -> String {
      "link add \(aName) netns \(name(a)) type veth peer name \(bName) netns \(name(b))"
    }
    return [
      veth(Self.client, "eth0", Self.node, "in0"), veth(Self.client, "back", Self.server, "back")
    ]
      + routers.flatMap { router in
        [
          veth(Self.node, router.uplink, router.role, "gw"), veth(router.role, "srv", Self.server, router.role)
        ]
      }
  }

  /// Addresses, links and routes of a namespace.
  func commands(_ role: String) -> [String] {
    switch role {
    case Self.client:
      return address("eth0", "10.77.100.2/24", "fd77:100::2/64") + address("back", "10.66.0.1/24", "fd66::1/64") + [
        "route add default via 10.77.100.1 dev eth0", "route add default via fd77:100::1 dev eth0"
      ]
    case Self.server:
      return address("back", "10.66.0.2/24", "fd66::2/64")
        + routers.flatMap { address($0.role, "10.88.\($0.number).2/24", "fd88:\($0.number)::2/64") }
        + [
          "route add local \(Self.servers4) dev lo", "route add local \(Self.servers6) dev lo",
          "route add 10.77.100.0/24 via 10.66.0.1 dev back", "route add fd77:100::/64 via fd66::1 dev back"
        ]
    default:
      guard let router = routers.first(where: { $0.role == role }) else { return [] }
      return address("gw", "\(router.address4)/24", "\(router.address6)/64")
        + address("srv", "10.88.\(router.number).1/24", "fd88:\(router.number)::1/64") + routes(router)
    }
  }

  /// The routes of a router; the kernel forgets those of an interface that goes down.
  func routes(_ router: Router) -> [String] {
    [
      "route replace \(Self.servers4) via 10.88.\(router.number).2 dev srv",
      "route replace \(Self.servers6) via fd88:\(router.number)::2 dev srv",
      "route replace 10.77.100.0/24 via \(router.gateway4) dev gw",
      "route replace fd77:100::/64 via \(router.gateway6) dev gw"
    ]
  }

  private func address(_ interface: String, _ v4: String, _ v6: String) -> [String] {
    ["addr add \(v4) dev \(interface)", "addr add \(v6) dev \(interface) nodad", "link set \(interface) up"]
  }

  /// Set before any interface is there, so that all get them.
  func sysctls(_ role: String) -> [(name: String, value: String)] {
    var settings = [("ipv4.conf.all.rp_filter", "0"), ("ipv4.conf.default.rp_filter", "0")]
    if routers.contains(where: { $0.role == role }) {
      settings += [
        ("ipv4.ip_forward", "1"), ("ipv6.conf.all.forwarding", "1"),
        ("ipv6.conf.all.keep_addr_on_down", "1"), ("ipv6.conf.default.keep_addr_on_down", "1")
      ]
    }
    return settings
  }
}

public import Addresses

/// A cluster's way out as Kube-OVN builds it, as a value: who is there, with which addresses, and the northbound rows.
///
///     pod1 -- node1 ══ Geneve ══ gw1, gw2: lrp `vpc1-external204` on one of them (SNAT)
///                                  |  localnet, ls `external204` 10.5.204.0/24
///                                  |---- ovnext0 of gw1 (.101), everway --.
///                                  |---- ovnext0 of gw2 (.102), everway --+-- router (.254) -- www (203.0.113.0/24)
///
/// The logical router has one ECMP route by source for each gateway, held up by BFD between its port and `ovnext0`. What
/// leaves comes back by the router's own address, so what a gateway loses is the loss of one direction and no more.
public struct OVNClusterPlan: Hashable, Sendable {
  /// A node with a way out, numbered from 1.
  public struct Gateway: Hashable, Sendable {
    public var number: UInt8

    /// The node's name, and so the name of its logical port and of its OvnEip.
    public var name: String { "gw\(number)" }
    /// Of `ovnext0`.
    public var address: IPAddress { .v4(IPv4Address(10, 5, 204, 100 + number)) }
    public var mac: MACAddress { MACAddress(bits: 0x0200_0000_0300 | UInt64(number)) }
    /// Of the end of its Geneve tunnels.
    public var tunnelAddress: IPAddress { .v4(IPv4Address(172, 31, 0, 10 + number)) }
    /// The router's interface by which its traffic goes on, and the outside host's by which it comes.
    var wayOut: String { "out\(number)" }
    public var wayIn: String { name }
  }

  public var gateways: [Gateway]
  /// Of OVN's rows, and of everway's configuration.
  public var timers: BFDTimers
  /// `uplinks: tell` of everway's configuration. A word is slower here, and `concatenated-path-down` is none: OVN answers
  /// Down with Init, and goes on using a route whose session is `init`.
  public var tell: String
  /// Whether the external subnet has both families.
  public var hasIPv6 = false
  /// Whether there is another external subnet, with ports, sessions and routes of its own.
  public var hasSecondSubnet = false

  /// - Parameter gateways: how many, 1 to 9; the router's port is on the first that lives.
  public init(
    timers: BFDTimers = BFDTimers(milliseconds: 100), gateways: Int = 2, tell: String = "silence"
  ) {
    self.timers = timers
    self.gateways = (1...min(max(gateways, 1), 9)).map { Gateway(number: UInt8($0)) }
    self.tell = tell
  }

  // MARK: Names and addresses

  public static let router = "vpc1"
  public static let externalSwitch = "external204"
  public static let routerPort = "vpc1-external204"
  public static let routerAddress: IPAddress = .v4(IPv4Address(10, 5, 204, 10))
  /// What pods become outside.
  public static let snatAddress = "10.5.204.50"
  public static let physicalGateway: IPAddress = .v4(IPv4Address(10, 5, 204, 254))
  public static let externalSubnet = "10.5.204.0/24"
  public static let podSubnet = "192.168.0.0/24"
  /// What leads to a gateway node and to the pods in namespaces: see the picture above.
  static let (compute, pod, wire, physical, outside) = ("node1", "pod1", "wire", "router", "www")
  static let (podAddress, podMAC) = ("192.168.0.11", "02:00:00:00:04:11")
  static let computeTunnelAddress: IPAddress = .v4(IPv4Address(172, 31, 0, 100))

  /// The first `count` addresses of the outside host, 1 to 200.
  public static func outsideAddresses(_ count: Int) -> [IPAddress] {
    (1...min(max(count, 1), 200)).map { .v4(IPv4Address(203, 0, 113, UInt8($0))) }
  }

  /// Flows from the pod to as many addresses: OVS's userspace datapath takes no notice of UDP ports when it chooses.
  public func traffic(flows: Int = 32, intervalMicroseconds: Int = 10_000, expectedSeconds: Int = 30) -> TrafficPlan
  {
    TrafficPlan(
      flows: TrafficPlan.flows(flows, to: Self.outsideAddresses(flows)), intervalMicroseconds: intervalMicroseconds,
      paths: gateways.map { TrafficPath($0.name, interface: $0.wayIn) }, expectedSeconds: expectedSeconds)
  }

  // MARK: What `ip` is told

  /// Namespaces that the lab makes; everway makes those of `ovnext0`.
  var roles: [String] {
    gateways.map(\.name) + [Self.compute, Self.pod, Self.wire, Self.physical, Self.outside]
  }

  /// Wires, between namespaces that all exist by now.
  func wires(name: (String) -> String) -> [String] {
    func veth(_ a: String, _ aName: String, _ b: String, _ bName: String) -> String {
      "link add \(aName) netns \(name(a)) type veth peer name \(bName) netns \(name(b))"
    }
    var lines = [veth(Self.compute, "to-pod1", Self.pod, "eth0")]
    for chassis in gateways.map(\.name) + [Self.compute] { lines.append(veth(chassis, "eth0", Self.wire, chassis)) }
    for gateway in gateways {
      lines.append(veth(gateway.name, "eth1", Self.physical, gateway.name))
      lines.append(veth(Self.physical, gateway.wayOut, Self.outside, gateway.wayIn))
    }
    return lines
  }

  /// Interfaces whose checksums the userspace datapath would find unfinished.
  func interfaces(_ role: String) -> [String] {
    switch role {
    case Self.compute: ["eth0", "to-pod1"]
    case Self.pod: ["eth0"]
    case Self.wire: gateways.map(\.name) + [Self.compute]
    case Self.physical: ["brext"] + gateways.flatMap { [$0.name, $0.wayOut] }
    case Self.outside: gateways.map(\.wayIn)
    default: ["eth0", "eth1"]
    }
  }

  /// Addresses, links and routes of a namespace.
  func commands(_ role: String) -> [String] {
    switch role {
    case Self.pod:
      // Only what is sent by IPv4 is measured.
      return [
        "link set eth0 address \(Self.podMAC) mtu 1400 up", "addr add \(Self.podAddress)/24 dev eth0",
        "route add default via 192.168.0.1"
      ]
    case Self.wire:
      return bridge("br0", gateways.map(\.name) + [Self.compute])
    case Self.physical:
      var lines =
        bridge("brext", gateways.map(\.name))
        + externals.flatMap { external in
          external.prefixes { external.physicalGateway($0) }.map {
            "addr add \($0) dev brext\($0.contains(":") ? " nodad" : "")"
          }
        }
      for gateway in gateways {
        let (number, link) = (gateway.number, gateway.wayOut)
        lines += ["addr add 10.88.\(number).1/24 dev \(link)", "link set \(link) up"]
        lines.append("rule add fwmark \(number) table \(100 + Int(number))")
        lines.append("route add 203.0.113.0/24 via 10.88.\(number).2 dev \(link) table \(100 + Int(number))")
      }
      return lines
    case Self.outside:
      return ["route add local 203.0.113.0/24 dev lo"]
        + gateways.flatMap { ["addr add 10.88.\($0.number).2/24 dev \($0.wayIn)", "link set \($0.wayIn) up"] }
        + ["route add \(Self.externalSubnet) via 10.88.1.1"]
    default:
      return interfaces(role).map { "link set \($0) up" }
    }
  }

  private func bridge(_ name: String, _ ports: [String]) -> [String] {
    ["link add \(name) type bridge forward_delay 0", "link set \(name) up"]
      + ports.flatMap { ["link set \($0) master \(name)", "link set \($0) up"] }
  }

  /// Marks what comes from a gateway's `ovnext0`, so that the outside host sees by which gateway it came.
  var marking: String {
    let rules = gateways.map { "    ether saddr \($0.mac) meta mark set \($0.number)" }.joined(separator: "\n")
    return """
      table inet ways {
        chain in {
          type filter hook prerouting priority -150
      \(rules)
        }
      }

      """
  }

  func sysctls(_ role: String) -> [(name: String, value: String)] {
    [("ipv4.conf.all.rp_filter", "0"), ("ipv4.conf.default.rp_filter", "0")]
      + (role == Self.physical
        ? [
          ("ipv4.ip_forward", "1"), ("ipv4.conf.all.send_redirects", "0"), ("ipv4.conf.default.send_redirects", "0")
        ]
        : [])
  }
}

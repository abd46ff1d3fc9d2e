public import Addresses

extension OVNClusterPlan {
  /// A subnet by which the cluster reaches the outside: a logical switch with a localnet port, and the router's port there.
  public struct External: Hashable, Sendable {
    /// The third octet of its addresses.
    public var number: UInt8
    public var families: [AddressFamily]

    /// Of the switch, of Kube-OVN's Subnet, and of the physical network.
    public var name: String { "external\(number)" }
    public var routerPort: String { "vpc1-external\(number)" }

    public func routerAddress(_ family: AddressFamily) -> IPAddress { address(10, family) }
    public func physicalGateway(_ family: AddressFamily) -> IPAddress { address(254, family) }
    /// Of a gateway node's port.
    public func address(of gateway: Gateway, _ family: AddressFamily) -> IPAddress {
      address(100 + gateway.number, family)
    }
    public func mac(of gateway: Gateway) -> MACAddress {
      number == OVNClusterPlan.firstExternal
        ? gateway.mac : MACAddress(bits: 0x0200_0000_0003 | UInt64(number) << 16 | UInt64(gateway.number) << 8)
    }
    /// Of the logical port, and of its OvnEip. Kube-OVN's own bear the node's name.
    public func port(of gateway: Gateway) -> String {
      number == OVNClusterPlan.firstExternal ? gateway.name : "\(gateway.name)-\(number)"
    }

    /// `10.5.204.10/24 fd05:cc::a/64`.
    func prefixes(_ address: (AddressFamily) -> IPAddress) -> [String] {
      families.map { "\(address($0))/\($0 == .ipv4 ? 24 : 64)" }
    }
    /// `10.5.204.0/24,fd05:cc::/64`, as Kube-OVN writes it.
    var cidrBlock: String { prefixes { self.address(0, $0) }.joined(separator: ",") }

    private func address(_ host: UInt8, _ family: AddressFamily) -> IPAddress {
      switch family {
      case .ipv4: .v4(IPv4Address(10, 5, number, host))
      case .ipv6: .v6(IPv6Address(high: 0xfd05 << 48 | UInt64(number) << 32, low: UInt64(host)))
      }
    }
  }

  static let firstExternal: UInt8 = 204

  /// The first one is what the static names and addresses are about.
  public var externals: [External] {
    [External(number: Self.firstExternal, families: hasIPv6 ? [.ipv4, .ipv6] : [.ipv4])]
      + (hasSecondSubnet ? [External(number: Self.firstExternal + 1, families: [.ipv4])] : [])
  }

  /// One session between the router and a gateway node.
  public struct Session: Hashable, Sendable {
    public var gateway: Gateway
    public var external: External
    public var family: AddressFamily

    /// The gateway node's.
    public var address: IPAddress { external.address(of: gateway, family) }
  }

  /// The gateways' sessions in the first subnet by IPv4, then all others.
  public var sessions: [Session] {
    externals.flatMap { external in
      external.families.flatMap { family in
        gateways.map { Session(gateway: $0, external: external, family: family) }
      }
    }
  }
}

public import Addresses

/// A virtual network with a way out, as Kube-OVN makes it: a logical router with a port on an external switch, and one
/// ECMP route a gateway, held up by BFD between that port and the gateway's own.
///
///     lr `vpc1` -- lrp `vpc1-external` (10.79.0.1, fd79::1) -- ls `external` -- localnet
///                                                                       `---- lsp of each gateway (10.79.0.101, ...)
///
/// The router port lives on the gateway chassis that was given first and runs.
public struct OVNNetwork: Sendable {
  public let central: OVNCentral

  public static let routerPort = "vpc1-external"
  /// OVN's name of the physical network behind the external switch, for `OVNChassis.Options.bridgeMappings`.
  public static let physicalNetwork = "external"
  /// The router port's addresses.
  public static let routerAddresses: [IPAddress] = [
    .v4(IPv4Address(10, 79, 0, 1)), .v6(IPv6Address(high: 0xfd79 << 48, low: 1))
  ]
  /// The gateways' addresses: 10.79.0.101 and fd79::65 for the first.
  public static func gatewayAddress(_ number: UInt8, _ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .v4(IPv4Address(10, 79, 0, 100 + number))
    case .ipv6: .v6(IPv6Address(high: 0xfd79 << 48, low: UInt64(100 + number)))
    }
  }

  public init(central: OVNCentral) { self.central = central }

  /// What kind of router it is.
  public enum Kind: Sendable {
    /// One that is everywhere, with a gateway port on one of these chassis, the most wanted first; as Kube-OVN has it.
    case distributed(gateways: [String])
    /// One that is on this chassis as a whole.
    case gatewayRouter(chassis: String)
  }

  /// Makes the router, the external switch and the port between them.
  public func make(_ kind: Kind) throws(LabError) {
    let port = Self.routerPort
    var arguments = ["lr-add", "vpc1", "--", "ls-add", "external"]
    arguments += ["--", "lsp-add", "external", "localnet", "--", "lsp-set-type", "localnet", "localnet"]
    arguments += ["--", "lsp-set-addresses", "localnet", "unknown"]
    arguments += ["--", "lsp-set-options", "localnet", "network_name=\(Self.physicalNetwork)"]
    arguments += ["--", "lrp-add", "vpc1", port, "02:00:00:79:00:01", "10.79.0.1/24", "fd79::1/64"]
    switch kind {
    case .distributed(let gateways):
      for (rank, gateway) in gateways.enumerated() {
        arguments += ["--", "lrp-set-gateway-chassis", port, gateway, "\(100 - rank)"]
      }
    case .gatewayRouter(let chassis):
      arguments += ["--", "set", "Logical_Router", "vpc1", "options:chassis=\(chassis)"]
    }
    arguments += ["--", "lsp-add", "external", "ext-vpc1", "--", "lsp-set-type", "ext-vpc1", "router"]
    arguments += ["--", "lsp-set-addresses", "ext-vpc1", "router"]
    arguments += ["--", "lsp-set-options", "ext-vpc1", "router-port=\(port)"]
    try central.nbctl(arguments)
  }

  /// Makes gateway `number`'s logical port and plugs `ovnext0` in `place` into it.
  public func plug(_ number: UInt8, into place: LabNamespace, at chassis: OVNChassis) throws(LabError) {
    let mac = MACAddress(bits: 0x0200_0079_0100 | UInt64(number))
    let v4 = Self.gatewayAddress(number, .ipv4)
    let v6 = Self.gatewayAddress(number, .ipv6)
    try central.nbctl(
      "lsp-add", "external", "ovnext-\(number)", "--", "lsp-set-addresses", "ovnext-\(number)", "\(mac) \(v4) \(v6)"
    )
    try chassis.addInternalPort(
      "ovnext0", logicalPort: "ovnext-\(number)", to: place, mac: mac, addresses: ["\(v4)/24", "\(v6)/64"])
  }

  /// Makes the BFD row for a gateway, and the ECMP route that refers to it: a row that no route refers to stays
  /// `admin_down`.
  public func watch(_ peer: IPAddress, _ timers: BFDTimers) throws(LabError) {
    let row = try central.nbctl(
      "create", "BFD", "logical_port=\(Self.routerPort)", "dst_ip=\"\(peer)\"",
      "min_tx=\(timers.transmitMilliseconds)",
      "min_rx=\(timers.receiveMilliseconds)", "detect_mult=\(timers.multiplier)")
    try central.nbctl(
      "--ecmp", "--policy=src-ip", "--bfd=\(Files.lines(row).first ?? "")", "lr-route-add", "vpc1",
      peer.family == .ipv4 ? "192.168.0.0/24" : "fd00:192:168::/64", "\(peer)", Self.routerPort)
  }

  /// Changes the numbers of a session in place.
  public func setTimers(_ timers: BFDTimers, of peer: IPAddress) throws(LabError) {
    let row = try central.nbctl("--bare", "--columns=_uuid", "find", "BFD", "dst_ip=\"\(peer)\"")
    guard let row = Files.lines(row).first else { throw LabError("OVN has no BFD row for \(peer)") }
    try central.nbctl(
      "set", "BFD", row, "min_tx=\(timers.transmitMilliseconds)", "min_rx=\(timers.receiveMilliseconds)",
      "detect_mult=\(timers.multiplier)")
  }
}

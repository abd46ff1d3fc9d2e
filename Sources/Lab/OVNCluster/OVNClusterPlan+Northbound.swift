import Addresses

extension OVNClusterPlan {
  /// Commands of `ovn-nbctl` for the router, its two switches and their ports: one transaction.
  func network() -> [String] {
    var commands = [
      "lr-add vpc1", "ls-add sub1", "lrp-add vpc1 vpc1-sub1 02:00:00:00:01:01 192.168.0.1/24",
      "lsp-add sub1 sub1-vpc1", "lsp-set-type sub1-vpc1 router", "lsp-set-addresses sub1-vpc1 router",
      "lsp-set-options sub1-vpc1 router-port=vpc1-sub1",
      "lr-nat-add vpc1 snat \(Self.snatAddress) \(Self.podSubnet)",
      "lsp-add sub1 \(Self.pod)"
    ]
    for (order, external) in externals.enumerated() {
      let (name, port) = (external.name, external.routerPort)
      let (localnet, peer) = ("localnet\(external.number)", "\(name)-vpc1")
      let networks = external.prefixes { external.routerAddress($0) }.joined(separator: " ")
      commands += [
        "ls-add \(name)", "lsp-add \(name) \(localnet)", "lsp-set-type \(localnet) localnet",
        "lsp-set-addresses \(localnet) unknown", "lsp-set-options \(localnet) network_name=\(name)",
        "lrp-add vpc1 \(port) 02:00:00:00:02:0\(order + 1) \(networks)", "lsp-add \(name) \(peer)",
        "lsp-set-type \(peer) router", "lsp-set-addresses \(peer) router",
        "lsp-set-options \(peer) router-port=\(port) nat-addresses=router"
      ]
      for (rank, gateway) in gateways.enumerated() {
        commands.append("lrp-set-gateway-chassis \(port) \(gateway.name) \(100 - rank)")
      }
    }
    var arguments = commands.flatMap { ["--"] + $0.split(separator: " ").map(String.init) }
    arguments += ["--", "lsp-set-addresses", Self.pod, "\(Self.podMAC) \(Self.podAddress)"]
    for external in externals {
      for gateway in gateways {
        let port = external.port(of: gateway)
        let addresses = external.families.map { "\(external.address(of: gateway, $0))" }
        arguments += ["--", "lsp-add", external.name, port, "--", "lsp-set-addresses", port]
        arguments.append((["\(external.mac(of: gateway))"] + addresses).joined(separator: " "))
      }
    }
    return Array(arguments.dropFirst())
  }

  /// The BFD row for an address, as Kube-OVN makes it.
  func session(_ peer: IPAddress, port: String = routerPort) -> [String] {
    [
      "create", "BFD", "logical_port=\(port)", "dst_ip=\"\(peer)\"",
      "min_tx=\(timers.transmitMilliseconds)",
      "min_rx=\(timers.receiveMilliseconds)", "detect_mult=\(timers.multiplier)"
    ]
  }

  /// The ECMP route over a gateway that refers to its BFD row. Only what goes by the first subnet's IPv4 is for the pod's
  /// traffic.
  func route(_ session: Session, row: String) -> [String] {
    let sources =
      switch session.family {
      case _ where session.external.number != Self.firstExternal: "192.168.\(session.external.number).0/24"
      case .ipv4: Self.podSubnet
      case .ipv6: "fd00:192:168::/64"
      }
    return [
      "--ecmp", "--ecmp-symmetric-reply", "--policy=src-ip", "--bfd=\(row)", "lr-route-add", Self.router, sources,
      "\(session.address)", session.external.routerPort
    ]
  }
}

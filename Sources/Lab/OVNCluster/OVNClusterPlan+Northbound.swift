import Addresses

extension OVNClusterPlan {
  /// Commands of `ovn-nbctl` for the router, its two switches and their ports: one transaction.
  func network() -> [String] {
    let port = Self.routerPort
    var commands = [
      "lr-add vpc1", "ls-add sub1", "lrp-add vpc1 vpc1-sub1 02:00:00:00:01:01 192.168.0.1/24",
      "lsp-add sub1 sub1-vpc1", "lsp-set-type sub1-vpc1 router", "lsp-set-addresses sub1-vpc1 router",
      "lsp-set-options sub1-vpc1 router-port=vpc1-sub1", "ls-add \(Self.externalSwitch)",
      "lsp-add \(Self.externalSwitch) localnet204", "lsp-set-type localnet204 localnet",
      "lsp-set-addresses localnet204 unknown", "lsp-set-options localnet204 network_name=\(Self.externalSwitch)",
      "lrp-add vpc1 \(port) 02:00:00:00:02:01 \(Self.routerAddress)/24", "lsp-add \(Self.externalSwitch) ext-vpc1",
      "lsp-set-type ext-vpc1 router", "lsp-set-addresses ext-vpc1 router",
      "lsp-set-options ext-vpc1 router-port=\(port) nat-addresses=router",
      "lr-nat-add vpc1 snat \(Self.snatAddress) \(Self.podSubnet)", "lsp-add sub1 \(Self.pod)"
    ]
    for (rank, gateway) in gateways.enumerated() {
      commands.append("lrp-set-gateway-chassis \(port) \(gateway.name) \(100 - rank)")
    }
    var arguments = commands.flatMap { ["--"] + $0.split(separator: " ").map(String.init) }
    arguments += ["--", "lsp-set-addresses", Self.pod, "\(Self.podMAC) \(Self.podAddress)"]
    for gateway in gateways {
      arguments += ["--", "lsp-add", Self.externalSwitch, gateway.name, "--", "lsp-set-addresses", gateway.name]
      arguments.append("\(gateway.mac) \(gateway.address)")
    }
    return Array(arguments.dropFirst())
  }

  /// The BFD row for an address, as Kube-OVN makes it.
  func session(_ peer: IPAddress) -> [String] {
    [
      "create", "BFD", "logical_port=\(Self.routerPort)", "dst_ip=\"\(peer)\"",
      "min_tx=\(timers.transmitMilliseconds)",
      "min_rx=\(timers.receiveMilliseconds)", "detect_mult=\(timers.multiplier)"
    ]
  }

  /// The ECMP route over a gateway that refers to its BFD row.
  func route(_ gateway: Gateway, row: String) -> [String] {
    [
      "--ecmp", "--ecmp-symmetric-reply", "--policy=src-ip", "--bfd=\(row)", "lr-route-add", Self.router,
      Self.podSubnet,
      "\(gateway.address)", Self.routerPort
    ]
  }
}

extension DemoPlan {
  /// Everway's configuration for the gateway of this network.
  /// - Parameters:
  ///   - namespace: the name of the gateway's namespace below /run/netns, which everway makes.
  ///   - socket: the path of the control socket.
  public func configuration(namespace: String, socket: String) -> String {
    var lines = ["version: 1", "namespace: \(namespace)", "", "interfaces:"]
    lines.append("  - {name: in0, addresses: [10.77.100.1/24, \"fd77:100::1/64\"], mtu: 1500}")
    for router in routers {
      lines.append(
        "  - {name: \(router.uplink), addresses: [\(router.gateway4)/24, \"\(router.gateway6)/64\"], mtu: 1500}")
    }
    lines += [
      "", "bfd:", "  transmit-interval: \(timers.transmitMilliseconds)ms",
      "  receive-interval: \(timers.receiveMilliseconds)ms", "  detect-multiplier: \(timers.multiplier)", "  peers:"
    ]
    for router in routers {
      lines.append("    - {name: \(router.role), address: \(router.address4), interface: \(router.uplink)}")
      lines.append("    - {name: \(router.role)-v6, address: \"\(router.address6)\", interface: \(router.uplink)}")
    }
    lines += ["", "paths:"]
    for router in routers {
      for (name, address) in [(router.role, router.address4), ("\(router.role)-v6", router.address6)] {
        lines.append(
          "  - {name: \(name), via: \"\(address)\", interface: \(router.uplink), "
            + "hold-down: \(holdDownMilliseconds)ms, health: {bfd: \(name)}}")
      }
    }
    lines += ["", "groups:"]
    for (name, suffix, routes) in [("egress", "", routes4), ("egress-v6", "-v6", routes6)] {
      lines.append("  - name: \(name)")
      lines.append("    paths: [\(routers.map { $0.role + suffix }.joined(separator: ", "))]")
      if isResilient { lines += ["    type: resilient", "    buckets: 128"] }
      lines.append("    last-path: keep")
      lines.append("    routes: [\(routes.map { "\"\($0)\"" }.joined(separator: ", "))]")
    }
    lines += ["", "control:", "  socket: \(socket)"]
    return lines.joined(separator: "\n") + "\n"
  }
}

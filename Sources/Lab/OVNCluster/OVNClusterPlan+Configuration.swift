import Addresses

extension OVNClusterPlan {
  /// Everway's configuration for a gateway node: what Kube-OVN's objects say, as a file.
  /// - Parameters:
  ///   - namespace: of `ovnext0`, which everway makes.
  ///   - socket: the path of the control socket.
  public func configuration(_ gateway: Gateway, namespace: String, socket: String) -> String {
    """
    version: 1
    namespace: \(namespace)

    interfaces:
      - {name: ovnext0, addresses: [\(gateway.address)/24], mtu: 1400, mac: "\(gateway.mac)"}

    bfd:
      transmit-interval: \(timers.transmitMilliseconds)ms
      receive-interval: \(timers.receiveMilliseconds)ms
      detect-multiplier: \(timers.multiplier)
      peers:
        - name: \(Self.routerPort)
          address: \(Self.routerAddress)
          local-address: \(gateway.address)
          interface: ovnext0
          compatibility: ovn

    paths:
      - name: uplink
        via: \(Self.physicalGateway)
        interface: ovnext0
        hold-down: 1s
        health: {neighbour: {interval: 100ms, timeout: 90ms, down-after: 3}}

    groups:
      - {name: egress, paths: [uplink], last-path: keep, routes: [0.0.0.0/0]}

    uplinks:
      watch: [{path: uplink}]
      tell: \(tell)
      peers: [\(Self.routerPort)]

    control:
      socket: \(socket)

    """
  }
}

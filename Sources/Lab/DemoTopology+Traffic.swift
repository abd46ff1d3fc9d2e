import Addresses

extension DemoPlan {
  /// Flows from the client to many addresses of the server, two of three on IPv4, spread over as many routers' hashes
  /// as source ports and destinations allow.
  public func traffic(
    flows: Int = 48, intervalMicroseconds: Int = 1000, expectedSeconds: Int = 60
  ) -> TrafficPlan {
    let servers = Self.serverAddresses(max(1, flows / 4))
    var destinations: [IPAddress] = []
    for index in servers.ipv4.indices {
      destinations += [servers.ipv4[index], servers.ipv4[index], servers.ipv6[index]].compactMap { IPAddress($0) }
    }
    return TrafficPlan(
      flows: TrafficPlan.flows(flows, to: destinations), intervalMicroseconds: intervalMicroseconds,
      paths: routers.map { TrafficPath($0.role, interface: $0.role) }, expectedSeconds: expectedSeconds)
  }
}

extension DemoTopology {
  /// Begins to send from the client to the server.
  public func startTraffic(_ plan: TrafficPlan? = nil) throws(LabError) -> Traffic {
    try Traffic(plan ?? self.plan.traffic(), from: client, to: server)
  }
}

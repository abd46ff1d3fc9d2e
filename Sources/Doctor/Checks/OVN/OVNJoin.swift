import Addresses

/// OVN's databases joined: who uses what, whose port, which chassis.
struct OVNJoin {
  var north: OVNFacts.Northbound
  /// Nil when it could not be read.
  var south: OVNFacts.Southbound?

  func port(_ name: String) -> OVNFacts.LogicalRouterPort? { north.logicalRouterPort.first { $0.name == name } }

  func router(ofPort name: String) -> OVNFacts.LogicalRouter? {
    guard let port = port(name) else { return nil }
    return north.logicalRouter.first { $0.ports.contains(port.uuid) }
  }

  func routes(of router: OVNFacts.LogicalRouter) -> [OVNFacts.StaticRoute] {
    north.logicalRouterStaticRoute.filter { router.staticRoutes.contains($0.uuid) }
  }

  func policies(of router: OVNFacts.LogicalRouter) -> [OVNFacts.Policy] {
    north.logicalRouterPolicy.filter { router.policies.contains($0.uuid) }
  }

  /// Whether a route or a policy uses this row: without one northd forces it to admin_down.
  func isUsed(_ row: OVNFacts.BFD) -> Bool {
    north.logicalRouterStaticRoute.contains { $0.bfd == row.uuid }
      || north.logicalRouterPolicy.contains { $0.bfdSessions.contains(row.uuid) }
  }

  func rows(onPort name: String) -> [OVNFacts.BFD] { north.bfd.filter { $0.logicalPort == name } }

  /// Whether a BFD row of this router watches that next hop, used or not.
  func hasRow(for nexthop: String, router: OVNFacts.LogicalRouter) -> Bool {
    north.bfd.contains { row in row.dstIp == nexthop && self.router(ofPort: row.logicalPort)?.uuid == router.uuid }
  }

  // MARK: Chassis

  /// Names and priorities of the chassis that may host a port, the preferred one first.
  func chassis(of port: OVNFacts.LogicalRouterPort) -> [(name: String, priority: Int)] {
    let own = north.gatewayChassis.filter { port.gatewayChassis.contains($0.uuid) }
      .map { ($0.chassisName, $0.priority) }
    let group = north.haChassisGroup.first { $0.uuid == port.haChassisGroup }
    let shared = north.haChassis.filter { group?.haChassis.contains($0.uuid) == true }
      .map { ($0.chassisName, $0.priority) }
    return (own.isEmpty ? shared : own).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  /// Bound to the chassis that is its gateway now; only with gateway chassis is there one.
  func redirectBinding(ofPort name: String) -> OVNFacts.PortBinding? {
    south?.portBinding.first { $0.logicalPort == "cr-\(name)" }
  }

  func chassis(named name: String) -> OVNFacts.Chassis? { south?.chassis.first { $0.name == name } }

  /// The node's name where it is known, else the chassis'.
  func node(ofChassis name: String) -> String { chassis(named: name)?.hostname ?? name }

  /// The chassis of a node: as kube-ovn-cni annotated it, else by its host name.
  func chassisName(of node: ClusterFacts.Node) -> String? {
    if let name = node.metadata.annotations[KubeOVN.chassisAnnotation], !name.isEmpty { return name }
    return south?.chassis.first { $0.hostname == node.name }?.name
  }
}

extension OVNFacts.LogicalRouterPort {
  var prefixes: [IPPrefix] { networks.compactMap { IPPrefix($0) } }

  /// Kube-OVN's `bfd@<vpc>`: it is only there for BFD.
  var isForBFDOnly: Bool { options["bfd-only"] == "true" || name.hasPrefix("bfd@") }
}

extension OVNFacts.BFD {
  var evidence: Evidence {
    let timers = [
      minTx.map { "min_tx=\($0)" }, minRx.map { "min_rx=\($0)" }, detectMult.map { "detect_mult=\($0)" }
    ]
    let words =
      ["logical_port=\(logicalPort)", "dst_ip=\(dstIp)", "status=\(status ?? "[]")"] + timers.compactMap { $0 }
    return Evidence("NB BFD \(uuid)", words.joined(separator: " "))
  }
}

extension OVNFacts.StaticRoute {
  var evidence: Evidence {
    var words = [
      "ip_prefix=\(ipPrefix)", "nexthop=\(nexthop)", "policy=\(policy ?? "dst-ip")", "bfd=\(bfd ?? "[]")"
    ]
    if let table = routeTable, !table.isEmpty { words.append("route_table=\(table)") }
    if isSymmetric { words.append("ecmp_symmetric_reply=true") }
    return Evidence("NB Logical_Router_Static_Route \(uuid)", words.joined(separator: " "))
  }

  var isSource: Bool { policy == "src-ip" }
  var isDefault: Bool { !isSource && (ipPrefix == "0.0.0.0/0" || ipPrefix == "::/0") }
  var isSymmetric: Bool { options["ecmp_symmetric_reply"] == "true" }
}

public import Addresses

/// OVN's databases joined: who uses what, whose port, which chassis.
public struct OVNJoin {
  public var north: OVNFacts.Northbound
  /// Nil when it could not be read.
  public var south: OVNFacts.Southbound?

  public init(north: OVNFacts.Northbound, south: OVNFacts.Southbound?) {
    self.north = north
    self.south = south
  }

  public func port(_ name: String) -> OVNFacts.LogicalRouterPort? {
    north.logicalRouterPort.first { $0.name == name }
  }

  public func router(ofPort name: String) -> OVNFacts.LogicalRouter? {
    guard let port = port(name) else { return nil }
    return north.logicalRouter.first { $0.ports.contains(port.uuid) }
  }

  public func routes(of router: OVNFacts.LogicalRouter) -> [OVNFacts.StaticRoute] {
    north.logicalRouterStaticRoute.filter { router.staticRoutes.contains($0.uuid) }
  }

  public func policies(of router: OVNFacts.LogicalRouter) -> [OVNFacts.Policy] {
    north.logicalRouterPolicy.filter { router.policies.contains($0.uuid) }
  }

  /// Whether a route or a policy uses this row: without one northd forces it to admin_down.
  public func isUsed(_ row: OVNFacts.BFD) -> Bool {
    north.logicalRouterStaticRoute.contains { $0.bfd == row.uuid }
      || north.logicalRouterPolicy.contains { $0.bfdSessions.contains(row.uuid) }
  }

  public func rows(onPort name: String) -> [OVNFacts.BFD] { north.bfd.filter { $0.logicalPort == name } }

  /// Whether a BFD row of this router watches that next hop, used or not.
  public func hasRow(for nexthop: String, router: OVNFacts.LogicalRouter) -> Bool {
    north.bfd.contains { row in row.dstIp == nexthop && self.router(ofPort: row.logicalPort)?.uuid == router.uuid }
  }

  // MARK: Chassis

  /// Names and priorities of the chassis that may host a port, the preferred one first.
  public func chassis(of port: OVNFacts.LogicalRouterPort) -> [(name: String, priority: Int)] {
    let own = north.gatewayChassis.filter { port.gatewayChassis.contains($0.uuid) }
      .map { ($0.chassisName, $0.priority) }
    let group = north.haChassisGroup.first { $0.uuid == port.haChassisGroup }
    let shared = north.haChassis.filter { group?.haChassis.contains($0.uuid) == true }
      .map { ($0.chassisName, $0.priority) }
    return (own.isEmpty ? shared : own).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  /// Bound to the chassis that is its gateway now; only with gateway chassis is there one.
  public func redirectBinding(ofPort name: String) -> OVNFacts.PortBinding? {
    south?.portBinding.first { $0.logicalPort == "cr-\(name)" }
  }

  public func chassis(named name: String) -> OVNFacts.Chassis? { south?.chassis.first { $0.name == name } }

  /// The node's name where it is known, else the chassis'.
  public func node(ofChassis name: String) -> String { chassis(named: name)?.hostname ?? name }

  /// The chassis of a node: as kube-ovn-cni annotated it, else by its host name.
  public func chassisName(of node: ClusterFacts.Node) -> String? {
    if let name = node.metadata.annotations[KubeOVNNames.chassisAnnotation], !name.isEmpty { return name }
    return south?.chassis.first { $0.hostname == node.name }?.name
  }
}

extension OVNFacts.LogicalRouterPort {
  public var prefixes: [IPPrefix] { networks.compactMap { IPPrefix($0) } }

  /// Kube-OVN's `bfd@<vpc>`: it is only there for BFD.
  public var isForBFDOnly: Bool { options["bfd-only"] == "true" || name.hasPrefix("bfd@") }
}

extension OVNFacts.StaticRoute {
  public var isSource: Bool { policy == "src-ip" }
  public var isDefault: Bool { !isSource && (ipPrefix == "0.0.0.0/0" || ipPrefix == "::/0") }
  public var isSymmetric: Bool { options["ecmp_symmetric_reply"] == "true" }
}

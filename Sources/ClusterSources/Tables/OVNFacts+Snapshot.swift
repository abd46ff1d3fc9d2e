public import Cluster
public import OVSDBProtocol

extension OVNFacts.Northbound {
  /// What is read of OVN_Northbound.
  /// - Parameter ports: names of logical switch ports that are wanted whatever their type: nodes'.
  public static func tables(ports: some Collection<String> = [String]()) -> [MonitoredTable] {
    [
      MonitoredTable(OVNFacts.NBGlobal.self), MonitoredTable(OVNFacts.LogicalRouter.self),
      MonitoredTable(OVNFacts.LogicalRouterPort.self), MonitoredTable(OVNFacts.StaticRoute.self),
      MonitoredTable(OVNFacts.Policy.self), MonitoredTable(OVNFacts.BFD.self),
      MonitoredTable(OVNFacts.GatewayChassis.self), MonitoredTable(OVNFacts.HAChassisGroup.self),
      MonitoredTable(OVNFacts.HAChassis.self),
      MonitoredTable(OVNFacts.LogicalSwitchPort.self, anyOf: portConditions(ports))
    ]
  }

  /// A cluster has a port for each pod: none of those.
  static func portConditions(_ ports: some Collection<String>) -> [Condition] {
    ["localnet", "router"].map { Condition("type", .equal, .string($0)) }
      + ports.sorted().map { Condition("name", .equal, .string($0)) }
  }

  /// Tables and columns that an older OVN does not have are empty and nil.
  /// - Throws: `RowDecodingError` for a row that no version of OVN has.
  public init(_ snapshot: DatabaseSnapshot) throws(RowDecodingError) {
    self.init()
    nbGlobal = try snapshot.rows(OVNFacts.NBGlobal.self).first
    logicalRouter = try snapshot.rows(OVNFacts.LogicalRouter.self)
    logicalRouterPort = try snapshot.rows(OVNFacts.LogicalRouterPort.self)
    logicalRouterStaticRoute = try snapshot.rows(OVNFacts.StaticRoute.self)
    logicalRouterPolicy = try snapshot.rows(OVNFacts.Policy.self)
    bfd = try snapshot.rows(OVNFacts.BFD.self)
    gatewayChassis = try snapshot.rows(OVNFacts.GatewayChassis.self)
    haChassisGroup = try snapshot.rows(OVNFacts.HAChassisGroup.self)
    haChassis = try snapshot.rows(OVNFacts.HAChassis.self)
    logicalSwitchPort = try snapshot.rows(OVNFacts.LogicalSwitchPort.self)
  }
}

extension OVNFacts.Southbound {
  /// What is read of OVN_Southbound.
  /// - Parameter ports: names of ports that are wanted whatever their type: nodes'.
  public static func tables(ports: some Collection<String> = [String]()) -> [MonitoredTable] {
    [
      MonitoredTable(OVNFacts.SBGlobal.self), MonitoredTable(OVNFacts.SouthboundBFD.self),
      MonitoredTable(OVNFacts.PortBinding.self, anyOf: portConditions(ports)),
      MonitoredTable(OVNFacts.Chassis.self), MonitoredTable(OVNFacts.ChassisPrivate.self)
    ]
  }

  static func portConditions(_ ports: some Collection<String>) -> [Condition] {
    ["chassisredirect", "localnet", "l3gateway", "patch"].map { Condition("type", .equal, .string($0)) }
      + ports.sorted().map { Condition("logical_port", .equal, .string($0)) }
  }

  /// - Throws: `RowDecodingError` for a row that no version of OVN has.
  public init(_ snapshot: DatabaseSnapshot) throws(RowDecodingError) {
    self.init()
    sbGlobal = try snapshot.rows(OVNFacts.SBGlobal.self).first
    bfd = try snapshot.rows(OVNFacts.SouthboundBFD.self)
    portBinding = try snapshot.rows(OVNFacts.PortBinding.self)
    chassis = try snapshot.rows(OVNFacts.Chassis.self)
    chassisPrivate = try snapshot.rows(OVNFacts.ChassisPrivate.self)
  }
}

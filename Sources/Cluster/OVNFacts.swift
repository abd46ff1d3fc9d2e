/// Rows of OVN's northbound and southbound databases that concern gateways.
///
/// Names and values are OVN's own (ovn-nb(5), ovn-sb(5)), names in camel case, text as the database holds it. A column
/// of at most one value is optional, references are row UUIDs. Databases of an older OVN lack some columns: nil.
public struct OVNFacts: Codable, Hashable, Sendable {
  public var northbound: Gathered<Northbound> = .notAsked
  public var southbound: Gathered<Southbound> = .notAsked

  public init() {}

  public typealias UUID = String

  public struct Northbound: Codable, Hashable, Sendable {
    public var nbGlobal: NBGlobal?
    public var logicalRouter: [LogicalRouter] = []
    public var logicalRouterPort: [LogicalRouterPort] = []
    public var logicalRouterStaticRoute: [StaticRoute] = []
    public var logicalRouterPolicy: [Policy] = []
    public var bfd: [BFD] = []
    public var gatewayChassis: [GatewayChassis] = []
    public var haChassisGroup: [HAChassisGroup] = []
    public var haChassis: [HAChassis] = []
    /// Those of type `localnet` and `router`, and those named after nodes.
    public var logicalSwitchPort: [LogicalSwitchPort] = []

    public init() {}
  }

  public struct Southbound: Codable, Hashable, Sendable {
    public var sbGlobal: SBGlobal?
    public var bfd: [SouthboundBFD] = []
    /// Those of type `chassisredirect`, `localnet`, `l3gateway` and `patch`, and those named after nodes.
    public var portBinding: [PortBinding] = []
    public var chassis: [Chassis] = []
    public var chassisPrivate: [ChassisPrivate] = []

    public init() {}
  }
}

// MARK: Northbound

extension OVNFacts {
  public struct NBGlobal: Codable, Hashable, Sendable {
    public var nbCfg: Int64?
    public var sbCfg: Int64?
    public var hvCfg: Int64?
    /// `northd_internal_version`: `24.03.4-20.33.0-72.6`.
    public var options: [String: String] = [:]

    public init() {}
  }

  public struct LogicalRouter: Codable, Hashable, Sendable {
    public var uuid: UUID
    /// With Kube-OVN the Vpc's name.
    public var name: String
    public var ports: [UUID] = []
    public var staticRoutes: [UUID] = []
    public var policies: [UUID] = []
    public var options: [String: String] = [:]
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, name: String) {
      self.uuid = uuid
      self.name = name
    }
  }

  public struct LogicalRouterPort: Codable, Hashable, Sendable {
    public var uuid: UUID
    /// `vpc1-external204`, `bfd@vpc1`.
    public var name: String
    public var mac: String?
    /// `10.204.0.254/24`.
    public var networks: [String] = []
    public var gatewayChassis: [UUID] = []
    public var haChassisGroup: UUID?
    /// `bfd-only`.
    public var options: [String: String] = [:]
    /// `hosting-chassis`, since OVN 24.03.
    public var status: [String: String] = [:]
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, name: String) {
      self.uuid = uuid
      self.name = name
    }
  }

  public struct StaticRoute: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var ipPrefix: String
    public var nexthop: String
    /// `src-ip` or `dst-ip`; nil means `dst-ip`.
    public var policy: String?
    public var outputPort: String?
    public var routeTable: String?
    /// A weak reference: it is gone when the BFD row is.
    public var bfd: UUID?
    /// `ecmp_symmetric_reply`.
    public var options: [String: String] = [:]
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, ipPrefix: String, nexthop: String) {
      self.uuid = uuid
      self.ipPrefix = ipPrefix
      self.nexthop = nexthop
    }
  }

  public struct Policy: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var priority: Int
    public var match: String
    public var action: String
    public var nexthop: String?
    public var nexthops: [String] = []
    /// Since OVN 24.03.
    public var bfdSessions: [UUID] = []
    public var options: [String: String] = [:]
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, priority: Int, match: String, action: String) {
      self.uuid = uuid
      self.priority = priority
      self.match = match
      self.action = action
    }
  }

  public struct BFD: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var logicalPort: String
    public var dstIp: String
    /// In milliseconds; nil is OVN's default, 1000.
    public var minTx: Int?
    /// In milliseconds; nil is OVN's default, 1000.
    public var minRx: Int?
    /// Nil is OVN's default, 5.
    public var detectMult: Int?
    /// `down`, `init`, `up` or `admin_down`.
    public var status: String?
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, logicalPort: String, dstIp: String, status: String?) {
      self.uuid = uuid
      self.logicalPort = logicalPort
      self.dstIp = dstIp
      self.status = status
    }
  }

  public struct GatewayChassis: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var name: String
    public var chassisName: String
    public var priority: Int

    public init(uuid: UUID, name: String, chassisName: String, priority: Int) {
      self.uuid = uuid
      self.name = name
      self.chassisName = chassisName
      self.priority = priority
    }
  }

  public struct HAChassisGroup: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var name: String
    public var haChassis: [UUID] = []

    public init(uuid: UUID, name: String) {
      self.uuid = uuid
      self.name = name
    }
  }

  public struct HAChassis: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var chassisName: String
    public var priority: Int

    public init(uuid: UUID, chassisName: String, priority: Int) {
      self.uuid = uuid
      self.chassisName = chassisName
      self.priority = priority
    }
  }

  public struct LogicalSwitchPort: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var name: String
    public var type: String
    /// `network_name` of a localnet port, `router-port` of a router port.
    public var options: [String: String] = [:]
    public var addresses: [String] = []
    public var up: Bool?
    public var tag: Int?
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, name: String, type: String = "") {
      self.uuid = uuid
      self.name = name
      self.type = type
    }
  }
}

// MARK: Southbound

extension OVNFacts {
  public struct SBGlobal: Codable, Hashable, Sendable {
    public var nbCfg: Int64?
    public var options: [String: String] = [:]

    public init() {}
  }

  public struct SouthboundBFD: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var logicalPort: String
    public var dstIp: String
    /// OVN's own discriminator of the session.
    public var disc: UInt32?
    public var srcPort: Int?
    /// In milliseconds.
    public var minTx: Int?
    public var minRx: Int?
    public var detectMult: Int?
    public var status: String
    /// Since OVN 24.03. Written once: it may name a chassis that is long gone.
    public var chassisName: String?

    public init(uuid: UUID, logicalPort: String, dstIp: String, status: String) {
      self.uuid = uuid
      self.logicalPort = logicalPort
      self.dstIp = dstIp
      self.status = status
    }
  }

  public struct PortBinding: Codable, Hashable, Sendable {
    public var uuid: UUID
    public var logicalPort: String
    public var type: String
    /// Row of Chassis.
    public var chassis: UUID?
    public var up: Bool?
    public var mac: [String] = []
    public var options: [String: String] = [:]
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, logicalPort: String, type: String = "", chassis: UUID? = nil) {
      self.uuid = uuid
      self.logicalPort = logicalPort
      self.type = type
      self.chassis = chassis
    }
  }

  public struct Chassis: Codable, Hashable, Sendable {
    public var uuid: UUID
    /// The system-id of its Open_vSwitch.
    public var name: String
    /// With Kube-OVN the node's name.
    public var hostname: String?
    /// `ovn-bridge-mappings`, `ovn-cms-options`, `datapath-type`; in older OVNs in external_ids.
    public var otherConfig: [String: String] = [:]
    public var externalIds: [String: String] = [:]

    public init(uuid: UUID, name: String, hostname: String?) {
      self.uuid = uuid
      self.name = name
      self.hostname = hostname
    }
  }

  public struct ChassisPrivate: Codable, Hashable, Sendable {
    public var name: String
    /// Row of Chassis; nil when that chassis is gone.
    public var chassis: UUID?
    public var nbCfg: Int64
    /// Milliseconds since 1970-01-01T00:00:00Z, by that chassis' clock.
    public var nbCfgTimestamp: Int64?

    public init(name: String, chassis: UUID?, nbCfg: Int64, nbCfgTimestamp: Int64? = nil) {
      self.name = name
      self.chassis = chassis
      self.nbCfg = nbCfg
      self.nbCfgTimestamp = nbCfgTimestamp
    }
  }
}

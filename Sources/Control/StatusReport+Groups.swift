extension StatusReport {
  /// One next-hop group of the kernel.
  public struct Group: Hashable, Sendable, Codable {
    public var name: String
    public var id: UInt32
    public var type: GroupType
    /// Of a resilient group.
    public var buckets: Int?
    /// In the kernel now.
    public var members: [GroupMember]
    public var configuredMembers: [ConfiguredMember]
    public var lastPathPolicy: LastPathPolicy
    public var state: GroupState
    public var routeCount: Int
    /// Times a member was taken out.
    public var failoverCount: UInt64
    public var lastFailover: Failover?

    public init(
      name: String,
      id: UInt32,
      type: GroupType,
      buckets: Int? = nil,
      members: [GroupMember] = [],
      configuredMembers: [ConfiguredMember] = [],
      lastPathPolicy: LastPathPolicy,
      state: GroupState,
      routeCount: Int,
      failoverCount: UInt64 = 0,
      lastFailover: Failover? = nil
    ) {
      self.name = name
      self.id = id
      self.type = type
      self.buckets = buckets
      self.members = members
      self.configuredMembers = configuredMembers
      self.lastPathPolicy = lastPathPolicy
      self.state = state
      self.routeCount = routeCount
      self.failoverCount = failoverCount
      self.lastFailover = lastFailover
    }

    private enum CodingKeys: String, CodingKey {
      case name, id, type, buckets, members, state
      case configuredMembers = "configured-members"
      case lastPathPolicy = "last-path-policy"
      case routeCount = "route-count"
      case failoverCount = "failover-count"
      case lastFailover = "last-failover"
    }
  }
}

extension StatusReport {
  /// A path's place in the kernel's group.
  public struct GroupMember: Hashable, Sendable, Codable {
    public var path: String
    public var nextHopId: UInt32
    public var weight: Int
    /// Of the group's flows: 0 to 1.
    public var share: Double

    public init(
      path: String,
      nextHopId: UInt32,
      weight: Int,
      share: Double
    ) {
      self.path = path
      self.nextHopId = nextHopId
      self.weight = weight
      self.share = share
    }

    private enum CodingKeys: String, CodingKey {
      case path, weight, share
      case nextHopId = "next-hop-id"
    }
  }
}

extension StatusReport {
  /// A path's place in the group as configured.
  public struct ConfiguredMember: Hashable, Sendable, Codable {
    public var path: String
    public var weight: Int

    public init(
      path: String,
      weight: Int
    ) {
      self.path = path
      self.weight = weight
    }

    private enum CodingKeys: String, CodingKey {
      case path, weight
    }
  }
}

extension StatusReport {
  /// The last time a member was taken out.
  public struct Failover: Hashable, Sendable, Codable {
    /// When the path was judged down: for BFD the end of the detection time.
    public var at: Timestamp
    public var path: String
    public var membersBefore: [String]
    public var membersAfter: [String]
    /// From `at` to the kernel's acknowledgement, microseconds.
    public var latency: UInt64?
    /// Of it, until the gateway's thread was at work, microseconds; the rest is the decision and the kernel.
    public var lateness: UInt64?

    public init(
      at: Timestamp,
      path: String,
      membersBefore: [String] = [],
      membersAfter: [String] = [],
      latency: UInt64? = nil,
      lateness: UInt64? = nil
    ) {
      self.at = at
      self.path = path
      self.membersBefore = membersBefore
      self.membersAfter = membersAfter
      self.latency = latency
      self.lateness = lateness
    }

    private enum CodingKeys: String, CodingKey {
      case at, path, latency, lateness
      case membersBefore = "members-before"
      case membersAfter = "members-after"
    }
  }
}

extension StatusReport {
  /// A destination that is kept.
  public struct Route: Hashable, Sendable, Codable {
    public var prefix: String
    public var table: UInt32
    public var metric: UInt32
    /// Nil: a route without health.
    public var group: String?
    public var installed: Bool
    /// Where it leads without a group, or why it is not installed.
    public var detail: String?

    public init(
      prefix: String,
      table: UInt32,
      metric: UInt32,
      group: String? = nil,
      installed: Bool,
      detail: String? = nil
    ) {
      self.prefix = prefix
      self.table = table
      self.metric = metric
      self.group = group
      self.installed = installed
      self.detail = detail
    }

    private enum CodingKeys: String, CodingKey {
      case prefix, table, metric, group, installed, detail
    }
  }
}

extension StatusReport {
  /// One way out.
  public struct Path: Hashable, Sendable, Codable {
    public var name: String
    public var via: String
    public var interface: String
    public var weight: Int
    public var state: PathState
    /// Why it is in this state, in words.
    public var reason: String
    public var since: Timestamp?
    public var secondsInState: Double
    /// One entry; `all` and `any` have theirs inside.
    public var health: [HealthCheck]
    /// Until it returns, while held down.
    public var holdDownRemainingSeconds: Double?
    /// The kernel's, while it is there.
    public var nextHopId: UInt32?

    public init(
      name: String,
      via: String,
      interface: String,
      weight: Int,
      state: PathState,
      reason: String,
      since: Timestamp? = nil,
      secondsInState: Double,
      health: [HealthCheck] = [],
      holdDownRemainingSeconds: Double? = nil,
      nextHopId: UInt32? = nil
    ) {
      self.name = name
      self.via = via
      self.interface = interface
      self.weight = weight
      self.state = state
      self.reason = reason
      self.since = since
      self.secondsInState = secondsInState
      self.health = health
      self.holdDownRemainingSeconds = holdDownRemainingSeconds
      self.nextHopId = nextHopId
    }

    private enum CodingKeys: String, CodingKey {
      case name, via, interface, weight, state, reason, since, health
      case secondsInState = "seconds-in-state"
      case holdDownRemainingSeconds = "hold-down-remaining-seconds"
      case nextHopId = "next-hop-id"
    }
  }
}

extension StatusReport {
  /// One question about a path, and its answer.
  public struct HealthCheck: Hashable, Sendable, Codable {
    public var kind: HealthKind
    /// A peer's name for `bfd`, an address for `icmp` and `neighbour`, an interface for `link`.
    public var target: String?
    public var verdict: Verdict
    public var reason: String?
    /// Of the last answer, microseconds.
    public var roundTripTime: UInt64?
    /// Over the last probes: 0 to 100.
    public var lossPercent: Double?
    /// The parts of `all` and `any`.
    public var checks: [HealthCheck]

    public init(
      kind: HealthKind,
      target: String? = nil,
      verdict: Verdict,
      reason: String? = nil,
      roundTripTime: UInt64? = nil,
      lossPercent: Double? = nil,
      checks: [HealthCheck] = []
    ) {
      self.kind = kind
      self.target = target
      self.verdict = verdict
      self.reason = reason
      self.roundTripTime = roundTripTime
      self.lossPercent = lossPercent
      self.checks = checks
    }

    private enum CodingKeys: String, CodingKey {
      case kind, target, verdict, reason, checks
      case roundTripTime = "round-trip-time"
      case lossPercent = "loss-percent"
    }
  }
}

extension StatusReport {
  /// Whether this node still has its way out.
  public struct Uplinks: Hashable, Sendable, Codable {
    public var watched: [WatchedUplink]
    /// `any`, `all`, `fewer than 2`.
    public var lostWhen: String
    public var lost: Bool
    /// When `lost` last changed.
    public var since: Timestamp?
    /// `admin-down`, `concatenated-path-down`.
    public var tell: String
    /// Peers that are being told now.
    public var telling: [String]

    public init(
      watched: [WatchedUplink] = [],
      lostWhen: String,
      lost: Bool,
      since: Timestamp? = nil,
      tell: String,
      telling: [String] = []
    ) {
      self.watched = watched
      self.lostWhen = lostWhen
      self.lost = lost
      self.since = since
      self.tell = tell
      self.telling = telling
    }

    private enum CodingKeys: String, CodingKey {
      case watched, lost, since, tell, telling
      case lostWhen = "lost-when"
    }
  }
}

extension StatusReport {
  /// One of the uplinks.
  public struct WatchedUplink: Hashable, Sendable, Codable {
    public var kind: UplinkKind
    public var name: String
    public var good: Bool

    public init(
      kind: UplinkKind,
      name: String,
      good: Bool
    ) {
      self.kind = kind
      self.name = name
      self.good = good
    }

    private enum CodingKeys: String, CodingKey {
      case kind, name, good
    }
  }
}

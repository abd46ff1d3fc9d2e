/// What a running gateway says about itself: the answer to `status`, and the JSON of `everway status --json`.
/// ///
/// /// JSON names are those of RFC 9127 where it has them, and like them elsewhere. Intervals are whole microseconds;
/// /// what counts in seconds says so in its name. Wall-clock times are RFC 3339 in UTC.
public struct StatusReport: Hashable, Sendable, Codable {
  /// Of the running program.
  public var version: String
  public var pid: Int32
  public var hostName: String?
  public var startedAt: Timestamp
  public var uptimeSeconds: Double
  /// When this report was made.
  public var generatedAt: Timestamp
  public var configuration: Configuration
  public var namespace: Namespace
  public var speaker: Speaker
  /// In the order of the configuration, those that allow rules made at the end.
  public var sessions: [Session]
  /// In the order of the configuration.
  public var paths: [Path]
  /// In the order of the configuration.
  public var groups: [Group]
  /// At most a few thousand; `routesOmitted` counts the rest.
  public var routes: [Route]
  public var routesOmitted: Int
  /// Each set that is judged by itself; empty when no uplink is watched.
  public var uplinks: [Uplinks]
  public var drain: Drain
  /// What is wrong now, the oldest first.
  public var problems: [Problem]
  public var interfaces: [Interface]
  /// What the doctor found when it last looked by itself (`observe.findings-interval`), the gravest first.
  public var findings: [Finding] = []

  public init(
    version: String,
    pid: Int32,
    hostName: String? = nil,
    startedAt: Timestamp,
    uptimeSeconds: Double,
    generatedAt: Timestamp,
    configuration: Configuration,
    namespace: Namespace,
    speaker: Speaker,
    sessions: [Session] = [],
    paths: [Path] = [],
    groups: [Group] = [],
    routes: [Route] = [],
    routesOmitted: Int = 0,
    uplinks: [Uplinks] = [],
    drain: Drain = Drain(),
    problems: [Problem] = [],
    interfaces: [Interface] = []
  ) {
    self.version = version
    self.pid = pid
    self.hostName = hostName
    self.startedAt = startedAt
    self.uptimeSeconds = uptimeSeconds
    self.generatedAt = generatedAt
    self.configuration = configuration
    self.namespace = namespace
    self.speaker = speaker
    self.sessions = sessions
    self.paths = paths
    self.groups = groups
    self.routes = routes
    self.routesOmitted = routesOmitted
    self.uplinks = uplinks
    self.drain = drain
    self.problems = problems
    self.interfaces = interfaces
  }

  private enum CodingKeys: String, CodingKey {
    case version, pid, configuration, namespace, speaker, sessions, paths, groups, routes, uplinks, drain, problems,
      interfaces, findings
    case hostName = "host-name"
    case startedAt = "started-at"
    case uptimeSeconds = "uptime-seconds"
    case generatedAt = "generated-at"
    case routesOmitted = "routes-omitted"
  }
}

extension StatusReport {
  /// The configuration in force.
  public struct Configuration: Hashable, Sendable, Codable {
    public var file: String
    public var loadedAt: Timestamp
    public var lastReload: Reload?
    /// Why this machine is no gateway, as its cluster wants it at the moment; nil: it is one.
    public var atRest: String?

    public init(
      file: String,
      loadedAt: Timestamp,
      lastReload: Reload? = nil,
      atRest: String? = nil
    ) {
      self.file = file
      self.loadedAt = loadedAt
      self.lastReload = lastReload
      self.atRest = atRest
    }

    private enum CodingKeys: String, CodingKey {
      case file
      case loadedAt = "loaded-at"
      case lastReload = "last-reload"
      case atRest = "at-rest"
    }
  }
}

extension StatusReport {
  /// The last reload that was asked for.
  public struct Reload: Hashable, Sendable, Codable {
    public var at: Timestamp
    /// False: the file was refused, the configuration before it is still in force.
    public var accepted: Bool
    /// What changed, or the first error.
    public var message: String

    public init(
      at: Timestamp,
      accepted: Bool,
      message: String
    ) {
      self.at = at
      self.accepted = accepted
      self.message = message
    }

    private enum CodingKeys: String, CodingKey {
      case at, accepted, message
    }
  }
}

extension StatusReport {
  /// The network namespace that the gateway lives in.
  public struct Namespace: Hashable, Sendable, Codable {
    /// Nil when it is the one everway was started in.
    public var name: String?
    public var path: String?
    public var state: NamespaceState
    /// As `ls -l /proc/PID/ns/net` writes it: `net:[4026532281]`.
    public var identity: String?
    /// What is wrong with it, in words.
    public var detail: String?

    public init(
      name: String? = nil,
      path: String? = nil,
      state: NamespaceState,
      identity: String? = nil,
      detail: String? = nil
    ) {
      self.name = name
      self.path = path
      self.state = state
      self.identity = identity
      self.detail = detail
    }

    private enum CodingKeys: String, CodingKey {
      case name, path, state, identity, detail
    }
  }
}

extension StatusReport {
  /// The BFD speaker: one thread for all sessions.
  public struct Speaker: Hashable, Sendable, Codable {
    public var sourcePortIpv4: UInt16?
    public var sourcePortIpv6: UInt16?
    /// `SCHED_FIFO`, `SCHED_OTHER`.
    public var schedulingPolicy: String
    /// 0 with SCHED_OTHER.
    public var schedulingPriority: Int
    /// What was asked for and not granted, and what to do; nil: nothing.
    public var schedulingNotes: [String]?
    /// Whether what the process touches stays in memory; nil: it was not to.
    public var memoryLocked: Bool?
    /// How often the thread ran without a pause for so long that its real-time priority was taken from it.
    public var runawayCount: UInt64?
    /// Of the last minute, in microseconds: half of the sessions' timers were served within that (rounded up to a power of
    /// two), and all within the worst. This is the thread's scheduling delay. Nil: no timer was due.
    public var timerLatenessMedian: UInt64?
    public var timerLatenessWorst: UInt64?
    /// The CPU it is pinned to.
    public var cpu: Int?
    /// How packets go in and out: `sockets`, `packet` or `xdp`; nil while that is not known.
    public var engine: String?
    /// Sessions whose packets leave below the UDP stack.
    public var belowStackCount: Int?
    /// Of those, sessions whose packets leave by AF_XDP.
    public var xdpCount: Int?
    /// Sessions whose repeated packets stay in the kernel at the moment.
    public var filteredCount: Int?
    /// What keeps it from a faster way.
    public var engineNotes: [String]?
    public var receivePacketCount: UInt64
    public var sendPacketCount: UInt64
    /// Dropped by the kernel: the socket's buffer was full.
    public var overflowedPacketCount: UInt64
    /// Only reasons that have occurred.
    public var discards: [Discard]

    public init(
      sourcePortIpv4: UInt16? = nil,
      sourcePortIpv6: UInt16? = nil,
      schedulingPolicy: String,
      schedulingPriority: Int,
      schedulingNotes: [String]? = nil,
      memoryLocked: Bool? = nil,
      runawayCount: UInt64? = nil,
      timerLatenessMedian: UInt64? = nil,
      timerLatenessWorst: UInt64? = nil,
      cpu: Int? = nil,
      engine: String? = nil,
      belowStackCount: Int? = nil,
      xdpCount: Int? = nil,
      filteredCount: Int? = nil,
      engineNotes: [String]? = nil,
      receivePacketCount: UInt64,
      sendPacketCount: UInt64,
      overflowedPacketCount: UInt64 = 0,
      discards: [Discard] = []
    ) {
      self.sourcePortIpv4 = sourcePortIpv4
      self.sourcePortIpv6 = sourcePortIpv6
      self.schedulingPolicy = schedulingPolicy
      self.schedulingPriority = schedulingPriority
      self.schedulingNotes = schedulingNotes
      self.memoryLocked = memoryLocked
      self.runawayCount = runawayCount
      self.timerLatenessMedian = timerLatenessMedian
      self.timerLatenessWorst = timerLatenessWorst
      self.cpu = cpu
      self.engine = engine
      self.belowStackCount = belowStackCount
      self.xdpCount = xdpCount
      self.filteredCount = filteredCount
      self.engineNotes = engineNotes
      self.receivePacketCount = receivePacketCount
      self.sendPacketCount = sendPacketCount
      self.overflowedPacketCount = overflowedPacketCount
      self.discards = discards
    }

    private enum CodingKeys: String, CodingKey {
      case cpu, discards, engine
      case belowStackCount = "below-stack-count"
      case xdpCount = "xdp-count"
      case filteredCount = "filtered-count"
      case engineNotes = "engine-notes"
      case sourcePortIpv4 = "source-port-ipv4"
      case sourcePortIpv6 = "source-port-ipv6"
      case schedulingPolicy = "scheduling-policy"
      case schedulingPriority = "scheduling-priority"
      case schedulingNotes = "scheduling-notes"
      case memoryLocked = "memory-locked"
      case runawayCount = "runaway-count"
      case timerLatenessMedian = "timer-lateness-median"
      case timerLatenessWorst = "timer-lateness-worst"
      case receivePacketCount = "receive-packet-count"
      case sendPacketCount = "send-packet-count"
      case overflowedPacketCount = "overflowed-packet-count"
    }
  }
}

extension StatusReport {
  /// Received packets that were thrown away.
  public struct Discard: Hashable, Sendable, Codable {
    /// BFD's name for it, as `time-to-live`.
    public var reason: String
    public var count: UInt64

    public init(
      reason: String,
      count: UInt64
    ) {
      self.reason = reason
      self.count = count
    }

    private enum CodingKeys: String, CodingKey {
      case reason, count
    }
  }
}

extension StatusReport {
  /// What an operator has taken out of service.
  public struct Drain: Hashable, Sendable, Codable {
    /// Of the whole node.
    public var state: DrainState
    /// When the node's drain was asked for.
    public var since: Timestamp?
    /// Until `drained`, while draining.
    public var remainingSeconds: Double?
    /// Single paths and peers.
    public var targets: [DrainTarget]

    public init(
      state: DrainState = .none,
      since: Timestamp? = nil,
      remainingSeconds: Double? = nil,
      targets: [DrainTarget] = []
    ) {
      self.state = state
      self.since = since
      self.remainingSeconds = remainingSeconds
      self.targets = targets
    }

    private enum CodingKeys: String, CodingKey {
      case state, since, targets
      case remainingSeconds = "remaining-seconds"
    }
  }
}

extension StatusReport {
  /// One path or peer out of service.
  public struct DrainTarget: Hashable, Sendable, Codable {
    public var name: String
    public var kind: DrainKind
    public var state: DrainState
    public var since: Timestamp
    /// Until `drained`, while draining.
    public var remainingSeconds: Double?

    public init(
      name: String,
      kind: DrainKind,
      state: DrainState,
      since: Timestamp,
      remainingSeconds: Double? = nil
    ) {
      self.name = name
      self.kind = kind
      self.state = state
      self.since = since
      self.remainingSeconds = remainingSeconds
    }

    private enum CodingKeys: String, CodingKey {
      case name, kind, state, since
      case remainingSeconds = "remaining-seconds"
    }
  }
}

extension StatusReport {
  /// Something that is wrong, and is tried again until it is right.
  public struct Problem: Hashable, Sendable, Codable {
    /// One sentence.
    public var what: String
    public var since: Timestamp
    /// What to do about it.
    public var help: String?
    /// Until the next attempt; nil when none is planned.
    public var retryingInSeconds: Double?

    public init(
      what: String,
      since: Timestamp,
      help: String? = nil,
      retryingInSeconds: Double? = nil
    ) {
      self.what = what
      self.since = since
      self.help = help
      self.retryingInSeconds = retryingInSeconds
    }

    private enum CodingKeys: String, CodingKey {
      case what, since, help
      case retryingInSeconds = "retrying-in-seconds"
    }
  }
}

extension StatusReport {
  /// Something that the doctor found.
  public struct Finding: Hashable, Sendable, Codable {
    /// `EW-NS-03`.
    public var id: String
    /// `info`, `warning`, `error`, `critical`.
    public var severity: String
    /// What is seen, one sentence.
    public var symptom: String
    public var since: Timestamp
    /// What `everway doctor --fix` would do, a command or sentence each; nil when that is not for a program.
    public var repair: [String]?

    public init(id: String, severity: String, symptom: String, since: Timestamp, repair: [String]? = nil) {
      self.repair = repair
      self.id = id
      self.severity = severity
      self.symptom = symptom
      self.since = since
    }
  }
}

extension StatusReport {
  /// An interface that the gateway uses.
  public struct Interface: Hashable, Sendable, Codable {
    public var name: String
    /// Nil when it is missing.
    public var index: Int?
    public var up: Bool
    public var carrier: Bool
    public var mtu: Int?
    /// With prefix lengths.
    public var addresses: [String]

    public init(
      name: String,
      index: Int? = nil,
      up: Bool,
      carrier: Bool,
      mtu: Int? = nil,
      addresses: [String] = []
    ) {
      self.name = name
      self.index = index
      self.up = up
      self.carrier = carrier
      self.mtu = mtu
      self.addresses = addresses
    }

    private enum CodingKeys: String, CodingKey {
      case name, index, up, carrier, mtu, addresses
    }
  }
}

extension GatewayConfiguration {
  /// When this node has lost one of its ways out, and whom it tells.
  public struct Uplinks: Hashable, Sendable {
    /// At least one.
    public var watch: [Uplink]
    public var lostWhen: LostWhen
    public var tell: Tell
    /// Names of peers and allow entries, resolved: at least one. A file names each in one entry only; a peer of several is
    /// told while one of them is lost, by silence if one of those says so, else as the first of them says.
    public var peers: [String]

    public init(
      watch: [Uplink], lostWhen: LostWhen = .all, tell: Tell = .concatenatedPathDown, peers: [String]
    ) {
      self.watch = watch
      self.lostWhen = lostWhen
      self.tell = tell
      self.peers = peers
    }
  }

  /// One uplink to watch.
  public enum Uplink: Hashable, Sendable {
    /// Good while it is up and has a carrier.
    case interface(String)
    /// Good while the path of this name is.
    case path(String)
  }

  /// How many uplinks must be gone.
  public enum LostWhen: Hashable, Sendable {
    /// One is down.
    case any
    /// All are down.
    case all
    /// Fewer than this many are good: 1 to the number watched.
    case fewerThan(Int)
  }

  /// What a peer hears when the uplinks are lost.
  public enum Tell: String, Hashable, Sendable, CaseIterable {
    /// State AdminDown, diagnostic 7 (RFC 5880 section 6.8.16). Not a failure to some peers (RFC 5882 section 3.2).
    case adminDown = "admin-down"
    /// State Down, diagnostic 6 (RFC 5880 section 6.8.17).
    case concatenatedPathDown = "concatenated-path-down"
    /// Nothing any more, until they are back: the peer's Detection Time ends. OVN may sit on a word for 5 s, but writes a
    /// timeout at once (decision 0015).
    case silence
  }

  /// How peers learn that they are to move their traffic away.
  public enum DrainTell: String, Hashable, Sendable, CaseIterable {
    /// State AdminDown, diagnostic 7 (RFC 5880 section 6.8.16).
    case adminDown = "admin-down"
    /// Nothing is sent any more.
    case silence
  }

  /// What SIGTERM and `everway drain` do.
  public struct Drain: Hashable, Sendable {
    /// Have the peers move their traffic away before stopping.
    public var onStop: Bool
    /// Leave routes, groups and addresses in place for the next start to adopt.
    public var keepRoutes: Bool
    /// Nil: silence for peers that are OVN, AdminDown for all others.
    public var tell: DrainTell?

    public init(onStop: Bool = true, keepRoutes: Bool = true, tell: DrainTell? = nil) {
      self.onStop = onStop
      self.keepRoutes = keepRoutes
      self.tell = tell
    }

    /// What a peer hears that is drained.
    public func tell(_ compatibility: BFDCompatibility) -> DrainTell {
      tell ?? (compatibility == .ovn ? .silence : .adminDown)
    }
  }

  /// The control socket.
  public struct Control: Hashable, Sendable {
    /// An absolute path, at most 107 bytes (unix(7): sun_path).
    public var socket: String
    /// A group's name or number.
    public var group: String
    /// 0 to 0o777.
    public var mode: UInt32

    public init(socket: String = "/run/everway/control.sock", group: String = "root", mode: UInt32 = 0o660) {
      self.socket = socket
      self.group = group
      self.mode = mode
    }
  }

  /// How BFD packets go in and out.
  public enum Engine: String, Hashable, Sendable, CaseIterable {
    /// The fastest that kernel and capabilities allow.
    case auto
    /// By UDP sockets alone.
    case sockets
    /// Below the UDP stack where the way is known; what only repeats is noted in the kernel.
    case packet
    /// The same, but packets leave by AF_XDP where a link allows it.
    case xdp
  }

  /// How the speaker's thread is scheduled, and how packets reach it.
  public struct Realtime: Hashable, Sendable {
    /// SCHED_FIFO 1 to 99; 0: the normal scheduler.
    public var priority: Int
    /// The CPU to stay on: 0 to 1023; nil: any.
    public var cpu: Int?
    public var engine: Engine
    /// Whether what the process touches stays in memory.
    public var locksMemory: Bool

    public init(priority: Int = 50, cpu: Int? = nil, engine: Engine = .auto, locksMemory: Bool = true) {
      self.locksMemory = locksMemory
      self.priority = priority
      self.cpu = cpu
      self.engine = engine
    }
  }

  /// The last packets of each BFD session, and the files they go to when a session leaves Up.
  public struct Capture: Hashable, Sendable {
    /// Packets kept of each session, 0 to 1024, 40 octets each; 0 keeps none.
    public var ring: Int
    /// Whether they are written to a file when a session leaves Up.
    public var whenDown: Bool
    /// Where the files go: an absolute path; nil: `captures` in the state directory.
    public var directory: String?
    /// Files there at most; the oldest go. 1 to 10000.
    public var maximumFiles: Int
    /// Octets of all files at most. 65536 to 1 TiB.
    public var maximumSize: Int

    public init(
      ring: Int = 16, whenDown: Bool = true, directory: String? = nil, maximumFiles: Int = 100,
      maximumSize: Int = 16 << 20
    ) {
      self.ring = ring
      self.whenDown = whenDown
      self.directory = directory
      self.maximumFiles = maximumFiles
      self.maximumSize = maximumSize
    }
  }
}

public import Cluster
public import Addresses

/// Who speaks BFD here, and how it goes.
public struct SpeakerFacts: Codable, Hashable, Sendable {
  /// Sockets on BFD's UDP ports and TCP listeners on bfdd-control's, in the gateway's namespace.
  public var sockets: Gathered<[Socket]> = .notAsked
  /// The same in the namespace that the node is in; nil when that is the gateway's.
  public var nodeSockets: Gathered<[Socket]>?
  /// Programs that speak BFD, wherever on the node.
  public var programs: Gathered<[Program]> = .notAsked
  /// What answers on TCP 957 or 958 in the gateway's namespace; why nothing did, in bfdd-control's words.
  public var beacon: Gathered<Beacon> = .notAsked
  /// The everway whose gateway this is.
  public var gateway: Gathered<Gateway> = .notAsked
  /// How `bfdd-control status` ended in the gateway's namespace.
  public var probe: Gathered<Probe> = .notAsked
  /// The service `everway` of systemd.
  public var unit: Gathered<Unit> = .notAsked
  /// Limits on the CPU of those who speak BFD here.
  public var limits: Gathered<[CPULimit]> = .notAsked
  /// The namespace's own addresses, without loopback; empty where nobody listened.
  public var addresses: [IPAddress] = []
  /// What was heard on the wire.
  public var wire: Gathered<Wire> = .notAsked

  public init() {}

  /// BFD's UDP ports: control (RFC 5881), echo (RFC 5881), multihop (RFC 5883).
  public static let controlPort: UInt16 = 3784
  public static let echoPort: UInt16 = 3785
  public static let multihopPort: UInt16 = 4784
  /// Where bfdd-beacon takes orders.
  public static let beaconPorts: [UInt16] = [957, 958]

  /// All sessions that anybody here tells of.
  public var sessions: [Session] { (gateway.value?.sessions ?? []) + (beacon.value?.sessions ?? []) }

  /// Whether somebody tells of all its sessions: without that, none is no news.
  public var sessionsAreKnown: Bool { gateway.value != nil || beacon.value != nil }

  /// Sockets that BFD's control packets come in by.
  public var listeners: [Socket] {
    (sockets.value ?? []).filter {
      $0.transport == .udp && ($0.port == Self.controlPort || $0.port == Self.multihopPort)
    }
  }
}

extension SpeakerFacts {
  /// A socket on a port of BFD's, or of bfdd-control's.
  public struct Socket: Codable, Hashable, Sendable {
    public enum Transport: String, Codable, Hashable, Sendable { case udp, tcp }

    public var transport: Transport
    public var address: IPAddress
    public var port: UInt16
    /// Who holds it; nil when that could not be seen.
    public var pid: Int32?
    public var program: String?
    /// Datagrams that the kernel dropped because its buffer was full.
    public var dropped: UInt64

    public init(
      _ transport: Transport, _ address: IPAddress, port: UInt16, pid: Int32? = nil, program: String? = nil,
      dropped: UInt64 = 0
    ) {
      self.transport = transport
      self.address = address
      self.port = port
      self.pid = pid
      self.program = program
      self.dropped = dropped
    }

    /// Whether packets for a local address get to it. `::` may take IPv4 too, which cannot be seen from outside.
    public func hears(_ local: IPAddress) -> Bool {
      address == local || (address.isUnspecified && (address.family == .ipv6 || local.family == .ipv4))
    }

    public var place: String { address.family == .ipv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }

    /// `bfdd-beacon (pid 812)`.
    public var holder: String {
      guard let pid else { return program ?? "?" }
      return "\(program ?? "?") (pid \(pid))"
    }
  }

  /// A program that speaks BFD.
  public struct Program: Codable, Hashable, Sendable {
    public var pid: Int32
    /// As the kernel calls it: `bfdd-beacon`, `everway`, `bfdd` (FRR), `bird`.
    public var name: String
    /// The command line, as far as it fits 256 octets.
    public var commandLine: String
    /// Whether it runs in the gateway's namespace; nil when that could not be seen.
    public var isInside: Bool?

    public init(pid: Int32, name: String, commandLine: String, isInside: Bool?) {
      self.pid = pid
      self.name = name
      self.commandLine = commandLine
      self.isInside = isInside
    }
  }

  /// A `bfdd-beacon`: OpenBFDD's, or everway in its place. It cannot be asked whom it allows.
  public struct Beacon: Codable, Hashable, Sendable {
    /// TCP.
    public var port: UInt16
    /// Its answer to `version`, the first line: `bfdd-beacon v0.5.4`.
    public var release: String
    /// Whether it is everway.
    public var isEverway: Bool
    public var sessions: [Session]

    public init(port: UInt16, release: String, isEverway: Bool, sessions: [Session]) {
      self.port = port
      self.release = release
      self.isEverway = isEverway
      self.sessions = sessions
    }
  }

  /// How a probe ended.
  public struct Probe: Codable, Hashable, Sendable {
    public var command: String
    /// 128 + N for the signal N, as a shell says it.
    public var exitCode: Int32
    /// What it wrote, the first line.
    public var said: String

    public init(command: String, exitCode: Int32, said: String) {
      self.command = command
      self.exitCode = exitCode
      self.said = said
    }
  }

  /// A service of systemd.
  public struct Unit: Codable, Hashable, Sendable {
    public var name: String
    /// `systemctl show`: LoadState is `loaded`.
    public var isInstalled: Bool
    /// ActiveState: `active`, `failed`, `inactive`.
    public var state: String

    public init(name: String, isInstalled: Bool, state: String) {
      self.name = name
      self.isInstalled = isInstalled
      self.state = state
    }
  }

  /// A limit on the CPU of a speaker: a quota of its control group, or of one above it.
  public struct CPULimit: Codable, Hashable, Sendable {
    public var pid: Int32
    public var program: String
    /// The directory with the limit: `/sys/fs/cgroup/cpu/kubepods/...`.
    public var path: String
    /// Microseconds of CPU time in each period, and the period.
    public var quota: UInt64
    public var period: UInt64
    /// `nr_periods` and `nr_throttled` of its cpu.stat, since it was made.
    public var periods: UInt64
    public var throttled: UInt64
    /// How often it was throttled while doctor looked, and for how long that was, in milliseconds.
    public var throttledMeanwhile: UInt64
    public var window: UInt64
    /// One of its threads is scheduled in real time: a quota does not hold that one (sched(7)).
    public var isRealTime: Bool

    public init(
      pid: Int32, program: String, path: String, quota: UInt64, period: UInt64, periods: UInt64, throttled: UInt64,
      throttledMeanwhile: UInt64, window: UInt64, isRealTime: Bool = false
    ) {
      self.isRealTime = isRealTime
      self.pid = pid
      self.program = program
      self.path = path
      self.quota = quota
      self.period = period
      self.periods = periods
      self.throttled = throttled
      self.throttledMeanwhile = throttledMeanwhile
      self.window = window
    }

    /// How long the speaker may be held still at a stretch, in microseconds.
    public var longestStall: UInt64 { quota < period ? period - quota : 0 }
  }

  /// A running everway, as far as BFD goes.
  public struct Gateway: Codable, Hashable, Sendable {
    public var pid: Int32
    public var sessions: [Session]
    /// Packets thrown away since it was started, by BFD's name for the reason: `time-to-live`.
    public var discards: [String: UInt64]
    /// The same, while doctor looked.
    public var discardsMeanwhile: [String: UInt64]
    /// The whole node is drained, or being drained.
    public var isDrained: Bool
    /// `SCHED_FIFO`, `SCHED_OTHER`.
    public var schedulingPolicy: String
    /// What everway itself says is wrong.
    public var problems: [String]

    public init(pid: Int32, sessions: [Session], schedulingPolicy: String) {
      self.pid = pid
      self.sessions = sessions
      self.schedulingPolicy = schedulingPolicy
      discards = [:]
      discardsMeanwhile = [:]
      isDrained = false
      problems = []
    }
  }
}

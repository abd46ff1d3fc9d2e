import BFD
import ConfigurationFile
import Netlink
import Speaker

/// What the agent asks of the engine.
enum EngineCommand: Sendable {
  /// Run by this configuration from now on. What did not change is not disturbed.
  case reconfigure(GatewayConfiguration)
  /// The keys of all key chains, read anew. The chains themselves come by `reconfigure`.
  case setKeys([String: KeyChain])
  case setDrained(GatewayCore.Target, Bool, Reply<Bool>)
  case snapshot(Reply<EngineSnapshot>)
  /// What is measured, and what has changed since the last look.
  case look(takesPace: Bool, Reply<EngineLook>)
  /// Show that the thread turns.
  case ping(Reply<Void>)
  /// How much of a CPU the process may use, 0.05 for 50m; nil without a limit.
  case limitCPU(Double?)
  /// Copy packets to the feed from now on; nil: no more.
  case watch(CaptureFeed?, includingDiscarded: Bool)
  /// The last packets of a peer's or allow entry's sessions.
  case lastPackets(String, Reply<[KeptPackets]>)
  /// Links, addresses or next hops may have changed: look again.
  case refresh
  /// Tell the peers AdminDown, go on for a detection time, then end. Without `drain`, end at once.
  case stop(drain: Bool)
}

/// What the engine tells the agent.
enum EngineReport: Sendable {
  case event(GatewayEvent)
  /// A group was made or removed: its routes must follow.
  case groupChanged(name: String, exists: Bool)
  /// A peer's discriminator to keep, by the session's name.
  case remoteDiscriminator(String, UInt32)
  /// A session has left Up, after these packets.
  case wentDown(KeptPackets)
  /// The thread has ended.
  case stopped
}

/// A change of a group's members, measured.
struct FailoverRecord: Sendable {
  var group: String
  /// When what led to it happened: for a timeout the end of the Detection Time.
  var cause: Instant
  /// When the engine began the turn in which it acted: until then it slept, or did something else.
  var noticed: Instant
  /// When the kernel acknowledged the new group.
  var acknowledged: Instant
  var before: [String]
  var after: [String]

  /// Nanoseconds.
  var latency: Int64 { acknowledged - cause }
}

/// Something the engine could not do and will try again.
struct EngineProblem: Hashable, Sendable {
  var what: String
  var help: String?
  var since: Instant
}

/// What a probe has measured.
struct ProbeStatus: Sendable {
  var roundTripMicroseconds: UInt64?
  var lossPercent: Double?
}

/// The engine's state for `status`.
struct EngineSnapshot: Sendable {
  struct SessionEntry: Sendable {
    /// The peer's, or the allow entry's.
    var name: String
    var isRule: Bool
    var hold: Session.Hold?
    var reason: HoldReason?
    var view: SessionView
  }

  var at: Instant
  var core: GatewayCore
  var sessions: [SessionEntry]
  var links: [Int32: Link]
  /// By path number.
  var nextHopIDs: [UInt32]
  /// By group number.
  var groupIDs: [UInt32]
  var failovers: [String: FailoverRecord]
  var failoverCounts: [String: UInt64]
  /// By probe number; nil for one that does not run yet.
  var probes: [ProbeStatus?]
  var counters: SpeakerCounters
  var lateness: LatenessView
  var engine: SpeakerEngineView
  var sourcePortIPv4: UInt16?
  var sourcePortIPv6: UInt16?
  /// Names by the speaker's numbers.
  var keyChains: [Int: String]
  var problems: [EngineProblem]
}

import BFD
import CLinux
import ConfigurationFile
import Glibc
import Netlink
import NetworkNamespaces
import OpenBFDDServer
import Probing
import Runtime
import Speaker

/// The gateway's one time-critical thread: BFD, links and groups, from the packet that did not come to the kernel's
/// acknowledgement of the new group, without waiting for anyone.
///
/// It never enters a namespace: its sockets were opened inside by others, and stay there.
struct Engine: ~Copyable {
  /// What it runs by: what it was asked to, and whom bfdd-control has let in.
  var configuration: GatewayConfiguration
  /// What it was asked to run by.
  var askedConfiguration: GatewayConfiguration
  var beaconPort = BeaconPort()
  /// Nil while it is closed, and while it is being served.
  var beaconServer: ControlServer?
  var beaconRoster = BeaconRoster()
  /// `everway 1.2.3`.
  var product = ""
  var core: GatewayCore
  var speaker: Speaker
  /// Where the speaker's sockets are opened when that did not work at first.
  let namespace: NetworkNamespace
  var areSocketsOpen = false
  /// Namespaces beside the gateway's in which BFD is spoken, by name.
  var foreign: [String: ForeignNamespace] = [:]
  var kernel: KernelGroups
  var prober: Prober
  /// By the probe's number in the model.
  var runningProbes: [Int: RunningProbe] = [:]
  var monitor: NetlinkMonitor
  /// A socket of its own for dumps, so that a long answer never stands in the way of a group.
  var tables: NetlinkSocket
  var links: [Int32: Link] = [:]
  /// By the session's name: see `Engine+Discriminators.swift`.
  var rememberedDiscriminators: [String: UInt32] = [:]
  /// Session number to peer number.
  var peerOfSession = NumberedTable<Int>()
  /// Peer number to its session.
  var installedPeers = NumberedTable<InstalledPeer>()
  /// Kernel ids by path number and by group number.
  var nextHopIDs: [UInt32] = []
  var groupIDs: [UInt32] = []
  /// The inverse of `nextHopIDs`.
  var pathOfNextHop: [UInt32: Int] = [:]
  /// What the kernel is known to have, by the group's id; nothing for a group that is not there.
  var written: [UInt32: WrittenGroup] = [:] { didSet { mayNeedRepair = true } }
  /// What the kernel is known to have has changed since it was last compared with what was decided.
  var mayNeedRepair = true
  /// Groups whose last write the kernel has refused, by id.
  var failedGroups: Set<UInt32> = []
  /// Whether the kernel's tables are being compared now.
  var isVerifying = false
  /// Paths in each group when it was last written, by names: what a failover is measured against.
  var membersShown: [String: [String]] = [:]
  /// What writing a group has cost, until the event of it is told.
  var groupWrites: [String: GatewayEvent.GroupPart] = [:]
  /// By name, with the secrets; only what the configuration names.
  var keyChains: [String: KeyChain]
  /// What the speaker calls each chain: a name keeps its number.
  var keyChainNumbers: [String: Int] = [:]
  /// What chains without a key to use have to say, by number.
  var keyProblems: [Int: EngineProblem] = [:]
  var failovers: [String: FailoverRecord] = [:]
  var failoverCounts: [String: UInt64] = [:]
  var problems: [String: EngineProblem] = [:]
  /// When to try again what failed.
  var retryAt = Instant.distantFuture
  /// When to read the kernel's tables again.
  var verifyAt = Instant.distantFuture
  var stopAt = Instant.distantFuture
  /// Sessions that have left Up in this turn.
  var fallen: [(session: Int, transition: Transition)] = []
  /// Where copies of packets go while somebody watches.
  var feed: CaptureFeed?
  /// What each session was in the look before: see `Engine+Observation.swift`.
  var looked = LookedSessions()
  /// What to tell the agent at the end of the turn: waking it before would take the CPU from the group.
  var unsentReports: [EngineReport] = []
  /// When the turn under way began.
  var turnBegan = MonotonicClock.now()
  var latenessMinute = LatenessMinute(at: MonotonicClock.now())
  let commands: Mailbox<EngineCommand>
  let reports: Mailbox<EngineReport>
  let poller: Poller

  /// Opens everything inside the gateway's namespace.
  static func open(
    _ configuration: GatewayConfiguration, keys: [String: KeyChain], in namespace: borrowing NetworkNamespace,
    secret: (UInt64, UInt64), packets: GatewayConfiguration.Engine = .auto, remembered: [String: UInt32] = [:],
    product: String = "", commands: Mailbox<EngineCommand>, reports: Mailbox<EngineReport>
  ) throws(EngineError) -> Engine {
    let now = MonotonicClock.now()
    // Subscribe before the first dump: nothing is missed in between.
    let monitor = try explained { try NetlinkMonitor(in: namespace, [.links, .addresses, .nextHops]) }
    let groups = try explained { try NetlinkSocket(in: namespace) }
    let tables = try explained { try NetlinkSocket(in: namespace) }
    let poller = try explained { try Poller() }
    let prober = try explained { try Prober(in: namespace) }
    let held = try explained { try namespace.duplicate() }
    let choice: SpeakerEngineChoice =
      switch packets {
      case .auto: .automatic
      case .sockets: .only(.sockets)
      case .packet: .only(.packet)
      case .xdp: .only(.xdp)
      }
    let speaker = Speaker(
      secret: secret, seed: UInt64(bitPattern: now.nanoseconds) ^ secret.1, engine: choice, at: now)
    var engine = Engine(
      configuration: configuration, keyChains: keys, core: GatewayCore(configuration, at: now), speaker: speaker,
      namespace: held,
      kernel: KernelGroups(socket: groups), prober: prober, monitor: monitor, tables: tables, commands: commands,
      reports: reports,
      poller: poller)
    engine.rememberedDiscriminators = remembered
    engine.product = product
    return engine
  }

  private init(
    configuration: GatewayConfiguration, keyChains: [String: KeyChain], core: GatewayCore,
    speaker: consuming Speaker,
    namespace: consuming NetworkNamespace,
    kernel: consuming KernelGroups,
    prober: consuming Prober, monitor: consuming NetlinkMonitor, tables: consuming NetlinkSocket,
    commands: Mailbox<EngineCommand>,
    reports: Mailbox<EngineReport>, poller: Poller
  ) {
    self.configuration = configuration
    askedConfiguration = configuration
    self.keyChains = keyChains
    self.core = core
    self.speaker = speaker
    self.namespace = namespace
    self.kernel = kernel
    self.prober = prober
    self.monitor = monitor
    self.tables = tables
    self.commands = commands
    self.reports = reports
    self.poller = poller
    assignIDs()
  }

  mutating func assignIDs() {
    let ids = NextHopIDs.assign(configuration)
    nextHopIDs = core.model.paths.map { ids.paths[$0.name] ?? 0 }
    groupIDs = core.model.groups.map { ids.groups[$0.name] ?? 0 }
    pathOfNextHop = Dictionary(nextHopIDs.enumerated().map { ($1, $0) }) { first, _ in first }
  }
}

/// Runs `body`, turning what it throws into an `EngineError` with the same words.
private func explained<T: ~Copyable>(_ body: () throws -> T) throws(EngineError) -> T {
  do {
    return try body()
  } catch {
    throw EngineError(message: "\(error)")
  }
}

/// Why the engine could not start.
struct EngineError: Error, Sendable, CustomStringConvertible {
  var message: String
  var description: String { message }
}

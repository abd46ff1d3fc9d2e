import BFD
import CLinux
public import ConfigurationFile
import Control
import Glibc
import Netlink
import NamespaceDiagnosis
import NetworkNamespaces
import Runtime
import Speaker

/// `everway run`: makes this machine the gateway that a configuration file describes, and keeps it so.
///
/// The agent is the process's main thread. It plans and applies what may take its time (namespace, links, addresses,
/// sysctls, routes), answers the control socket and heeds signals; what may not wait is the engine's, on a thread of its
/// own.
public struct GatewayAgent: ~Copyable {
  public struct Options: Sendable {
    public var source: ConfigurationSource
    /// Where the secret is kept that discriminators derive from.
    public var stateDirectory: String
    /// As `everway version` prints it.
    public var version: String
    /// Instead of what the configuration says; nil: what it says.
    public var engine: GatewayConfiguration.Engine?

    public init(
      source: ConfigurationSource, stateDirectory: String = "/var/lib/everway", version: String,
      engine: GatewayConfiguration.Engine? = nil
    ) {
      self.engine = engine
      self.source = source
      self.stateDirectory = stateDirectory
      self.version = version
    }
  }

  let options: Options
  var configuration: GatewayConfiguration
  var desired: DesiredState
  /// What was in force before a reload that has not been carried out yet.
  var previous: DesiredState?
  var sockets: GatewaySockets
  var outcome: Reconciler.Outcome?
  var control: ControlServer
  var engine: EngineThread?
  let commands: Mailbox<EngineCommand>
  let reports: Mailbox<EngineReport>
  let signals: SignalSource
  let poller: Poller
  let service = ServiceManager()
  /// Of names below /run/netns and of mounts.
  let namespaceWatch = NamespaceWatch()
  var homeMonitor: NetlinkMonitor
  var gatewayMonitor: NetlinkMonitor?
  var log: EventLog
  let secret: (UInt64, UInt64)
  var discriminators: DiscriminatorMemory

  /// Read from the key files; what could not be read is a problem, and its sessions are silent.
  var keys = LoadedKeys()

  /// Clients of `everway capture`, and what the engine copies packets to for them.
  var streams: [CaptureStream] = []
  var feed: CaptureFeed?
  var feedIncludesDiscarded = false

  /// What turns the monotonic clock's instants into times.
  var wallClock = WallClock()
  /// Those who watch.
  var observation = ObservationFeed()
  var companions: Companions

  let startedAt: Timestamp
  var loadedAt: Timestamp
  var lastReload: StatusReport.Reload?
  /// By what they are about; with when they were first seen.
  var problems: [String: AgentProblem] = [:]
  /// When to look at the machine again, and how long to wait after that.
  var reconcileAt: Instant
  var reconciledAt: Instant
  var backoff: Int64 = GatewayAgent.firstBackoff
  var checkNamespaceAt: Instant
  /// When to try to start the engine again, as long as there is none.
  var startEngineAt: Instant
  /// When to see whether the engine turns, and to give the service manager a sign of life.
  var watchdogAt = Instant.distantFuture
  var realtime = RealtimeState()
  /// Of this thread, beside the one that speaks BFD.
  var pace = CPUPace()
  /// What is to be written, of sessions that went Down.
  var unwrittenCaptures: [KeptPackets] = []
  var writeCapturesAt = Instant.distantFuture
  /// Of the gateway's namespace; nil before there is one.
  var namespaceIdentity: NamespaceIdentity?
  /// Whether the namespace's name led to it when last looked at.
  var isNamespaceNamed = true
  /// Why this machine is no gateway at the moment; nil when it is one.
  var idleReason: String?
  var isStopping = false
  var hasStopped = false

  /// Reads the configuration, takes the control socket, and checks that the process may do what it must.
  /// - Throws: `AgentError`; nothing has been changed then.
  public init(_ options: Options, log: EventLog) throws(AgentError) {
    let configuration: GatewayConfiguration
    switch options.source {
    case .live(let live): configuration = live.base
    case .file(let path):
      let parsed: ParsedConfiguration
      do {
        parsed = try GatewayConfiguration.load(path: path)
      } catch {
        throw AgentError(.configuration(error), "\(path) was refused")
      }
      for warning in parsed.warnings { log.write(.warning, .configuration, warning.rendered) }
      configuration = parsed.configuration
    }
    try Capabilities.check(for: configuration)
    log.warnOfHiddenNamespace(configuration.namespace)
    try self.init(options, configuration, log)
  }

  private init(_ options: Options, _ configuration: GatewayConfiguration, _ log: EventLog) throws(AgentError) {
    let now = MonotonicClock.now()
    let wall = Timestamp.now()
    let control = try explained { try ControlServer(Self.controlOptions(configuration)) }
    // Before any thread is made, so that every thread leaves the signals to this one.
    let signals = try explained { try SignalSource([SIGTERM, SIGINT, SIGHUP]) }
    let sockets = try explained { try GatewaySockets(configuration.namespace) }
    let homeMonitor = try explained { try NetlinkMonitor(in: sockets.home.namespace, [.links]) }
    let poller = try explained { try Poller() }
    let commands = try explained { try Mailbox<EngineCommand>() }
    let reports = try explained { try Mailbox<EngineReport>() }
    let secret = NodeSecret.read(directory: options.stateDirectory)
    self.init(
      options: options, configuration: configuration, sockets: sockets, control: control, commands: commands,
      reports: reports, signals: signals, poller: poller, homeMonitor: homeMonitor, log: log, secret: secret.value,
      now: now, wall: wall)
    readKeys()
    if let problem = secret.problem { setProblem("secret", problem, help: NodeSecret.help(options.stateDirectory)) }
  }

  private init(
    options: Options, configuration: GatewayConfiguration, sockets: consuming GatewaySockets,
    control: consuming ControlServer, commands: Mailbox<EngineCommand>, reports: Mailbox<EngineReport>,
    signals: SignalSource, poller: Poller, homeMonitor: consuming NetlinkMonitor, log: EventLog,
    secret: (UInt64, UInt64), now: Instant, wall: Timestamp
  ) {
    self.options = options
    self.configuration = configuration
    desired = DesiredState(configuration)
    self.sockets = sockets
    self.control = control
    self.commands = commands
    self.reports = reports
    self.signals = signals
    self.poller = poller
    self.homeMonitor = homeMonitor
    self.log = log
    self.secret = secret
    discriminators = DiscriminatorMemory(directory: options.stateDirectory)
    startedAt = wall
    loadedAt = wall
    reconcileAt = now
    reconciledAt = now
    checkNamespaceAt = now
    startEngineAt = now
    companions = Companions(at: now)
    if case .live = options.source { idleReason = "it is not known yet what it is to be" }
  }

  static func controlOptions(_ configuration: GatewayConfiguration) -> ControlServer.Options {
    let control = configuration.control
    return ControlServer.Options(path: control.socket, mode: control.mode, group: control.group)
  }
}

/// Something the agent could not do and will try again.
struct AgentProblem: Hashable, Sendable {
  var what: String
  var help: String?
  var since: Timestamp
  /// False for a warning: nothing is to be tried again.
  var isWorthRetrying = true
}

/// Why `run` could not start.
public struct AgentError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// Its diagnostics say what is wrong where.
    case configuration(ConfigurationErrors)
    /// Another process is the gateway already.
    case alreadyRunning
    case other
  }

  public var kind: Kind
  /// What is wrong and what to do.
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}

/// Runs `body`, turning what it throws into an `AgentError` with the same words.
private func explained<T: ~Copyable>(_ body: () throws -> T) throws(AgentError) -> T {
  do {
    return try body()
  } catch let error as ControlSocketError where error.kind == .alreadyRunning {
    throw AgentError(.alreadyRunning, "\(error)")
  } catch {
    throw AgentError(.other, "\(error)")
  }
}

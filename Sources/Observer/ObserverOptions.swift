public import Control
public import Observation

/// What the observer is to do.
public struct ObserverOptions: Sendable {
  /// The gateway's control socket.
  public var socket: String
  public var listen: [ListenAddress]
  /// PEM files: the chain, the server's own certificate first, and its key. Nil: TLS is not spoken.
  public var certificate: String?
  public var privateKey: String?
  /// A PEM file: who has a certificate of these authorities may read and change.
  public var clientAuthority: String?
  /// A file with one token a line: who knows one may read and change.
  public var tokenFile: String?
  /// Whether everybody on this machine may also change, not only read. Who may write to a Unix socket always may.
  public var trustsLoopback = false
  /// Names by which browsers may call a loopback address, beside localhost and the address itself.
  public var hostNames: [String] = []
  /// The other nodes of the cluster; nil: only this one is shown.
  public var cluster: Cluster?
  public var limits = Limits()
  /// Whether to end when the process that started this one has, and to go on without an address that cannot be had.
  public var endsWithParent = false
  /// Of the program that observes.
  public var version: String
  /// What `/metrics` says; nil: there is none.
  public var metrics: (@Sendable (MetricsRequest) -> MetricsAnswer)?
  /// The journal; nil: only what is remembered here can be told.
  public var history: (any HistorySource)?
  /// Who keeps what the stream says.
  public var recorder: (any ObservationRecorder)?
  /// A line for the log.
  public var log: @Sendable (String) -> Void

  public init(
    socket: String, listen: [ListenAddress] = [.standard], version: String,
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.socket = socket
    self.listen = listen
    self.version = version
    self.log = log
  }

  /// Where the other nodes' observers are asked, which is done only when somebody wants to see the cluster.
  public struct Cluster: Hashable, Sendable {
    /// `https://10.0.0.2:9479`; of a name that has many addresses each is a node. 1 to 64. This node may be among them.
    public var peers: [String]
    /// A PEM file: who has signed their certificates; nil: the system's authorities.
    public var authority: String?
    /// A file whose first token they know.
    public var tokenFile: String?
    /// The name in their certificates; nil: the host of the address.
    public var serverName: String?

    public init(
      peers: [String], authority: String? = nil, tokenFile: String? = nil, serverName: String? = nil
    ) {
      self.peers = peers
      self.authority = authority
      self.tokenFile = tokenFile
      self.serverName = serverName
    }
  }

  public struct Limits: Hashable, Sendable {
    /// Connections to one listening address; more wait in the kernel's queue.
    public var connections = 128
    /// Clients of a stream, all addresses together.
    public var streams = 64
    /// Octets of a request's body.
    public var body = 16 * 1024
    /// Octets of a request's header fields.
    public var header = 16 * 1024
    /// Octets that wait for one client of a stream; a client that is further behind is dropped, and resumes.
    public var backlog = 16 << 20
    /// How long a connection may be silent, and how long an answer may take to be read.
    public var idle = Duration.seconds(30)

    public init() {}
  }
}

/// What is known when metrics are asked for.
public struct MetricsRequest: Sendable {
  public var gateway: ObservedGateway
  /// Whether the gateway's stream is there.
  public var isConnected: Bool
  /// `Accept`, as it came.
  public var accept: String?
}

public struct MetricsAnswer: Sendable {
  /// `Content-Type`.
  public var type: String
  public var text: [UInt8]

  public init(type: String, text: [UInt8]) {
    self.type = type
    self.text = text
  }
}

/// Answers what happened earlier than the observer remembers. Called on threads that may wait.
public protocol HistorySource: Sendable {
  /// The oldest first, at most ``EventQuery/limit``: of more the latest.
  /// - Throws: an error whose description says what is wrong, in one sentence.
  func events(_ query: EventQuery) throws -> [Event]
  /// The report of a window of time, as a JSON object.
  func report(since: Timestamp, until: Timestamp) throws -> [UInt8]
}

/// Keeps what the gateway says. Called on the follower's thread, in order.
public protocol ObservationRecorder: Sendable {
  /// Up to where it has everything: asked for when the follower begins. Nil: it has nothing.
  var cursor: EventCursor? { get }
  func take(_ message: ObservationMessage)
  /// The stream has ended.
  /// - Parameter wasAnnounced: whether the gateway had said that it stops; otherwise it has crashed or was killed.
  func ended(at: Timestamp, wasAnnounced: Bool)
  /// After each batch of messages, and about once a second.
  func turn(now: Timestamp, report: StatusReport?)
  /// The last call.
  func close(now: Timestamp, report: StatusReport?)
}

/// Which events are asked for.
public struct EventQuery: Hashable, Sendable {
  /// Not before it; nil: from the beginning.
  public var since: Timestamp?
  /// Before it; nil: up to now.
  public var until: Timestamp?
  /// A session's local discriminator in decimal, or the name of what it is about; nil: all.
  public var subject: String?
  /// Empty: all.
  public var kinds: Set<Event.Kind> = []
  /// 1 to 10,000.
  public var limit = 1_000

  public init() {}

  /// Whether the event is asked for, the limit aside.
  public func matches(_ event: Event) -> Bool {
    if let since, event.at < since { return false }
    if let until, event.at >= until { return false }
    if !kinds.isEmpty, !kinds.contains(event.kind) { return false }
    guard let subject else { return true }
    return event.name == subject || event.session.map { String($0) == subject } == true
  }
}

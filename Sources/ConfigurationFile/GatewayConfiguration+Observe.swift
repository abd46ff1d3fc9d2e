extension GatewayConfiguration {
  /// The process that keeps the journal and serves page, API and metrics (`everway observe`).
  public struct Observe: Hashable, Sendable {
    /// `127.0.0.1:9479`, `[::1]:9479`, `unix:/path`; empty: nothing is served.
    public var listen: [String]
    /// PEM files: without them only loopback addresses and Unix sockets are served.
    public var certificate: String?
    public var key: String?
    /// A PEM file: clients with a certificate of these authorities may read and change.
    public var clientAuthority: String?
    /// A file with one token a line.
    public var tokenFile: String?
    /// Whether every process of this machine may change things over loopback.
    public var trustsLoopback: Bool
    /// Nil: no journal is kept.
    public var journal: Journal?
    /// Between two runs of the doctor; nil: it is not run by itself. 10 s to 24 h.
    public var findingsInterval: Duration?
    /// Nil: only this node is shown.
    public var cluster: ObserveCluster?

    public init(
      listen: [String] = [standardAddress], certificate: String? = nil, key: String? = nil,
      clientAuthority: String? = nil, tokenFile: String? = nil, trustsLoopback: Bool = false,
      journal: Journal? = Journal(), findingsInterval: Duration? = .seconds(300),
      cluster: ObserveCluster? = nil
    ) {
      self.cluster = cluster
      self.listen = listen
      self.certificate = certificate
      self.key = key
      self.clientAuthority = clientAuthority
      self.tokenFile = tokenFile
      self.trustsLoopback = trustsLoopback
      self.journal = journal
      self.findingsInterval = findingsInterval
    }

    /// Whether there is anything to do beside looking for findings.
    public var needsProcess: Bool { !listen.isEmpty || journal != nil }

    public static let standardAddress = "127.0.0.1:9479"
  }

  /// Where the other nodes' observers are asked.
  public struct ObserveCluster: Hashable, Sendable {
    /// `https://10.0.0.2:9479`; a name may have many addresses, a node each. 1 to 64.
    public var peers: [String]
    /// A PEM file; nil: the system's authorities.
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

  /// What happened, kept on disk.
  public struct Journal: Hashable, Sendable {
    /// An absolute path; nil: the state directory.
    public var directory: String?
    /// Octets; the oldest events go. 1 MiB to 1 TiB.
    public var maximumSize: Int
    /// Older events go. 1 h to 10 years.
    public var maximumAge: Duration

    public init(
      directory: String? = nil, maximumSize: Int = 256 << 20, maximumAge: Duration = .seconds(90 * 86_400)
    ) {
      self.directory = directory
      self.maximumSize = maximumSize
      self.maximumAge = maximumAge
    }
  }
}

public import OVSDBProtocol

/// Which database, where, and how to behave.
public struct OVSDBConfiguration: Sendable {
  /// Members of one cluster, or one server. Tried in an order of chance.
  public var servers: [OVSDBEndpoint]
  /// Such as `Open_vSwitch`, `OVN_Northbound`, `OVN_Southbound`.
  public var database: String
  public var leadership: Leadership = .leader
  /// Needed for `ssl:`.
  public var tls: TLSFiles?
  /// A server that is silent for so long is asked for a word, and given up when it is silent for as long again.
  public var probeInterval: Duration = .seconds(10)
  /// For a connection with its TLS handshake.
  public var connectTimeout: Duration = .seconds(5)
  public var backoff = Backoff()
  /// The longest message taken, in octets: a database's whole contents are one message.
  public var longestMessage = 512 << 20
  /// How often to go through all servers before giving up; nil for ever.
  public var rounds: Int?

  /// - Parameter connection: as Open vSwitch writes it: `unix:/run/openvswitch/db.sock`, or
  ///   `tcp:10.0.0.1:6641,tcp:10.0.0.2:6641,tcp:[fd00::3]:6641`.
  /// - Throws: `OVSDBError.address`.
  public init(_ connection: String, database: String, tls: TLSFiles? = nil) throws(OVSDBError) {
    servers = try OVSDBEndpoint.list(connection)
    self.database = database
    self.tls = tls
    for case .ssl(let host, let port) in servers where tls == nil {
      throw .address(
        text: OVSDBEndpoint.ssl(host: host, port: port).description,
        reason: "ssl: needs the files of a private key, a certificate and a CA's certificate")
    }
  }

  var settings: ClientSettings {
    var settings = ClientSettings(servers: servers, database: database)
    settings.leadership = leadership
    settings.probeInterval = probeInterval
    settings.connectTimeout = connectTimeout
    settings.backoff = backoff
    settings.rounds = rounds
    return settings
  }
}

/// Paths of PEM files, read anew for each connection, so that renewed certificates need no restart.
public struct TLSFiles: Hashable, Sendable {
  public var privateKey: String
  /// The client's, with those that signed it behind it if need be.
  public var certificate: String
  /// Of the authority that signed the server's certificate. As everywhere in Open vSwitch, that is all that is checked: the
  /// server's name is not.
  public var authority: String

  public init(privateKey: String, certificate: String, authority: String) {
    self.privateKey = privateKey
    self.certificate = certificate
    self.authority = authority
  }
}

public import OVSDB
import OVSDBProtocol

/// Where a database is to be found.
public struct DatabasePlace: Hashable, Sendable {
  /// As Open vSwitch writes it: `tcp:10.0.0.1:6641,tcp:10.0.0.2:6641`.
  public var connection: String
  /// Who said so: `OVN_DB_IPS`, `ovn-remote`; empty for the node's own socket.
  public var source: String
  /// For `ssl:`.
  public var tls: TLSFiles?

  public init(connection: String, source: String, tls: TLSFiles? = nil) {
    self.connection = connection
    self.source = source
    self.tls = tls
  }

  /// Behind an error: where the address came from. Nothing needs to be said of the node's own socket.
  var origin: String { source.isEmpty ? "" : " (the address is from \(source))" }

  /// No place, and why.
  public struct Unknown: Error, Hashable, Sendable {
    /// What was tried: `--ovn-nb was not given, OVN_DB_IPS is not set, ...`.
    public var reason: String
    /// Whether anything here says that there is OVN at all.
    public var isHinted: Bool
  }
}

/// All that says where OVN's databases are, and which of it counts.
///
/// The order: what the operator said; Kube-OVN's environment; a socket of ovn-central on this machine; the `ovn-remote`
/// of the node's own Open_vSwitch; Kube-OVN's Services.
public struct DatabaseFinder: Hashable, Sendable {
  /// As `--ovn-nb` and `--ovn-sb` say.
  public var northbound: String?
  public var southbound: String?
  public var environment: [String: String] = [:]
  /// `external_ids:ovn-remote` of the node's Open_vSwitch.
  public var remote: String?
  /// Why that is not known.
  public var remoteProblem: String?
  /// Sockets of ovn-central that are on this machine.
  public var localNorthbound: String?
  public var localSouthbound: String?
  /// `10.96.0.17:6641`: Service kube-system/ovn-nb, as the API has it.
  public var northboundService: String?
  /// Of the client; by default Kube-OVN's, which may not be there.
  public var tls = Self.kubeOVNFiles

  public init() {}

  /// Where Kube-OVN mounts its Secret kube-ovn-tls (dist/images/install.sh).
  public static let kubeOVNFiles = TLSFiles(
    privateKey: "/var/run/tls/key", certificate: "/var/run/tls/cert", authority: "/var/run/tls/cacert")

  /// OVN's registered ports (ovn-architecture(7)).
  static let northboundPort = 6641
  static let southboundPort = 6642

  public func southboundPlace() -> Result<DatabasePlace, DatabasePlace.Unknown> {
    if let southbound { return .success(place(southbound, "--ovn-sb")) }
    if let list = fromEnvironment(Self.southboundPort) { return .success(place(list, "OVN_DB_IPS")) }
    if let remote { return .success(place(remote, "ovn-remote")) }
    if let localSouthbound { return .success(place("unix:\(localSouthbound)", localSouthbound)) }
    if let service = serviceFromEnvironment("OVN_SB", Self.southboundPort) {
      return .success(place(service, "OVN_SB_SERVICE_HOST"))
    }
    return .failure(
      .init(
        reason: "no address of OVN's databases: --ovn-sb was not given, OVN_DB_IPS is not set, "
          + "the node's Open_vSwitch \(remoteProblem.map { "could not be asked (\($0))" } ?? "has no ovn-remote")",
        isHinted: false))
  }

  public func northboundPlace() -> Result<DatabasePlace, DatabasePlace.Unknown> {
    if let northbound { return .success(place(northbound, "--ovn-nb")) }
    if let list = fromEnvironment(Self.northboundPort) { return .success(place(list, "OVN_DB_IPS")) }
    if let localNorthbound { return .success(place("unix:\(localNorthbound)", localNorthbound)) }
    var tried = ["--ovn-nb was not given", "OVN_DB_IPS is not set", "there is no socket of ovn-central here"]
    // Where ovn-remote names ovn-central's nodes, the northbound database is there too; where it names the Service
    // ovn-sb, nothing listens at that port. The client asks all of them.
    var servers: [String] = []
    var sources: [String] = []
    let method = (remote ?? southbound).map { $0.hasPrefix("ssl:") ? "ssl" : "tcp" } ?? (usesTLS ? "ssl" : "tcp")
    if let service = serviceFromEnvironment("OVN_NB", Self.northboundPort) {
      servers.append(service)
      sources.append("OVN_NB_SERVICE_HOST")
    } else if let northboundService {
      servers.append("\(method):\(northboundService)")
      sources.append("Service kube-system/ovn-nb")
    } else {
      tried.append("no Service kube-system/ovn-nb is known")
    }
    if let beside = (remote ?? southbound).flatMap({ Self.beside($0) }) {
      servers.append(beside)
      sources.append("\(remote != nil ? "ovn-remote" : "--ovn-sb") with port \(Self.northboundPort)")
    } else if let remote {
      tried.append("ovn-remote is \(remote), which says nothing about the northbound database")
    } else {
      tried.append(
        "the node's Open_vSwitch \(remoteProblem.map { "could not be asked (\($0))" } ?? "has no ovn-remote")")
    }
    guard !servers.isEmpty else {
      return .failure(
        .init(
          reason: "no address of the northbound database: " + tried.joined(separator: ", "),
          isHinted: remote != nil || southbound != nil || localSouthbound != nil))
    }
    return .success(place(servers.joined(separator: ","), sources.joined(separator: " and ")))
  }

  // MARK: Parts

  private func place(_ connection: String, _ source: String) -> DatabasePlace {
    DatabasePlace(connection: connection, source: source, tls: connection.contains("ssl:") ? tls : nil)
  }

  private var usesTLS: Bool { environment["ENABLE_SSL"]?.lowercased() == "true" }

  /// Kube-OVN's containers know ovn-central's addresses by this (dist/images/start-ovs.sh).
  private func fromEnvironment(_ port: Int) -> String? {
    let hosts = (environment["OVN_DB_IPS"] ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
      .filter { !$0.isEmpty }
    guard !hosts.isEmpty else { return nil }
    return hosts.map { Self.server(usesTLS ? "ssl" : "tcp", String($0), port) }.joined(separator: ",")
  }

  /// Kubernetes tells every container of the Services in its namespace.
  private func serviceFromEnvironment(_ name: String, _ port: Int) -> String? {
    guard let host = environment["\(name)_SERVICE_HOST"], !host.isEmpty else { return nil }
    let given = environment["\(name)_SERVICE_PORT"].flatMap { Int($0) }
    return Self.server(usesTLS ? "ssl" : "tcp", host, given ?? port)
  }

  private static func server(_ method: String, _ host: String, _ port: Int) -> String {
    let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    return "\(method):\(bare.contains(":") ? "[\(bare)]" : bare):\(port)"
  }

  /// The same hosts with the northbound database's port; of a Unix socket the one beside it.
  static func beside(_ southbound: String) -> String? {
    guard let servers = try? OVSDBEndpoint.list(southbound) else { return nil }
    var result: [String] = []
    for server in servers {
      switch server {
      // Another port than OVN's own says that somebody chose it: nothing is known then about the other database's.
      case .tcp(let host, southboundPort): result.append(Self.server("tcp", host, northboundPort))
      case .ssl(let host, southboundPort): result.append(Self.server("ssl", host, northboundPort))
      case .unix(let path) where path.hasSuffix("ovnsb_db.sock"):
        result.append("unix:" + path.dropLast("ovnsb_db.sock".count) + "ovnnb_db.sock")
      case .tcp, .ssl, .unix: continue
      }
    }
    return result.isEmpty ? nil : result.joined(separator: ",")
  }
}

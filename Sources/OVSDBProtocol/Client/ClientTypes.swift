/// Which member of a cluster will do. A database without a cluster is served by whoever has it.
public enum Leadership: Hashable, Sendable {
  /// Only the leader: what is read is the latest, and what is written goes one way less.
  case leader
  /// Any member that has not lost the others: what is read may be some milliseconds old. Never older than what was read
  /// before.
  case connectedMember
}

/// What a client does of itself.
public enum ClientEvent: Hashable, Sendable, CustomStringConvertible {
  case connecting(server: String)
  /// It can be asked now.
  case ready(server: String)
  /// There is no connection any more, or none came about; when the next attempt is due.
  case failed(OVSDBError, retryIn: Duration)

  public var description: String {
    switch self {
    case .connecting(let server): "connecting to \(server)"
    case .ready(let server): "connected to \(server)"
    case .failed(let error, let delay):
      delay == .zero ? "\(error); trying the next" : "\(error); trying again in \(delay)"
    }
  }
}

package typealias TransactionID = UInt64
package typealias MonitorID = UInt64

/// What the shell has to do.
package enum ClientEffect: Hashable, Sendable {
  /// Open a connection; whatever comes of it is told with this number.
  case connect(OVSDBEndpoint, attempt: UInt64)
  /// On the present connection.
  case send(JSONValue)
  /// Close this connection, or give up opening it.
  case disconnect(attempt: UInt64)
  /// The server's `result`.
  case complete(TransactionID, Result<JSONValue, OVSDBError>)
  case changes(MonitorID, ChangeBatch)
  /// The monitor is over.
  case monitorFailed(MonitorID, OVSDBError)
  case event(ClientEvent)
}

/// What a client is told when it is made, as far as decisions need it. Times are durations.
package struct ClientSettings: Sendable {
  package var servers: [OVSDBEndpoint]
  package var database: String
  package var leadership: Leadership = .leader
  /// After so long without a word the server is asked for one, and after as long again given up.
  package var probeInterval: Duration = .seconds(10)
  /// For a connection with its TLS handshake.
  package var connectTimeout: Duration = .seconds(5)
  package var backoff = Backoff()
  /// How often to go through all servers before giving up; nil for ever.
  package var rounds: Int?

  package init(servers: [OVSDBEndpoint], database: String) {
    self.servers = servers
    self.database = database
  }
}

/// Time as the core sees it: since any moment in the past, the same for one client.
package typealias Moment = Duration

import Cluster
import Glibc
import OVSDB
import OVSDBProtocol
import Synchronization

/// One database that is followed.
final class LiveDatabase: Sendable {
  let place: DatabasePlace
  let client: OVSDBClient
  private let observation: OVSDBObservation
  private let status: Status

  /// What its thread says about it.
  private final class Status: Sendable {
    struct State {
      /// Why there is no connection, in words; nil while there is one.
      var problem: String?
      /// Seconds since 1970-01-01T00:00:00Z.
      var brokenSince: Int64?
      /// Something came since the last look.
      var isChanged = true
      var last: DatabaseSnapshot?
      /// Nothing will come any more.
      var end: String?
    }
    let state = Mutex(State())
  }

  /// - Parameters:
  ///   - rounds: how often to go through the servers; nil for ever.
  ///   - onChange: on the client's event loop.
  init(
    _ place: DatabasePlace, database: String, tables: [MonitoredTable], rounds: Int?,
    onChange: @escaping @Sendable () -> Void
  ) throws(OVSDBError) {
    var configuration = try OVSDBConfiguration(place.connection, database: database, tls: place.tls)
    // Any member will do: what it says is some milliseconds old at most.
    configuration.leadership = .connectedMember
    configuration.connectTimeout = .seconds(2)
    configuration.rounds = rounds
    let status = Status()
    let client = OVSDBClient(configuration) { event in
      switch event {
      case .connecting: return
      case .ready:
        status.state.withLock { state in
          state.problem = nil
          state.brokenSince = nil
          state.isChanged = true
        }
      case .failed(let error, _):
        status.state.withLock { state in
          state.problem = error.description
          if state.brokenSince == nil { state.brokenSince = Int64(time(nil)) }
        }
      }
      onChange()
    }
    observation = client.observe(tables) { news in
      status.state.withLock { state in
        state.isChanged = true
        if case .failure(let error) = news { state.end = error.description }
      }
      onChange()
    }
    self.place = place
    self.client = client
    self.status = status
  }

  /// What is known of it.
  enum View {
    /// - `staleSince`: seconds since 1970-01-01T00:00:00Z; nil while connected.
    /// - `isNew`: differs from the last one that was given.
    case contents(DatabaseSnapshot, isNew: Bool, staleSince: Int64?, problem: String?)
    /// Nothing has been read. `isFinal`: and nothing will be.
    case nothing(reason: String, isFinal: Bool)
  }

  /// For a thread that may wait a moment.
  func view() -> View {
    let (isChanged, known) = status.state.withLock { state in
      defer { state.isChanged = false }
      return (state.isChanged, state.last)
    }
    let snapshot = isChanged || known == nil ? observation.snapshotAndWait() ?? known : known
    return status.state.withLock { state in
      let isNew = snapshot?.sequence != state.last?.sequence || state.last == nil
      state.last = snapshot
      guard let snapshot else {
        let reason = state.end ?? state.problem ?? "no answer of \(place.connection) yet"
        return .nothing(reason: reason + place.origin, isFinal: state.end != nil)
      }
      let problem = state.end ?? state.problem
      return .contents(
        snapshot, isNew: isNew, staleSince: problem == nil ? nil : state.brokenSince ?? Int64(time(nil)),
        problem: problem)
    }
  }

  func setConditions(table: String, anyOf conditions: [Condition]) {
    observation.setConditions(table: table, anyOf: conditions)
  }

  func close() {
    observation.cancel()
    client.close {}
  }

  func closeAndWait() {
    observation.cancel()
    client.closeAndWait()
  }
}

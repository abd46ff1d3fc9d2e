import Dispatch
public import OVSDBProtocol
import Synchronization

/// Reading a database once, for programs without tasks such as `everway doctor`.
public enum OVSDBSnapshot {
  /// Connects, reads, and ends the connection again. Blocks the calling thread, at most for `timeout` and the moment
  /// that it takes to end a thread.
  ///
  /// Never call it on a thread that has called setns(2), nor in a task. Each server of the list is tried once.
  /// - Parameters:
  ///   - connection: as Open vSwitch writes it: `unix:/run/openvswitch/db.sock`, `tcp:10.0.0.1:6641,tcp:10.0.0.2:6641`.
  ///   - leadership: any member of a cluster will do, unless the very latest is wanted.
  /// - Returns: the tables; what this database does not have of them is named in `missing`.
  /// - Throws: `OVSDBError`, with what each server said.
  public static func read(
    _ connection: String, database: String, tables: [MonitoredTable], timeout: Duration = .seconds(5),
    tls: TLSFiles? = nil, leadership: Leadership = .connectedMember
  ) throws(OVSDBError) -> DatabaseSnapshot {
    var configuration = try OVSDBConfiguration(connection, database: database, tls: tls)
    configuration.leadership = leadership
    configuration.rounds = 1
    configuration.connectTimeout = timeout / configuration.servers.count
    let deadline = DispatchTime.now() + timeout / .seconds(1)
    let state = State()
    let client = OVSDBClient(configuration) { event in
      if case .failed(let error, _) = event { state.problem.withLock { $0 = error } }
    }
    defer { close(client, timeout: timeout) }
    let hasNews = DispatchSemaphore(value: 0)
    let observation = client.observe(tables) { news in
      if case .failure(let error) = news { state.failure.withLock { $0 = error } }
      hasNews.signal()
    }
    if hasNews.wait(timeout: deadline) == .success {
      if let failure = state.failure.withLock({ $0 }) { throw failure }
      let isTaken = DispatchSemaphore(value: 0)
      observation.snapshot { snapshot in
        state.snapshot.withLock { $0 = snapshot }
        isTaken.signal()
      }
      if isTaken.wait(timeout: deadline) == .success, let snapshot = state.snapshot.withLock({ $0 }) {
        return snapshot
      }
    }
    throw .timedOut(
      waitingFor: "answer of \(connection)", after: timeout,
      reason: state.problem.withLock { $0?.description } ?? "")
  }

  private final class State: Sendable {
    let problem = Mutex<OVSDBError?>(nil)
    let failure = Mutex<OVSDBError?>(nil)
    let snapshot = Mutex<DatabaseSnapshot?>(nil)
  }

  private static func close(_ client: OVSDBClient, timeout: Duration) {
    let isClosed = DispatchSemaphore(value: 0)
    client.close { isClosed.signal() }
    _ = isClosed.wait(timeout: .now() + timeout / .seconds(1))
  }
}

import Dispatch
public import NIOCore
import NIOPosix
public import OVSDBProtocol
import Synchronization

/// A client of one OVSDB database (RFC 7047), which reconnects by itself, follows a cluster's leader, and keeps monitors
/// going over connections.
///
/// It connects as soon as it is made, from the network namespace of the thread that makes it: never make one on a
/// thread that has called setns(2), because NIO's threads would be born in that namespace.
public final class OVSDBClient: Sendable {
  private let driver: ClientDriver
  /// Made here, and so ended here.
  private let ownGroup: MultiThreadedEventLoopGroup?
  private let nextID = Atomic<UInt64>(1)

  /// - Parameters:
  ///   - group: whose threads do the work; nil for one thread of its own.
  ///   - observer: told what the client does of itself, on its event loop: return soon.
  public init(
    _ configuration: OVSDBConfiguration, group: (any EventLoopGroup)? = nil,
    observer: (@Sendable (ClientEvent) -> Void)? = nil
  ) {
    ownGroup = group == nil ? MultiThreadedEventLoopGroup(numberOfThreads: 1) : nil
    let loop = group?.next() ?? ownGroup?.next() ?? MultiThreadedEventLoopGroup.singleton.next()
    driver = ClientDriver(
      configuration, loop: loop, seed: UInt64.random(in: .min ... .max), observer: observer)
    driver.start()
  }

  deinit { close {} }

  /// Ends the connection; what waits fails with `OVSDBError.closed`.
  public func close() async {
    await withCheckedContinuation { continuation in close { continuation.resume() } }
  }

  /// The same for callers that are no tasks.
  public func close(_ done: @escaping @Sendable () -> Void) {
    let group = ownGroup
    driver.stop {
      guard let group else { return done() }
      group.shutdownGracefully(queue: .global()) { _ in done() }
    }
  }

  private func newID() -> UInt64 { nextID.wrappingAdd(1, ordering: .relaxed).oldValue }

  // MARK: Transactions

  /// Does all of this or nothing. Waits for a server that will do, at most until `timeout`.
  ///
  /// Nothing is tried again by itself: `OVSDBError.outcomeUnknown` leaves open whether it was done.
  /// - Throws: `OVSDBError`; `.transaction` says which operation failed and why.
  public func transact(
    _ operations: [OVSDBProtocol.Operation], timeout: Duration = .seconds(10)
  ) async throws(OVSDBError) -> [OperationResult] {
    let id = newID()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        driver.transact(id, operations.map(\.json), timeout: timeout) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      driver.cancelTransaction(id)
    }
    return try OperationResult.all(try result.get(), of: operations)
  }

  /// The same for callers that are no tasks.
  /// - Parameter done: called once, on the event loop: return soon.
  public func transact(
    _ operations: [OVSDBProtocol.Operation], timeout: Duration = .seconds(10),
    _ done: @escaping @Sendable (Result<[OperationResult], OVSDBError>) -> Void
  ) {
    driver.transact(newID(), operations.map(\.json), timeout: timeout) { result in
      done(
        result.flatMap { json in
          Result { () throws(OVSDBError) in try OperationResult.all(json, of: operations) }
        })
    }
  }

  /// The rows for which all conditions hold, as a type.
  public func select<R: OVSDBRow>(
    _ type: R.Type, where conditions: [Condition] = [], timeout: Duration = .seconds(10)
  ) async throws(OVSDBError) -> [R] {
    let columns = R.columns.map { $0 + ["_uuid"] }
    let results = try await transact(
      [.select(table: R.table, where: conditions, columns: columns)], timeout: timeout)
    var rows: [R] = []
    for selected in results.first?.rows ?? [] {
      do throws(RowDecodingError) { rows.append(try R(selected.row, id: selected.id)) } catch { throw .row(error) }
    }
    return rows
  }

  /// Waits until a server that will do is connected.
  public func ready(timeout: Duration = .seconds(10)) async throws(OVSDBError) {
    _ = try await transact([], timeout: timeout)
  }

  // MARK: Monitors

  /// Watches tables; each at most once in the list. The first batch has all rows.
  public func monitor(_ tables: [MonitoredTable]) -> OVSDBMonitor {
    let queue = ChangeQueue()
    let observation = observe(tables) { queue.put($0) }
    return OVSDBMonitor(observation: observation, queue: queue)
  }

  /// The same for callers that are no tasks.
  /// - Parameter sink: called in order on the event loop: return soon. A failure is the last call.
  public func observe(
    _ tables: [MonitoredTable], _ sink: @escaping @Sendable (Result<ChangeBatch, OVSDBError>) -> Void
  ) -> OVSDBObservation {
    let id = newID()
    driver.monitor(id, tables) { news in
      switch news {
      case .changes(let batch): sink(.success(batch))
      case .failed(let error): sink(.failure(error))
      }
    }
    return OVSDBObservation(id: id, driver: driver)
  }
}

/// A monitor that runs until this is cancelled or forgotten.
public final class OVSDBObservation: Sendable {
  private let id: MonitorID
  private let driver: ClientDriver

  init(id: MonitorID, driver: ClientDriver) {
    self.id = id
    self.driver = driver
  }

  deinit { cancel() }

  public func cancel() { driver.stopMonitor(id) }

  /// Other rows from now on; what comes and goes thereby comes as changes.
  public func setConditions(table: String, anyOf conditions: [Condition]) {
    driver.changeConditions(id, table: table, anyOf: conditions)
  }

  /// A copy of what is known now; nil before the first contents came.
  public func snapshot() async -> DatabaseSnapshot? {
    await withCheckedContinuation { continuation in
      snapshot { snapshot in continuation.resume(returning: snapshot) }
    }
  }

  /// The same for callers that are no tasks; `take` is called on the event loop.
  public func snapshot(_ take: @escaping @Sendable (DatabaseSnapshot?) -> Void) {
    driver.snapshot(id, take)
  }
}

import Glibc
import OVSDB
import OVSDBProtocol

typealias DatabaseOperation = OVSDBProtocol.Operation

/// A connection to write by, for plain threads: each call blocks until it is done or its time is over.
final class DatabaseWriter: Sendable {
  let client: OVSDBClient
  /// Made here, and so ended here.
  private let isOwn: Bool

  /// On the connection of somebody who goes on using it.
  init(_ client: OVSDBClient) {
    self.client = client
    isOwn = false
  }

  /// On a connection of its own, which gives up when no server can be reached.
  init(_ place: DatabasePlace, database: String) throws(ClusterWriteError) {
    do throws(OVSDBError) {
      var configuration = try OVSDBConfiguration(place.connection, database: database, tls: place.tls)
      configuration.leadership = .connectedMember
      configuration.rounds = 2
      configuration.connectTimeout = .seconds(2)
      client = OVSDBClient(configuration)
      isOwn = true
    } catch {
      throw ClusterWriteError("\(place.connection)", error)
    }
  }

  deinit { if isOwn { client.close {} } }

  /// - Parameter what: is done, for the error: `set bfd of route 1`.
  @discardableResult
  func commit(
    _ what: String, _ operations: [DatabaseOperation], timeout: Duration = .seconds(5)
  ) throws(ClusterWriteError) -> [OperationResult] {
    do throws(OVSDBError) { return try client.transactAndWait(operations, timeout: timeout) } catch {
      throw ClusterWriteError(what, error)
    }
  }

  /// Rows of one table.
  func select(
    _ what: String, _ table: String, where conditions: [Condition] = [], _ columns: [String]
  ) throws(ClusterWriteError) -> [OperationResult.SelectedRow] {
    try commit(what, [.select(table: table, where: conditions, columns: ["_uuid"] + columns)]).first?.rows ?? []
  }

  /// Asks again and again, every 20 ms.
  /// - Returns: false when the time is over.
  func wait(
    _ timeout: Duration, until condition: () throws(ClusterWriteError) -> Bool
  ) throws(ClusterWriteError) -> Bool {
    let deadline = ContinuousClock.now + timeout
    while true {
      if try condition() { return true }
      if ContinuousClock.now >= deadline { return false }
      usleep(20_000)
    }
  }
}

extension DatabaseOperation {
  /// The transaction fails unless the row holds these values now.
  static func assert(_ table: String, _ id: RowID, _ row: Row) -> DatabaseOperation {
    .wait(table: table, where: [.id(id)], columns: row.columns.keys.sorted(), isEqual: true, rows: [row])
  }

  /// The transaction fails unless there is no such row.
  static func assertNone(_ table: String, where conditions: [Condition], column: String) -> DatabaseOperation {
    .wait(table: table, where: conditions, columns: [column], isEqual: true, rows: [])
  }

  /// Sets keys of a map, whatever they held; those whose value is nil go.
  static func setKeys(
    _ table: String, where conditions: [Condition], _ column: String, _ values: [String: String?]
  ) -> DatabaseOperation {
    let keys = Datum.set(of: values.keys.map { .string($0) })
    let present = values.compactMapValues { $0 }
    var mutations = [Mutation(column, .delete, keys)]
    if !present.isEmpty { mutations.append(Mutation(column, .insert, .strings(present))) }
    return .mutate(table: table, where: conditions, mutations: mutations)
  }
}

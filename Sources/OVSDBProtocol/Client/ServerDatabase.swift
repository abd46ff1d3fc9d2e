/// What a server says of itself in its database `_Server` (ovsdb-server(5)), as far as a client must know it.
struct ServerDatabase: Sendable {
  static let name = "_Server"
  static let monitor = "everway-server"
  static let table = "Database"

  /// The part of its schema that is asked for.
  static let schema = [
    table: TableSchema(columns: [
      "name": ColumnType(.string), "model": ColumnType(.string), "connected": ColumnType(.boolean),
      "leader": ColumnType(.boolean), "index": ColumnType(.integer, minimum: 0),
      "cid": ColumnType(.uuid, minimum: 0)
    ])
  ]

  static func request(database: String) -> JSONValue {
    let columns = schema[table]?.columns.keys.sorted() ?? []
    let condition = Condition("name", .equal, .string(database))
    return .array([
      .string(name), .string(monitor),
      .object([
        table: .array([
          .object(["columns": .array(columns.map { .string($0) }), "where": .array([condition.json])])
        ])
      ])
    ])
  }

  var replica = Replica()

  private func row(_ database: String) -> Row? {
    replica.tables[Self.table]?.values.first { $0.string("name") == database }
  }

  /// How far the cluster's log is applied there; nil for a database without a cluster.
  func index(_ database: String) -> Int64? { row(database)?.integer("index") }

  /// The cluster's id; nil for a database without a cluster.
  func cluster(_ database: String) -> RowID? { row(database)?.references("cid").first }

  /// Whether this server will do.
  /// - Parameter minimum: the log's index that was seen before.
  func objection(
    to server: String, database: String, leadership: Leadership, minimum: Int64
  ) -> OVSDBError? {
    guard let row = row(database) else { return .noDatabase(server: server, database: database) }
    let isConnected = row.boolean("connected") ?? false
    switch row.string("model") {
    case "clustered":
      guard isConnected else { return .notInCluster(server: server, database: database) }
      if leadership == .leader, row.boolean("leader") != true {
        return .notLeader(server: server, database: database)
      }
      if let index = row.integer("index"), index < minimum {
        return .outdated(server: server, database: database)
      }
    case "relay":
      guard isConnected else { return .notInCluster(server: server, database: database) }
    default: break
    }
    return nil
  }
}

/// How a server is asked to tell of changes, best first.
package enum MonitorMethod: String, Hashable, Sendable {
  /// Open vSwitch 2.12: may go on where another connection ended.
  case since = "monitor_cond_since"
  /// Open vSwitch 2.6: conditions, differences.
  case conditional = "monitor_cond"
  /// RFC 7047 section 4.1.5.
  case rfc = "monitor"

  var older: MonitorMethod? {
    switch self {
    case .since: .conditional
    case .conditional: .rfc
    case .rfc: nil
    }
  }

  var format: Replica.Format { self == .rfc ? .rfc : .differences }
}

/// One monitor, over any number of connections.
package struct MonitorState: Sendable {
  enum Phase: Hashable, Sendable {
    /// Not asked for on this connection.
    case idle
    /// Asked for; the contents have not come.
    case requested
    /// Updates come.
    case running
  }

  var tables: [MonitoredTable]
  var phase = Phase.idle
  /// The tables and columns that this database has of those that were asked for.
  var schema: [String: TableSchema] = [:]
  package internal(set) var missing: [String] = []
  package internal(set) var replica = Replica()
  /// The last transaction that is in the replica; nil when no server told, or when it would mislead.
  var transaction: RowID?
  package internal(set) var sequence: UInt64 = 0
  /// Changes of conditions that the server has not acknowledged.
  var openConditions = 0

  init(tables: [MonitoredTable]) { self.tables = tables }

  /// Whether the first contents have come.
  package var hasContents: Bool { sequence > 0 }
  package var isCurrent: Bool { phase == .running }

  mutating func connectionEnded() {
    phase = .idle
    // The replica may stand between two sets of conditions: only all of it helps then.
    if openConditions > 0 { transaction = nil }
    openConditions = 0
  }

  /// Finds out what of the tables there is.
  mutating func adapt(to database: DatabaseSchema) {
    missing = []
    schema = [:]
    for table in tables {
      guard let known = database.tables[table.table] else {
        missing.append(table.table)
        continue
      }
      var columns = known.columns.filter { !$0.key.hasPrefix("_") }
      if let wanted = table.columns {
        missing += wanted.filter { columns[$0] == nil }.map { "\(table.table).\($0)" }
        columns = columns.filter { wanted.contains($0.key) }
      }
      schema[table.table] = TableSchema(columns: columns)
    }
  }

  /// `<monitor-cond-requests>`, or `<monitor-requests>` with the oldest method.
  func requests(_ method: MonitorMethod) -> JSONValue {
    .object(
      tables.compactMap { table in
        guard let columns = schema[table.table]?.columns.keys.sorted() else { return nil }
        var request = [JSONMember("columns", .array(columns.map { .string($0) }))]
        if method != .rfc, !table.anyOf.isEmpty {
          request.append(JSONMember("where", .array(table.anyOf.map(\.json))))
        }
        return JSONMember(table.table, .array([.object(request)]))
      })
  }

  /// The next batch.
  mutating func batch(_ kind: ChangeBatch.Kind, _ changes: [RowChange]) -> ChangeBatch {
    sequence += 1
    return ChangeBatch(kind: kind, sequence: sequence, transaction: transaction, changes: changes)
  }

  var snapshot: DatabaseSnapshot {
    var tables = replica.tables
    for table in schema.keys where tables[table] == nil { tables[table] = [:] }
    return DatabaseSnapshot(tables: tables, sequence: sequence, isCurrent: isCurrent, missing: missing)
  }
}

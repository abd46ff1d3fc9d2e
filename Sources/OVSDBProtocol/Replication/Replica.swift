/// A copy of some tables, kept by the updates of a monitor. An update that does not fit changes nothing.
package struct Replica: Sendable {
  package private(set) var tables: [String: [RowID: Row]] = [:]

  package init() {}

  /// How updates look.
  package enum Format: Hashable, Sendable {
    /// `<table-updates>`: whole rows, old and new (RFC 7047 section 4.1.6).
    case rfc
    /// `<table-updates2>`: differences (ovsdb-server(7), section 4.1.14).
    case differences
  }

  /// Applies what changed.
  /// - Parameter schema: the tables and columns that are monitored.
  package mutating func apply(
    _ updates: JSONValue, format: Format, schema: [String: TableSchema]
  ) throws(MalformedMessage) -> [RowChange] {
    var changes: [RowChange] = []
    guard let members = updates.members else { throw MalformedMessage("no updates of tables", updates) }
    var seenTables: Set<String> = []
    for table in members {
      guard let columns = schema[table.name] else {
        throw MalformedMessage("an update of table \(table.name), which is not monitored")
      }
      guard seenTables.insert(table.name).inserted else { throw MalformedMessage("table \(table.name) twice") }
      guard let rows = table.value.members else { throw MalformedMessage("no updates of rows", table.value) }
      let blank = columns.columns.mapValues(\.initial)
      let known = tables[table.name] ?? [:]
      var seen: Set<RowID> = Set(minimumCapacity: rows.count)
      changes.reserveCapacity(changes.count + rows.count)
      for row in rows {
        guard let id = RowID(row.name), seen.insert(id).inserted else {
          throw MalformedMessage("row '\(row.name)' of \(table.name) is no UUID, or there twice")
        }
        let old = known[id]
        let new: Row?
        do throws(MalformedMessage) {
          switch format {
          case .rfc: new = try Self.rfc(row.value, schema: columns)
          case .differences: new = try Self.difference(row.value, old: old, schema: columns, blank: blank)
          }
        } catch {
          throw MalformedMessage("row \(id) of \(table.name): \(error)")
        }
        if old != new { changes.append(RowChange(table: table.name, id: id, old: old, new: new)) }
      }
    }
    for change in changes { tables[change.table, default: [:]][change.id] = change.new }
    return changes
  }

  /// Takes everything that there is, and says what is different from before.
  package mutating func replace(
    _ contents: JSONValue, format: Format, schema: [String: TableSchema]
  ) throws(MalformedMessage) -> [RowChange] {
    var fresh = Replica()
    var changes = try fresh.apply(contents, format: format, schema: schema)
    for index in changes.indices { changes[index].old = tables[changes[index].table]?[changes[index].id] }
    changes.removeAll { $0.old == $0.new }
    for (table, rows) in tables {
      for (id, row) in rows where fresh.tables[table]?[id] == nil {
        changes.append(RowChange(table: table, id: id, old: row, new: nil))
      }
    }
    self = fresh
    return changes
  }

  /// The row behind a `<row-update>`: its `new` is all of it.
  private static func rfc(_ update: JSONValue, schema: TableSchema) throws(MalformedMessage) -> Row? {
    if let new = update["new"], new != .null { return try Row(new, schema: schema) }
    guard let old = update["old"], old.members != nil else { throw MalformedMessage("no update of a row", update) }
    return nil
  }

  /// The row behind a `<row-update2>`.
  private static func difference(
    _ update: JSONValue, old: Row?, schema: TableSchema, blank: [String: Datum]
  ) throws(MalformedMessage) -> Row? {
    guard let members = update.members, members.count == 1, let member = members.first else {
      throw MalformedMessage("no update of a row", update)
    }
    switch member.name {
    case "initial", "insert":
      // Columns that hold their type's initial value are left out.
      let row = try Row(member.value, schema: schema)
      return row.columns.count == blank.count ? row : Row(blank.merging(row.columns) { _, new in new })
    case "delete": return nil
    case "modify":
      guard var row = old else { throw MalformedMessage("changes of a row that was never there") }
      for (column, value) in try Row(member.value, schema: schema).columns {
        guard let type = schema.columns[column] else { continue }
        row.columns[column] = (row.columns[column] ?? type.initial).applying(value, type: type)
      }
      return row
    default: throw MalformedMessage("no update of a row", update)
    }
  }
}

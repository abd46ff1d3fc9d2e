/// What happened to a row: it came (`old` is nil), went (`new` is nil) or changed.
public struct RowChange: Hashable, Sendable {
  public var table: String
  public var id: RowID
  public var old: Row?
  public var new: Row?

  public init(table: String, id: RowID, old: Row?, new: Row?) {
    self.table = table
    self.id = id
    self.old = old
    self.new = new
  }

  public enum Kind: Hashable, Sendable { case inserted, modified, deleted }

  public var kind: Kind { old == nil ? .inserted : new == nil ? .deleted : .modified }

  /// Whether the column has another value than before; true for rows that came or went.
  public func changes(_ column: String) -> Bool { kind != .modified || old?[column] != new?[column] }
}

/// Changes that belong together: no state between them was ever in the database.
public struct ChangeBatch: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Everything that was there when the monitor began, as rows that came.
    case initial
    /// What one transaction (or some) did.
    case update
    /// What was missed while there was no connection, sent by the server as such.
    case resumed
    /// The same, found by comparing all that the server has with what was known.
    case reloaded
    /// Several batches in one, because nobody took them in time.
    case merged
  }

  public var kind: Kind
  /// Counts the batches of a monitor from 1.
  public var sequence: UInt64
  /// The transaction up to which this goes, on servers that tell (`monitor_cond_since` on a cluster).
  public var transaction: RowID?
  /// At most one for a row.
  public var changes: [RowChange]

  public init(kind: Kind, sequence: UInt64, transaction: RowID?, changes: [RowChange]) {
    self.kind = kind
    self.sequence = sequence
    self.transaction = transaction
    self.changes = changes
  }

  private struct Key: Hashable {
    var table: String
    var id: RowID
  }

  /// This one and the next as one: from the first state to the last.
  package mutating func merge(_ next: ChangeBatch) {
    var places: [Key: Int] = Dictionary(minimumCapacity: changes.count)
    for (index, change) in changes.enumerated() { places[Key(table: change.table, id: change.id)] = index }
    for change in next.changes {
      if let index = places[Key(table: change.table, id: change.id)] {
        changes[index].new = change.new
      } else {
        changes.append(change)
      }
    }
    // What came and went again, or is as it was, is no change.
    changes.removeAll { $0.old == $0.new }
    kind = kind == .initial ? .initial : .merged
    sequence = next.sequence
    transaction = next.transaction
  }
}

/// A copy of monitored tables at one moment.
public struct DatabaseSnapshot: Hashable, Sendable {
  public var tables: [String: [RowID: Row]]
  /// Of the last batch that is in it.
  public var sequence: UInt64
  /// Whether the connection stood then, so that nothing is missing.
  public var isCurrent: Bool
  /// Tables (`BFD`) and columns (`BFD.status`) that were asked for and that this database does not have.
  public var missing: [String]

  public init(tables: [String: [RowID: Row]], sequence: UInt64, isCurrent: Bool, missing: [String]) {
    self.tables = tables
    self.sequence = sequence
    self.isCurrent = isCurrent
    self.missing = missing
  }

  /// The rows of a table as a type, in the order of their ids.
  /// - Throws: `RowDecodingError` for the first row that does not fit.
  public func rows<R: OVSDBRow>(_ type: R.Type) throws(RowDecodingError) -> [R] {
    var result: [R] = []
    for (id, row) in (tables[R.table] ?? [:]).sorted(by: { $0.key < $1.key }) {
      result.append(try R(row, id: id))
    }
    return result
  }
}

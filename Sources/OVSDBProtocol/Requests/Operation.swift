/// A step of a transaction (RFC 7047 section 5.2). All conditions of a `where` must hold; none means every row.
public enum Operation: Hashable, Sendable {
  /// - `columns`: nil for all.
  case select(table: String, where: [Condition] = [], columns: [String]? = nil)
  /// - `name`: by which other steps of the transaction may refer to the row (`Datum.named`): a letter or `_`, then letters,
  ///   digits and `_`.
  /// - `id`: the row's own; nil for a new one. Needs Open vSwitch 2.17 (ovsdb-server(7), section 5.2.1): older servers
  ///   refuse it as a syntax error.
  case insert(table: String, row: Row, name: String? = nil, id: RowID? = nil)
  case update(table: String, where: [Condition], row: Row)
  case mutate(table: String, where: [Condition], mutations: [Mutation])
  case delete(table: String, where: [Condition])
  /// Holds the transaction until the rows that match are (`isEqual`) or are not these; it fails with `timedOut` after
  /// `timeout` milliseconds. With 0 it is an assertion about what the database holds now.
  case wait(
    table: String, where: [Condition], columns: [String], isEqual: Bool, rows: [Row], timeout: Int64 = 0)
  /// Goes into the server's log with the transaction.
  case comment(String)
  /// Makes the transaction fail: to try one out.
  case abort

  /// What it is called, for messages.
  public var name: String {
    switch self {
    case .select: "select"
    case .insert: "insert"
    case .update: "update"
    case .mutate: "mutate"
    case .delete: "delete"
    case .wait: "wait"
    case .comment: "comment"
    case .abort: "abort"
    }
  }

  public var table: String? {
    switch self {
    case .select(let table, _, _), .insert(let table, _, _, _), .update(let table, _, _), .mutate(let table, _, _),
      .delete(let table, _), .wait(let table, _, _, _, _, _):
      table
    case .comment, .abort: nil
    }
  }

  package var json: JSONValue {
    var members = [JSONMember("op", .string(name))]
    if let table { members.append(JSONMember("table", .string(table))) }
    func add(_ name: String, _ value: JSONValue) { members.append(JSONMember(name, value)) }
    func add(where conditions: [Condition]) { add("where", .array(conditions.map(\.json))) }
    switch self {
    case .select(_, let conditions, let columns):
      add(where: conditions)
      if let columns { add("columns", .array(columns.map { .string($0) })) }
    case .insert(_, let row, let name, let id):
      add("row", row.json)
      if let name { add("uuid-name", .string(name)) }
      if let id { add("uuid", .string(id.description)) }
    case .update(_, let conditions, let row):
      add(where: conditions)
      add("row", row.json)
    case .mutate(_, let conditions, let mutations):
      add(where: conditions)
      add("mutations", .array(mutations.map(\.json)))
    case .delete(_, let conditions): add(where: conditions)
    case .wait(_, let conditions, let columns, let isEqual, let rows, let timeout):
      add(where: conditions)
      add("columns", .array(columns.map { .string($0) }))
      add("until", .string(isEqual ? "==" : "!="))
      add("rows", .array(rows.map(\.json)))
      add("timeout", .integer(timeout))
    case .comment(let text): add("comment", .string(text))
    case .abort: break
    }
    return .object(members)
  }
}

/// What a step did.
public enum OperationResult: Hashable, Sendable {
  /// select: the rows. Types are as on the wire: a real that is a whole number may be an integer.
  case rows([SelectedRow])
  /// insert: the new row.
  case inserted(RowID)
  /// update, mutate, delete: how many rows.
  case count(Int)
  /// wait, comment.
  case done

  /// A row that a select gave; its id is nil when `columns` left `_uuid` out.
  public struct SelectedRow: Hashable, Sendable {
    public var id: RowID?
    public var row: Row
  }

  /// The rows of a select; empty for others.
  public var rows: [SelectedRow] { if case .rows(let rows) = self { rows } else { [] } }
  /// The new row of an insert.
  public var inserted: RowID? { if case .inserted(let id) = self { id } else { nil } }
  public var count: Int? { if case .count(let count) = self { count } else { nil } }

  init(_ json: JSONValue, of operation: Operation) throws(MalformedMessage) {
    switch operation {
    case .select:
      guard let rows = json["rows"]?.array else { throw MalformedMessage("no rows for a select", json) }
      var selected: [SelectedRow] = []
      for row in rows {
        var row = try Row(row, schema: nil)
        var id: RowID?
        if case .atom(.uuid(let own)) = row.columns.removeValue(forKey: "_uuid") { id = own }
        row.columns["_version"] = nil
        selected.append(SelectedRow(id: id, row: row))
      }
      self = .rows(selected)
    case .insert:
      guard let pair = json["uuid"], case .uuid(let id) = try Atom(pair, as: .uuid) else {
        throw MalformedMessage("no uuid for an insert", json)
      }
      self = .inserted(id)
    case .update, .mutate, .delete:
      guard let count = json["count"]?.integer else {
        throw MalformedMessage("no count for \(operation.name)", json)
      }
      self = .count(Int(clamping: count))
    case .wait, .comment, .abort: self = .done
    }
  }

  /// The answer to `transact`: a result for each step, or the first failure.
  package static func all(
    _ json: JSONValue, of operations: [Operation]
  ) throws(OVSDBError) -> [OperationResult] {
    guard let items = json.array else {
      throw .malformed(server: "", "no results of a transaction: \(json.excerpt())")
    }
    for (index, item) in items.enumerated() {
      // A result behind those of all steps is an error at the commit.
      if let error = item["error"], error != .null {
        throw .transaction(
          TransactionFailure(ServerError(item), step: index < operations.count ? index : nil, of: operations))
      }
    }
    guard items.count >= operations.count else {
      throw .malformed(server: "", "\(items.count) results for \(operations.count) operations")
    }
    var results: [OperationResult] = []
    do throws(MalformedMessage) {
      for (operation, item) in zip(operations, items) { results.append(try OperationResult(item, of: operation)) }
    } catch {
      throw .malformed(server: "", error.description)
    }
    return results
  }
}

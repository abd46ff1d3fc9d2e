/// A row, as far as its columns are known here.
public struct Row: Hashable, Sendable {
  public var columns: [String: Datum]

  public init(_ columns: [String: Datum] = [:]) { self.columns = columns }

  public subscript(_ column: String) -> Datum? { columns[column] }

  /// The value of a column that holds one string; nil when it holds something else or nothing.
  public func string(_ column: String) -> String? {
    if case .atom(.string(let text)) = columns[column] { text } else { nil }
  }

  public func integer(_ column: String) -> Int64? {
    if case .atom(.integer(let value)) = columns[column] { value } else { nil }
  }

  public func boolean(_ column: String) -> Bool? {
    if case .atom(.boolean(let value)) = columns[column] { value } else { nil }
  }

  /// The value of a key in a column that maps strings to strings.
  public func string(_ column: String, key: String) -> String? {
    guard case .map(let map) = columns[column], case .string(let text) = map[.string(key)] else { return nil }
    return text
  }

  /// The rows that a column names.
  public func references(_ column: String) -> [RowID] {
    (columns[column]?.atoms ?? []).compactMap { if case .uuid(let id) = $0 { id } else { nil } }
  }

  /// The columns of a `<row>`.
  /// - Parameters:
  ///   - schema: of the table; nil takes what comes. Columns that it does not have are an error.
  init(_ json: JSONValue, schema: TableSchema?) throws(MalformedMessage) {
    guard let members = json.members else { throw MalformedMessage("no row", json) }
    var columns: [String: Datum] = Dictionary(minimumCapacity: members.count)
    for member in members {
      if let schema {
        if member.name.hasPrefix("_") { continue }  // _version, on servers that send it unasked
        guard let index = schema.columns.index(forKey: member.name) else {
          throw MalformedMessage("a column that the schema does not have: \(member.name)")
        }
        // The schema's own name, so that rows share its storage.
        let (name, type) = schema.columns[index]
        do throws(MalformedMessage) { columns[name] = try Datum(member.value, as: type) } catch {
          throw MalformedMessage("column \(name): \(error)")
        }
      } else {
        columns[member.name] = try Datum(member.value, as: nil)
      }
    }
    self.init(columns)
  }

  package var json: JSONValue {
    .object(columns.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value.json) })
  }
}

/// The basic types (RFC 7047 section 3.2, `<atomic-type>`).
public enum AtomicType: String, Hashable, Sendable {
  case integer, real, boolean, string, uuid

  /// What a column holds that nobody has written (RFC 7047 section 5.2.1).
  var initial: Atom {
    switch self {
    case .integer: .integer(0)
    case .real: .real(0)
    case .boolean: .boolean(false)
    case .string: .string("")
    case .uuid: .uuid(.zero)
    }
  }
}

/// The type of a column (RFC 7047 section 3.2, `<type>`).
public struct ColumnType: Hashable, Sendable {
  public var key: AtomicType
  /// Of a map's values; nil when it is no map.
  public var value: AtomicType?
  /// How many elements or pairs there must be: 0 or 1.
  public var minimum: Int
  /// How many there may be; nil for any number.
  public var maximum: Int?

  public init(_ key: AtomicType, value: AtomicType? = nil, minimum: Int = 1, maximum: Int? = 1) {
    self.key = key
    self.value = value
    self.minimum = minimum
    self.maximum = maximum
  }

  /// One value, or one that may be missing: the server sends it whole when it changes, not as a difference.
  var isSingle: Bool { maximum == 1 }

  /// What servers leave out of new rows.
  package var initial: Datum {
    if let value { return minimum == 0 ? .map([:]) : .map([key.initial: value.initial]) }
    return minimum == 0 ? .empty : .atom(key.initial)
  }

  init(_ json: JSONValue) throws(MalformedMessage) {
    guard let key = json["key"] else {
      self.init(try Self.base(json))
      return
    }
    self.init(try Self.base(key))
    if let value = json["value"] { self.value = try Self.base(value) }
    minimum = Int(clamping: json["min"]?.integer ?? 1)
    switch json["max"] {
    case nil: maximum = 1
    case .string("unlimited"): maximum = nil
    case .integer(let count): maximum = Int(clamping: count)
    case .some(let other): throw MalformedMessage("no maximum of a type", other)
    }
  }

  /// `<base-type>`: a name, or an object with one and constraints.
  private static func base(_ json: JSONValue) throws(MalformedMessage) -> AtomicType {
    guard let name = json.string ?? json["type"]?.string, let type = AtomicType(rawValue: name) else {
      throw MalformedMessage("no type that is known", json)
    }
    return type
  }
}

/// The columns of a table.
public struct TableSchema: Hashable, Sendable {
  public var columns: [String: ColumnType]

  public init(columns: [String: ColumnType]) { self.columns = columns }
}

/// What tables a database has (RFC 7047 section 3.2, `<database-schema>`).
public struct DatabaseSchema: Hashable, Sendable {
  public var name: String
  /// Such as `8.3.1`.
  public var version: String
  public var tables: [String: TableSchema]

  public init(name: String, version: String = "", tables: [String: TableSchema]) {
    self.name = name
    self.version = version
    self.tables = tables
  }

  /// From the answer to `get_schema`, or a schema file.
  package init(_ json: JSONValue) throws(MalformedMessage) {
    guard let name = json["name"]?.string, let tables = json["tables"]?.members else {
      throw MalformedMessage("no database schema", json)
    }
    self.init(name: name, version: json["version"]?.string ?? "", tables: [:])
    for table in tables {
      guard let columns = table.value["columns"]?.members else {
        throw MalformedMessage("table \(table.name) has no columns", table.value)
      }
      var schema = TableSchema(columns: Dictionary(minimumCapacity: columns.count))
      for column in columns {
        guard let type = column.value["type"] else {
          throw MalformedMessage("column \(table.name).\(column.name) has no type", column.value)
        }
        schema.columns[column.name] = try ColumnType(type)
      }
      self.tables[table.name] = schema
    }
  }
}

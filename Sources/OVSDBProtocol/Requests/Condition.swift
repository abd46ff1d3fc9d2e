/// A comparison of a column (RFC 7047 section 5.1, `<condition>`).
public struct Condition: Hashable, Sendable {
  public enum Function: String, Hashable, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case equal = "=="
    case unequal = "!="
    case greaterOrEqual = ">="
    case greater = ">"
    /// Has all of these elements or pairs.
    case includes
    /// Has none of them.
    case excludes
  }

  public var column: String
  public var function: Function
  public var value: Datum

  public init(_ column: String, _ function: Function, _ value: Datum) {
    self.column = column
    self.function = function
    self.value = value
  }

  /// The row with this id.
  public static func id(_ id: RowID) -> Condition { Condition("_uuid", .equal, .row(id)) }

  var json: JSONValue { .array([.string(column), .string(function.rawValue), value.json]) }
}

/// A change of a column that depends on what it holds (RFC 7047 section 5.1, `<mutation>`).
public struct Mutation: Hashable, Sendable {
  public enum Mutator: String, Hashable, Sendable {
    case add = "+="
    case subtract = "-="
    case multiply = "*="
    case divide = "/="
    case remainder = "%="
    /// Elements into a set, pairs into a map; a key that is there keeps its value.
    case insert
    /// Elements out of a set, pairs or keys out of a map.
    case delete
  }

  public var column: String
  public var mutator: Mutator
  public var value: Datum

  public init(_ column: String, _ mutator: Mutator, _ value: Datum) {
    self.column = column
    self.mutator = mutator
    self.value = value
  }

  var json: JSONValue { .array([.string(column), .string(mutator.rawValue), value.json]) }
}

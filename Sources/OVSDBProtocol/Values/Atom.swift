/// One value of a basic type (RFC 7047 section 5.1, `<atom>`).
public enum Atom: Hashable, Sendable {
  case integer(Int64)
  case real(Double)
  case boolean(Bool)
  case string(String)
  case uuid(RowID)
  /// The row that an insert of the same transaction gave this name: in requests only.
  case namedUUID(String)

  /// Of a type, for messages.
  public var typeName: String {
    switch self {
    case .integer: "integer"
    case .real: "real"
    case .boolean: "boolean"
    case .string: "string"
    case .uuid: "uuid"
    case .namedUUID: "named-uuid"
    }
  }

  /// - Parameter type: what the column holds; nil takes what comes.
  package init(_ json: JSONValue, as type: AtomicType?) throws(MalformedMessage) {
    switch (json, type) {
    case (.integer(let value), .real): self = .real(Double(value))
    case (.integer(let value), .integer), (.integer(let value), nil): self = .integer(value)
    case (.real(let value), .real), (.real(let value), nil): self = .real(value)
    case (.boolean(let value), .boolean), (.boolean(let value), nil): self = .boolean(value)
    case (.string(let value), .string), (.string(let value), nil): self = .string(value)
    case (.array(let pair), .uuid), (.array(let pair), nil):
      guard pair.count == 2, let text = pair[1].string else { fallthrough }
      if pair[0] == .string("uuid"), let id = RowID(text) {
        self = .uuid(id)
        return
      }
      guard pair[0] == .string("named-uuid") else { fallthrough }
      self = .namedUUID(text)
    default: throw MalformedMessage("expected a value of type \(type?.rawValue ?? "of OVSDB")", json)
    }
  }

  package var json: JSONValue {
    switch self {
    case .integer(let value): .integer(value)
    case .real(let value): .real(value)
    case .boolean(let value): .boolean(value)
    case .string(let value): .string(value)
    case .uuid(let id): .array([.string("uuid"), .string(id.description)])
    case .namedUUID(let name): .array([.string("named-uuid"), .string(name)])
    }
  }
}

extension Atom: Comparable {
  /// Within a type by value; types among each other in the order of their cases. Only so that sets have one order.
  public static func < (a: Atom, b: Atom) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.real(let a), .real(let b)): a < b
    case (.boolean(let a), .boolean(let b)): !a && b
    case (.string(let a), .string(let b)): a < b
    case (.uuid(let a), .uuid(let b)): a < b
    case (.namedUUID(let a), .namedUUID(let b)): a < b
    default: a.rank < b.rank
    }
  }

  private var rank: Int {
    switch self {
    case .integer: 0
    case .real: 1
    case .boolean: 2
    case .string: 3
    case .uuid: 4
    case .namedUUID: 5
    }
  }
}

extension Atom: CustomStringConvertible {
  /// As ovs-vsctl prints it, strings in quotes.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .uuid(let id): "\(id)"
    case .namedUUID(let name): "@\(name)"
    }
  }
}

extension Atom: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(floatLiteral value: Double) { self = .real(value) }
}

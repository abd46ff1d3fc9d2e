/// A JSON value, numbers split into integers and reals as OVSDB does (RFC 7047 section 3.1).
package enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  /// Finite: JSON knows no other.
  case real(Double)
  case string(String)
  case array([JSONValue])
  /// In the order in which they were written; a name may come twice.
  case object([JSONMember])

  /// The first member of this name, when this is an object.
  package subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
  package var members: [JSONMember]? { if case .object(let members) = self { members } else { nil } }

  /// An object; members in the order given.
  package static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { JSONMember($0.key, $0.value) })
  }

  /// As JSON text, at most `limit` characters of it: for messages to people.
  package func excerpt(_ limit: Int = 120) -> String {
    var octets: [UInt8] = []
    JSONWriter.write(self, into: &octets)
    let text = String(decoding: octets.prefix(limit * 4), as: UTF8.self)
    return text.count > limit ? text.prefix(limit) + "..." : text
  }
}

/// A member of an object.
package struct JSONMember: Hashable, Sendable {
  package var name: String
  package var value: JSONValue

  package init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

/// Why octets are no JSON, and where.
package struct JSONProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// In octets from the beginning of the message.
  package var offset: Int
  package var message: String

  package init(_ message: String, at offset: Int) {
    self.offset = offset
    self.message = message
  }

  package var description: String { "\(message) at octet \(offset)" }
}

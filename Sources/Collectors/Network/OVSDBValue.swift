import FoundationEssentials

/// A JSON value as OVSDB speaks it (RFC 7047 section 5.1).
enum OVSDBValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case string(String)
  case array([OVSDBValue])
  case object([String: OVSDBValue])

  subscript(key: String) -> OVSDBValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  var array: [OVSDBValue]? { if case .array(let values) = self { values } else { nil } }
  /// A set of at most one counts as its member, as OVSDB writes an optional column.
  var string: String? { if case .string(let text) = single { text } else { nil } }
  var integer: Int? { if case .integer(let number) = single { number } else { nil } }

  private var single: OVSDBValue {
    if case .array(let pair) = self, pair.count == 2, pair[0] == .string("set"), let only = pair[1].array,
      only.count == 1
    {
      return only[0]
    }
    return self
  }

  /// `["uuid", "..."]`.
  var uuid: String? {
    guard let pair = array, pair.count == 2, pair[0] == .string("uuid") else { return nil }
    return pair[1].string
  }

  /// `["set", [...]]`, or the one member itself.
  var set: [OVSDBValue] {
    guard let pair = array, pair.count == 2, pair[0] == .string("set") else { return [self] }
    return pair[1].array ?? []
  }

  /// `["map", [[key, value], ...]]`, of strings.
  var map: [String: String] {
    guard let pair = array, pair.count == 2, pair[0] == .string("map") else { return [:] }
    var result: [String: String] = [:]
    for entry in pair[1].array ?? [] {
      if let both = entry.array, both.count == 2, let key = both[0].string { result[key] = both[1].string }
    }
    return result
  }

  static func map(_ values: [String: String]) -> OVSDBValue {
    let entries = values.sorted { $0.key < $1.key }.map { OVSDBValue.array([.string($0.key), .string($0.value)]) }
    return .array([.string("map"), .array(entries)])
  }
}

extension OVSDBValue: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let values = try? container.decode([OVSDBValue].self) {
      self = .array(values)
    } else if let members = try? container.decode([String: OVSDBValue].self) {
      self = .object(members)
    } else if let number = try? container.decode(Int.self) {
      self = .integer(number)
    } else if let number = try? container.decode(Double.self) {
      self = .real(number)
    } else if let flag = try? container.decode(Bool.self) {
      self = .bool(flag)
    } else {
      self = .null
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let flag): try container.encode(flag)
    case .integer(let number): try container.encode(number)
    case .real(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }
}

/// Finds the end of the first JSON object in a stream, without reading it.
struct OVSDBFraming {
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  /// - Returns: how many of these octets belong to the object that began with the first fed; nil when it goes on.
  mutating func end(in octets: ArraySlice<UInt8>) -> Int? {
    for (offset, octet) in octets.enumerated() {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if octet == UInt8(ascii: "\\") {
          isEscaped = true
        } else if octet == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch octet {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth <= 0 { return offset + 1 }
      default: break
      }
    }
    return nil
  }
}

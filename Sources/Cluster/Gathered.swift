/// What a collector brought: a value, or why it could not look. Nothing is ever passed over in silence.
public enum Gathered<Value: Codable & Hashable & Sendable>: Hashable, Sendable {
  case value(Value)
  /// One phrase: what was missing, with errno's words: `/proc/1/mountinfo: Permission denied`.
  case unavailable(String)

  public var value: Value? {
    if case .value(let value) = self { value } else { nil }
  }

  public var reason: String? {
    if case .unavailable(let reason) = self { reason } else { nil }
  }
}

extension Gathered {
  /// Nobody looked.
  public static var notAsked: Gathered { .unavailable("not looked at") }
}

/// `{"value": ...}` or `{"unavailable": "..."}`.
extension Gathered: Codable {
  private enum CodingKeys: String, CodingKey {
    case value, unavailable
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let reason = try container.decodeIfPresent(String.self, forKey: .unavailable) {
      self = .unavailable(reason)
    } else {
      self = .value(try container.decode(Value.self, forKey: .value))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .value(let value): try container.encode(value, forKey: .value)
    case .unavailable(let reason): try container.encode(reason, forKey: .unavailable)
    }
  }
}

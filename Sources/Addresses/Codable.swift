// In JSON an address is its text, as people write it.

extension Decoder {
  fileprivate func text<T>(_ type: T.Type, _ parse: (String) -> T?) throws -> T {
    let container = try singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = parse(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no \(type)")
    }
    return value
  }
}

extension Encoder {
  fileprivate func put(_ text: String) throws {
    var container = singleValueContainer()
    try container.encode(text)
  }
}

extension IPAddress: Codable {
  public init(from decoder: any Decoder) throws { self = try decoder.text(Self.self) { Self($0) } }
  public func encode(to encoder: any Encoder) throws { try encoder.put(description) }
}

extension IPPrefix: Codable {
  public init(from decoder: any Decoder) throws { self = try decoder.text(Self.self) { Self($0) } }
  public func encode(to encoder: any Encoder) throws { try encoder.put(description) }
}

extension MACAddress: Codable {
  public init(from decoder: any Decoder) throws { self = try decoder.text(Self.self) { Self($0) } }
  public func encode(to encoder: any Encoder) throws { try encoder.put(description) }
}

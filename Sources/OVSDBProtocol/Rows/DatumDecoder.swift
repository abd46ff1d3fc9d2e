/// Decodes what one column holds.
struct DatumDecoder: Decoder {
  let datum: Datum
  let place: RowPlace
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    if type == RowID.self {
      guard case .atom(.uuid(let id)) = datum, let id = id as? T else { throw mismatch(type) }
      return id
    }
    do { return try T(from: self) } catch let error as DecodingError { throw place.error(error) }
  }

  func mismatch(_ type: any Any.Type) -> RowDecodingError {
    var found = datum.kind
    if case .atom(let atom) = datum { found += " (\(atom))" }
    return place.error(expected: "\(type)", found: found)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .map(let map) = datum else { throw mismatch([String: String].self) }
    return KeyedDecodingContainer(MapContainer<Key>(map: map, place: place))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    if case .map = datum { throw mismatch([String].self) }
    return SetContainer(atoms: datum.atoms, place: place)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { AtomContainer(decoder: self) }
}

/// One value.
struct AtomContainer: SingleValueDecodingContainer {
  let decoder: DatumDecoder
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { decoder.datum == .empty }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .atom(.boolean(let value)) = decoder.datum else { throw decoder.mismatch(type) }
    return value
  }

  func decode(_ type: String.Type) throws -> String {
    switch decoder.datum {
    case .atom(.string(let text)): return text
    case .atom(.uuid(let id)): return id.description
    default: throw decoder.mismatch(type)
    }
  }

  func decode(_ type: Double.Type) throws -> Double {
    switch decoder.datum {
    case .atom(.real(let value)): return value
    case .atom(.integer(let value)): return Double(value)
    default: throw decoder.mismatch(type)
    }
  }

  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }

  private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    guard case .atom(.integer(let value)) = decoder.datum, let value = T(exactly: value) else {
      throw decoder.mismatch(type)
    }
    return value
  }

  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(type) }
}

/// A set, in its order.
struct SetContainer: UnkeyedDecodingContainer {
  let atoms: [Atom]
  let place: RowPlace
  var codingPath: [any CodingKey] { [] }
  var currentIndex = 0
  var count: Int? { atoms.count }
  var isAtEnd: Bool { currentIndex >= atoms.count }

  init(atoms: [Atom], place: RowPlace) {
    self.atoms = atoms
    self.place = place
  }

  mutating func decodeNil() -> Bool { false }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

  private mutating func next() throws -> DatumDecoder {
    guard !isAtEnd else { throw place.error(expected: "another element", found: "the end of the set") }
    defer { currentIndex += 1 }
    return DatumDecoder(datum: .atom(atoms[currentIndex]), place: place)
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> { try next().container(keyedBy: type) }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

  mutating func superDecoder() throws -> any Decoder { try next() }
}

/// A map by its keys' text.
struct MapContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  private let values: [String: Atom]
  private let place: RowPlace
  var codingPath: [any CodingKey] { [] }

  init(map: [Atom: Atom], place: RowPlace) {
    self.place = place
    var values: [String: Atom] = Dictionary(minimumCapacity: map.count)
    for (key, value) in map { values[Self.text(key)] = value }
    self.values = values
  }

  private static func text(_ atom: Atom) -> String {
    if case .string(let text) = atom { text } else { atom.description }
  }

  var allKeys: [Key] { values.keys.compactMap { Key(stringValue: $0) } }
  func contains(_ key: Key) -> Bool { values[key.stringValue] != nil }
  func decodeNil(forKey key: Key) -> Bool { values[key.stringValue] == nil }

  private func decoder(_ key: Key) throws -> DatumDecoder {
    guard let value = values[key.stringValue] else {
      throw place.error(expected: "a key '\(key.stringValue)'", found: "none")
    }
    return DatumDecoder(datum: .atom(value), place: place)
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).decode(type) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> { try decoder(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { throw place.error(expected: "a value", found: "a map") }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

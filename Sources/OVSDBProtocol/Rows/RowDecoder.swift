/// Where a value stands: for errors.
struct RowPlace {
  var table: String
  var row: RowID?
  var column: String?

  func error(expected: String, found: String) -> RowDecodingError {
    RowDecodingError(table: table, row: row, column: column, expected: expected, found: found)
  }

  /// What the standard library says of enumerations and the like.
  func error(_ error: DecodingError) -> RowDecodingError {
    switch error {
    case .dataCorrupted(let context): self.error(expected: "another value", found: context.debugDescription)
    case .keyNotFound(let key, _): self.error(expected: "a key '\(key.stringValue)'", found: "none")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      self.error(expected: "\(type)", found: context.debugDescription)
    @unknown default: self.error(expected: "another value", found: "\(error)")
    }
  }
}

/// Decodes a whole row: its columns are the keys.
struct RowDecoder: Decoder {
  let row: Row
  let id: RowID?
  let place: RowPlace
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(row: Row, id: RowID?, table: String) {
    self.row = row
    self.id = id
    place = RowPlace(table: table, row: id)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(ColumnContainer<Key>(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw place.error(expected: "an array", found: "a row")
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    throw place.error(expected: "one value", found: "a row")
  }
}

struct ColumnContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: RowDecoder
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { decoder.row.columns.keys.compactMap { Key(stringValue: $0) } }

  private func find(_ key: Key) -> (column: String, datum: Datum)? {
    let name = key.stringValue
    if let datum = decoder.row.columns[name] { return (name, datum) }
    if let id = decoder.id, name == "uuid" || name == "_uuid" { return ("_uuid", .row(id)) }
    let column = snakeCase(name)
    return decoder.row.columns[column].map { (column, $0) }
  }

  func contains(_ key: Key) -> Bool { find(key) != nil }

  func decodeNil(forKey key: Key) -> Bool { find(key).map { $0.datum == .empty } ?? true }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    var place = decoder.place
    guard let (column, datum) = find(key) else {
      place.column = snakeCase(key.stringValue)
      throw place.error(expected: "\(type)", found: "no such column")
    }
    place.column = column
    return try DatumDecoder(datum: datum, place: place).decode(type)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    try superDecoder(forKey: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try superDecoder(forKey: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }

  func superDecoder(forKey key: Key) throws -> any Decoder {
    var place = decoder.place
    place.column = key.stringValue
    return DatumDecoder(datum: find(key)?.datum ?? .empty, place: place)
  }
}

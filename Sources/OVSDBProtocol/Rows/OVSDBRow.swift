/// A row as a Swift type.
///
///     struct Interface: OVSDBRow {
///       var uuid: RowID                    // the row's own id
///       var name: String
///       var ofport: Int?                   // a set of none or one
///       var externalIDs: [String: String]  // external_ids
///     }
///
/// A property is looked up under its own name, then in snake case. A column that the database does not have reads as
/// nil for an optional, and is an error otherwise. Types: `String`, `Bool`, `Double`, integers, `RowID`, enumerations of
/// strings, optionals, arrays and `Set`s of them, dictionaries.
public protocol OVSDBRow: Decodable, Sendable {
  /// The table's name; the type's, unless it says otherwise.
  static var table: String { get }
  /// Which columns to fetch; nil for all of them.
  static var columns: [String]? { get }
}

extension OVSDBRow {
  public static var table: String { "\(Self.self)" }
  public static var columns: [String]? { nil }

  /// - Throws: `RowDecodingError` with table, row, column and what was expected.
  public init(_ row: Row, id: RowID?) throws(RowDecodingError) {
    let decoder = RowDecoder(row: row, id: id, table: Self.table)
    do {
      self = try Self(from: decoder)
    } catch let error as RowDecodingError {
      throw error
    } catch let error as DecodingError {
      throw decoder.place.error(error)
    } catch {
      throw RowDecodingError(table: Self.table, row: id, column: nil, expected: "\(Self.self)", found: "\(error)")
    }
  }
}

/// A row that does not have the form that a type wants.
public struct RowDecodingError: Error, Hashable, Sendable, CustomStringConvertible {
  public var table: String
  public var row: RowID?
  /// nil when the whole row is meant.
  public var column: String?
  /// Such as `Int`.
  public var expected: String
  /// Such as `an empty set`.
  public var found: String

  public var description: String {
    let place = column.map { "\(table).\($0)" } ?? table
    let row = row.map { " of row \($0)" } ?? ""
    return "\(place)\(row): expected \(expected), found \(found)"
  }
}

extension RowID: Codable, CodingKeyRepresentable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// So that maps from rows decode as dictionaries.
  public var codingKey: any CodingKey { Key(stringValue: description) }
  public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = RowID(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no UUID"))
    }
    self = id
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// `externalIDs` as the schemas write it: `external_ids`.
package func snakeCase(_ name: String) -> String {
  let letters = Array(name)
  var result = ""
  for (index, letter) in letters.enumerated() {
    if letter.isUppercase, index > 0 {
      let follows = index + 1 < letters.count ? letters[index + 1] : nil
      // The s of `IDs` is a plural, no beginning of a word.
      let isPlural =
        follows == "s" && letters[index - 1].isUppercase
        && (index + 2 == letters.count || letters[index + 2].isUppercase)
      let endsAcronym = follows.map { $0.isLowercase } ?? false
      if !letters[index - 1].isUppercase || (endsAcronym && !isPlural) { result.append("_") }
    }
    result += letter.lowercased()
  }
  return result
}

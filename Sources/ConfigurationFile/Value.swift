import YAML

/// A node under decoding: it knows its field path and where to complain.
struct Value {
  var node: YAMLNode
  var field: String
  var report: Report
  /// Where the key stands, for a value that was left out.
  var keyPlace: Place?

  var place: Place {
    if node.isNull, let keyPlace { return keyPlace }
    return Place(node, field: field)
  }

  /// The text as a message shows it.
  var shown: String {
    switch node.content {
    case .scalar(let scalar): node.isNull ? "nothing" : SourceText.quoted(scalar.text)
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }

  func error(_ message: String, expected: String? = nil, help: @autoclosure () -> String? = nil) {
    if report.isFaulty(node) { return }
    report.error(message, at: place, expected: expected, help: help())
  }

  /// Says that the value has the wrong shape.
  func mismatch(_ expected: String, help: @autoclosure () -> String? = nil) {
    error(node.isNull ? "has no value" : "\(shown) is not what is expected here", expected: expected, help: help())
  }

  func located<T>(_ value: T) -> Located<T> { Located(value: value, place: place) }

  var isEmptyList: Bool {
    if case .sequence(let items) = node.content { items.isEmpty } else { false }
  }

  /// The scalar's text; nil after an error for lists, mappings and missing values.
  func text(_ expected: String) -> String? {
    guard let scalar = node.scalar, !node.isNull else {
      mismatch(expected)
      return nil
    }
    return scalar.text
  }

  /// The items of a list; nil after an error when it is none.
  func list(_ expected: String) -> [Value]? {
    guard case .sequence(let items) = node.content else {
      let help: String? =
        if case .scalar(let scalar) = node.content, !node.isNull, !scalar.text.isEmpty {
          "write it as a list: [\(SourceText.quoted(scalar.text))]"
        } else if case .mapping = node.content {
          "put `- ` before each item"
        } else {
          nil
        }
      mismatch(expected, help: help)
      return nil
    }
    return items.enumerated().map { index, item in
      Value(node: item, field: "\(field)[\(index)]", report: report)
    }
  }
}

/// A mapping under decoding. Unknown keys are reported when it is made.
struct Table {
  let value: Value
  private let entries: [String: YAMLEntry]
  /// Values for keys that are not written here: those of a profile.
  private var fallback: [String: Value] = [:]

  /// Nil after an error when the value is no mapping.
  init?(_ value: Value, _ section: Section) {
    guard case .mapping(let entries) = value.node.content else {
      value.mismatch("a mapping with the keys \(section.keys.joined(separator: ", "))")
      return nil
    }
    self.value = value
    for entry in entries where !section.keys.contains(entry.key) {
      value.report.error(
        "unknown key \(SourceText.quoted(entry.key))",
        at: Place(field: value.field, start: entry.keyStart, end: entry.keyEnd),
        expected: "one of \(section.keys.joined(separator: ", "))", help: section.help(for: entry.key))
    }
    // The YAML layer has refused keys that are written twice.
    self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// A mapping without values: every key is absent.
  init(emptyAt value: Value) {
    self.value = value
    entries = [:]
  }

  var place: Place { value.place }
  var keys: [String] { entries.values.sorted { $0.keyStart < $1.keyStart }.map(\.key) }

  /// This mapping, with what another one sets where this one is silent, as far as the section knows the key.
  func falling(backTo other: Table?, _ section: Section) -> Table {
    guard let other else { return self }
    var table = self
    for key in other.keys where section.keys.contains(key) { table.fallback[key] = other[key] }
    return table
  }

  /// The value of a key; nil when the key is absent.
  subscript(key: String) -> Value? {
    guard let entry = entries[key] else { return fallback[key] }
    return own(key, entry)
  }

  private func own(_ key: String, _ entry: YAMLEntry) -> Value {
    let field = value.field.isEmpty ? key : "\(value.field).\(key)"
    return Value(
      node: entry.value, field: field, report: value.report,
      keyPlace: Place(field: field, start: entry.keyStart, end: entry.keyEnd))
  }

  /// Where a key is written; the mapping's own place when it is absent.
  func keyPlace(_ key: String) -> Place { self[key]?.keyPlace ?? place }

  /// The value of a key that must be there; nil after an error.
  func required(_ key: String, _ expected: String, help: String? = nil) -> Value? {
    if let value = self[key] { return value }
    value.report.error("\(SourceText.quoted(key)) is missing", at: place, expected: expected, help: help)
    return nil
  }
}

/// A place in a text, both 1-based. Columns count Unicode scalars, as libyaml and most compilers do.
public struct YAMLPosition: Hashable, Sendable, Comparable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (a: Self, b: Self) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

extension YAMLPosition: CustomStringConvertible {
  public var description: String { "\(line):\(column)" }
}

/// A value of a YAML document that knows where it was written.
public struct YAMLNode: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    /// In the order of the text.
    case mapping([YAMLEntry])
  }

  public var content: Content
  /// Its first character. For a node that came in by an alias: where the anchored node was written.
  public var start: YAMLPosition
  /// Just after its last character; for block collections, where the next token starts.
  public var end: YAMLPosition

  public init(content: Content, start: YAMLPosition, end: YAMLPosition) {
    self.content = content
    self.start = start
    self.end = end
  }

  /// The scalar, if it is one.
  public var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// Whether this is a plain scalar that means "no value": nothing at all, `~`, `null`.
  public var isNull: Bool {
    guard let scalar, scalar.style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
  }
}

/// The text of a scalar after YAML's own unquoting. Its type is for the reader to decide: `no`, `1e3` and `08` are text here.
public struct YAMLScalar: Hashable, Sendable {
  public enum Style: Hashable, Sendable {
    case plain
    case singleQuoted
    case doubleQuoted
    /// `|`
    case literal
    /// `>`
    case folded
  }

  public var text: String
  public var style: Style

  public init(text: String, style: Style) {
    self.text = text
    self.style = style
  }
}

/// A key and its value. Keys are scalars here.
public struct YAMLEntry: Hashable, Sendable {
  public var key: String
  public var keyStart: YAMLPosition
  public var keyEnd: YAMLPosition
  public var value: YAMLNode

  public init(key: String, keyStart: YAMLPosition, keyEnd: YAMLPosition, value: YAMLNode) {
    self.key = key
    self.keyStart = keyStart
    self.keyEnd = keyEnd
    self.value = value
  }
}

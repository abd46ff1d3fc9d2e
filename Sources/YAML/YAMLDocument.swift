/// A text read as one YAML document.
public struct YAMLDocument: Hashable, Sendable {
  /// Nil when the text is no YAML at all (then `problems` says why), or holds nothing but comments (then it is empty).
  public var root: YAMLNode?
  /// Everything that is wrong, in the order found. With a `root`, these are problems that could be stepped over (a key written
  /// twice, an unknown alias), so that a reader can go on and report its own findings in one go.
  public var problems: [YAMLProblem]

  public init(root: YAMLNode?, problems: [YAMLProblem]) {
    self.root = root
    self.problems = problems
  }
}

/// One thing that is wrong with a text as YAML.
public struct YAMLProblem: Hashable, Sendable, Error {
  public var start: YAMLPosition
  /// Just after the offending text; `start` when it has no length.
  public var end: YAMLPosition
  public var message: String
  public var help: String?

  public init(start: YAMLPosition, end: YAMLPosition? = nil, message: String, help: String? = nil) {
    self.start = start
    self.end = end ?? start
    self.message = message
    self.help = help
  }
}

/// What a text may ask of the reader.
public struct YAMLLimits: Hashable, Sendable {
  /// Bytes of text.
  public var bytes: Int
  /// Nodes of the tree, those that aliases repeat counted each time.
  public var nodes: Int
  /// Collections inside one another, aliases followed.
  public var depth: Int

  public init(bytes: Int = 1 << 20, nodes: Int = 100_000, depth: Int = 64) {
    self.bytes = bytes
    self.nodes = nodes
    self.depth = depth
  }
}

extension YAMLDocument {
  /// Reads a text of at most `limits.bytes` bytes of UTF-8.
  ///
  /// Refused beside what YAML itself refuses: a second document, tags, keys that are not scalars, keys written twice, merge
  /// keys (`<<`), control characters. Any bytes may be passed in; the result is a tree or problems, never a trap.
  public init(parsing bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) {
    guard bytes.count <= limits.bytes else {
      self.init(
        root: nil,
        problems: [
          YAMLProblem(
            start: YAMLPosition(line: 1, column: 1),
            message: "the text has \(bytes.count) bytes; at most \(limits.bytes) are read")
        ])
      return
    }
    let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes  // a byte order mark
    if let problem = TextCheck.firstProblem(in: text) {
      self.init(root: nil, problems: [problem])
      return
    }
    var builder = TreeBuilder(limits: limits)
    do throws(YAMLProblem) {
      self.init(root: try builder.build(text), problems: [])
      problems = builder.problems
    } catch {
      self.init(root: nil, problems: builder.problems + [error])
    }
  }

  /// Reads a text.
  public init(parsing text: String, limits: YAMLLimits = YAMLLimits()) {
    self.init(parsing: Array(text.utf8), limits: limits)
  }
}

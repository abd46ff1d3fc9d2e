/// Builds the tree from the events, within limits.
struct TreeBuilder {
  let limits: YAMLLimits
  /// What could be stepped over.
  private(set) var problems: [YAMLProblem] = []
  private var nodes = 0
  private var anchors: [String: Anchored] = [:]
  /// Anchors whose node is not finished: an alias to one would be a cycle.
  private var open: [String: Int] = [:]

  /// More are not worth reading, and a hostile text could have a hundred thousand.
  private static let mostProblems = 100

  /// A subtree with what it costs to repeat it.
  private struct Anchored {
    var node: YAMLNode
    var nodes: Int
    var depth: Int
  }

  init(limits: YAMLLimits) { self.limits = limits }

  mutating func build(_ bytes: [UInt8]) throws(YAMLProblem) -> YAMLNode? {
    guard let source = EventSource(bytes) else {
      throw YAMLProblem(start: YAMLPosition(line: 1, column: 1), message: "out of memory while reading the text")
    }
    var root: YAMLNode?
    while true {
      let located = try source.next()
      switch located.event {
      case .streamEnd: return root
      case .documentStart:
        if root != nil {
          throw YAMLProblem(
            start: located.start, end: located.end, message: "a second document begins here; one is read",
            help: "remove the `---`, or put the second document into a file of its own")
        }
      case .streamStart, .documentEnd: break
      default: root = try node(located, source, depth: 1).node
      }
    }
  }

  private mutating func node(
    _ located: EventSource.Located, _ source: borrowing EventSource, depth: Int
  ) throws(YAMLProblem) -> Anchored {
    try count(1, at: located)
    switch located.event {
    case .alias(let name): return try resolve(name, located, depth)
    case .scalar(let scalar, let anchor, let tag):
      note(tag, located)
      if scalar.text.utf8.contains(0) { note("a NUL character cannot be part of a value", located) }
      let result = Anchored(node: YAMLNode(.scalar(scalar), located), nodes: 1, depth: 0)
      if let anchor { anchors[anchor] = result }
      return result
    case .sequenceStart(let anchor, let tag):
      try enter(located, depth, anchor, tag)
      let result = try sequence(located, source, depth)
      return leave(anchor, result)
    case .mappingStart(let anchor, let tag):
      try enter(located, depth, anchor, tag)
      let result = try mapping(located, source, depth)
      return leave(anchor, result)
    case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
      // libyaml's grammar does not let these stand for a node; an error is the answer that cannot hurt.
      throw YAMLProblem(start: located.start, message: "a value is missing here")
    }
  }

  private mutating func sequence(
    _ start: EventSource.Located, _ source: borrowing EventSource, _ depth: Int
  ) throws(YAMLProblem) -> Anchored {
    var items: [YAMLNode] = []
    var total = 1
    var deepest = 0
    while true {
      let next = try source.next()
      if case .sequenceEnd = next.event {
        let node = YAMLNode(content: .sequence(items), start: start.start, end: next.end)
        return Anchored(node: node, nodes: total, depth: deepest + 1)
      }
      let item = try node(next, source, depth: depth + 1)
      items.append(item.node)
      total += item.nodes
      deepest = max(deepest, item.depth)
    }
  }

  private mutating func mapping(
    _ start: EventSource.Located, _ source: borrowing EventSource, _ depth: Int
  ) throws(YAMLProblem) -> Anchored {
    var entries: [YAMLEntry] = []
    var seen: [String: YAMLPosition] = [:]
    var total = 1
    var deepest = 0
    while true {
      let next = try source.next()
      if case .mappingEnd = next.event {
        let node = YAMLNode(content: .mapping(entries), start: start.start, end: next.end)
        return Anchored(node: node, nodes: total, depth: deepest + 1)
      }
      let key = try node(next, source, depth: depth + 1)
      let value = try node(try source.next(), source, depth: depth + 1)
      total += key.nodes + value.nodes
      deepest = max(deepest, key.depth, value.depth)
      guard let text = key.node.scalar?.text else {
        note("a key must be a single word, not a list or a mapping", next)
        continue
      }
      if text == "<<", key.node.scalar?.style == .plain {
        note(
          "merge keys (`<<`) are not supported", next,
          help: "write the keys out; an alias can stand for a whole value")
        continue
      }
      if let first = seen[text] {
        note(
          "the key \"\(text.prefix(64))\" is written twice; the first is on line \(first.line), column \(first.column)",
          next, help: "remove one of them")
        continue
      }
      seen[text] = next.start
      entries.append(YAMLEntry(key: text, keyStart: next.start, keyEnd: next.end, value: value.node))
    }
  }

  // MARK: Anchors and aliases

  private mutating func resolve(
    _ name: String, _ located: EventSource.Located, _ depth: Int
  ) throws(YAMLProblem) -> Anchored {
    if open[name] != nil {
      throw YAMLProblem(
        start: located.start, end: located.end, message: "the alias `*\(name)` stands inside the value it repeats")
    }
    guard let anchored = anchors[name] else {
      note("no anchor `&\(name)` stands before this alias", located)
      return Anchored(node: YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), located), nodes: 1, depth: 0)
    }
    try count(anchored.nodes - 1, at: located)
    if depth + anchored.depth > limits.depth { throw tooDeep(located) }
    return anchored
  }

  private mutating func enter(
    _ located: EventSource.Located, _ depth: Int, _ anchor: String?, _ tag: String?
  ) throws(YAMLProblem) {
    note(tag, located)
    if depth > limits.depth { throw tooDeep(located) }
    if let anchor { open[anchor, default: 0] += 1 }
  }

  private mutating func leave(_ anchor: String?, _ result: Anchored) -> Anchored {
    guard let anchor else { return result }
    let count = (open[anchor] ?? 1) - 1
    open[anchor] = count == 0 ? nil : count
    anchors[anchor] = result
    return result
  }

  // MARK: Limits and problems

  private mutating func count(_ more: Int, at located: EventSource.Located) throws(YAMLProblem) {
    nodes += more
    if nodes > limits.nodes {
      throw YAMLProblem(
        start: located.start, end: located.end,
        message: "the text has more than \(limits.nodes) values, those that aliases repeat included")
    }
  }

  private func tooDeep(_ located: EventSource.Located) -> YAMLProblem {
    YAMLProblem(
      start: located.start, message: "lists and mappings are nested more than \(limits.depth) deep")
  }

  private mutating func note(_ tag: String?, _ located: EventSource.Located) {
    // `!` and the plain types change nothing here, since every scalar is text.
    guard let tag, tag != "!",
      !["str", "int", "bool", "map", "seq"].contains(where: { tag == "tag:yaml.org,2002:\($0)" })
    else { return }
    note("the tag `\(tag.prefix(64))` is not supported", located, help: "remove it")
  }

  private mutating func note(_ message: String, _ located: EventSource.Located, help: String? = nil) {
    guard problems.count < Self.mostProblems else { return }
    problems.append(YAMLProblem(start: located.start, end: located.end, message: message, help: help))
  }
}

extension YAMLNode {
  fileprivate init(_ content: Content, _ located: EventSource.Located) {
    self.init(content: content, start: located.start, end: located.end)
  }
}

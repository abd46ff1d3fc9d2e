/// One rule applied to one packet.
struct RuleStep {
  let rule: FirewallRule
  var packet: PacketOnItsWay
  let sets: [String: NamedSet]
  /// Why the rule may or may not apply; nil when that is certain.
  private(set) var doubt: String?
  /// It holds something unknown that may end the packet's way.
  private(set) var mayEnd = false

  init(rule: FirewallRule, packet: PacketOnItsWay, sets: [String: NamedSet]) {
    self.rule = rule
    self.packet = packet
    self.sets = sets
  }

  private enum Judgement: Equatable {
    case yes, no
    case maybe(String)
  }

  /// - Returns: what the rule has the packet do: nothing, one action, or any of several; nil when it does not apply,
  ///   and then the packet is as it was.
  mutating func run() -> [(action: Action, isCertain: Bool)]? {
    for statement in rule.statements {
      switch statement {
      case .nothing: break
      case .match(let match):
        switch judge(match) {
        case .yes: break
        case .no:
          // What a rule has changed before a match that fails stays changed, and rules that do so are rare.
          return doubt == nil && !mayEnd ? nil : []
        case .maybe(let reason): doubt = doubt ?? reason
        }
      case .unknownCondition(let name): doubt = doubt ?? name
      case .unknownAction(let name):
        doubt = doubt ?? name
        mayEnd = true
      case .redirect(let text):
        doubt = doubt ?? "where it goes: \(text)"
        mayEnd = true
        return []
      case .mark(let value, let mask):
        let before = packet.mark
        packet.mark = mask == .max ? value : before.map { $0 & ~mask ^ value }
        if doubt != nil, packet.mark != before { packet.mark = nil }
      case .untrack:
        if doubt == nil { packet.states = [.untracked] } else { packet.states.insert(.untracked) }
      case .alters(let field): packet.altered.insert(field)
      case .verdict(let action): return [(action, doubt == nil)]
      case .lookUp(let selectors, let operand):
        // A look-up that finds nothing ends the rule (NFT_BREAK).
        return lookUp(selectors, operand) ?? (doubt == nil ? nil : [])
      }
    }
    return []
  }

  private mutating func lookUp(_ selectors: [Selector], _ operand: Operand) -> [(action: Action, isCertain: Bool)]?
  {
    guard let (elements, why) = elements(of: operand) else {
      doubt = doubt ?? "a map that is not there"
      mayEnd = true
      return nil
    }
    if let why {
      doubt = doubt ?? why
      mayEnd = true
    }
    var found: [(action: Action, isCertain: Bool)] = []
    for element in elements {
      guard let action = element.action else { continue }
      switch judge(selectors, isIn: [element]) {
      case .no: continue
      case .yes: return found + [(action, found.isEmpty && doubt == nil)]
      case .maybe(let reason):
        doubt = doubt ?? reason
        found.append((action, false))
      }
    }
    return found.isEmpty ? nil : found
  }

  /// The elements, and why there may be others.
  private func elements(of operand: Operand) -> ([SetElement], String?)? {
    switch operand {
    case .elements(let elements): (elements, nil)
    case .named(let name): sets[name].map { ($0.elements, $0.doubt) }
    case .unknown(let reason): ([], reason)
    }
  }

  private func judge(_ match: Match) -> Judgement {
    guard let (elements, why) = elements(of: match.operand) else { return .maybe("a set that is not there") }
    switch match.relation {
    case .isIn, .isNotIn:
      let isIn = judge(match.selectors, isIn: elements)
      if isAbsent(match.selectors) { return .no }
      if let why, isIn != .yes { return .maybe(why) }
      guard match.relation == .isNotIn else { return isIn }
      return switch isIn {
      case .yes: .no
      case .no: .yes
      case .maybe: isIn
      }
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      if let why { return .maybe(why) }
      guard match.selectors.count == 1, case .number(let limit)? = elements.first?.spans.first?.low else {
        return .maybe("a comparison")
      }
      switch packet.content(of: match.selectors[0]) {
      case .absent: return .no
      case .unknown(let reason): return .maybe(reason)
      case .one(let values), .several(let values):
        guard case .number(let value)? = values.first, values.count == 1 else { return .maybe("a comparison") }
        let holds =
          switch match.relation {
          case .less: value < limit
          case .lessOrEqual: value <= limit
          case .greater: value > limit
          default: value >= limit
          }
        return holds ? .yes : .no
      }
    }
  }

  private func isAbsent(_ selectors: [Selector]) -> Bool {
    selectors.contains { packet.content(of: $0) == .absent }
  }

  /// Whether the selected fields are in any of the elements.
  private func judge(_ selectors: [Selector], isIn elements: [SetElement]) -> Judgement {
    let contents = selectors.map { packet.content(of: $0) }
    if contents.contains(.absent) { return .no }
    var maybe: Judgement = .no
    for element in elements {
      guard element.spans.count == contents.count else { return .maybe("a set of another shape") }
      switch judge(contents, in: element) {
      case .yes: return .yes
      case .no: continue
      case .maybe(let reason): maybe = .maybe(reason)
      }
    }
    // Every one of several values may be in some element.
    if contents.count == 1, case .several(let values) = contents[0],
      values.allSatisfy({ value in elements.contains { $0.spans[0].contains(value) } })
    {
      return .yes
    }
    return maybe
  }

  private func judge(_ contents: [PacketOnItsWay.Content], in element: SetElement) -> Judgement {
    var result = Judgement.yes
    for (content, span) in zip(contents, element.spans) {
      switch content {
      case .absent: return .no
      case .one(let values): if !values.contains(where: span.contains) { return .no }
      case .several(let values):
        let inside = values.count(where: span.contains)
        if inside == 0 { return .no }
        if inside < values.count { result = .maybe("which state the connection has") }
      case .unknown(let reason): result = .maybe(reason)
      }
    }
    return result
  }
}

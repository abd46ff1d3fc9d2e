import Addresses

/// Rules of policy routing, from the file to checks.
extension Draft {
  static func rule(_ value: Value) -> RuleDraft? {
    guard let table = Table(value, .rule) else { return nil }
    var draft = RuleDraft(place: table.place)
    draft.from = table["from"]?.network()
    draft.to = table["to"]?.network()
    draft.incomingInterface = table["incoming-interface"]?.interfaceName()
    draft.table = table.required("table", "the number of a routing table, such as 100").flatMap { value in
      value.integer(1...Int(UInt32.max)).map { value.located(UInt32($0)) }
    }
    // The rule for table main has 32766, and what comes behind that is for what main does not know.
    draft.priority = table.required("priority", "a number from 1 to 32765; the lowest is asked first")?
      .integer(1...32_765, "the rule for table main has 32766").map(UInt32.init)
    if table["from"] == nil, table["to"] == nil, table["incoming-interface"] == nil {
      value.error(
        "the rule is for every packet", expected: "`from`, `to`, `incoming-interface`, or several of them",
        help: "what is for every packet belongs into the routes of table main")
    }
    return draft
  }

  func checkRules() {
    let written = rules.compactMap { rule in rule.value.map { Located(value: $0, place: rule.place) } }
    unique(written, { "the rule with priority \($0.priority) for table \($0.table)" })
    let tables = Set((groups.flatMap(\.routes) + routes).map(\.table))
    for rule in rules {
      checkInterface(rule.incomingInterface)
      if let from = rule.from, let to = rule.to, from.value.family != to.value.family {
        report.error(
          "\(to.value) is \(to.value.family), but `from` is \(from.value.family)", at: to.place,
          expected: "an \(from.value.family) prefix")
      }
      if let table = rule.table, !tables.contains(table.value), table.value != 254 {
        report.warning(
          "this file has no routes in table \(table.value)", at: table.place,
          expected: "a table of `groups` or `routes`, or one that somebody else fills")
      }
    }
  }
}

import Addresses
import ConfigurationFile
import Netlink

/// A rule of policy routing that the configuration asks for.
struct PlannedRule: Hashable, Sendable {
  var rule: Rule
  /// `rules[2]`.
  var field: String

  init(_ rule: GatewayConfiguration.RoutingRule, _ family: AddressFamily, field: String) {
    // The kernel knows no prefix of length 0: that is any.
    self.rule = Rule(
      family, priority: rule.priority, table: rule.table, source: rule.from.flatMap { $0.length == 0 ? nil : $0 },
      destination: rule.to.flatMap { $0.length == 0 ? nil : $0 }, inputInterface: rule.incomingInterface,
      protocol: .everway)
    self.field = field
  }
}

extension Planner {
  /// Rules of ours that are missing: after the routes, so that a table is filled before it is asked. One of somebody else
  /// that does the same is left alone, beside ours. An interface need not be there: the rule waits for it.
  mutating func planRules() {
    let there = Set(observed.rules)
    plan.rules = desired.rules.filter { !there.contains($0.rule) }.map(Change.addRule)
  }

  /// Rules of ours that nobody wants any more: before their routes go.
  mutating func planStaleRules() {
    var wanted = Set(desired.rules.map(\.rule))
    for rule in observed.rules.sorted(by: { $0.priority < $1.priority }) where wanted.remove(rule) == nil {
      plan.stale.append(.removeRule(rule))
    }
  }
}

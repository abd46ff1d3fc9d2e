import Addresses
import ConfigurationFile
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

@Suite struct PlanRules {
  private typealias Rule = GatewayConfiguration.RoutingRule

  private func rules() throws -> [Rule] {
    [
      Rule(from: try prefix("10.204.0.0/24"), table: 204, priority: 1204),
      Rule(incomingInterface: "net1", table: 700, priority: 1300)
    ]
  }

  private func desired(_ rules: [Rule]) -> DesiredState {
    var configuration = GatewayConfiguration(namespace: .current)
    configuration.rules = rules
    return DesiredState(configuration)
  }

  private func observed(_ rules: [Netlink.Rule]) -> ObservedState {
    var state = ObservedState()
    state.rules = rules
    return state
  }

  private func changes(_ desired: DesiredState, _ observed: ObservedState) -> [String] {
    Plan(desired, observed).changes(for: .agent).filter { $0.subject == .rule }.map(\.description)
  }

  @Test func whatIsMissingIsAddedForEachFamilyThatItIsFor() throws {
    #expect(
      try changes(desired(rules()), observed([])) == [
        "+ rule 1204: from 10.204.0.0/24 lookup 204", "+ rule 1300: from all iif net1 lookup 700",
        "+ rule 1300: from all iif net1 lookup 700 (IPv6)"
      ])
  }

  @Test func whatIsThereIsAdoptedAndWhatNobodyWantsGoes() throws {
    let wanted = try desired(rules())
    #expect(changes(wanted, observed(wanted.rules.map(\.rule))) == [])
    let old = Rule(to: try prefix("10.1.0.0/16"), table: 9, priority: 5)
    let stale = desired([old]).rules.map(\.rule)
    #expect(
      changes(wanted, observed(wanted.rules.map(\.rule) + stale)) == ["- rule 5: from all to 10.1.0.0/16 lookup 9"])
    #expect(changes(desired([]), observed(stale + stale)).count == 2)
  }

  @Test func aPrefixOfLengthZeroIsAny() throws {
    let rule = Rule(from: try prefix("0.0.0.0/0"), incomingInterface: "net1", table: 9, priority: 5)
    let planned = desired([rule]).rules
    #expect(
      planned.map(\.rule) == [
        Netlink.Rule(.ipv4, priority: 5, table: 9, inputInterface: "net1", protocol: .everway)
      ])
  }

  @Test(.enabled(if: geteuid() == 0), .timeLimit(.minutes(2)))
  func theKernelTakesThemAndOthersRulesStay() throws {
    var lab = try PlanLab("rules")
    let configuration = try lab.configuration {
      $0.rules =
        try rules() + [
          Rule(
            from: try prefix("2001:db8:1::/48"), to: try prefix("2001:db8:2::/48"), incomingInterface: "nowhere",
            table: 70_000, priority: 32_765)
        ]
    }
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])
    let foreign = Netlink.Rule(.ipv4, priority: 77, table: 77, source: try prefix("10.7.0.0/16"))
    try lab.inside { netlink throws(NetlinkError) in try netlink.perform(.addRule(foreign)) }
    let there = try lab.inside { netlink throws(NetlinkError) in try netlink.rules() }
    #expect(there.count { $0.protocol == .everway } == 4)
    let far = try #require(there.first { $0.priority == 32_765 })
    #expect(far == DesiredState(configuration).rules.last?.rule)

    // One that somebody took away comes back; those that the file no longer has go; the foreign one stays.
    try lab.inside { netlink throws(NetlinkError) in try netlink.perform(.removeRule(far)) }
    let plan = try lab.plan(configuration)
    #expect(plan.changes().map(\.subject) == [.rule])
    #expect(try lab.applyAll(configuration) == [])
    let without = try lab.configuration()
    #expect(try lab.applyAll(without, previous: configuration) == [])
    let left = try lab.inside { netlink throws(NetlinkError) in try netlink.rules() }
    #expect(left.filter { $0.protocol == .everway } == [])
    #expect(left.contains { $0.priority == 77 })
    #expect(try lab.plan(without).changes() == [])
  }
}

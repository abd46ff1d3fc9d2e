import Addresses
import ConfigurationFile
import FoundationEssentials
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

@Suite("A plan as a person and a script read it")
struct PlanReportTests {
  private func report(_ changes: [Change], _ problems: [Problem] = []) -> PlanReport {
    PlanReport(namespace: "ovnext", changes: changes.map(PlanReport.Entry.init), problems: problems)
  }

  private func some() throws -> [Change] {
    let sysctl = try #require(Sysctl("net.ipv4.ip_forward"))
    let key = RouteKey(prefix: try prefix("10.0.0.0/8"), table: 100, metric: 5)
    return [
      .setSysctl(sysctl, from: "0", to: "1"), .setMTU("net1", from: 1500, to: 9000),
      .addAddress(try prefix("10.9.0.11/24"), interface: "net1"),
      .addRoute(PlannedRoute(key: key, target: .group(id: 1, name: "out"), origin: .groupRoute(group: 0, 0))),
      .removeRoute(ObservedRoute(key: key, via: try address("10.9.0.1"), interface: "net1"))
    ]
  }

  @Test("Sections, signs and a summary")
  func text() throws {
    #expect(
      report(try some()).text() == """
        Links
          ~ mtu net1 1500 -> 9000

        Addresses
          + address 10.9.0.11/24 on net1

        Sysctls
          ~ sysctl net.ipv4.ip_forward 0 -> 1

        Routes
          + route 10.0.0.0/8 group out metric 5 table 100
          - route 10.0.0.0/8 via 10.9.0.1 dev net1 metric 5 table 100

        namespace ovnext: 2 to add, 2 to change, 1 to remove

        """)
  }

  @Test("Nothing to change is said so")
  func nothing() { #expect(report([]).text() == "namespace ovnext: nothing to change\n") }

  @Test("A long section is cut, and says by how much; all of it is to be had")
  func limit() throws {
    let changes = try (0..<30).map { Change.addAddress(try prefix("10.9.0.\($0)/24"), interface: "net1") }
    #expect(report(changes).text(limit: 10).contains("… and 20 more\n"))
    #expect(!report(changes).text(limit: nil).contains("more"))
  }

  @Test("Colours only when asked for")
  func color() throws {
    #expect(!report(try some()).text().contains("\u{1b}"))
    #expect(report(try some()).text(color: true).contains("\u{1b}[32m+ address 10.9.0.11/24 on net1\u{1b}[0m"))
  }

  @Test("Problems say where and what to do, and count")
  func problems() {
    let text = report([], [Problem("it is broken", field: "namespace", remedy: "mend it")]).text()
    #expect(text.contains("  error: namespace: it is broken\n    -> mend it\n"))
    #expect(text.hasSuffix("nothing to change; 1 part cannot be carried out\n"))
  }

  @Test("Exit codes: 0 nothing, 2 pending, 1 problems; a warning is none")
  func exitCodes() throws {
    let error = Problem("a", field: "", remedy: "b")
    let warning = Problem("a", field: "", remedy: "b", severity: .warning)
    #expect(report([]).exitCode == 0)
    #expect(report([], [warning]).exitCode == 0)
    #expect(report(try some()).exitCode == 2)
    #expect(report(try some(), [error]).exitCode == 1)
  }

  @Test("JSON holds everything, and reads back")
  func json() throws {
    let report = report(try some(), [Problem("a", field: "b", remedy: "c")])
    let text = try report.json()
    #expect(text.contains("\"exitCode\" : 1"))
    #expect(text.contains("\"text\" : \"address 10.9.0.11/24 on net1\""))
    #expect(try JSONDecoder().decode(PlanReport.self, from: Data(text.utf8)) == report)
  }

  @Test("Every change has words of one line")
  func words() throws {
    let hop = PlannedNextHop(id: 7, path: "r1", via: try address("10.9.0.1"), interface: "net1", field: "")
    let there = ObservedNextHop(id: 7, kind: .gateway(try address("10.9.0.2"), interface: "net1"))
    let group = PlannedGroup(
      id: 9, name: "out", members: [NextHop.Member(7, weight: 2)], paths: ["r1"],
      type: .resilient(NextHop.Resilience(buckets: 64, idleTimer: .seconds(60))))
    let expected: [(Change, String)] = [
      (.createNamespace("ovnext"), "+ namespace ovnext"),
      (.nameNamespace("ovnext"), "+ name ovnext of the namespace in use"),
      (
        .moveLink(from: "eth1", to: "net1", namespace: "ovnext", loses: [try prefix("192.0.2.1/24")]),
        "~ link eth1 -> net1 in namespace ovnext (loses 192.0.2.1/24 and its routes)"
      ),
      (.setMAC("net1", from: nil, to: try mac("02:00:00:00:00:01")), "~ mac net1 ? -> 02:00:00:00:00:01"),
      (.addNextHop(hop), "+ nexthop 7 via 10.9.0.1 dev net1 (path r1)"),
      (.replaceNextHop(hop, from: there), "~ nexthop 7 via 10.9.0.2 dev net1 -> via 10.9.0.1 dev net1 (path r1)"),
      (.removeNextHop(there), "- nexthop 7 via 10.9.0.2 dev net1"),
      (
        .createGroup(group), "+ group out of r1 resilient 64 buckets idle 60 s unbalanced 0 s"
      ),
      (
        .updateGroup(group, members: [NextHop.Member(8)]),
        "~ group out of nexthop 8 -> at most r1 weight 2 resilient 64 buckets idle 60 s unbalanced 0 s"
      )
    ]
    for (change, words) in expected { #expect(change.description == words) }
  }
}

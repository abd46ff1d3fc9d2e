import Addresses
import ConfigurationFile
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

@Suite("What a plan says about a machine that does not fit", .enabled(if: geteuid() == 0), .timeLimit(.minutes(5)))
struct PlanProblemTests {
  @Test("An interface that is nowhere is said once, with a name that was perhaps meant; the rest goes on")
  func missingInterface() throws {
    var lab = try PlanLab("miss")
    let configuration = try lab.configuration { $0.interfaces[0].from = "eht1" }
    let plan = try lab.plan(configuration)
    #expect(plan.problems.count == 1)
    #expect(plan.problems.first?.field == "interfaces[0].name")
    #expect(plan.problems.first?.remedy.contains("did you mean eth1?") == true)
    #expect(Applier.apply(plan.changes(for: .agent), &lab.sockets).failures.map(\.change.subject) == [.route])
    #expect(try NetworkNamespace.exists(named: lab.gateway))
  }

  @Test("An interface inside and outside: the one inside is used, with a warning")
  func bothSides() throws {
    var lab = try PlanLab("both")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(configuration) == [])
    try lab.sockets.home.netlink.createVeth(VethEnd("eth1"), peer: VethEnd("eth2"))
    let plan = try lab.plan(configuration)
    #expect(plan.changes() == [])
    #expect(plan.problems.map(\.severity) == [.warning])
    #expect(plan.problems.first?.what.contains("eth1 is outside as well") == true)
  }

  @Test("Moving the interface of the default route away is warned of, and what is lost is shown")
  func defaultRoute() throws {
    var lab = try PlanLab("lockout")
    let link = try #require(try lab.sockets.home.netlink.link(named: "eth1"))
    try lab.sockets.home.netlink.setLink(link.index, up: true)
    try lab.sockets.home.netlink.addAddress(prefix("192.0.2.5/24"), interface: link.index)
    try lab.sockets.home.netlink.perform(.addRoute(Route(prefix("0.0.0.0/0"), gateway: address("192.0.2.1"))))
    let plan = try lab.plan(lab.configuration())
    #expect(plan.problems.map(\.severity) == [.warning])
    #expect(plan.problems.first?.what.contains("carries the default route") == true)
    #expect(
      plan.changes().contains(
        .moveLink(from: "eth1", to: "net1", namespace: lab.gateway, loses: [try prefix("192.0.2.5/24")])))
  }

  @Test("An address on another interface is not put on a second one")
  func addressElsewhere() throws {
    var lab = try PlanLab("addr")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(configuration) == [])
    try lab.inside { netlink throws(NetlinkError) in
      try netlink.createVeth(VethEnd("other"), peer: VethEnd("other2"))
    }
    let wanted = try prefix("10.8.0.1/24")
    try lab.inside({ .addAddress(InterfaceAddress(interface: $0, prefix: wanted)) }, on: "other")
    let more = try lab.configuration { $0.interfaces[0].addresses.append(wanted) }
    let plan = try lab.plan(more)
    #expect(plan.changes() == [])
    #expect(plan.problems.map(\.what) == ["10.8.0.1 is on other already"])
    #expect(plan.problems.map(\.field) == ["interfaces[0].addresses[2]"])
  }

  @Test("An IPv6 address that another host has is said to be unusable")
  func duplicateAddress() throws {
    var lab = try PlanLab("dad")
    let wanted = try prefix("2001:db8::11/64")
    let configuration = try lab.configuration { $0.interfaces[0].addresses.removeLast() }
    #expect(try lab.applyAll(configuration).map(\.change.subject).allSatisfy { $0 != .address })
    // The other end of the cable takes it first; then someone adds it here with detection.
    let farName = lab.gateway.replacingSuffix("-gw", with: "-far")
    var far = try NetlinkSocket(in: NetworkNamespace(named: farName))
    let end = try #require(try far.link(named: "far1")).index
    try far.addAddress(wanted, interface: end, flags: .noDuplicateDetection)
    try lab.inside { .addAddress(InterfaceAddress(interface: $0, prefix: wanted)) }
    var problems: [Problem] = []
    for _ in 0..<200 where problems.isEmpty {
      usleep(50_000)
      problems = try lab.plan(lab.configuration()).problems.filter { $0.field == "interfaces[0].addresses[1]" }
    }
    #expect(problems.first?.what.contains("is used by another host") == true)
  }

  @Test("An MTU beyond the device is refused before it is tried")
  func mtu() throws {
    var lab = try PlanLab("mtu")
    let plan = try lab.plan(lab.configuration { $0.interfaces[0].mtu = 70_000 })
    #expect(plan.problems.map(\.field) == ["interfaces[0].mtu"])
    #expect(plan.problems.first?.what == "mtu 70000 is more than net1 takes (65535)")
    #expect(!plan.changes().contains { if case .setMTU = $0 { true } else { false } })
  }

  @Test("A route of another protocol is named and not taken over", arguments: [RouteProtocol.static, .bird, .zebra])
  func routeConflict(_ owner: RouteProtocol) throws {
    var lab = try PlanLab("conf\(owner.rawValue)")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(lab.configuration { $0.groups[0].routes = [] }) == [])
    let route = Route(try prefix("0.0.0.0/0"), gateway: try address("10.9.0.7"), protocol: owner)
    try lab.inside { _ in .addRoute(route) }
    let plan = try lab.plan(configuration)
    #expect(plan.changes() == [])
    #expect(plan.problems.map(\.field) == ["groups[0].routes[0]"])
    #expect(plan.problems.first?.what.contains("of protocol \(owner.words) (via 10.9.0.7 dev net1)") == true)
    #expect(plan.problems.first?.what.contains("0.0.0.0/0 with metric 0 in table 254") == true)

    // Also when it came between looking and applying.
    let desired = DesiredState(configuration)
    let late = try #require(desired.routes.first { $0.groupID == desired.groups[0].id })
    let outcome = Applier.apply([.addRoute(late)], &lab.sockets)
    let problem = try #require(outcome.failures.first).problem(in: desired)
    #expect(problem.field == "groups[0].routes[0]")
    #expect(problem.remedy.contains("metric"))
    let routes = try lab.inside { netlink throws(NetlinkError) in try netlink.routes(RouteFilter(protocol: owner)) }
    #expect(routes.map(\.gateway) == [try address("10.9.0.7")])
  }

  @Test("A route that the kernel made for an address is in the way")
  func kernelRoute() throws {
    var lab = try PlanLab("kern")
    #expect(try lab.applyAll(lab.configuration()) == [])
    let plan = try lab.plan(
      lab.configuration {
        $0.routes.append(GatewayConfiguration.StaticRoute(prefix: try prefix("10.9.0.0/24"), interface: "net1"))
      })
    #expect(plan.changes() == [])
    #expect(plan.problems.first?.remedy.hasPrefix("the kernel made it for an interface's address") == true)
  }

  @Test("A next-hop id that someone else uses is left alone")
  func foreignNextHop() throws {
    var lab = try PlanLab("nhid")
    let configuration = try lab.configuration()
    let desired = DesiredState(configuration)
    _ = try Reconciler.reconcile(desired, &lab.sockets)
    let via = try address("10.9.0.55")
    try lab.inside { .addNextHop(NextHop(desired.nextHops[0].id, .gateway(via, interface: $0), protocol: .zebra)) }
    let plan = try lab.plan(configuration)
    #expect(plan.problems.map(\.field) == ["paths[0].name"])
    #expect(plan.problems.first?.what.contains("is used by protocol zebra") == true)
  }

  @Test("A broken namespace that may not be mended unasked is explained, and nothing else is planned")
  func brokenNamespace() throws {
    var lab = try PlanLab("broken")
    #expect(mkfifo(NetworkNamespace.path(named: lab.gateway), 0o600) == 0)
    let plan = try lab.plan(lab.configuration())
    #expect(plan.changes() == [])
    #expect(plan.problems.map(\.field) == ["namespace"])
    #expect(plan.problems.first?.remedy.contains("netns repair") == true)
  }

  @Test("A broken namespace that is safe to mend is mended first, and everything follows")
  func mendedNamespace() throws {
    var lab = try PlanLab("mended")
    let fd = open(NetworkNamespace.path(named: lab.gateway), O_CREAT | O_WRONLY, 0o644)
    #expect(fd >= 0)
    close(fd)
    let configuration = try lab.configuration()
    let plan = try lab.plan(configuration)
    #expect(plan.changes().map(\.subject) == [.namespace])
    #expect(plan.changes().first?.text.contains("repaired") == true)
    #expect(plan.problems == [])
    // The name first; what is inside can be seen only then.
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])
  }

  @Test("A namespace in use whose name was removed gets its name back; one whose name leads elsewhere is said")
  func lostName() throws {
    var lab = try PlanLab("name")
    let configuration = try lab.configuration()
    #expect(try lab.applyAll(configuration) == [])
    try NetworkNamespace.remove(named: lab.gateway)
    #expect(try lab.plan(configuration).changes() == [.nameNamespace(lab.gateway)])
    #expect(try lab.applyAll(configuration) == [])
    #expect(try lab.plan(configuration).changes() == [])
    try NetworkNamespace.remove(named: lab.gateway)
    _ = try NetworkNamespace.create(named: lab.gateway)
    #expect(try lab.plan(configuration).problems.first?.what.contains("leads to another namespace") == true)
  }

  @Test("A sysctl that does not exist, and a value that the kernel refuses")
  func sysctls() throws {
    var lab = try PlanLab("sysctl")
    let configuration = try lab.configuration {
      $0.sysctls = [
        GatewayConfiguration.Sysctl(key: "net.ipv4.no_such_thing", value: "1"),
        GatewayConfiguration.Sysctl(key: "net.ipv4.ip_forward", value: "many")
      ]
    }
    let plan = try lab.plan(configuration)
    #expect(plan.problems.map(\.field) == ["sysctls.net.ipv4.no_such_thing"])
    let outcome = try Reconciler.reconcile(DesiredState(configuration), &lab.sockets)
    #expect(outcome.problems.map(\.field) == ["sysctls.net.ipv4.no_such_thing", "sysctls.net.ipv4.ip_forward"])
    #expect(outcome.problems.last?.remedy == "the kernel does not accept that value")
  }

  @Test("A sysctl of the whole machine is not set for one namespace; the value it has will do")
  func machineWide() throws {
    var lab = try PlanLab("wide")
    // Only the machine's first namespace has it, which is the one that tests run in.
    let key = try #require(Sysctl("net.ipv4.neigh.default.gc_thresh3"))
    guard let value = try? key.readHere() else { return }
    lab.sockets = try GatewaySockets(.named(lab.gateway))
    try lab.sockets.createNamespace(named: lab.gateway)
    func problems(_ value: String) throws -> [Problem] {
      var configuration = GatewayConfiguration(namespace: .named(lab.gateway), egressSysctls: false)
      configuration.sysctls = [GatewayConfiguration.Sysctl(key: key.description, value: value)]
      let plan = try lab.plan(configuration)
      #expect(plan.changes() == [.setLinkUp("lo")])
      return plan.problems
    }
    #expect(try problems(value) == [])
    #expect(try problems(value + "1").first?.what.contains("belongs to the whole machine") == true)
  }

  @Test("What the kernel refuses becomes a problem of its field, and the rest is done")
  func refusal() throws {
    var lab = try PlanLab("refuse")
    let configuration = try lab.configuration {
      $0.interfaces[0].mac = try mac("01:00:00:00:00:01")  // multicast
      $0.routes.insert(
        GatewayConfiguration.StaticRoute(prefix: try prefix("10.60.0.0/16"), via: try address("203.0.113.1")), at: 0
      )
    }
    let outcome = try Reconciler.reconcile(DesiredState(configuration), &lab.sockets)
    #expect(Set(outcome.problems.map(\.field)) == ["interfaces[0].mac", "routes[0]"])
    #expect(outcome.observed.inside["net1"]?.address(try prefix("10.9.0.11/24")) != nil)
    #expect(outcome.observed.routes.own.count == 3)
  }
}

extension String {
  fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) + other : self
  }
}

import BFD
import Control
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

extension AgentTests {
  @Suite("Starting") struct Starting {
    @Test("From nothing the agent makes the namespace, links, addresses, sysctls, the group and its routes")
    func fromNothing() throws {
      let stage = try Stage("new")
      var file = AgentFile()
      file.peers["r1-v6"] = "address: \"2001:db8:1::1\", interface: net1"
      file.paths["p6"] = "via: \"2001:db8:1::1\", interface: net1, hold-down: 0ms, health: {bfd: r1-v6}"
      file.groups.append("name: out6, paths: [p6], last-path: withdraw, routes: [\"::/0\"]")
      file.routes = ["prefix: 10.60.0.0/16, via: 10.9.2.1, interface: net2"]
      try stage.start(file)
      try stage.until("all up and all routes") { status in
        status.paths.allSatisfy { $0.state == .up } && status.routes.allSatisfy(\.installed)
          && status.problems.isEmpty && status.sessions.allSatisfy { $0.sessionState == .up }
      }
      #expect(try stage.members(paths: ["p1", "p2", "p6"]) == ["p1", "p2"])
      #expect(try stage.routes() == ["0.0.0.0/0", "10.50.0.0/16", "10.60.0.0/16", "::/0"])
      let inside = try stage.netlinkLinks(stage.gateway)
      #expect(inside.isSuperset(of: ["net1", "net2"]))
      #expect(try !stage.netlinkLinks(stage.home).contains("e1"))
      #expect(try stage.sh(stage.gateway, "cat /proc/sys/net/ipv4/ip_forward") == "1\n")
      #expect(try stage.sh(stage.gateway, "cat /proc/sys/net/ipv4/nexthop_compat_mode") == "0\n")
      let status = try stage.status()
      #expect(status.namespace.state == .healthy)
      #expect(status.sessions.count == 3)
      #expect(status.groups.map(\.state) == [.normal, .normal])
    }

    @Test("A second start after SIGKILL finds nothing to change, and takes the group over as it is")
    func secondStart() throws {
      let stage = try Stage("again")
      let first = try stage.start(AgentFile())
      try stage.until("all up") { $0.paths.allSatisfy { $0.state == .up } && $0.routes.allSatisfy(\.installed) }
      let discriminators = try stage.status().sessions.map(\.localDiscriminator)
      let flow = try Flow(stage)
      first.kill()
      usleep(300_000)
      var monitor = try NetlinkMonitor(in: NetworkNamespace(named: stage.gateway), [.nextHops, .routes])
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p1", "p2"])
      #expect(try stage.routes() == ["0.0.0.0/0", "10.50.0.0/16"])
      try stage.startAgain(log: "second.log")
      try stage.until("up again") { $0.sessions.allSatisfy { $0.sessionState == .up } && $0.sessions.count == 2 }
      #expect(try stage.status().sessions.map(\.localDiscriminator) == discriminators)
      var smaller: [String] = []
      while try monitor.receive({ event in
        switch event {
        case .nextHop(let hop):
          if case .group(let members, _) = hop.kind, members.count < 2 { smaller.append("\(hop)") }
        case .nextHopRemoved, .routeRemoved, .lost: smaller.append("\(event)")
        default: break
        }
      }) {}
      #expect(smaller.isEmpty)
      let log = try stage.sh(stage.home, "cat \(stage.directory)/second.log")
      #expect(log.contains("group out adopted with p1, p2"))
      #expect(!log.contains("made to the machine"))
      let result = flow.finish()
      #expect(result.sent > 100)
      #expect(result.lost == 0)
    }
  }
}

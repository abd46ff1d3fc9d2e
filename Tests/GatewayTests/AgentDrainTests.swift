import BFD
import Control
import Glibc
import Netlink
import NetworkNamespaces
import Processes
import Testing

@testable import Gateway
@testable import Lab

extension AgentTests {
  @Suite("Draining and stopping") struct Draining {
    @Test("SIGTERM tells AdminDown, forwards for a detection time, and leaves routes and group in place")
    func terminate() throws {
      let stage = try Stage("term")
      var file = AgentFile()
      // Without Up packets leave each second, so a detection time is 3 s then (RFC 5880 section 6.8.3).
      file.timers = "transmit-interval: 500ms, receive-interval: 100ms, detect-multiplier: 3"
      let agent = try stage.start(file)
      try stage.untilReady()
      let flow = try Flow(stage)
      for router in stage.routers { router.forget() }
      agent.signal(SIGTERM)
      try stage.eventually("peers know") {
        stage.routers.allSatisfy { $0.downs.map(\.cause) == [.neighborAdministrativelyDown] }
      }
      #expect(agent.wait() == nil)
      #expect(agent.wait(seconds: 15) == .exited(0), "\(stage.story())")
      let result = flow.finish()
      #expect(result.lost == 0 && result.sent > 300)
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p1", "p2"])
      #expect(try stage.routes() == ["0.0.0.0/0", "10.50.0.0/16"])
      #expect(access(stage.socketPath, F_OK) != 0)
    }

    @Test("A second SIGTERM ends it at once; without keep-routes nothing of ours is left")
    func terminateTwice() throws {
      let stage = try Stage("twice")
      var file = AgentFile()
      file.timers = "transmit-interval: 1s, receive-interval: 1s, detect-multiplier: 20"
      file.extra = ["drain: {on-stop: true, keep-routes: false}"]
      file.groups.append("name: bh, paths: [p1], last-path: blackhole, routes: [10.80.0.0/16]")
      file.routes = ["prefix: 10.60.0.0/16, via: 10.9.2.1, interface: net2"]
      let agent = try stage.start(file)
      try stage.untilReady()
      agent.signal(SIGTERM)
      try stage.until("draining") { $0.drain.state == .draining }
      guard case .failure(let failure) = try stage.ask(.drain(target: "p1")) else {
        Issue.record("drained while stopping")
        return
      }
      #expect(failure.code == .refused)
      agent.signal(SIGTERM)
      #expect(agent.wait(seconds: 5) == .exited(0))
      #expect(try stage.routes() == [])
      var netlink = try stage.netlink()
      #expect(try netlink.nextHops().isEmpty)
    }

    @Test("A drained path, peer and node come back; names that are not there are refused with those that are")
    func drain() throws {
      let stage = try Stage("drain")
      try stage.start(AgentFile())
      try stage.untilReady()
      let flow = try Flow(stage)
      guard case .drain(let path) = try stage.ask(.drain(target: "p1")),
        case .drain(let again) = try stage.ask(.drain(target: "p1"))
      else {
        Issue.record("refused")
        return
      }
      #expect(path.changed && !again.changed)
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p2"])
      try stage.eventually("its peer is told") {
        stage.routers[0].downs.map(\.cause) == [.neighborAdministrativelyDown]
      }
      #expect(try stage.status().paths[0].state == .drained)
      #expect(stage.routers[1].downs.isEmpty)
      _ = try stage.ask(.undrain(target: "p1"))
      try stage.untilReady()

      _ = try stage.ask(.drain(target: "r2"))
      try stage.eventually("r2 is told, p2 leaves") {
        try stage.routers[1].downs.count == 1 && stage.members(paths: ["p1", "p2"]) == ["p1"]
      }
      _ = try stage.ask(.undrain(target: "r2"))
      try stage.untilReady()

      _ = try stage.ask(.drain(target: nil))
      try stage.eventually("all are told") { stage.routers.allSatisfy { $0.downs.count == 2 } }
      // A drained node forwards what still comes.
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p1", "p2"])
      try stage.until("drained") { $0.drain.state == .drained }
      _ = try stage.ask(.undrain(target: nil))
      try stage.untilReady()
      let result = flow.finish()
      #expect(result.lost == 0)

      guard case .failure(let failure) = try stage.ask(.drain(target: "r9")) else {
        Issue.record("an unknown name was drained")
        return
      }
      #expect(failure.code == .unknownTarget)
      #expect(failure.details == ["p1", "p2", "r1", "r2"])
    }

    @Test(
      "Lost uplinks are told to the peers, and taken back",
      arguments: [
        ("any", "admin-down", 1), ("all", "concatenated-path-down", 2),
        ("{fewer-than: 2}", "concatenated-path-down", 1)
      ])
    func uplinks(rule: String, tell: String, losses: Int) throws {
      let stage = try Stage("up\(losses)\(rule.count)", routers: 3)
      var file = AgentFile(3)
      // r3 is inside; p1 and net2 lead out.
      file.extra = [
        "uplinks: {watch: [{path: p1}, {interface: net2}], lost-when: \(rule), tell: \(tell), peers: [r3]}"
      ]
      file.paths["p3"] = nil
      file.groups = ["name: out, paths: [p1, p2], last-path: keep, routes: [0.0.0.0/0]"]
      try stage.start(file)
      try stage.untilReady(2)
      let packets = try stage.status().sessions.first { $0.name == "r3" }?.receivePacketCount ?? 0
      #expect(packets > 0)
      if losses == 2 { try stage.sh(stage.routers[1].namespace, "ip link set up2 down") }
      try stage.until("net2 is as it should be") { ($0.uplinks.first?.watched[1].good == false) == (losses == 2) }
      #expect(stage.routers[2].downs.isEmpty)
      stage.routers[0].hold(.administrativelyDown)
      try stage.eventually("r3 is told") { !stage.routers[2].downs.isEmpty }
      let told = try #require(stage.routers[2].downs.first)
      if tell == "admin-down" {
        #expect(told.cause == .neighborAdministrativelyDown)
      } else {
        #expect(told.cause == .neighborSignaledDown)
        #expect(told.remoteDiagnostic == .concatenatedPathDown)
      }
      #expect(try stage.status().uplinks.first?.lost == true)
      stage.routers[0].hold(nil)
      try stage.until("taken back") {
        $0.uplinks.first?.lost == false && $0.sessions.allSatisfy { $0.name == "r2" || $0.sessionState == .up }
      }
    }
  }
}

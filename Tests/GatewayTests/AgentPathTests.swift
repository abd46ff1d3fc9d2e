import BFD
import Control
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

extension AgentTests {
  @Suite("Paths and groups") struct Paths {
    @Test("A silent router leaves the group, a router that is back waits out its hold-down, the last one is kept")
    func silence() throws {
      let stage = try Stage("silent")
      var file = AgentFile(lastPath: "keep", hold: "1500ms")
      file.timers = "transmit-interval: 100ms, receive-interval: 100ms, detect-multiplier: 5"
      try stage.start(file)
      try stage.untilReady()
      // Ours is told by the router's multiplier: 20 x 100 ms.
      stage.routers[0].setSilent(true)
      try stage.eventually("p1 leaves") { try stage.members(paths: ["p1", "p2"]) == ["p2"] }
      stage.routers[1].setSilent(true)
      try stage.until("the last is kept") { $0.groups[0].state == .lastPathKept }
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p2"])
      #expect(try stage.routes().count == 2)
      stage.routers[0].setSilent(false)
      try stage.until("p1 waits") { $0.paths[0].state == .heldDown }
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p2"])
      try stage.eventually("p1 returns, p2 goes") { try stage.members(paths: ["p1", "p2"]) == ["p1"] }
      #expect(try stage.status().groups[0].state == .normal)
    }

    @Test("With withdraw the last path takes the routes along, and brings them back", arguments: [true, false])
    func withdraw(byLink: Bool) throws {
      let stage = try Stage("withdraw\(byLink ? 1 : 0)", routers: 1)
      try stage.start(AgentFile(1, lastPath: "withdraw"))
      try stage.untilReady(1)
      if byLink {
        try stage.sh(stage.routers[0].namespace, "ip link set up1 down")
      } else {
        stage.routers[0].setSilent(true)
      }
      try stage.until("withdrawn") { $0.groups[0].state == .withdrawn && $0.routes.allSatisfy { !$0.installed } }
      #expect(try stage.members(paths: ["p1"]) == nil)
      #expect(try stage.routes() == [])
      if byLink {
        try stage.sh(stage.routers[0].namespace, "ip link set up1 up")
      } else {
        stage.routers[0].setSilent(false)
      }
      try stage.untilReady(1)
      #expect(try stage.members(paths: ["p1"]) == ["p1"])
      #expect(try stage.routes() == ["0.0.0.0/0", "10.50.0.0/16"])
    }

    @Test(
      "With blackhole the routes stay and drop, by sessions and by links, and carry again", arguments: [true, false]
    )
    func blackhole(byLink: Bool) throws {
      let stage = try Stage("black\(byLink ? 1 : 0)")
      try stage.start(AgentFile(lastPath: "blackhole"))
      try stage.untilReady()
      for router in stage.routers {
        if byLink {
          try stage.sh(router.namespace, "ip link set up\(router.number) down")
        } else {
          router.setSilent(true)
        }
      }
      try stage.eventually("a blackhole") { try stage.members(paths: ["p1", "p2"]) == ["blackhole"] }
      try stage.eventually("routes that drop") { try stage.routes() == ["0.0.0.0/0", "10.50.0.0/16"] }
      try stage.until("it says so") { $0.groups[0].state == .blackholed && $0.problems.isEmpty }
      for router in stage.routers {
        if byLink {
          try stage.sh(router.namespace, "ip link set up\(router.number) up")
        } else {
          router.setSilent(false)
        }
      }
      try stage.untilReady()
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p1", "p2"])
    }

    @Test("A carrier that goes takes the path out at once, though its kernel state is gone without a word")
    func carrier() throws {
      let stage = try Stage("carrier")
      try stage.start(AgentFile())
      try stage.untilReady()
      try stage.sh(stage.routers[0].namespace, "ip link set up1 down")
      try stage.until("down by the link", seconds: 5) {
        $0.paths[0].state == .down && $0.paths[0].reason.contains("carrier")
      }
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p2"])
      try stage.sh(stage.routers[0].namespace, "ip link set up1 up")
      try stage.untilReady()
    }

    @Test("A carrier that goes and another path that fails at once do not take the third out")
    func together() throws {
      let stage = try Stage("both", routers: 3)
      try stage.start(AgentFile(3, lastPath: "withdraw"))
      try stage.untilReady(3)
      var monitor = try NetlinkMonitor(in: NetworkNamespace(named: stage.gateway), [.nextHops])
      for _ in 0..<5 {
        try stage.sh(stage.routers[0].namespace, "ip link set up1 down")
        stage.routers[1].hold(.administrativelyDown)
        try stage.eventually("p3 alone") { try stage.members(paths: ["p1", "p2", "p3"]) == ["p3"] }
        try stage.sh(stage.routers[0].namespace, "ip link set up1 up")
        stage.routers[1].hold(nil)
        try stage.untilReady(3)
      }
      let group = NextHopIDs.assign(paths: ["p1", "p2", "p3"], groups: ["out"]).groups["out"]
      var isRemoved = false
      while try monitor.receive({ event in
        if case .nextHopRemoved(let id) = event, id == group { isRemoved = true }
      }) {}
      #expect(!isRemoved)
    }

    @Test("An interface that is deleted and made anew is taken up again, its session and its path with it")
    func anew() throws {
      let stage = try Stage("anew")
      try stage.start(AgentFile())
      try stage.untilReady()
      try stage.sh(stage.gateway, "ip link del net1")
      try stage.until("a problem") { status in
        status.problems.contains { $0.what.contains("net1") && $0.help != nil } && status.paths[0].state == .down
      }
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p2"])
      try stage.sh(stage.home, "ip link add e1 type veth peer name up1 netns \(stage.routers[0].namespace)")
      try stage.sh(stage.routers[0].namespace, "ip addr add 10.9.1.1/24 dev up1; ip link set up1 up")
      try stage.untilReady()
      #expect(try stage.members(paths: ["p1", "p2"]) == ["p1", "p2"])
    }

    @Test("Reload changes the timers of a resilient group in place")
    func timers() throws {
      let stage = try Stage("timers")
      func file(_ idle: String) -> AgentFile {
        var file = AgentFile()
        file.groups = [
          "name: out, paths: [p1, p2], type: resilient, buckets: 32, idle-timer: \(idle), last-path: keep, routes: [0.0.0.0/0]"
        ]
        return file
      }
      try stage.start(file("60s"))
      try stage.untilReady()
      _ = try stage.reload(file("20s"))
      try stage.eventually("20 s") {
        try stage.sh(stage.gateway, "ip nexthop show groups").contains("idle_timer 20")
      }
    }
  }
}

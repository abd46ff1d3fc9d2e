import BFD
import Control
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

extension AgentTests {
  @Suite("Reloading") struct Reloading {
    @Test("Reload, by command and by SIGHUP, adds, removes and changes; what stays never leaves Up")
    func changes() throws {
      let stage = try Stage("reload", routers: 3)
      var file = AgentFile(3)
      file.groups = ["name: out, paths: [p2, p3], last-path: keep, routes: [0.0.0.0/0]"]
      let agent = try stage.start(file)
      try stage.untilReady(3)
      let before = try #require(try stage.status().sessions.first { $0.name == "r2" })
      stage.routers[1].forget()

      // One peer and path goes, so all others have other numbers; the group has another member, a second one comes.
      file.peers["r1"] = nil
      file.paths["p1"] = nil
      file.peers["a3-v6"] = "address: \"2001:db8:3::1\", interface: net3"
      file.paths["a6"] = "via: \"2001:db8:3::1\", interface: net3, hold-down: 0ms, health: {bfd: a3-v6}"
      file.groups = [
        "name: aux6, paths: [a6], last-path: withdraw, routes: [\"::/0\"]",
        "name: out, paths: [{path: p2, weight: 3}, p3], last-path: keep, routes: [0.0.0.0/0, 10.70.0.0/16]"
      ]
      guard case .reload(let outcome) = try stage.reload(file) else {
        Issue.record("refused")
        return
      }
      #expect(
        Set(outcome.changes).isSuperset(of: [
          "peer r1 removed", "peer a3-v6 added", "path p1 removed", "group out changed"
        ]))
      try stage.untilReady(3)
      #expect(try stage.members(paths: ["p2", "p3", "a6"]) == ["p2", "p3"])
      try stage.eventually("the kernel has no more and no less") {
        let ids = NextHopIDs.assign(paths: ["p1", "p2", "p3", "a6"], groups: ["out", "aux6"])
        var netlink = try stage.netlink()
        let there = Set(try netlink.nextHops().map(\.id))
        return try there == Set(["p2", "p3", "a6"].compactMap { ids.paths[$0] } + ids.groups.values)
          && stage.routes() == ["0.0.0.0/0", "10.70.0.0/16", "::/0"]
      }
      #expect(try stage.sh(stage.gateway, "ip nexthop show groups").contains(",3"))

      // Timers change by SIGHUP: a Poll Sequence, no flap.
      file.timers = "transmit-interval: 80ms, receive-interval: 120ms, detect-multiplier: 25"
      try stage.write(file.text(stage))
      agent.signal(SIGHUP)
      try stage.until("the new timers are in force") { status in
        status.sessions.allSatisfy { $0.desiredMinTxInterval == 80_000 && $0.detectionTime == 20 * 120_000 }
          && status.configuration.lastReload?.accepted == true
      }
      let after = try #require(try stage.status().sessions.first { $0.name == "r2" })
      #expect(after.downCount == 0)
      #expect(after.localDiscriminator == before.localDiscriminator)
      #expect(after.remoteDiscriminator == before.remoteDiscriminator)
      #expect(after.secondsInState >= before.secondsInState)
      #expect(stage.routers[1].seen.isEmpty)
      // The one that went was told that it was no failure.
      #expect(stage.routers[0].downs.map(\.cause) == [.neighborAdministrativelyDown])
    }

    @Test("A wrong file is refused whole with its errors, and what needs a restart is refused by name")
    func refused() throws {
      let stage = try Stage("wrong")
      let file = AgentFile()
      let agent = try stage.start(file)
      try stage.untilReady()
      var wrong = file
      wrong.peers["r1"] = nil
      wrong.paths["p9"] = "via: 10.9.1.300, interface: net1"
      guard case .failure(let failure) = try stage.reload(wrong) else {
        Issue.record("a wrong file was taken")
        return
      }
      #expect(failure.code == .refused)
      #expect(failure.details.contains { $0.contains("10.9.1.300") })
      #expect(failure.details.contains { $0.contains("r1") })
      var other = file
      other.control = "{socket: DIRECTORY/other.sock, mode: 0600}"
      other.namespace = "GATEWAY-other"
      guard case .failure(let fixed) = try stage.reload(other) else {
        Issue.record("another namespace was taken")
        return
      }
      #expect(fixed.message.contains("namespace") && fixed.message.contains("control"))
      try stage.write("version: [")
      agent.signal(SIGHUP)
      try stage.until("SIGHUP is refused too") { $0.configuration.lastReload?.message.contains("errors") == true }
      let status = try stage.status()
      #expect(status.configuration.lastReload?.accepted == false)
      #expect(
        status.sessions.count == 2 && status.sessions.allSatisfy { $0.sessionState == .up && $0.downCount == 0 })
      #expect(stage.routers.allSatisfy { $0.downs.isEmpty })
    }

    @Test("A peer that came by an allow entry is named, and the entry renamed, without a flap; drain holds both")
    func allowed() throws {
      let stage = try Stage("allow", routers: 1)
      var file = AgentFile(1)
      file.peers = [:]
      file.allow = ["name: any, prefix: 10.9.0.0/16", "name: six, prefix: \"2001:db8::/32\""]
      file.paths["p1"] = "via: 10.9.1.1, interface: net1, health: link"
      try stage.start(file)
      // The router begins, as somebody's router would.
      stage.routers[0].call("10.9.1.11")
      stage.routers[0].call("2001:db8:1::11")
      try stage.until("both by rule") { status in
        status.sessions.count == 2 && status.sessions.allSatisfy { $0.rule != nil && $0.sessionState == .up }
      }
      let before = Set(try stage.status().sessions.map(\.localDiscriminator))
      stage.routers[0].forget()
      file.allow = ["name: \"6\", prefix: \"2001:db8::/32\"", "name: any, prefix: 10.9.0.0/16"]
      file.peers["r1"] = "address: 10.9.1.1, interface: net1"
      guard case .reload = try stage.reload(file) else {
        Issue.record("refused: \(stage.story())")
        return
      }
      try stage.until("one of them named") { Set($0.sessions.map(\.name)).isSuperset(of: ["r1"]) }
      let after = try stage.status()
      #expect(after.sessions.count == 2)
      #expect(Set(after.sessions.map(\.localDiscriminator)) == before)
      #expect(after.sessions.contains { $0.rule == "6" })
      #expect(stage.routers[0].downs.isEmpty)
      guard case .drain = try stage.ask(.drain(target: "6")) else {
        Issue.record("no drain")
        return
      }
      try stage.eventually("the v6 session is told") {
        stage.routers[0].downs.map(\.cause) == [.neighborAdministrativelyDown]
      }
    }

    @Test("A drained allow entry never says Init or Up to a peer that comes later")
    func drainedBefore() throws {
      let stage = try Stage("late", routers: 1)
      var file = AgentFile(1)
      file.peers = [:]
      file.allow = ["name: any, prefix: 10.9.0.0/16"]
      file.paths["p1"] = "via: 10.9.1.1, interface: net1, health: link"
      try stage.start(file)
      try stage.untilReady(1)
      _ = try stage.ask(.drain(target: nil))
      stage.routers[0].call("10.9.1.11")
      try stage.until("AdminDown") { $0.sessions.count == 1 && $0.sessions[0].sessionState == .adminDown }
      usleep(500_000)
      #expect(stage.routers[0].seen.isEmpty)
      _ = try stage.ask(.undrain(target: nil))
      try stage.until("up") { $0.sessions.first?.sessionState == .up }
    }
  }
}

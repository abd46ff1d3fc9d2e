import Addresses
import BFD
import Control
import Glibc
import Netlink
import NetworkNamespaces
import Speaker
import Testing

@testable import Gateway
@testable import Lab

extension AgentTests {
  @Suite("Many sessions") struct Many {
    @Test("A thousand sessions at 300 ms x 3 stay up for 20 s, between two agents on two CPUs")
    func thousand() throws {
      let stage = try Stage("many", routers: 1, bfd: false)
      let far = stage.routers[0].namespace
      // The router's end has 1,000 addresses; an agent there begins nothing, and accepts our one address on each.
      var netlink = try stage.netlink(far)
      let link = try #require(try netlink.link(named: "up1"))
      for number in 0..<1_000 {
        try netlink.addAddress(
          try prefix("10.9.\(16 + number / 250).\(1 + number % 250)/32"), interface: link.index)
      }
      var other = AgentFile(1)
      other.namespace = "this"
      other.interfaces = ["up1": "addresses: [10.9.1.1/24]"]
      other.peers = [:]
      other.paths = ["p1": "via: 10.9.1.11, interface: up1, health: link"]
      other.groups = ["name: out, paths: [p1], last-path: keep, routes: [10.99.0.0/16]"]
      other.timers = "transmit-interval: 300ms, receive-interval: 300ms, detect-multiplier: 3"
      other.routes = ["prefix: 10.9.128.0/17, via: 10.9.1.11"]
      other.control = "{socket: DIRECTORY/other.sock, mode: 0600}"
      for number in 0..<1_000 {
        other.peers["o\(number)"] =
          "address: 10.9.\(128 + number / 250).\(1 + number % 250), local-address: 10.9.\(16 + number / 250).\(1 + number % 250), mode: passive"
      }
      var file = AgentFile(1)
      file.timers = other.timers
      file.peers = [:]
      file.interfaces["net1"] =
        "from: e1, addresses: [10.9.1.11/24, "
        + (0..<1_000).map { "10.9.\(128 + $0 / 250).\(1 + $0 % 250)/32" }.joined(separator: ", ") + "]"
      file.paths["p1"] = "via: 10.9.1.1, interface: net1, health: link"
      file.routes = ["prefix: 10.9.16.0/20, via: 10.9.1.1"]
      for number in 0..<1_000 {
        file.peers["s\(number)"] =
          "address: 10.9.\(16 + number / 250).\(1 + number % 250), local-address: 10.9.\(128 + number / 250).\(1 + number % 250)"
      }
      let otherFile = "\(stage.directory)/other.yaml"
      try Files.write(other.text(stage), to: otherFile)
      let peer = try AgentProcess(
        in: far, [AgentProcess.host, otherFile, "\(stage.directory)/other-state"],
        log: "\(stage.directory)/other.log")
      defer { peer.kill() }
      let start = MonotonicClock.now()
      let agent = try stage.start(file)
      try stage.until("all 1,000 are up", seconds: 60) { status in
        status.sessions.count == 1_000 && status.sessions.allSatisfy { $0.sessionState == .up }
      }
      let bringUp = Double(MonotonicClock.now() - start) / 1e9
      let before = try cpu(agent.pid)
      sleep(20)
      let after = try cpu(agent.pid)
      let status = try stage.status()
      #expect(status.sessions.count { $0.sessionState == .up } == 1_000)
      #expect(status.sessions.reduce(0) { $0 + $1.downCount } == 0)
      print("1,000 sessions: all up after \(bringUp) s, CPU \(Int((after - before) / 20 * 100)) % of one")
    }

    /// Seconds of CPU that a process has used.
    private func cpu(_ pid: pid_t) throws -> Double {
      let fields = try Files.read("/proc/\(pid)/stat").split(separator: ") ").last?.split(separator: " ") ?? []
      let ticks = fields.count > 12 ? (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0) : 0
      return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
  }
}

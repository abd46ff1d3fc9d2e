import Addresses
import BFD
import Control
import Glibc
import NamespaceTestSupport
import Netlink
import NetworkNamespaces
import Speaker
import Synchronization
import Testing

@testable import Gateway
@testable import Lab

/// The agent as it runs: a process of its own, real namespaces, real peers. One test at a time, for they share two CPUs.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(4))) enum AgentTests {}

/// What a test waited for in vain, with what the agent had to say.
struct StageFailure: Error, CustomStringConvertible {
  var description: String
}

/// A machine with its routers: a namespace in which the agent is started, the one that it makes, and routers behind veth
/// pairs: e1, 10.9.1.11 here and 10.9.1.1 there, and so on, IPv6 the same. Every router has 10.50.0.1 and takes packets
/// for it. Everything goes with the value.
final class Stage: Sendable {
  let home: String
  let gateway: String
  let directory: String
  let routers: [Router]
  private let processes = Mutex<[AgentProcess]>([])

  init(_ tag: String, routers count: Int = 2, bfd: Bool = true) throws {
    let base = NamespaceNames.make("ag-\(tag)")
    home = "\(base)-h"
    gateway = "\(base)-g"
    directory = "/tmp/\(base)"
    mkdir(directory, 0o700)
    var made: [Router] = []
    do {
      let inside = try NetworkNamespace.create(named: home)
      var netlink = try NetlinkSocket(in: inside)
      for number in 1...count {
        let name = "\(base)-r\(number)"
        let far = try NetworkNamespace.create(named: name)
        try netlink.createVeth("e\(number)", peer: "up\(number)", in: far)
        var beyond = try NetlinkSocket(in: far)
        let link = try #require(try beyond.link(named: "up\(number)"))
        try beyond.addAddress(try prefix("10.9.\(number).1/24"), interface: link.index)
        try beyond.addAddress(
          try prefix("2001:db8:\(number)::1/64"), interface: link.index, flags: .noDuplicateDetection)
        let loopback = try #require(try beyond.link(named: "lo"))
        try beyond.addAddress(try prefix("10.50.0.1/32"), interface: loopback.index)
        try beyond.setLink(loopback.index, up: true)
        try beyond.setLink(link.index, up: true)
        made.append(try Router(number: number, namespace: name, speaks: bfd))
      }
    } catch {
      for router in made { router.stop() }
      Self.remove(base)
      throw error
    }
    routers = made
  }

  deinit {
    for process in processes.withLock({ $0 }) { process.kill() }
    for router in routers { router.stop() }
    Self.remove(String(home.dropLast(2)))
  }

  private static func remove(_ base: String) {
    for tail in ["g", "h", "x"] + (1...4).map({ "r\($0)" }) {
      try? NetworkNamespace.remove(named: "\(base)-\(tail)")
    }
    Files.removeTree("/tmp/\(base)")
  }

  // MARK: - The agent

  var configurationFile: String { "\(directory)/everway.yaml" }
  var socketPath: String { "\(directory)/control.sock" }

  func write(_ text: String) throws {
    let file = try #require(fopen(configurationFile, "we"))
    fputs(text, file)
    fclose(file)
  }

  /// Starts the agent on `text`.
  /// - Parameter prefix: a program and its arguments to start it by.
  @discardableResult func start(_ text: AgentFile, through prefix: [String] = []) throws -> AgentProcess {
    try write(text.text(self))
    return try startAgain(through: prefix)
  }

  /// Starts it on the file as it is.
  @discardableResult func startAgain(
    through prefix: [String] = [], state: String? = nil, log: String = "agent.log"
  ) throws -> AgentProcess {
    let process = try AgentProcess(
      in: home, prefix + [AgentProcess.host, configurationFile, state ?? "\(directory)/state"],
      log: "\(directory)/\(log)")
    processes.withLock { $0.append(process) }
    return process
  }

  func ask(_ command: ControlCommand) throws -> ControlResponse {
    var client = try ControlClient(path: socketPath, timeout: .seconds(10))
    return try client.send(command, timeout: .seconds(20))
  }

  func status() throws -> StatusReport {
    guard case .status(let report) = try ask(.status) else { throw StageFailure(description: "no status") }
    return report
  }

  func reload(_ file: AgentFile) throws -> ControlResponse {
    try write(file.text(self))
    return try ask(.reload)
  }

  /// Waits until a status says so.
  func until(
    _ what: String, seconds: Double = 25, _ condition: (StatusReport) throws -> Bool
  ) throws {
    try eventually(what, seconds: seconds) {
      guard let status = try? self.status() else { return false }
      return try condition(status)
    }
  }

  /// Waits for a condition; when it does not come, throws what the agent has said and shows.
  func eventually(_ what: String, seconds: Double = 25, _ condition: () throws -> Bool) throws {
    let end = MonotonicClock.now() + Int64(seconds * 1e9)
    while true {
      if try condition() { return }
      if MonotonicClock.now() >= end { break }
      usleep(20_000)
    }
    throw StageFailure(description: "in vain: \(what)\n\(story())")
  }

  func story() -> String {
    let log = Files.lastLines("\(directory)/agent.log", 40).joined(separator: "\n")
    var text = "log:\n\(log)\n"
    if let status = try? status() {
      text += "problems: \(status.problems.map { "\($0.what) (\($0.help ?? ""))" })\n"
      text += "paths: \(status.paths.map { "\($0.name) \($0.state) \($0.reason)" })\n"
      text += "groups: \(status.groups.map { "\($0.name) \($0.state) \($0.members.map(\.path))" })\n"
    }
    text +=
      (try? sh(gateway, "ip nexthop; ip route show table all proto 87; ip -6 route show proto 87; ip -br address"))
      ?? ""
    return text
  }

  /// Waits until every session and path is up, every route is there and nothing is wrong.
  func untilReady(_ paths: Int = 2) throws {
    try until("all up, all routes there, no problem") { status in
      status.paths.count == paths && status.paths.allSatisfy { $0.state == .up }
        && status.sessions.allSatisfy { $0.sessionState == .up }
        && status.routes.allSatisfy(\.installed) && status.problems.isEmpty
        && status.groups.allSatisfy { $0.state == .normal }
    }
  }

  // MARK: - The kernel

  /// Runs a shell's line in a namespace; what it wrote.
  @discardableResult func sh(_ namespace: String, _ line: String) throws -> String {
    let result = try AgentProcess.run(in: namespace, ["/bin/sh", "-c", line], log: "\(directory)/sh.log")
    guard result.code == 0 else { throw StageFailure(description: "\(line): \(result.output)") }
    return result.output
  }

  func netlink(_ namespace: String? = nil) throws -> NetlinkSocket {
    try NetlinkSocket(in: NetworkNamespace(named: namespace ?? gateway))
  }

  /// The paths in a group as the kernel has it, by name; nil when there is no such group.
  func members(_ group: String = "out", paths: [String]) throws -> Set<String>? {
    let ids = NextHopIDs.assign(paths: paths, groups: [group])
    var netlink = try netlink()
    guard case .group(let members, _)? = try netlink.nextHops().first(where: { $0.id == ids.groups[group] })?.kind
    else { return nil }
    return Set(
      members.map { member in
        ids.paths.first { $0.value == member.id }?.key
          ?? (member.id == NextHopIDs.blackhole(.ipv4) || member.id == NextHopIDs.blackhole(.ipv6)
            ? "blackhole" : "?\(member.id)")
      })
  }

  func netlinkLinks(_ namespace: String) throws -> Set<String> {
    var netlink = try netlink(namespace)
    return Set(try netlink.links().map(\.name))
  }

  /// The prefixes that we route.
  func routes() throws -> Set<String> {
    var netlink = try netlink()
    return Set(try netlink.routes().filter { $0.protocol == .everway }.map { "\($0.destination)" })
  }
}

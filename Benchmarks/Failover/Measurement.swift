import Addresses
import BFD
import CLinux
import Control
import Glibc
import Lab
import Netlink
import NetworkNamespaces
import Speaker

/// One scenario on one machine: two namespaces and a wire, the gateway in one, its peers in the other.
///
/// Peers and observer share this one thread, which runs in real time above the gateway: what it does late would be
/// counted against whoever is measured.
final class Measurement {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Microseconds.
  struct Result {
    /// From the end of the detection time to the kernel's acknowledgement, by the gateway's own clock.
    var own: [Double] = []
    /// Of it, until the gateway's thread was at work; and what came after.
    var late: [Double] = []
    var work: [Double] = []
    /// From the last packet plus the detection time to the kernel's announcement.
    var outside: [Double] = []
    var spoilt = 0
  }

  private let scenario: Scenario
  private let program: GatewayProgram
  private let process: LabProcess
  private let detection: Int64
  private var peers: [Peer] = []
  private var owner: [Int32: Int] = [:]
  private var observer: Observer
  private let poller: Int32
  private var groupID: UInt32 = 0
  private var nextHopIDs: [String: UInt32] = [:]

  init(_ scenario: Scenario, lab: Lab, interval: UInt32, multiplier: UInt8) throws {
    self.scenario = scenario
    detection = Int64(interval) * 1_000_000 * Int64(multiplier)
    let inside = try lab.makeNamespace("gw")
    let beyond = try lab.makeNamespace("far")
    try inside.ip("link add \(Ground.interface) type veth peer name down0 netns \(beyond.name)")
    try inside.ip("addr add \(Ground.gateway)/16 dev \(Ground.interface)", "link set \(Ground.interface) up")
    try beyond.ip(
      ["link set down0 up"]
        + (0..<scenario.peers).map { "addr add \(scenario.via(peer: $0, path: 0))/16 dev down0" })
    try inside.waitUntilRunning([Ground.interface])
    try beyond.waitUntilRunning(["down0"])

    let gateway = try NetworkNamespace(named: inside.name)
    observer = try Observer(in: gateway, isRoutes: scenario.subject == .bird)
    program = GatewayProgram(
      scenario: scenario, directory: lab.directory, interval: interval, multiplier: multiplier)
    process = try lab.start(
      program.command(), in: inside, label: "gw/\(scenario.subject.rawValue)", outputName: "gateway.out")
    poller = epoll_create1(Int32(EPOLL_CLOEXEC))

    let far = try NetworkNamespace(named: beyond.name)
    var socket = try NetlinkSocket(in: far)
    let link = try socket.link(named: "down0")
    for number in 0..<scenario.peers {
      peers.append(
        try Peer(
          name: "r\(number)", address: .v4(scenario.via(peer: number, path: 0)), gateway: .v4(Ground.gateway),
          interface: UInt32(link?.index ?? 0),
          paths: (0..<scenario.pathsPerPeer).map { scenario.pathName(peer: number, path: $0) },
          interval: interval, multiplier: multiplier, in: far))
      for descriptor in peers[number].descriptors { owner[descriptor] = number }
    }
    for number in peers.indices { watch(number, true) }
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: observer.descriptor))
    epoll_ctl(poller, EPOLL_CTL_ADD, observer.descriptor, &event)
    try prepare(in: gateway)
  }

  deinit { close(poller) }

  private func prepare(in gateway: borrowing NetworkNamespace) throws {
    guard try turn(for: 60_000_000_000, until: { now in self.peers.allSatisfy { $0.isReady(at: now) } }) else {
      throw Failure(
        description: "not every session came up within 60 s: " + process.lastLines(5).joined(separator: " / "))
    }
    switch scenario.subject {
    case .everway:
      var group: StatusReport.Group?
      let all = scenario.peers * scenario.pathsPerPeer
      _ = try turn(for: 20_000_000_000) { _ in
        group = self.program.status()?.groups.first
        return group?.members.count == all
      }
      guard let group, group.members.count == all else {
        throw Failure(description: "the gateway does not have all its paths")
      }
      groupID = group.id
      for member in group.members { nextHopIDs[member.path] = member.nextHopId }
      var socket = try NetlinkSocket(in: gateway)
      let more = try (min(scenario.routes, GatewayProgram.configuredRoutes)..<scenario.routes).map { number in
        guard let prefix = IPPrefix(scenario.destination(number)) else { throw Failure(description: "prefix") }
        return NetlinkChange.addRoute(Route(prefix, nextHop: groupID))
      }
      for start in stride(from: 0, to: more.count, by: 1_000) {
        let refused = try socket.perform(Array(more[start..<min(start + 1_000, more.count)]))
        if let first = refused.first { throw Failure(description: "\(first)") }
        _ = try turn(for: 1) { _ in true }
      }
    case .bird:
      var socket = try NetlinkSocket(in: gateway)
      let all = scenario.peers
      guard
        try turn(
          for: 60_000_000_000,
          until: { _ in
            let routes = (try? socket.routes().filter { $0.paths.count == all }.count) ?? 0
            return routes >= self.scenario.routes
          })
      else { throw Failure(description: "BIRD has not installed its routes within 60 s") }
    }
    // Whatever is still settling must not be measured.
    _ = try turn(for: 1_000_000_000) { _ in false }
  }

  /// Silences one peer after another.
  func run(failovers: Int) throws -> Result {
    var result = Result()
    var next = 0
    while result.outside.count < failovers, result.spoilt <= failovers {
      if !process.isRunning { throw Failure(description: "the gateway ended: \(process.lastLines(5))") }
      let chosen = next % peers.count
      guard
        try turn(
          for: 60_000_000_000,
          until: { now in
            self.scenario.isSerial
              ? self.peers.allSatisfy { $0.isReady(at: now) } : self.peers[chosen].isReady(at: now)
          })
      else { throw Failure(description: "\(peers[chosen].name) did not come back within 60 s") }
      next += 1
      try fail(chosen, into: &result)
    }
    return result
  }

  private func fail(_ chosen: Int, into result: inout Result) throws {
    let peer = peers[chosen]
    switch scenario.subject {
    case .everway:
      observer.expect(.group(groupID, without: Set(peer.paths.compactMap { nextHopIDs[$0] })))
    case .bird: observer.expect(.routes(scenario.routes, without: peer.address))
    }
    peer.isSilent = true
    watch(chosen, false)
    let end = peer.lastSent + detection
    let isSeen = try turn(for: 15_000_000_000) { _ in self.observer.seenAt != nil || self.observer.isSpoilt }
    let seen = observer.seenAt
    if isSeen, let seen, !observer.isSpoilt, seen >= end {
      result.outside.append(Double(seen - end) / 1_000)
      if scenario.subject == .everway { ask(about: peer, &result) }
    } else {
      // A session that went down for another reason than our silence, or announcements that were lost.
      result.spoilt += 1
    }
    peer.isSilent = false
    watch(chosen, true)
  }

  /// The gateway's own figures of the failover that was just seen.
  private func ask(about peer: Peer, _ result: inout Result) {
    guard let failover = program.status()?.groups.first?.lastFailover,
      let latency = failover.latency, let lateness = failover.lateness, let path = peer.paths.first,
      failover.membersBefore.contains(path), !failover.membersAfter.contains(path)
    else { return }  // another path has come back meanwhile
    result.own.append(Double(latency))
    result.late.append(Double(lateness))
    result.work.append(Double(latency) - Double(lateness))
  }

  private func watch(_ number: Int, _ on: Bool) {
    for descriptor in peers[number].descriptors {
      var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: descriptor))
      epoll_ctl(poller, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, descriptor, &event)
    }
  }

  /// Runs the peers and the observer for this many nanoseconds or until `isDone`; whether it was.
  private func turn(for limit: Int64, until isDone: (Instant) -> Bool) throws -> Bool {
    let end = MonotonicClock.now() + limit
    var ready = [epoll_event](repeating: epoll_event(), count: 64)
    while true {
      Interruption.waitIfRequested()
      let now = MonotonicClock.now()
      if isDone(now) { return true }
      if now >= end { return false }
      let deadline = peers.reduce(min(end, now + 50_000_000)) { min($0, $1.nextDeadline) }
      let count = cl_epoll_wait_ns(poller, &ready, Int32(ready.count), max(0, deadline - MonotonicClock.now()))
      try observer.run()
      for event in ready.prefix(Int(max(0, count))) {
        if let number = owner[event.data.fd] { peers[number].run() }
      }
      let later = MonotonicClock.now()
      for peer in peers where peer.nextDeadline <= later { peer.run() }
    }
  }
}

import Addresses
import BFD
import CLinux
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@testable import Speaker

/// Echoes and large packets on wires: `b` is a plain Linux router, with a BFD speaker on it or without.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct EchoWireTests {
  /// Makes `b` forward what comes in on its wire, as any router does.
  private static func forward(_ wire: borrowing Wire) throws {
    try set("net.ipv4.ip_forward", "1", in: wire.nameB)
    try set("net.ipv4.conf.all.send_redirects", "0", in: wire.nameB)
    try set("net.ipv4.conf.w.send_redirects", "0", in: wire.nameB)
    try set("net.ipv6.conf.all.forwarding", "1", in: wire.nameB)
  }

  private static func timers(
    echo: EchoParameters.Kind? = nil, echoEvery interval: UInt32 = 50, loops: Bool = false, size: UInt16 = 0
  ) -> SessionConfiguration {
    var parameters = SessionConfiguration(desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100))
    if let echo { parameters.echo = EchoParameters(transmitInterval: .milliseconds(interval), kind: echo) }
    if loops { parameters.requiredMinEchoRx = .milliseconds(40) }
    parameters.packetSize = size
    return parameters
  }

  /// Runs one speaker until `done`, at most for ten seconds.
  private static func run(_ speaker: inout Speaker, until done: (borrowing Speaker) -> Bool) -> Bool {
    let end = MonotonicClock.now() + 10_000_000_000
    while MonotonicClock.now() < end {
      speaker.run(at: MonotonicClock.now())
      if done(speaker) { return true }
      var polls = speaker.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let wait = (speaker.nextDeadline - MonotonicClock.now()) / 1_000_000
      poll(&polls, nfds_t(polls.count), Int32(max(0, min(100, wait + 1))))
    }
    return false
  }

  private static func state(_ speaker: borrowing Speaker, _ index: Int) -> SessionState? {
    speaker.view(index)?.session.state
  }

  @Test(
    "Echoes come back from the peer's kernel, and failing to takes the session Down",
    arguments: ["10.66.0.2", "fd66::2"])
  func affiliated(peer: String) throws {
    let wire = try Wire("ea")
    try Self.forward(wire)
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let ours = peer == "10.66.0.2" ? "10.66.0.1" : "fd66::1"
    let atA = try add(&a, peer, Self.timers(echo: .affiliated(requiredMinRx: .slow)))
    let atB = try add(&b, ours, Self.timers(loops: true))
    let isEchoing = Speakers.run(&a, &b, seconds: 10) { a, _ in (a.view(atA)?.session.echo?.returned ?? 0) > 20 }
    #expect(isEchoing)
    let seen = a.view(atA)
    let view = try #require(seen)
    #expect(view.session.state == .up && view.session.echo?.roundTrip != nil)
    #expect(view.echo?.localAddress == IPAddress(ours) && view.echo?.obstacle == nil)
    #expect(view.session.advertisedMinRx == .slow)
    // The wire goes on, forwarding does not.
    try set("net.ipv4.ip_forward", "0", in: wire.nameB)
    try set("net.ipv6.conf.all.forwarding", "0", in: wire.nameB)
    a.events = []
    let seen1 = Speakers.run(&a, &b, seconds: 10) { a, _ in Self.state(a, atA) != .up }
    #expect(seen1)
    let causes = a.events.compactMap { event -> Transition.Cause? in
      if case .transition(_, let transition) = event { transition.cause } else { nil }
    }
    #expect(causes.first == .echoFailed)
    let seen2 = b.view(atB)?.counters.received ?? 0 > 0
    #expect(seen2)
  }

  @Test("Unaffiliated echo needs nothing but forwarding", arguments: ["10.66.0.2", "fd66::2"], [UInt16(0), 1_400])
  func unaffiliated(peer: String, size: UInt16) throws {
    let wire = try Wire("eu")
    try Self.forward(wire)
    var a = try speaker(wire.nameA)
    let index = try add(&a, peer, Self.timers(echo: .unaffiliated, size: size))
    let seen3 = Self.run(&a) { Self.state($0, index) == .up }
    #expect(seen3)
    let seen4 = Self.run(&a) { ($0.view(index)?.session.echo?.returned ?? 0) > 20 }
    #expect(seen4)
    let seen5 = a.counters[.echoForged] == 0
    #expect(seen5)
    try ip("-n", wire.nameB, "link", "set", "w", "down")
    let seen6 = Self.run(&a) { Self.state($0, index) == .down }
    #expect(seen6)
    let seen7 = a.view(index)?.session.diagnostic == .echoFunctionFailed
    #expect(seen7)
    try ip("-n", wire.nameB, "link", "set", "w", "up")
    if peer == "fd66::2" { try ip("-n", wire.nameB, "addr", "replace", "fd66::2/64", "dev", "w", "nodad") }
    let seen8 = Self.run(&a) { Self.state($0, index) == .up }
    #expect(seen8)
  }

  @Test(
    "A smaller MTU on the way takes a session with large packets Down",
    arguments: ["10.66.0.2", "fd66::2"])
  func largePackets(peer: String) throws {
    let wire = try Wire("el")
    let ours = peer == "10.66.0.2" ? "10.66.0.1" : "fd66::1"
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, peer, Self.timers(size: 1_400))
    _ = try add(&b, ours, Self.timers())
    let seen9 = Speakers.run(&a, &b, seconds: 10) { a, b in Self.state(a, atA) == .up }
    #expect(seen9)
    // The far end of a veth drops what is longer than its MTU.
    try ip("-n", wire.nameB, "link", "set", "w", "mtu", "1300")
    let seen10 = Speakers.run(&a, &b, seconds: 10) { a, _ in Self.state(a, atA) != .up }
    #expect(seen10)
    try ip("-n", wire.nameB, "link", "set", "w", "mtu", "1500")
    let seen11 = Speakers.run(&a, &b, seconds: 10) { a, _ in Self.state(a, atA) == .up }
    #expect(seen11)
    // Our own link: the kernel refuses, and that is counted.
    try ip("-n", wire.nameA, "link", "set", "w", "mtu", "1300")
    let seen12 = Speakers.run(&a, &b, seconds: 10) { a, _ in
      Self.state(a, atA) != .up && a.view(atA)?.counters.lastSendError == EMSGSIZE
    }
    #expect(seen12)
  }

  @Test(
    "A peer's echo to our address is sent back while the session is Up, and not faster than announced",
    arguments: ["10.66.0.2", "fd66::2"])
  func looped(peer: String) throws {
    let wire = try Wire("er")
    let ours = peer == "10.66.0.2" ? "10.66.0.1" : "fd66::1"
    let family: AddressFamily = peer == "10.66.0.2" ? .ipv4 : .ipv6
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, peer, Self.timers(loops: true))
    _ = try add(&b, ours, Self.timers())
    // Before the session is Up nothing is sent back.
    let socket = try UserEcho(wire.nameB, family)
    socket.send(to: ours, count: 1)
    let seen13 = Self.run(&a) { $0.counters[.echoUnexpected] == 1 }
    #expect(seen13)
    let seen14 = Speakers.run(&a, &b, seconds: 10) { a, _ in Self.state(a, atA) == .up }
    #expect(seen14)
    socket.send(to: ours, count: 10)
    let seen15 = Self.run(&a) { ($0.view(atA)?.echo?.looped ?? 0) + $0.counters[.echoRate] == 10 }
    #expect(seen15)
    let seen16 = a.view(atA)?.echo?.looped ?? 0 >= 1
    #expect(seen16)
    let seen17 = a.counters[.echoRate] > 0
    #expect(seen17)
    #expect(socket.receive().first == .init(timeToLive: 254, length: 24))
  }
}

/// As in `Wire.swift`, under a name that a suite with a `run` of its own can use.
enum Speakers {
  static func run(
    _ a: inout Speaker, _ b: inout Speaker, seconds: Double,
    until done: (borrowing Speaker, borrowing Speaker) -> Bool
  ) -> Bool { runBoth(&a, &b, seconds: seconds, until: done) }
}

/// Writes a sysctl of a namespace, given by its dotted name.
private func set(_ name: String, _ value: String, in namespace: String) throws {
  let sysctl = try #require(Sysctl(name))
  try NetworkNamespace(named: namespace).write(sysctl, value)
}

private func runBoth(
  _ a: inout Speaker, _ b: inout Speaker, seconds: Double,
  until done: (borrowing Speaker, borrowing Speaker) -> Bool
) -> Bool { run(&a, &b, seconds: seconds, until: done) }

/// Echoes as FRR sends them over IPv6: to the peer's own address, which is to send them back.
final class UserEcho {
  struct Answer: Equatable {
    var timeToLive: Int32
    var length: UInt32
  }

  private let transmitter: Transmitter
  private var descriptor: Int32 { transmitter.descriptor }
  private let family: AddressFamily

  init(_ namespace: String, _ family: AddressFamily) throws {
    self.family = family
    transmitter = try EndpointSockets.transmitter(
      for: Endpoint(.any(family)), in: NetworkNamespace(named: namespace), preferredPort: 50_000
    )
    var one: Int32 = 1
    if family == .ipv4 {
      setsockopt(descriptor, Int32(IPPROTO_IP), IP_RECVTTL, &one, 4)
    } else {
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, &one, 4)
    }
  }

  func send(to address: String, count: Int) {
    guard let destination = IPAddress(address) else { return }
    let route = UnsafeMutablePointer<cl_tx_route>.route(
      to: destination, port: BFDPort.echo, from: nil, interface: 0)
    var batch = TransmitBatch()
    for _ in 0..<count { batch.add(by: Exit(route: route, descriptor: descriptor), length: 24, owner: 0) { _ in } }
    batch.send()
    route.deallocate()
  }

  /// What has come back; waits for the first.
  func receive() -> [Answer] {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    poll(&waiting, 1, 5_000)
    var batch = ReceiveBatch()
    let count = batch.receive(from: descriptor)
    return (0..<count).map {
      Answer(timeToLive: batch.datagram($0).time_to_live, length: batch.datagram($0).length)
    }
  }
}

import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// Several ports, devices, namespaces and local addresses in one speaker.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct Endpoints {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

  private func pair(
    _ local: String, _ remote: String, _ pathType: PathType, _ domain: RoutingDomain = .main
  ) throws -> SessionSettings {
    let (local, remote) = (try address(local), try address(remote))
    return SessionSettings(
      key: SessionKey(peer: .pair(local: local, remote: remote), pathType: pathType, domain: domain),
      remoteAddress: remote, localAddress: local, minimumTimeToLive: pathType == .multihop ? 250 : 255,
      parameters: fast)
  }

  /// The macros cannot take a noncopyable value.
  private func start(_ speaker: inout Speaker, _ settings: SessionSettings) throws -> Int {
    let index = speaker.add(settings, at: MonotonicClock.now())
    return try #require(index)
  }

  private func state(_ speaker: borrowing Speaker, _ index: Int) -> SessionState? {
    speaker.view(index)?.session.state
  }

  @Test("a multihop session comes up on port 4784, beside a single-hop one with the same peer")
  func multihop() throws {
    let wire = try Wire("em")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    try a.open([Endpoint(.v4(.any), pathType: .multihop)], in: NetworkNamespace(named: wire.nameA))
    try b.open([Endpoint(.v4(.any), pathType: .multihop)], in: NetworkNamespace(named: wire.nameB))
    let far = try start(&a, pair("10.66.0.1", "10.66.0.2", .multihop))
    _ = try start(&b, pair("10.66.0.2", "10.66.0.1", .multihop))
    let near = try add(&a, "10.66.0.2", fast)
    _ = try add(&b, "10.66.0.1", fast)
    let bothUp = run(&a, &b, seconds: 20) { a, _ in state(a, far) == .up && state(a, near) == .up }
    #expect(bothUp)
    let wrongPort = a.counters[.wrongPort] + b.counters[.wrongPort]
    #expect(wrongPort == 0)
  }

  @Test("one peer has a session with each of two local addresses")
  func twoLocalAddresses() throws {
    let wire = try Wire("el")
    try ip("-n", wire.nameA, "addr", "add", "10.66.0.11/24", "dev", "w")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    a.setRules([
      AllowRule(
        prefix: try #require(IPPrefix("10.66.0.2/32")), byLocalAddress: true,
        parameters: SessionConfiguration(
          desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), role: .passive))
    ])
    let first = try start(&b, pair("10.66.0.2", "10.66.0.1", .singleHop))
    let second = try start(&b, pair("10.66.0.2", "10.66.0.11", .singleHop))
    let bothUp = run(&a, &b, seconds: 20) { _, b in state(b, first) == .up && state(b, second) == .up }
    #expect(bothUp)
    let count = a.indices.count
    #expect(count == 2)
  }

  @Test("two namespaces with the same addresses are two domains of one speaker")
  func severalNamespaces() throws {
    let one = try Wire("en1")
    let two = try Wire("en2")
    let other = RoutingDomain(id: 7)
    var a = try speaker(one.nameA)
    try a.open([Endpoint(.v4(.any), domain: other)], in: NetworkNamespace(named: two.nameA))
    var b = try speaker(one.nameB)
    try b.open([Endpoint(.v4(.any), domain: other)], in: NetworkNamespace(named: two.nameB))
    let inMain = try start(&a, pair("10.66.0.1", "10.66.0.2", .singleHop))
    let inOther = try start(&a, pair("10.66.0.1", "10.66.0.2", .singleHop, other))
    _ = try start(&b, pair("10.66.0.2", "10.66.0.1", .singleHop))
    _ = try start(&b, pair("10.66.0.2", "10.66.0.1", .singleHop, other))
    let bothUp = run(&a, &b, seconds: 20) { a, _ in state(a, inMain) == .up && state(a, inOther) == .up }
    #expect(bothUp)

    a.close(other)
    let isDown = run(&a, &b, seconds: 20) { a, _ in state(a, inOther) == .down }
    let mainState = state(a, inMain)
    #expect(isDown)
    #expect(mainState == .up)
  }

  /// This kernel has no VRF device; any device that a socket can be bound to has the same part here.
  @Test("a domain bound to a device shares the port with the unbound one, and takes that device's packets")
  func device() throws {
    let wire = try Wire("ed")
    let domain = RoutingDomain(id: 9)
    var a = try speaker(wire.nameA)
    try a.open(
      [Endpoint(.v4(.any), domain: domain, device: "w")], in: NetworkNamespace(named: wire.nameA))
    var b = try speaker(wire.nameB)
    let bound = try start(&a, pair("10.66.0.1", "10.66.0.2", .singleHop, domain))
    _ = try start(&b, pair("10.66.0.2", "10.66.0.1", .singleHop))
    let isUp = run(&a, &b, seconds: 20) { a, _ in state(a, bound) == .up }
    #expect(isUp)

    // Nobody else can join the port that our own two sockets share.
    #expect(throws: SpeakerError.self) { _ = try speaker(wire.nameA) }
  }

  @Test("a device that is missing is an error that names it, and leaves nothing half open")
  func missingDevice() throws {
    let wire = try Wire("ex")
    var a = try speaker(wire.nameA)
    let namespace = try NetworkNamespace(named: wire.nameA)
    let before = a.endpoints
    var message = ""
    do throws(SpeakerError) {
      try a.open(
        [
          Endpoint(.v4(.any), pathType: .multihop),
          Endpoint(.v4(.any), domain: RoutingDomain(id: 3), device: "vrf-red")
        ], in: namespace)
    } catch {
      message = error.message
    }
    let after = a.endpoints
    #expect(message.contains("vrf-red"))
    #expect(after == before)
  }
}

import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// RFC 7880 and 7881 between two namespaces: `a` asks, `b` reflects.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct SeamlessOnAWire {
  private func open(_ speaker: inout Speaker, _ name: String, _ pathType: PathType) throws {
    try speaker.open(
      [Endpoint(.v4(.any), pathType: pathType), Endpoint(.v6(.any), pathType: pathType)],
      in: NetworkNamespace(named: name))
  }

  private func ask(_ speaker: inout Speaker, _ peer: String, _ discriminator: UInt32) throws -> Int {
    let address = try #require(IPAddress(peer))
    var parameters = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))
    parameters.seamlessDiscriminator = discriminator
    let index = speaker.add(
      SessionSettings(
        key: SessionKey(peer: .address(address, interface: 0), pathType: .seamlessInitiator),
        remoteAddress: address,
        parameters: parameters), at: MonotonicClock.now())
    return try #require(index)
  }

  private func reflector(_ prefixes: [String], rate: Int = 10_000) throws -> ReflectorSettings {
    ReflectorSettings(
      reflector: SeamlessReflector(discriminator: 0xcafe),
      allowed: try prefixes.map { try #require(IPPrefix($0)) }, maximumRate: rate)
  }

  @Test("an initiator comes up with a reflector, and falls when that goes", arguments: ["10.66.0.2", "fd66::2"])
  func upAndDown(peer: String) throws {
    let wire = try Wire("sb")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    try open(&a, wire.nameA, .seamlessInitiator)
    try open(&b, wire.nameB, .seamlessReflector)
    b.setReflectors([try reflector(["10.66.0.0/24", "fd66::/64"])], at: MonotonicClock.now())
    let session = try ask(&a, peer, 0xcafe)
    let isUp = run(&a, &b, seconds: 10) { a, _ in a.view(session)?.counters.received ?? 0 > 20 }
    let state = a.view(session)?.session.state
    #expect(isUp)
    #expect(state == .up)
    let kept = b.indices.count
    #expect(kept == 0)

    b.setReflectors([], at: MonotonicClock.now())
    let isDown = run(&a, &b, seconds: 10) { a, _ in a.view(session)?.session.state == .down }
    let unknown = b.counters[.yourDiscriminatorUnknown]
    #expect(isDown)
    #expect(unknown > 0)
  }

  @Test("a stranger is not answered, and counted")
  func stranger() throws {
    let wire = try Wire("ss")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    try open(&a, wire.nameA, .seamlessInitiator)
    try open(&b, wire.nameB, .seamlessReflector)
    b.setReflectors([try reflector(["192.0.2.0/24"])], at: MonotonicClock.now())
    let session = try ask(&a, "10.66.0.2", 0xcafe)
    let isCounted = run(&a, &b, seconds: 10) { _, b in b.counters[.noSession] >= 2 }
    let received = a.view(session)?.counters.received
    #expect(isCounted)
    #expect(received == 0)
  }

  @Test("no more is answered than the rate allows")
  func rate() throws {
    var reflection = Reflection(try reflector(["0.0.0.0/0"], rate: 100), at: Instant(nanoseconds: 0))
    let second: Int64 = 1_000_000_000
    var answers = 0
    for tick in 0..<10_000 where reflection.mayAnswer(at: Instant(nanoseconds: 10 * second + Int64(tick) * 100_000))
    {
      answers += 1
    }
    // A second at 100 a second, and a tenth of a second saved up.
    #expect((105...111).contains(answers))
  }
}

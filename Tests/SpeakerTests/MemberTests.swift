import Addresses
import BFD
import CLinux
import Capture
import Glibc
import NetworkNamespaces
import PacketSockets
import Testing

@testable import Speaker

/// RFC 7130 on two links that stand for the members of a group. This kernel has no bonding; what a bond's member hears
/// reaches packet sockets before the bond, as on any other link.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct LinkAggregationMembers {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  /// A second wire between the two namespaces, without addresses of its own, as a member has none.
  private func secondLink(_ wire: borrowing Wire) throws {
    try ip("link", "add", "w2", "netns", wire.nameA, "type", "veth", "peer", "name", "w2", "netns", wire.nameB)
    for name in [wire.nameA, wire.nameB] { try ip("-n", name, "link", "set", "w2", "up") }
  }

  private func index(of link: String, in namespace: String) throws -> UInt32 {
    let index = try NetworkNamespace(named: namespace).perform { () throws(SystemCallError) in if_nametoindex(link)
    }
    return try #require(index == 0 ? nil : index)
  }

  private func start(
    _ speaker: inout Speaker, in namespace: String, on link: String, _ local: String, _ remote: String
  ) throws -> Int {
    let (local, remote) = (try #require(IPAddress(local)), try #require(IPAddress(remote)))
    let interface = try index(of: link, in: namespace)
    try speaker.open(
      [Endpoint(.any(local.family), pathType: .linkAggregationMember, interface: interface)],
      in: NetworkNamespace(named: namespace))
    let session = speaker.add(
      SessionSettings(
        key: SessionKey(peer: .address(remote, interface: interface), pathType: .linkAggregationMember),
        remoteAddress: remote, localAddress: local, parameters: fast), at: MonotonicClock.now())
    return try #require(session)
  }

  private func state(_ speaker: borrowing Speaker, _ session: Int) -> SessionState? {
    speaker.view(session)?.session.state
  }

  @Test(
    "each member has a session of its own with the same addresses, and only the one that fails goes Down",
    arguments: [("10.66.0.1", "10.66.0.2"), ("fd66::1", "fd66::2")])
  func ownSessions(local: String, remote: String) throws {
    let wire = try Wire("lm")
    try secondLink(wire)
    var a = try speaker(wire.nameA)
    a.keepPackets(depth: 4)
    var b = try speaker(wire.nameB)
    let first = try start(&a, in: wire.nameA, on: "w", local, remote)
    let second = try start(&a, in: wire.nameA, on: "w2", local, remote)
    _ = try start(&b, in: wire.nameB, on: "w", remote, local)
    _ = try start(&b, in: wire.nameB, on: "w2", remote, local)
    let bothUp = run(&a, &b, seconds: 20) { a, _ in state(a, first) == .up && state(a, second) == .up }
    #expect(bothUp)
    let heard = a.lastPackets(of: first).filter { $0.direction == .received }
    #expect(!heard.isEmpty && heard.allSatisfy { BFDPort.sources.contains($0.sourcePort) && $0.length == 24 })

    try ip("-n", wire.nameB, "link", "set", "w2", "down")
    let isDown = run(&a, &b, seconds: 20) { a, _ in state(a, second) == .down }
    let left = state(a, first)
    #expect(isDown)
    #expect(left == .up)
  }

  @Test("packets go to port 6784 and the dedicated multicast address, with TTL 255")
  func onTheWire() throws {
    let wire = try Wire("lw")
    var a = try speaker(wire.nameA)
    _ = try start(&a, in: wire.nameA, on: "w", "10.66.0.1", "10.66.0.2")
    let far = try MemberPort(
      Endpoint(
        .v4(.any), pathType: .linkAggregationMember, interface: try index(of: "w", in: wire.nameB)),
      in: NetworkNamespace(named: wire.nameB))
    var batch = FrameBatch()
    var seen: (type: UInt8, header: UDPFrame.Header)?
    let end = MonotonicClock.now() + 10_000_000_000
    while seen == nil, MonotonicClock.now() < end {
      a.run(at: MonotonicClock.now())
      usleep(1_000)
      guard batch.receive(from: far.hearer) > 0 else { continue }
      let type = batch.frame(0).packet_type
      seen = batch.withPacket(0) { UDPFrame.read($0).map { (type, $0.header) } }
    }
    #expect(seen?.type == UInt8(PACKET_MULTICAST))
    #expect(seen?.header.destinationPort == 6784)
    #expect(seen?.header.timeToLive == 255)
    #expect((49_152...65_535).contains(seen?.header.sourcePort ?? 0))
  }

  @Test("a single-hop session on the same link is another session")
  func besideSingleHop() throws {
    let wire = try Wire("ls")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let member = try start(&a, in: wire.nameA, on: "w", "10.66.0.1", "10.66.0.2")
    _ = try start(&b, in: wire.nameB, on: "w", "10.66.0.2", "10.66.0.1")
    let plain = try add(&a, "10.66.0.2", fast)
    _ = try add(&b, "10.66.0.1", fast)
    let bothUp = run(&a, &b, seconds: 20) { a, _ in state(a, member) == .up && state(a, plain) == .up }
    let crossed = a.counters[.wrongPort] + b.counters[.wrongPort]
    #expect(bothUp)
    #expect(crossed == 0)
  }
}

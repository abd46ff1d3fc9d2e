import Addresses
import BFD
import Capture
import Glibc
import Testing

@testable import Speaker

@Suite(.enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct PacketsThatAreKept {
  @Test func bothDirectionsWithTheAddressesThatTheWireHas() throws {
    let wire = try Wire("kept")
    let parameters = SessionConfiguration(
      desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), detectMultiplier: 20)
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    a.keepPackets(depth: 8)
    let ours = try add(&a, "10.66.0.2", parameters)
    let theirs = try add(&b, "10.66.0.1", parameters)
    let isUp = run(&a, &b, seconds: 20) { a, b in
      a.lastPackets(of: ours).count == 8 && a.view(ours)?.session.state == .up && b.view(theirs) != nil
    }
    try #require(isUp)
    let packets = a.lastPackets(of: ours)
    let (own, peer) = (try #require(IPAddress("10.66.0.1")), try #require(IPAddress("10.66.0.2")))
    #expect(Set(packets.map(\.direction)) == [.sent, .received])
    for packet in packets {
      let isSent = packet.direction == .sent
      #expect(packet.source == (isSent ? own : peer) && packet.destination == (isSent ? peer : own))
      #expect(BFDPort.sources.contains(packet.sourcePort) && packet.destinationPort == 3784)
      #expect(packet.timeToLive == 255 && packet.discarded == nil && packet.length == 24)
    }
    #expect(packets.map(\.time) == packets.map(\.time).sorted())
  }

  @Test func copiesOfWhatIsDiscardedAreMadeOnlyForWhoAsksAndBounded() throws {
    var speaker = Speaker(secret: (1, 2), seed: 3, at: Instant(nanoseconds: 0))
    let source = PacketSource(source: .any(.ipv4), destination: .any(.ipv4), interface: 1, timeToLive: 9)
    let garbage = [UInt8](repeating: 0, count: 24)
    speaker.tap(includingDiscarded: false)
    speaker.deliver(garbage.span.bytes, from: source, at: Instant(nanoseconds: 0))
    let none = speaker.takeTapped()
    #expect(none.packets.isEmpty && none.dropped == 0)
    speaker.tap(includingDiscarded: true)
    for _ in 0..<PacketTap.limit + 5 {
      speaker.deliver(garbage.span.bytes, from: source, at: Instant(nanoseconds: 0))
    }
    let some = speaker.takeTapped()
    #expect(some.packets.count == PacketTap.limit && some.dropped == 5)
    #expect(some.packets.first?.packet.discarded == .version && some.packets.first?.packet.timeToLive == 9)
  }
}

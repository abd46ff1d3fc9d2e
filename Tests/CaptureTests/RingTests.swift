import BFD
@testable import Capture
import Testing

@Suite struct RingTests {
  private func record(_ number: Int64, fate: UInt8 = PacketRecord.taken) -> PacketRecord {
    PacketRecord(
      at: Instant(nanoseconds: number), octets: packet().octets, sourcePort: 49_152, timeToLive: 255, length: 24,
      authenticationType: 0, fate: fate)
  }

  @Test func aRecordHasFortyOctets() { #expect(MemoryLayout<PacketRecord>.stride == 40) }

  @Test(arguments: [0, 1, 3, 4, 5, 8, 9]) func theLastPacketsAreKeptInTheirOrder(count: Int) {
    var rings = PacketRings(depth: 4)
    rings.reserve(3)
    for number in 0..<count {
      rings.append(record(Int64(number)), session: 1)
      rings.append(record(-1), session: 2)
    }
    #expect(rings.packets(of: 1).map(\.at.nanoseconds) == (max(0, count - 4)..<count).map(Int64.init))
    #expect(rings.packets(of: 0).isEmpty)
  }

  @Test func moreSessionsLeaveTheOthersPacketsWhereTheyAre() {
    var rings = PacketRings(depth: 2)
    rings.reserve(1)
    rings.append(record(1), session: 0)
    rings.reserve(50)
    rings.append(record(2), session: 49)
    #expect(rings.packets(of: 0).map(\.at.nanoseconds) == [1])
    #expect(rings.packets(of: 49).map(\.at.nanoseconds) == [2])
  }

  @Test func aClearedRingIsEmpty() {
    var rings = PacketRings(depth: 2)
    rings.reserve(1)
    for number in 0..<5 { rings.append(record(Int64(number)), session: 0) }
    rings.clear(0)
    #expect(rings.packets(of: 0).isEmpty)
  }

  @Test func withoutDepthNothingIsKept() {
    var rings = PacketRings(depth: 0)
    rings.reserve(10)
    rings.append(record(1), session: 3)
    #expect(rings.packets(of: 3).isEmpty)
    #expect(PacketRings.octets(depth: 0) == 0)
  }

  @Test(arguments: DiscardReason.allCases) func aRecordKnowsWhyItsPacketWasDiscarded(reason: DiscardReason) {
    let kept = record(1, fate: PacketRecord.discarded(reason))
    #expect(kept.discarded == reason && kept.direction == .received)
    #expect(record(1).discarded == nil && record(1, fate: PacketRecord.sent).direction == .sent)
  }
}

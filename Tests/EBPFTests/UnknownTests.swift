import Addresses
import Glibc
import Testing

@testable import EBPF

/// Dropping what no session asks for.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct UnknownTests {
  private static let unknown = controlPacket(yours: 0x7777_8888)

  /// The payload with some octets set.
  private static func changed(_ octets: [(Int, UInt8)]) -> [UInt8] {
    var packet = unknown
    for (position, octet) in octets { packet[position] = octet }
    return packet
  }

  @Test func anUnknownDiscriminatorIsDroppedWhereThatIsWanted() throws {
    var bench = try Filtered("ud")
    try bench.send(Self.unknown)
    let unasked = bench.delivers(Self.unknown)
    #expect(unasked)
    bench.filter.setDropsUnknown(true, on: bench.attachment)
    try bench.send(Self.unknown)
    let dropped = eventually { bench.filter.unknown(on: bench.attachment) == 1 }
    let delivered = receive(bench.socket, milliseconds: 0)
    let swallowed = bench.filter.swallowed
    #expect(dropped && delivered == nil && swallowed == 0)
    bench.filter.setDropsUnknown(false, on: bench.attachment)
    try bench.send(Self.unknown)
    let again = bench.delivers(Self.unknown)
    #expect(again)
  }

  @Test(
    "What a reader would discard for another reason, or take, is delivered",
    arguments: [
      changed([(0, 0x00)]), changed([(0, 0x40)]),  // versions 0 and 2
      changed([(1, 0xc4)]), changed([(1, 0xc1)]),  // A, M
      changed([(2, 0)]), changed([(3, 23)]), changed([(3, 25)]),  // Detect Mult, Length
      changed([(4, 0), (5, 0), (6, 0), (7, 0)]),  // My Discriminator
      controlPacket(yours: 0), unknown + [0], Array(unknown.prefix(23)), controlPacket()
    ])
  func others(_ packet: [UInt8]) throws {
    var bench = try Filtered("uo")
    bench.filter.setDropsUnknown(true, on: bench.attachment)
    try bench.send(packet)
    let delivered = bench.delivers(packet)
    let count = bench.filter.unknown(on: bench.attachment)
    #expect(delivered && count == 0)
  }

  @Test func nothingIsDroppedAsLongAsASessionFoundNoRoom() throws {
    var bench = try Filtered("us")
    bench.filter.setDropsUnknown(true, on: bench.attachment)
    let tooMany = RepetitionFilter.capacityLimit
    var reason: EBPFError.Reason?
    do { try bench.filter.add(tooMany, discriminator: 0x7777_8888) } catch { reason = error.reason }
    #expect(reason == .full)
    try bench.send(Self.unknown)
    let delivered = bench.delivers(Self.unknown)
    #expect(delivered)
    bench.filter.remove(tooMany)
    try bench.send(Self.unknown)
    let dropped = eventually { bench.filter.unknown(on: bench.attachment) == 1 }
    #expect(dropped)
  }
}

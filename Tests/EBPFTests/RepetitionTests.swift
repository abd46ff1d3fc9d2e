import Addresses
import CLinux
import Glibc
import NetworkNamespaces
import Testing

@testable import EBPF

/// What is swallowed, on real sockets.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct RepetitionTests {
  @Test("A repetition is swallowed, counted, and its arrival noted", arguments: AddressFamily.allCases)
  func repetition(_ family: AddressFamily) throws {
    var bench = try Filtered("re", family)
    bench.expect()
    let before = monotonic()
    try bench.send()
    let first = bench.swallowsNext()
    #expect(first)
    let after = monotonic()
    let reading = bench.filter.reading(Filtered.session)
    #expect(reading.count == 1 && (before...after).contains(reading.arrival))
    #expect(reading.worstGap > 0 && reading.worstGap <= after - before + 1_000_000_000)
    try bench.send()
    let second = bench.swallowsNext(after: 1)
    #expect(second)
    let total = (bench.filter.swallowed, bench.filter.swallowed(on: bench.attachment))
    #expect(total == (2, 2))
  }

  @Test("Whoever does not ask for interface and destination gets them from anywhere")
  func wildcards() throws {
    var bench = try Filtered("rw")
    bench.filter.expect(
      Filtered.session, payload: controlPacket().span.bytes, from: Wire.peer4, minimumTimeToLive: 250,
      on: bench.attachment, lastArrival: monotonic())
    try bench.send(to: Wire.otherOwn4, timeToLive: 250)
    let swallowed = bench.swallowsNext()
    #expect(swallowed)
  }

  @Test("A packet with any octet of its payload changed is delivered", arguments: 0..<24)
  func payload(_ position: Int) throws {
    var bench = try Filtered("rp")
    bench.expect()
    for bit in [UInt8(0x01), 0x80] {
      var packet = controlPacket()
      packet[position] ^= bit
      try bench.send(packet)
      let delivered = bench.delivers(packet)
      #expect(delivered)
    }
  }

  @Test("A packet of another length is delivered", arguments: [0, 1, 23, 25, 28, 48, 1_400])
  func length(_ length: Int) throws {
    var bench = try Filtered("rl")
    bench.expect()
    let packet = Array((controlPacket() + [UInt8](repeating: 0, count: 1_400)).prefix(length))
    try bench.send(packet)
    let delivered = bench.delivers(packet)
    #expect(delivered)
  }

  @Test("A packet from another source is delivered", arguments: [Wire.otherPeer4, Wire.otherPeer6])
  func source(_ source: IPAddress) throws {
    var bench = try Filtered("rs", source.family)
    bench.expect()
    try bench.send(from: source)
    let delivered = bench.delivers()
    #expect(delivered)
  }

  @Test("A packet to another address of ours is delivered", arguments: [Wire.otherOwn4, Wire.otherOwn6])
  func destination(_ destination: IPAddress) throws {
    var bench = try Filtered("rd", destination.family)
    bench.expect()
    try bench.send(to: destination)
    let delivered = bench.delivers()
    #expect(delivered)
  }

  @Test("A packet that came over a router is delivered", arguments: AddressFamily.allCases)
  func timeToLive(_ family: AddressFamily) throws {
    var bench = try Filtered("rt", family)
    bench.expect()
    try bench.send(timeToLive: 254)
    let delivered = bench.delivers()
    #expect(delivered)
  }

  @Test("A packet that came in by another interface is delivered", arguments: AddressFamily.allCases)
  func interface(_ family: AddressFamily) throws {
    var bench = try Filtered("ri", family)
    bench.expect(interface: bench.wire.interface + 1)
    try bench.send()
    let delivered = bench.delivers()
    #expect(delivered)
  }

  @Test func aPacketOnAnotherSocketIsDelivered() throws {
    var bench = try Filtered("ro")
    let other = try bench.wire.receiver(.ipv4, port: 4784)
    defer { close(other) }
    let attachment = try bench.filter.attach(to: other)
    bench.expect()
    let sender = try bench.wire.sender(from: Wire.peer4)
    defer { close(sender) }
    try send(controlPacket(), by: sender, to: Wire.own4, port: 4784)
    #expect(receive(other) == controlPacket())
    let counts = (bench.count, bench.filter.swallowed(on: attachment))
    #expect(counts == (0, 0))
  }

  @Test func anIPv4PacketIsNoRepetitionOfAnIPv6OneWhoseSourceBeginsAlike() throws {
    var bench = try Filtered("rf")
    bench.filter.expect(
      Filtered.session, payload: controlPacket().span.bytes,
      from: .v6(IPv6Address(high: 0x0a43_0002 << 32, low: 0)),
      minimumTimeToLive: 0, on: bench.attachment, lastArrival: monotonic())
    try bench.send()
    let delivered = bench.delivers()
    #expect(delivered)
  }

  @Test func whatNoSessionExpectsIsDelivered() throws {
    var bench = try Filtered("rn")
    let isExpecting = bench.filter.isExpecting(Filtered.session)
    #expect(!isExpecting)
    try bench.send()
    let new = bench.delivers()
    #expect(new)
    bench.expect()
    let begun = bench.filter.isExpecting(Filtered.session)
    #expect(begun)
    bench.filter.pass(Filtered.session)
    let ended = !bench.filter.isExpecting(Filtered.session)
    #expect(ended)
    try bench.send()
    let passed = bench.delivers()
    #expect(passed)
    bench.expect()
    bench.filter.remove(Filtered.session)
    try bench.send()
    let removed = bench.delivers()
    #expect(removed)
  }

  @Test func aPacketAfterALongSilenceAndAllBehindItAreDelivered() throws {
    var bench = try Filtered("rg")
    bench.expect(longestGap: 1)
    for _ in 0..<2 {
      try bench.send()
      let late = bench.delivers()
      #expect(late)
    }
    bench.expect(longestGap: 3_600_000_000_000)
    try bench.send()
    let swallowed = bench.swallowsNext()
    #expect(swallowed)
  }

  @Test func ipv4OptionsDoNotHideAnything() throws {
    var bench = try Filtered("rq")
    bench.expect()
    let sender = try bench.wire.sender(from: Wire.peer4)
    defer { close(sender) }
    let noOperations: [UInt8] = [1, 1, 1, 1, 1, 1, 1, 1]
    try #require(setsockopt(sender, Int32(IPPROTO_IP), IP_OPTIONS, noOperations, 8) == 0)
    try send(controlPacket(), by: sender, to: Wire.own4)
    let swallowed = bench.swallowsNext()
    #expect(swallowed)
    var other = controlPacket()
    other[23] = 1
    try send(other, by: sender, to: Wire.own4)
    let delivered = bench.delivers(other, after: 1)
    #expect(delivered)
  }

  @Test func theWorstGapBeginsAnew() throws {
    var bench = try Filtered("rx")
    bench.expect()
    try bench.send()
    let first = bench.swallowsNext()
    #expect(first)
    let pause: Int64 = 50_000_000
    usleep(UInt32(pause / 1_000))
    try bench.send()
    let second = bench.swallowsNext(after: 1)
    #expect(second)
    let worst = bench.filter.resetWorstGap(Filtered.session)
    #expect(worst >= pause)
    let after = bench.filter.reading(Filtered.session)
    #expect(after.worstGap == 0 && after.count == 2)
  }

  @Test func expectingAgainKeepsTheCountAndSetsTheArrival() throws {
    var bench = try Filtered("rk")
    bench.expect()
    try bench.send()
    let swallowed = bench.swallowsNext()
    #expect(swallowed)
    bench.filter.expect(
      Filtered.session, payload: controlPacket().span.bytes, from: Wire.peer4, minimumTimeToLive: 255,
      on: bench.attachment, lastArrival: 42)
    let reading = bench.filter.reading(Filtered.session)
    let arrival = bench.filter.arrival(Filtered.session)
    #expect(reading.count == 1 && reading.arrival == 42 && arrival == 42)
  }
}

import Addresses
import BFD
import Testing

/// Rows of the acceptance checklist about which session a packet belongs to. Row 40 (source port) and the TTL that
/// is sent (row 41) belong to the sockets: SpeakerTests.
@Suite struct DemultiplexerTests {
  static let router = IPAddress.v4(IPv4Address(192, 0, 2, 1))
  static let gateway = IPAddress.v4(IPv4Address(192, 0, 2, 2))
  static let stranger = IPAddress.v4(IPv4Address(198, 51, 100, 9))

  static func key(
    _ peer: IPAddress = router, interface: UInt32 = 0, pathType: PathType = .singleHop
  ) -> SessionKey { SessionKey(peer: .address(peer, interface: interface), pathType: pathType) }

  static func source(
    _ address: IPAddress = router, to destination: IPAddress = gateway, interface: UInt32 = 7, ttl: UInt8 = 255,
    pathType: PathType = .singleHop
  ) -> PacketSource {
    PacketSource(
      source: address, destination: destination, interface: interface, timeToLive: ttl, pathType: pathType)
  }

  static func table(_ entries: Demultiplexer.Entry...) -> Demultiplexer {
    var table = Demultiplexer()
    for (index, entry) in entries.enumerated() { #expect(table.insert(entry, index: index) == true) }
    return table
  }

  static let first = makePacket(.down, your: 0)

  @Test("Row 6: a non-zero unknown your discriminator is discarded, without falling back to addresses")
  func row6() {
    var table = Self.table(.init(key: Self.key(), localDiscriminator: local))
    #expect(
      table.match(makePacket(.down, your: local + 1), from: Self.source()) == .discarded(.yourDiscriminatorUnknown))
    #expect(table.match(Self.first, from: Self.source()) == .session(0))
    #expect(table.match(makePacket(.up), from: Self.source()) == .session(0))
    table.remove(index: 0)
    #expect(table.match(makePacket(.up), from: Self.source()) == .discarded(.yourDiscriminatorUnknown))
    #expect(table.match(Self.first, from: Self.source()) == .discarded(.noSession))
  }

  @Test("A known your discriminator decides alone, whatever the source address") func discriminatorDecides() {
    let table = Self.table(
      .init(key: Self.key(), localDiscriminator: local),
      .init(key: Self.key(Self.stranger), localDiscriminator: 0x33))
    #expect(table.match(makePacket(.up, your: local), from: Self.source(Self.stranger)) == .session(0))
    #expect(table.match(makePacket(.up, your: 0x33), from: Self.source()) == .session(1))
  }

  @Test("Without a discriminator only the peer's own address fits") func addressFits() {
    let table = Self.table(.init(key: Self.key(), localDiscriminator: local))
    #expect(table.match(Self.first, from: Self.source(Self.stranger)) == .discarded(.noSession))
  }

  @Test("The session bound to the interface goes before the one bound to none") func interfaceFirst() {
    let table = Self.table(
      .init(key: Self.key(), localDiscriminator: 1), .init(key: Self.key(interface: 7), localDiscriminator: 2))
    #expect(table.match(Self.first, from: Self.source(interface: 7)) == .session(1))
    #expect(table.match(Self.first, from: Self.source(interface: 8)) == .session(0))
    #expect(table.match(makePacket(.up, your: 2), from: Self.source(interface: 8)) == .discarded(.wrongInterface))
    #expect(table.match(makePacket(.up, your: 1), from: Self.source(interface: 8)) == .session(0))
  }

  @Test("A packet to another address than the session's is not for it") func destination() {
    let table = Self.table(
      .init(key: Self.key(), localDiscriminator: local, localAddress: Self.gateway))
    #expect(table.match(Self.first, from: Self.source(to: Self.stranger)) == .discarded(.wrongDestination))
    #expect(table.match(makePacket(.up), from: Self.source(to: Self.stranger)) == .discarded(.wrongDestination))
    #expect(table.match(makePacket(.up), from: Self.source()) == .session(0))
  }

  @Test("Row 41: a received TTL other than 255 is dropped, with a floor per session for peers behind a router")
  func row41() {
    let table = Self.table(
      .init(key: Self.key(), localDiscriminator: local),
      .init(key: Self.key(Self.stranger), localDiscriminator: 0x33, minimumTimeToLive: 254))
    for ttl: UInt8 in [0, 1, 64, 254] {
      #expect(table.match(makePacket(.up), from: Self.source(ttl: ttl)) == .discarded(.timeToLive))
      #expect(table.match(Self.first, from: Self.source(ttl: ttl)) == .discarded(.timeToLive))
    }
    #expect(table.match(makePacket(.up), from: Self.source(ttl: 255)) == .session(0))
    for ttl: UInt8 in [254, 255] {
      #expect(table.match(makePacket(.up, your: 0x33), from: Self.source(Self.stranger, ttl: ttl)) == .session(1))
    }
    #expect(
      table.match(makePacket(.up, your: 0x33), from: Self.source(Self.stranger, ttl: 253))
        == .discarded(.timeToLive))
  }

  @Test("Row 42: ports 3784 and 4784 never demultiplex into each other") func row42() {
    let table = Self.table(
      .init(key: Self.key(pathType: .singleHop), localDiscriminator: 1),
      .init(key: Self.key(pathType: .multihop), localDiscriminator: 2))
    #expect(table.match(Self.first, from: Self.source(pathType: .singleHop)) == .session(0))
    #expect(table.match(Self.first, from: Self.source(pathType: .multihop)) == .session(1))
    #expect(table.match(makePacket(.up, your: 1), from: Self.source(pathType: .multihop)) == .discarded(.wrongPort))
    #expect(
      table.match(makePacket(.up, your: 2), from: Self.source(pathType: .singleHop)) == .discarded(.wrongPort))

    let alone = Self.table(.init(key: Self.key(pathType: .singleHop), localDiscriminator: 1))
    #expect(alone.match(Self.first, from: Self.source(pathType: .multihop)) == .discarded(.noSession))
  }

  @Test("Row 43: on a point-to-point link the first packet is accepted from any source") func row43() {
    let table = Self.table(
      .init(key: SessionKey(peer: .pointToPoint(interface: 7)), localDiscriminator: local),
      .init(key: Self.key(interface: 7), localDiscriminator: 0x33))
    #expect(table.match(Self.first, from: Self.source(Self.stranger, interface: 7)) == .session(0))
    #expect(table.match(Self.first, from: Self.source(Self.stranger, interface: 8)) == .discarded(.noSession))
    #expect(table.match(Self.first, from: Self.source(Self.router, interface: 7)) == .session(1))
    #expect(
      table.match(makePacket(.up), from: Self.source(Self.stranger, interface: 8)) == .discarded(.wrongInterface))
  }

  @Test("Row 45: one key has one session, which all its clients share") func row45() {
    var table = Self.table(.init(key: Self.key(), localDiscriminator: local))
    #expect(table.insert(.init(key: Self.key(), localDiscriminator: 0x33), index: 1) == false)
    #expect(table.index(of: Self.key()) == 0)
    #expect(table.count == 1)
    #expect(!table.contains(discriminator: 0x33))
    #expect(table.insert(.init(key: Self.key(pathType: .multihop), localDiscriminator: 0x33), index: 1) == true)
  }

  @Test("Row 39: a discriminator in use is refused") func row39() {
    var table = Self.table(.init(key: Self.key(), localDiscriminator: local))
    #expect(table.insert(.init(key: Self.key(Self.stranger), localDiscriminator: local), index: 1) == false)
    #expect(table.contains(discriminator: local))
    #expect(table.index(of: Self.key(Self.stranger)) == nil)
    table.remove(index: 0)
    #expect(!table.contains(discriminator: local))
    #expect(table.insert(.init(key: Self.key(Self.stranger), localDiscriminator: local), index: 1) == true)
  }

  @Test("Removing what is not there changes nothing") func removeNothing() {
    var table = Self.table(.init(key: Self.key(), localDiscriminator: local))
    table.remove(index: 5)
    table.remove(index: 0)
    table.remove(index: 0)
    #expect(table.count == 0)
  }

  @Test("both addresses are more particular than the peer's alone")
  func pairFirst() {
    let local = IPAddress.v4(IPv4Address(bits: 0x0a00_0001))
    let pair = SessionKey(peer: .pair(local: local, remote: Self.router))
    let table = Self.table(
      .init(key: Self.key(), localDiscriminator: 1), .init(key: pair, localDiscriminator: 2))
    var toPair = Self.source()
    toPair.destination = local
    var elsewhere = Self.source()
    elsewhere.destination = .v4(IPv4Address(bits: 0x0a00_0063))
    #expect(table.match(Self.first, from: toPair) == .session(1))
    #expect(table.match(Self.first, from: elsewhere) == .session(0))
    #expect(table.match(makePacket(.up, your: 2), from: elsewhere) == .discarded(.wrongDestination))
  }

  @Test("the same addresses in two routing domains are two sessions, and a discriminator does not cross over")
  func domains() {
    var other = Self.key()
    other.domain = RoutingDomain(id: 5)
    let table = Self.table(
      .init(key: Self.key(), localDiscriminator: 1), .init(key: other, localDiscriminator: 2))
    var elsewhere = Self.source()
    elsewhere.domain = RoutingDomain(id: 5)
    #expect(table.match(Self.first, from: Self.source()) == .session(0))
    #expect(table.match(Self.first, from: elsewhere) == .session(1))
    #expect(table.match(makePacket(.up, your: 1), from: elsewhere) == .discarded(.wrongDomain))
  }
}

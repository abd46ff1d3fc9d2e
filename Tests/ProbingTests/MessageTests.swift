import Addresses
import PacketSockets
import Testing

@testable import Probing

@Suite struct MessageTests {
  static let key = EchoKey(
    identifier: 0x1234, sequence: 0x5678, cookie: 0x9abc_def0, slot: 3, token: 0x0102_0304_0506_0708)

  static func request(_ from: String = "10.0.0.1", _ to: String = "10.0.0.2") throws -> [UInt8] {
    var buffer: [UInt8] = [1, 2, 3]
    EchoMessage(source: try address(from), destination: try address(to), key: key).writeRequest(to: &buffer)
    return buffer
  }

  /// An IPv6 packet with an ICMPv6 message in it, its checksum right.
  static func packetV6(_ message: [UInt8], from: String, to: String, hopLimit: UInt8) throws -> [UInt8] {
    guard case .v6(let source) = try address(from), case .v6(let destination) = try address(to) else { return [] }
    var packet: [UInt8] = []
    EchoMessage.writeHeader(source, destination, message.count, hopLimit: hopLimit, to: &packet)
    packet += message
    packet.set(0, at: 42)
    var checksum = InternetChecksum()
    checksum.addPseudoHeader(source: source, destination: destination, length: message.count)
    checksum.add(packet.span.bytes.extracting(40..<packet.count))
    packet.set(checksum.value, at: 42)
    return packet
  }

  static func replyV4() throws -> [UInt8] { HandmadePeer.reply(try request()) }

  static func replyV6() throws -> [UInt8] {
    var message = Array(try request("fd00::1", "fd00::2").dropFirst(40))
    message[0] = 129
    return try packetV6(message, from: "fd00::2", to: "fd00::1", hopLimit: 64)
  }

  /// A solicited advertisement of fd00::2 at 02:00:00:00:00:02.
  static func advertisement(
    flags: UInt8 = 0x60, hopLimit: UInt8 = 255, code: UInt8 = 0, to: String = "fd00::1", target: String = "fd00::2",
    options: [UInt8] = [2, 1, 2, 0, 0, 0, 0, 2]
  ) throws -> [UInt8] {
    let message = [136, code, 0, 0, flags, 0, 0, 0] + (try address(target)).octets + options
    return try packetV6(message, from: "fd00::2", to: to, hopLimit: hopLimit)
  }

  static func parse(_ bytes: [UInt8], _ type: Ethertype) -> Answer? { Answer(bytes.span.bytes, type) }

  static func echo(_ bytes: [UInt8], _ type: Ethertype) -> EchoMessage? {
    if case .echo(let message)? = parse(bytes, type) { message } else { nil }
  }

  static func advertised(_ bytes: [UInt8]) -> NeighbourAdvertisement? {
    if case .advertisement(let message)? = parse(bytes, .ipv6) { message } else { nil }
  }

  @Test func aRequestIsWhatRFC792SaysOctetByOctet() throws {
    #expect(
      try Self.request() == [
        0x45, 0xc0, 0, 44, 0, 0, 0x40, 0, 64, 1, 0x26, 0x0f,  // header; its checksum is the last two octets
        10, 0, 0, 1, 10, 0, 0, 2,
        8, 0, 0x05, 0x8f, 0x12, 0x34, 0x56, 0x78,  // echo request, checksum, identifier, sequence
        0x9a, 0xbc, 0xde, 0xf0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8
      ])
  }

  @Test func repliesOfBothFamiliesAreReadBack() throws {
    let v4 = try #require(Self.echo(Self.replyV4(), .ipv4))
    #expect(v4 == EchoMessage(source: try address("10.0.0.2"), destination: try address("10.0.0.1"), key: Self.key))
    let v6 = try #require(Self.echo(Self.replyV6(), .ipv6))
    #expect(v6 == EchoMessage(source: try address("fd00::2"), destination: try address("fd00::1"), key: Self.key))
  }

  @Test func ethernetPaddingBehindAReplyIsNoPartOfIt() throws {
    #expect(Self.echo(try Self.replyV4() + [UInt8](repeating: 0xff, count: 2), .ipv4) != nil)
  }

  @Test func everySingleFlippedBitOfAReplyIsSeen() throws {
    for (packet, type) in [(try Self.replyV4(), Ethertype.ipv4), (try Self.replyV6(), .ipv6)] {
      let whole = Self.echo(packet, type)
      for bit in 0..<packet.count * 8 {
        var changed = packet
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        // Traffic class, flow label and hop limit of IPv6 are covered by nothing, and mean nothing here.
        if type == .ipv6, (0..<4).contains(bit) || (8..<32).contains(bit) || (56..<64).contains(bit) { continue }
        #expect(Self.echo(changed, type) == nil, "bit \(bit)")
      }
      #expect(whole != nil)
    }
  }

  @Test func aFragmentIsRefused() throws {
    #expect(Self.echo(HandmadePeer.reply(try Self.request()) { $0[6] = 0x20 }, .ipv4) == nil)
    #expect(Self.echo(HandmadePeer.reply(try Self.request()) { $0[7] = 1 }, .ipv4) == nil)
  }

  @Test func anIcmpErrorNamesWhoSaysWhatAboutWhich() throws {
    let quoted = try Self.request("10.0.0.1", "10.9.9.9")
    var packet: [UInt8] = [0x45, 0, 0, UInt8(28 + quoted.count), 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1]
    packet += [3, 1, 0, 0, 0, 0, 0, 0] + quoted
    HandmadePeer.seal(&packet)
    guard case .error(let error)? = Self.parse(packet, .ipv4) else {
      Issue.record("no error")
      return
    }
    #expect(error.text == "host unreachable")
    #expect(error.reporter == (try address("10.0.0.2")))
    #expect(error.destination == (try address("10.9.9.9")))
    #expect(error.sequence == 0x5678)
    #expect(error.key == Self.key)
    // RFC 792 asks for 8 octets of the quoted datagram only.
    packet = Array(packet.prefix(20 + 8 + 28))
    packet[3] = 56
    HandmadePeer.seal(&packet)
    guard case .error(let short)? = Self.parse(packet, .ipv4) else {
      Issue.record("no short error")
      return
    }
    #expect(short.identifier == 0x1234)
    #expect(short.key == nil)
  }

  @Test func anAdvertisementThatIsRightIsRead() throws {
    let message = try #require(Self.advertised(Self.advertisement()))
    #expect(message.solicited)
    #expect(IPAddress.v6(message.target) == (try address("fd00::2")))
    #expect(message.hardware == (try mac("02:00:00:00:00:02")))
    #expect(try Self.advertised(Self.advertisement(options: []))?.hardware == nil)
  }

  /// RFC 4861 section 7.1.2, one condition after the other.
  @Test func anAdvertisementThatRFC4861RefusesIsRefused() throws {
    #expect(try Self.advertised(Self.advertisement(hopLimit: 254)) == nil)
    #expect(try Self.advertised(Self.advertisement(code: 1)) == nil)
    #expect(try Self.advertised(Self.advertisement(target: "ff02::1")) == nil)
    #expect(try Self.advertised(Self.advertisement(to: "ff02::1")) == nil)
    #expect(try Self.advertised(Self.advertisement(flags: 0x20, to: "ff02::1")) != nil)
    #expect(try Self.advertised(Self.advertisement(options: [2, 0, 2, 0, 0, 0, 0, 2])) == nil)
    #expect(try Self.advertised(Self.advertisement(options: [2, 2, 2, 0, 0, 0, 0, 2])) == nil)
    #expect(try Self.advertised(Self.advertisement(options: [2, 1, 2])) == nil)
    var broken = try Self.advertisement()
    broken[42] ^= 1
    #expect(Self.advertised(broken) == nil)
    #expect(Self.advertised(Array(try Self.advertisement().prefix(60))) == nil)
  }

  @Test func aSolicitationIsWhatRFC4861Says() throws {
    guard case .v6(let target) = try address("fd00::12:3456"), case .v6(let source) = try address("fd00::1") else {
      return
    }
    var packet: [UInt8] = []
    NeighbourDiscovery.writeSolicitation(
      for: target, from: source, try mac("02:00:00:00:00:01"), unicast: false, to: &packet)
    let parsed = ICMPMessage(packet.span.bytes)
    let message = try #require(parsed)
    #expect(message.type == 135)
    #expect(message.timeToLive == 255)
    #expect(message.destination == (try address("ff02::1:ff12:3456")))
    #expect(packet[48..<64] == (try address("fd00::12:3456")).octets[...])
    #expect(packet[64...] == [1, 1, 2, 0, 0, 0, 0, 1])
    let group = NeighbourDiscovery.solicitedNodeMulticast(target)
    #expect(NeighbourDiscovery.multicastMAC(group) == (try mac("33:33:ff:12:34:56")))
  }

  static func arpReply() throws -> [UInt8] {
    [0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1]
  }

  @Test func anArpReplyAnswersOnlyWhenEveryFieldIsRight() throws {
    let (our, hardware) = (IPv4Address(10, 0, 0, 1), try mac("02:00:00:00:00:01"))
    func answers(_ bytes: [UInt8]) -> Bool { ARPMessage(bytes.span.bytes)?.answers(our, hardware) ?? false }
    let reply = try Self.arpReply()
    #expect(answers(reply))
    #expect(answers(reply + [UInt8](repeating: 0, count: 18)))
    // Everything but the sender's own two addresses must be as it is; a group address is nobody's.
    for offset in Array(0..<9) + Array(18..<28) {
      var changed = reply
      changed[offset] ^= 1
      #expect(!answers(changed), "octet \(offset)")
    }
    #expect(!answers(Array(reply.prefix(27))))
  }

  @Test func whatIsMalformedNeverTraps() throws {
    var random = SeededRandom(state: 20_260_722)
    var error: [UInt8] = [0x45, 0, 0, 72, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0]
    error += try Self.request()
    let seeds = [try Self.replyV4(), try Self.replyV6(), try Self.advertisement(), try Self.arpReply(), error]
    var parsed = 0
    for round in 0..<200_000 {
      var packet = seeds[round % seeds.count]
      switch random.next() % 4 {
      case 0: packet = (0..<Int(random.next() % 128)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      case 1: packet = Array(packet.prefix(Int(random.next() % UInt64(packet.count + 1))))
      default: break
      }
      for _ in 0..<random.next() % 4 where !packet.isEmpty {
        packet[Int(random.next() % UInt64(packet.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      // Half of them with right checksums, so that what lies behind the check is reached.
      if packet.count >= 28, random.next() & 1 == 0, packet[0] == 0x45 {
        HandmadePeer.seal(&packet)
      }
      for type in Ethertype.allCases where Self.parse(packet, type) != nil { parsed += 1 }
    }
    #expect(parsed > 1000)
  }
}

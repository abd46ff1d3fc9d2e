import Addresses
import PacketSockets

/// An ICMP or ICMPv6 message inside its IP packet: whole, unfragmented, its checksums right.
struct ICMPMessage {
  var source: IPAddress
  var destination: IPAddress
  /// TTL, or hop limit.
  var timeToLive: UInt8
  var type: UInt8
  var code: UInt8
  /// Where the message lies in the packet; at least 8 octets. What follows (Ethernet's padding) is not part of it.
  var range: Range<Int>

  /// Nil when the packet is anything else. IPv6 extension headers are not followed: nobody puts any before an answer
  /// to a question that had none.
  init?(_ packet: RawSpan) {
    guard packet.byteCount >= 1 else { return nil }
    switch packet.octet(0) >> 4 {
    case 4: self.init(ipv4: packet)
    case 6: self.init(ipv6: packet)
    default: return nil
    }
  }

  private init?(ipv4 packet: RawSpan) {
    guard packet.byteCount >= 28 else { return nil }
    let header = Int(packet.octet(0) & 0xf) * 4
    let total = Int(packet.half(2))
    guard header >= 20, total >= header + 8, total <= packet.byteCount, packet.octet(9) == IPProtocol.icmp,
      packet.half(6) & 0x3fff == 0
    else { return nil }
    var headerChecksum = InternetChecksum()
    headerChecksum.add(packet.extracting(0..<header))
    var checksum = InternetChecksum()
    checksum.add(packet.extracting(header..<total))
    guard headerChecksum.value == 0, checksum.value == 0 else { return nil }
    source = .v4(packet.ipv4(12))
    destination = .v4(packet.ipv4(16))
    timeToLive = packet.octet(8)
    type = packet.octet(header)
    code = packet.octet(header + 1)
    range = header..<total
  }

  private init?(ipv6 packet: RawSpan) {
    guard packet.byteCount >= 48 else { return nil }
    let total = 40 + Int(packet.half(4))
    guard packet.octet(6) == IPProtocol.icmpv6, total >= 48, total <= packet.byteCount else { return nil }
    let (from, to) = (packet.ipv6(8), packet.ipv6(24))
    var checksum = InternetChecksum()
    checksum.addPseudoHeader(source: from, destination: to, length: total - 40)
    checksum.add(packet.extracting(40..<total))
    guard checksum.value == 0 else { return nil }
    source = .v6(from)
    destination = .v6(to)
    timeToLive = packet.octet(7)
    type = packet.octet(40)
    code = packet.octet(41)
    range = 40..<total
  }
}

/// An ICMP error about an echo request: who says what about which (RFC 792, RFC 1812 section 5.2.7, RFC 4443).
struct ICMPError: Hashable, Sendable {
  /// Who says so.
  var reporter: IPAddress
  var text: String
  /// The request it is about: its addresses, identifier and sequence.
  var source: IPAddress
  var destination: IPAddress
  var identifier: UInt16
  var sequence: UInt16
  /// As much of the request's payload as identifies it; nil when the reporter quoted too little of it.
  var key: EchoKey?

  /// Nil when it is no error, or about something else than an echo request.
  init?(_ packet: RawSpan, _ message: ICMPMessage) {
    let quote = message.range.lowerBound + 8
    let end = message.range.upperBound
    let inner: Int
    switch message.source.family {
    case .ipv4:
      guard let text = Self.textV4(message.type, message.code), end - quote >= 28,
        packet.octet(quote) >> 4 == 4, packet.octet(quote + 9) == IPProtocol.icmp,
        packet.half(quote + 6) & 0x1fff == 0
      else { return nil }
      let header = Int(packet.octet(quote) & 0xf) * 4
      guard header >= 20, end - quote >= header + 8 else { return nil }
      inner = quote + header
      guard packet.octet(inner) == EchoMessage.requestV4 else { return nil }
      self.text = text
      source = .v4(packet.ipv4(quote + 12))
      destination = .v4(packet.ipv4(quote + 16))
    case .ipv6:
      guard let text = Self.textV6(message.type, message.code), end - quote >= 48,
        packet.octet(quote) >> 4 == 6, packet.octet(quote + 6) == IPProtocol.icmpv6
      else { return nil }
      inner = quote + 40
      guard packet.octet(inner) == EchoMessage.requestV6 else { return nil }
      self.text = text
      source = .v6(packet.ipv6(quote + 8))
      destination = .v6(packet.ipv6(quote + 24))
    }
    reporter = message.source
    identifier = packet.half(inner + 4)
    sequence = packet.half(inner + 6)
    key = end - inner >= EchoMessage.messageLength ? EchoKey(at: inner, in: packet) : nil
  }

  static func textV4(_ type: UInt8, _ code: UInt8) -> String? {
    switch (type, code) {
    case (3, 0): "network unreachable"
    case (3, 1): "host unreachable"
    case (3, 2): "protocol unreachable"
    case (3, 3): "port unreachable"
    case (3, 4): "fragmentation needed"
    case (3, 6), (3, 7): "destination unknown"
    case (3, 9), (3, 10), (3, 13): "administratively prohibited"
    case (3, _): "unreachable, code \(code)"
    case (11, _): "time to live exceeded, perhaps a routing loop"
    case (12, _): "parameter problem"
    default: nil
    }
  }

  static func textV6(_ type: UInt8, _ code: UInt8) -> String? {
    switch (type, code) {
    case (1, 0): "no route to destination"
    case (1, 1): "administratively prohibited"
    case (1, 2): "beyond scope of source address"
    case (1, 3): "address unreachable"
    case (1, 4): "port unreachable"
    case (1, 5): "source address failed policy"
    case (1, 6): "reject route to destination"
    case (1, _): "unreachable, code \(code)"
    case (2, _): "packet too big"
    case (3, _): "hop limit exceeded, perhaps a routing loop"
    case (4, _): "parameter problem"
    default: nil
    }
  }
}

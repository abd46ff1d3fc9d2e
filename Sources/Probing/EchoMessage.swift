import Addresses
import PacketSockets

/// What makes an answer ours, beside its addresses: all of it random.
struct EchoKey: Hashable, Sendable {
  /// ICMP identifier: one for each probe.
  var identifier: UInt16
  var sequence: UInt16
  /// One for each prober: what the kernel's filter looks for.
  var cookie: UInt32
  /// The probe's slot, so that an answer finds it by an array access.
  var slot: UInt32
  /// New with every question.
  var token: UInt64

  static let payloadLength = 16
}

/// An ICMP echo message over IPv4 (RFC 792) or IPv6 (RFC 4443 section 4), whole from the IP header on.
struct EchoMessage: Hashable, Sendable {
  var source: IPAddress
  var destination: IPAddress
  var key: EchoKey

  static let timeToLive: UInt8 = 64
  /// CS6, as BFD has it: a congested link must not look like a dead one.
  static let trafficClass: UInt8 = 0xc0
  static let messageLength = 8 + EchoKey.payloadLength

  /// ICMP types.
  static let replyV4: UInt8 = 0
  static let requestV4: UInt8 = 8
  static let requestV6: UInt8 = 128
  static let replyV6: UInt8 = 129

  /// Replaces what is in `buffer` by a request; by nothing when the families differ.
  func writeRequest(to buffer: inout [UInt8]) {
    buffer.removeAll(keepingCapacity: true)
    switch (source, destination) {
    case (.v4(let source), .v4(let destination)):
      Self.writeHeader(source, destination, to: &buffer)
      writeMessage(type: Self.requestV4, InternetChecksum(), to: &buffer)
    case (.v6(let source), .v6(let destination)):
      Self.writeHeader(source, destination, Self.messageLength, hopLimit: Self.timeToLive, to: &buffer)
      var checksum = InternetChecksum()
      checksum.addPseudoHeader(source: source, destination: destination, length: Self.messageLength)
      writeMessage(type: Self.requestV6, checksum, to: &buffer)
    case (.v4, .v6), (.v6, .v4): break
    }
  }

  private static func writeHeader(_ source: IPv4Address, _ destination: IPv4Address, to buffer: inout [UInt8]) {
    buffer.append(0x45)
    buffer.append(trafficClass)
    buffer.append(bigEndian: UInt16(20 + messageLength))
    // Identification 0 and Don't Fragment: an atomic datagram (RFC 6864 section 4.1).
    buffer.append(bigEndian: UInt32(0x4000))
    buffer.append(timeToLive)
    buffer.append(IPProtocol.icmp)
    buffer.append(bigEndian: UInt16(0))
    buffer.append(source)
    buffer.append(destination)
    var checksum = InternetChecksum()
    checksum.add(buffer.span.bytes)
    buffer.set(checksum.value, at: 10)
  }

  /// An IPv6 header for ICMPv6 (RFC 8200 section 3).
  static func writeHeader(
    _ source: IPv6Address, _ destination: IPv6Address, _ length: Int, hopLimit: UInt8, to buffer: inout [UInt8]
  ) {
    buffer.append(bigEndian: UInt32(6) << 28 | UInt32(trafficClass) << 20)
    buffer.append(bigEndian: UInt16(truncatingIfNeeded: length))
    buffer.append(IPProtocol.icmpv6)
    buffer.append(hopLimit)
    buffer.append(source)
    buffer.append(destination)
  }

  private func writeMessage(type: UInt8, _ pseudoHeader: InternetChecksum, to buffer: inout [UInt8]) {
    let start = buffer.count
    buffer.append(type)
    buffer.append(0)
    buffer.append(bigEndian: UInt16(0))
    buffer.append(bigEndian: key.identifier)
    buffer.append(bigEndian: key.sequence)
    buffer.append(bigEndian: key.cookie)
    buffer.append(bigEndian: key.slot)
    buffer.append(bigEndian: key.token)
    var checksum = pseudoHeader
    checksum.add(buffer.span.bytes.extracting(start..<buffer.count))
    buffer.set(checksum.value, at: start + 2)
  }

  /// A reply whose payload has the length of ours; nil for anything else.
  init?(reply packet: RawSpan, _ message: ICMPMessage) {
    switch (message.source.family, message.type) {
    case (.ipv4, Self.replyV4), (.ipv6, Self.replyV6): break
    default: return nil
    }
    guard message.code == 0, message.range.count == Self.messageLength else { return nil }
    source = message.source
    destination = message.destination
    key = EchoKey(at: message.range.lowerBound, in: packet)
  }

  init(source: IPAddress, destination: IPAddress, key: EchoKey) {
    self.source = source
    self.destination = destination
    self.key = key
  }
}

extension EchoKey {
  /// From an echo message that starts at `offset`, all 24 octets of which are there.
  init(at offset: Int, in packet: RawSpan) {
    identifier = packet.half(offset + 4)
    sequence = packet.half(offset + 6)
    cookie = packet.word(offset + 8)
    slot = packet.word(offset + 12)
    token = packet.doubleWord(offset + 16)
  }
}

import Addresses
import CLinux
import PacketSockets

/// UDP over IP, written and read by hand, for what packet sockets carry: echoes (RFC 5881 section 4), and sessions on
/// the members of a link aggregation group (RFC 7130). Checksums are written, and left to Ethernet's when read.
enum UDPFrame {
  /// Octets before the payload.
  static func headerLength(_ family: AddressFamily) -> Int { family == .ipv4 ? 28 : 48 }

  /// Addresses, port and TTL of a packet.
  struct Header: Hashable, Sendable {
    var source: IPAddress
    var destination: IPAddress
    var sourcePort: UInt16
    var destinationPort: UInt16
    var timeToLive: UInt8
  }

  /// Writes the headers before a payload that stands in `buffer` already.
  /// - Parameter padding: octets of 0 that follow `buffer`.
  static func write(_ header: Header, padding: Int, to buffer: inout MutableRawSpan) {
    let length = headerLength(header.source.family)
    let udp = UInt16(truncatingIfNeeded: buffer.byteCount - length + 8 + padding)
    switch (header.source, header.destination) {
    case (.v4(let source), .v4(let destination)):
      buffer.store(UInt32(0x45c0_0000) | UInt32(udp + 20), at: 0)  // traffic class CS6
      buffer.store(UInt32(0x0000_4000), at: 4)  // do not fragment
      buffer.store(UInt32(header.timeToLive) << 24 | UInt32(IPProtocol.udp) << 16, at: 8)
      buffer.store(source.bits, at: 12)
      buffer.store(destination.bits, at: 16)
      var checksum = InternetChecksum()
      checksum.add(buffer.bytes.extracting(0..<20))
      buffer.store(checksum.value, at: 10)
    case (.v6(let source), .v6(let destination)):
      buffer.store(UInt32(0x6c00_0000), at: 0)
      buffer.store(UInt32(udp) << 16 | UInt32(IPProtocol.udp) << 8 | UInt32(header.timeToLive), at: 4)
      buffer.store(source.high, at: 8)
      buffer.store(source.low, at: 16)
      buffer.store(destination.high, at: 24)
      buffer.store(destination.low, at: 32)
    default: preconditionFailure("a packet's addresses are of one family")
    }
    let start = length - 8
    buffer.store(header.sourcePort, at: start)
    buffer.store(header.destinationPort, at: start + 2)
    buffer.store(udp, at: start + 4)
    buffer.store(UInt16(0), at: start + 6)
    var checksum = InternetChecksum()
    checksum.add(header.source)
    checksum.add(header.destination)
    checksum.add(word: UInt32(udp))
    checksum.add(word: UInt32(IPProtocol.udp))
    checksum.add(buffer.bytes.extracting(start..<buffer.byteCount))
    buffer.store(checksum.value == 0 ? 0xffff : checksum.value, at: start + 6)
  }

  /// Reads what the sockets' filter let through: UDP, whole, port 3785.
  /// - Returns: nil when it is not what it says; the payload is as much of it as `packet` has.
  static func read(_ packet: RawSpan) -> (header: Header, payload: Range<Int>)? {
    guard packet.byteCount >= 28 else { return nil }
    let source: IPAddress
    let destination: IPAddress
    let timeToLive: UInt8
    let start: Int
    switch packet.octet(0) >> 4 {
    case 4:
      start = Int(packet.octet(0) & 0xf) * 4
      guard start >= 20, packet.octet(9) == IPProtocol.udp else { return nil }
      source = .v4(packet.ipv4(12))
      destination = .v4(packet.ipv4(16))
      timeToLive = packet.octet(8)
    case 6:
      start = 40
      guard packet.octet(6) == IPProtocol.udp, packet.byteCount >= 40 else { return nil }
      source = .v6(packet.ipv6(8))
      destination = .v6(packet.ipv6(24))
      timeToLive = packet.octet(7)
    default: return nil
    }
    guard packet.byteCount >= start + 8 else { return nil }
    let length = Int(packet.half(start + 4))
    guard length >= 8 else { return nil }
    let header = Header(
      source: source, destination: destination, sourcePort: packet.half(start),
      destinationPort: packet.half(start + 2), timeToLive: timeToLive)
    return (header, start + 8..<min(packet.byteCount, start + length))
  }
}

extension InternetChecksum {
  fileprivate mutating func add(_ address: IPAddress) {
    switch address {
    case .v4(let v4): add(word: v4.bits)
    case .v6(let v6):
      add(word: UInt32(truncatingIfNeeded: v6.high >> 32))
      add(word: UInt32(truncatingIfNeeded: v6.high))
      add(word: UInt32(truncatingIfNeeded: v6.low >> 32))
      add(word: UInt32(truncatingIfNeeded: v6.low))
    }
  }
}

extension MutableRawSpan {
  /// In network order.
  mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
  }
}

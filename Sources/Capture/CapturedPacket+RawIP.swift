import Addresses

extension CapturedPacket {
  /// Octets of the UDP payload that are kept.
  var keptLength: Int { min(length, 24) }

  /// The packet as link type RAW has it: IP and UDP headers, and what is kept of the payload. Lengths are those of the
  /// packet as it was. UDP's checksum is 0: the octets it was made over are not all here.
  func rawIP() -> [UInt8] {
    var octets: [UInt8] = []
    let udpLength = 8 + length
    switch (source, destination) {
    case (.v4, .v4):
      let total = 20 + udpLength
      octets = [0x45, 0xc0, UInt8(truncatingIfNeeded: total >> 8), UInt8(truncatingIfNeeded: total), 0, 0, 0, 0]
      octets += [timeToLive, 17, 0, 0]
      octets += source.octets
      octets += destination.octets
      let sum = Self.headerChecksum(octets)
      octets[10] = UInt8(sum >> 8)
      octets[11] = UInt8(sum & 0xff)
    default:
      octets = [0x6c, 0, 0, 0, UInt8(truncatingIfNeeded: udpLength >> 8), UInt8(truncatingIfNeeded: udpLength), 17]
      octets.append(timeToLive)
      octets += Self.sixteen(source)
      octets += Self.sixteen(destination)
    }
    for half in [sourcePort, destinationPort, UInt16(truncatingIfNeeded: udpLength), 0] {
      octets += [UInt8(half >> 8), UInt8(half & 0xff)]
    }
    return octets + self.octets.bytes.prefix(keptLength)
  }

  /// One of each family never meets on a wire; should it, the IPv4 one is shown as IPv6 maps it (RFC 4291 section 2.5.5).
  private static func sixteen(_ address: IPAddress) -> [UInt8] {
    address.family == .ipv6 ? address.octets : [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + address.octets
  }

  /// RFC 791 section 3.1.
  private static func headerChecksum(_ header: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for position in stride(from: 0, to: header.count, by: 2) {
      sum += UInt32(header[position]) << 8 | UInt32(header[position + 1])
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }
}

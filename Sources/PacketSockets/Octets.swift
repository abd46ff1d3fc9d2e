package import Addresses

/// The Internet checksum (RFC 1071), fed in pieces that each start at an even offset.
package struct InternetChecksum {
  private var sum: UInt64 = 0

  package init() {}

  package mutating func add(_ bytes: RawSpan) {
    // Words of four octets: their carries are folded with those of two in `value`, since 65,536 counts as 1.
    var offset = 0
    while offset + 4 <= bytes.byteCount {
      sum &+= UInt64(bytes.word(offset))
      offset += 4
    }
    if offset + 2 <= bytes.byteCount {
      sum &+= UInt64(bytes.half(offset))
      offset += 2
    }
    if offset < bytes.byteCount { sum &+= UInt64(bytes.octet(offset)) << 8 }
  }

  package mutating func add(word: UInt32) { sum &+= UInt64(word) }

  /// The pseudo-header of RFC 8200 section 8.1 for ICMPv6.
  package mutating func addPseudoHeader(source: IPv6Address, destination: IPv6Address, length: Int) {
    for half in [source.high, source.low, destination.high, destination.low] {
      add(word: UInt32(truncatingIfNeeded: half >> 32))
      add(word: UInt32(truncatingIfNeeded: half))
    }
    add(word: UInt32(truncatingIfNeeded: length))
    add(word: UInt32(IPProtocol.icmpv6))
  }

  /// What stands in the packet; 0 over a packet whose checksum is right.
  package var value: UInt16 {
    var folded = sum
    while folded >> 16 != 0 { folded = (folded & 0xffff) + (folded >> 16) }
    return ~UInt16(truncatingIfNeeded: folded)
  }
}

/// Protocol numbers (IANA) this module speaks.
package enum IPProtocol {
  package static let icmp: UInt8 = 1
  package static let udp: UInt8 = 17
  package static let icmpv6: UInt8 = 58
}

// Reading in network order. The caller has checked the length; a mistake traps, it never reads beyond.
extension RawSpan {
  package func octet(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

  package func half(_ offset: Int) -> UInt16 {
    UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  package func word(_ offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  package func doubleWord(_ offset: Int) -> UInt64 {
    UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  package func ipv4(_ offset: Int) -> IPv4Address { IPv4Address(bits: word(offset)) }

  package func ipv6(_ offset: Int) -> IPv6Address {
    IPv6Address(high: doubleWord(offset), low: doubleWord(offset + 8))
  }

  package func mac(_ offset: Int) -> MACAddress {
    MACAddress(bits: UInt64(half(offset)) << 32 | UInt64(word(offset + 2)))
  }
}

// Writing in network order, into an array that is kept and used again.
extension [UInt8] {
  package mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    var shift = T.bitWidth - 8
    while shift >= 0 {
      append(UInt8(truncatingIfNeeded: value >> T(shift)))
      shift -= 8
    }
  }

  package mutating func append(_ address: IPv4Address) { append(bigEndian: address.bits) }

  package mutating func append(_ address: IPv6Address) {
    append(bigEndian: address.high)
    append(bigEndian: address.low)
  }

  package mutating func append(_ address: MACAddress) {
    append(bigEndian: UInt16(truncatingIfNeeded: address.bits >> 32))
    append(bigEndian: UInt32(truncatingIfNeeded: address.bits))
  }

  package mutating func set(_ value: UInt16, at offset: Int) {
    self[offset] = UInt8(truncatingIfNeeded: value >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: value)
  }
}

extension MACAddress {
  package static let broadcast = MACAddress(bits: 0xffff_ffff_ffff)

  /// Bit 0 of the first octet (IEEE 802); broadcast is one of them.
  package var isGroup: Bool { bits >> 40 & 1 == 1 }

  /// Whether it can be a single interface's.
  package var isUsable: Bool { bits != 0 && !isGroup }
}

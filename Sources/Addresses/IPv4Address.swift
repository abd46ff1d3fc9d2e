/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, Comparable {
  /// The 32 bits, most significant octet first: 10.0.0.1 is 0x0A00_0001.
  public var bits: UInt32

  public init(bits: UInt32) { self.bits = bits }

  /// From four octets in network order.
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }

  /// Parses dotted decimal, four octets, no leading zeros (RFC 6943 section 3.1.1); nil otherwise.
  public init?(_ text: some StringProtocol) {
    var bits: UInt32 = 0
    var octets = 0
    var value: UInt32 = 0
    var digits = 0
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if digits > 0 && value == 0 { return nil }
        value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
        digits += 1
        if value > 255 || digits > 3 { return nil }
      case UInt8(ascii: "."):
        if digits == 0 || octets == 3 { return nil }
        bits = bits << 8 | value
        octets += 1
        value = 0
        digits = 0
      default: return nil
      }
    }
    guard octets == 3, digits > 0 else { return nil }
    self.bits = bits << 8 | value
  }

  public static let any = IPv4Address(bits: 0)
  public static let loopback = IPv4Address(127, 0, 0, 1)

  public static func < (a: Self, b: Self) -> Bool { a.bits < b.bits }
}

extension IPv4Address: CustomStringConvertible {
  public var description: String {
    "\(bits >> 24).\(bits >> 16 & 0xff).\(bits >> 8 & 0xff).\(bits & 0xff)"
  }
}

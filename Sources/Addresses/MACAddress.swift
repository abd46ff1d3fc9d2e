/// A 48-bit link-layer address.
public struct MACAddress: Hashable, Sendable {
  /// The 48 bits in the low end, first octet most significant.
  public var bits: UInt64

  public init(bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

  /// Parses six octets of two hexadecimal digits with colons; nil otherwise.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    var bits: UInt64 = 0
    for part in parts {
      guard part.utf8.count == 2, part.utf8.first != UInt8(ascii: "+"), part.utf8.first != UInt8(ascii: "-"),
        let octet = UInt8(part, radix: 16)
      else { return nil }
      bits = bits << 8 | UInt64(octet)
    }
    self.bits = bits
  }

  /// From six octets; nil for any other count.
  public init?(octets: some Collection<UInt8>) {
    guard octets.count == 6 else { return nil }
    bits = octets.reduce(0) { $0 << 8 | UInt64($1) }
  }

  public var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> UInt64(40 - 8 * $0)) } }
}

extension MACAddress: CustomStringConvertible {
  public var description: String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}

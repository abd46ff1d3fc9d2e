/// An address with a prefix length. As a network (`network`) the host bits are zero; as an interface address
/// (10.9.0.11/24) they are kept.
public struct IPPrefix: Hashable, Sendable {
  public var address: IPAddress
  /// 0 to 32, or 0 to 128.
  public var length: Int

  /// Nil when the length does not fit the family.
  public init?(_ address: IPAddress, length: Int) {
    guard (0...address.family.bitWidth).contains(length) else { return nil }
    self.address = address
    self.length = length
  }

  /// The prefix of one address: /32 or /128.
  public init(host address: IPAddress) {
    self.address = address
    self.length = address.family.bitWidth
  }

  /// Parses `ADDRESS/LENGTH`; nil otherwise, also without a length.
  public init?(_ text: some StringProtocol) {
    guard let slash = text.firstIndex(of: "/"), let address = IPAddress(text[..<slash]) else { return nil }
    let digits = text[text.index(after: slash)...]
    guard (1...3).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let length = Int(digits)
    else { return nil }
    self.init(address, length: length)
  }

  public var family: AddressFamily { address.family }

  /// The same prefix with its host bits cleared.
  public var network: IPPrefix {
    var copy = self
    copy.address = Self.masked(address, length)
    return copy
  }

  /// Whether the host bits are zero already.
  public var isNetwork: Bool { network == self }

  /// Whether it holds just one address.
  public var isHost: Bool { length == (family == .ipv4 ? 32 : 128) }

  public func contains(_ other: IPAddress) -> Bool {
    other.family == family && Self.masked(other, length) == Self.masked(address, length)
  }

  public func contains(_ other: IPPrefix) -> Bool {
    other.length >= length && contains(other.address)
  }

  private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
    switch address {
    case .v4(let a): .v4(IPv4Address(bits: length == 0 ? 0 : a.bits & (~0 << UInt32(32 - length))))
    case .v6(let a):
      .v6(
        IPv6Address(
          high: length == 0 ? 0 : length >= 64 ? a.high : a.high & (~0 << UInt64(64 - length)),
          low: length <= 64 ? 0 : a.low & (~0 << UInt64(128 - length))))
    }
  }
}

extension IPPrefix: Comparable {
  public static func < (a: Self, b: Self) -> Bool { (a.address, a.length) < (b.address, b.length) }
}

extension IPPrefix: CustomStringConvertible {
  public var description: String { "\(address)/\(length)" }
}

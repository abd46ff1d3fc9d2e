/// The two address families that routing knows.
public enum AddressFamily: Hashable, Sendable, Comparable, CaseIterable {
  case ipv4
  case ipv6

  /// Length of an address in bits: 32 or 128.
  public var bitWidth: Int { self == .ipv4 ? 32 : 128 }
}

extension AddressFamily: CustomStringConvertible {
  public var description: String { self == .ipv4 ? "IPv4" : "IPv6" }
}

/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  public init?(_ text: some StringProtocol) {
    if let v4 = IPv4Address(text) {
      self = .v4(v4)
    } else if let v6 = IPv6Address(text) {
      self = .v6(v6)
    } else {
      return nil
    }
  }

  /// From 4 or 16 octets in network order; nil for any other count.
  public init?(octets: some Collection<UInt8>) {
    switch octets.count {
    case 4:
      self = .v4(IPv4Address(bits: octets.reduce(0) { $0 << 8 | UInt32($1) }))
    case 16:
      let high = octets.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let low = octets.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      self = .v6(IPv6Address(high: high, low: low))
    default: return nil
    }
  }

  public var family: AddressFamily {
    switch self {
    case .v4: .ipv4
    case .v6: .ipv6
    }
  }

  /// The 4 or 16 octets in network order.
  public var octets: [UInt8] {
    switch self {
    case .v4(let a): (0..<4).map { UInt8(truncatingIfNeeded: a.bits >> UInt32(24 - 8 * $0)) }
    case .v6(let a):
      (0..<8).map { UInt8(truncatingIfNeeded: a.high >> UInt64(56 - 8 * $0)) }
        + (0..<8).map { UInt8(truncatingIfNeeded: a.low >> UInt64(56 - 8 * $0)) }
    }
  }

  /// All zeros.
  public var isUnspecified: Bool {
    switch self {
    case .v4(let a): a == .any
    case .v6(let a): a == .any
    }
  }

  /// 224.0.0.0/4 or ff00::/8.
  public var isMulticast: Bool {
    switch self {
    case .v4(let a): a.bits >> 28 == 0xe
    case .v6(let a): a.isMulticast
    }
  }

  /// 169.254.0.0/16 or fe80::/10.
  public var isLinkLocal: Bool {
    switch self {
    case .v4(let a): a.bits >> 16 == 0xa9fe
    case .v6(let a): a.isLinkLocal
    }
  }

  public static func any(_ family: AddressFamily) -> IPAddress {
    family == .ipv4 ? .v4(.any) : .v6(.any)
  }
}

extension IPAddress: Comparable {
  public static func < (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.v4(let a), .v4(let b)): a < b
    case (.v6(let a), .v6(let b)): a < b
    case (.v4, .v6): true
    case (.v6, .v4): false
    }
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .v4(let a): a.description
    case .v6(let a): a.description
    }
  }
}

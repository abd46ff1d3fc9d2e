/// An IPv6 address, without a zone: the interface stands beside it where it matters.
public struct IPv6Address: Hashable, Sendable, Comparable {
  /// The first 64 bits, most significant octet first.
  public var high: UInt64
  /// The last 64 bits.
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Parses the forms of RFC 4291 section 2.2, an embedded IPv4 tail included; nil otherwise.
  public init?(_ text: some StringProtocol) {
    var head: [UInt16] = []
    var tail: [UInt16] = []
    var compressed = false
    var rest = Substring(text)
    if rest.isEmpty { return nil }
    if rest.hasPrefix("::") {
      compressed = true
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      let group = rest[..<end]
      if group.contains(".") {
        guard end == rest.endIndex, let v4 = IPv4Address(group) else { return nil }
        let pair = [UInt16(truncatingIfNeeded: v4.bits >> 16), UInt16(truncatingIfNeeded: v4.bits)]
        if compressed { tail += pair } else { head += pair }
        rest = rest[rest.endIndex...]
        break
      }
      guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(Self.isHexDigit),
        let value = UInt16(group, radix: 16)
      else { return nil }
      if compressed { tail.append(value) } else { head.append(value) }
      if end == rest.endIndex { break }
      rest = rest[rest.index(after: end)...]
      if rest.hasPrefix(":") {
        if compressed { return nil }
        compressed = true
        rest = rest.dropFirst()
      } else if rest.isEmpty {
        return nil  // a single trailing colon
      }
    }
    let count = head.count + tail.count
    guard compressed ? count <= 7 : count == 8 else { return nil }
    let groups = head + Array(repeating: 0, count: 8 - count) + tail
    high = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
    low = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  public static let any = IPv6Address(high: 0, low: 0)
  public static let loopback = IPv6Address(high: 0, low: 1)

  /// fe80::/10 (RFC 4291 section 2.5.6).
  public var isLinkLocal: Bool { high >> 54 == 0x3fa }
  /// ff00::/8.
  public var isMulticast: Bool { high >> 56 == 0xff }

  /// The eight 16-bit groups.
  public var groups: [UInt16] {
    (0..<8).map { index in
      let half = index < 4 ? high : low
      return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
    }
  }

  public static func < (a: Self, b: Self) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

extension IPv6Address: CustomStringConvertible {
  /// RFC 5952: lower case, the longest run of two or more zero groups shortened, the first of equals.
  public var description: String {
    let groups = self.groups
    if high == 0, low >> 32 == 0xffff { return "::ffff:\(IPv4Address(bits: UInt32(truncatingIfNeeded: low)))" }
    var best = 0..<0
    var start = 0
    while start < 8 {
      guard groups[start] == 0 else {
        start += 1
        continue
      }
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start >= 2, end - start > best.count { best = start..<end }
      start = end
    }
    func text(_ part: some Collection<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if best.isEmpty { return text(groups) }
    return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}

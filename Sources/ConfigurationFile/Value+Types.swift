import Addresses

/// Scalars with a type. Each returns nil after it has reported an error.
extension Value {
  /// A whole number in decimal digits.
  func integer(_ range: ClosedRange<Int>, _ unit: String = "") -> Int? {
    let expected =
      "a whole number from \(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " (\(unit))")
    guard let text = text(expected) else { return nil }
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      error("\(shown) is not a whole number", expected: expected)
      return nil
    }
    guard let number = Int(text), range.contains(number) else {
      error("\(shown) is out of range", expected: expected)
      return nil
    }
    return number
  }

  func boolean() -> Bool? {
    guard let text = text("true or false") else { return nil }
    switch text {
    case "true": return true
    case "false": return false
    default:
      let meant: String? =
        switch text.lowercased() {
        case "yes", "on", "true", "y", "1": "true"
        case "no", "off", "false", "n", "0": "false"
        default: nil
        }
      let help = meant.map { "did you mean \(SourceText.quoted($0))?" }
      error(
        "\(shown) is neither true nor false", expected: "true or false",
        help: help ?? Suggestion.help(for: text, among: ["true", "false"]))
      return nil
    }
  }

  /// A duration with its unit, within a range. `unit` is what a bare number probably meant.
  func duration(_ range: ClosedRange<Duration>, unit: String) -> Duration? {
    let (low, high) = (DurationText.text(range.lowerBound), DurationText.text(range.upperBound))
    let expected = "a duration from \(low) to \(high), with its unit (us, ms, s, m, h)"
    guard let text = text(expected) else { return nil }
    do throws(DurationText.Failure) {
      let duration = try DurationText.parse(text)
      if range.contains(duration) { return duration }
      error("\(shown) is out of range", expected: expected)
    } catch {
      switch error {
      case .noUnit:
        self.error(
          "the duration \(shown) has no unit", expected: expected,
          help: "did you mean \(SourceText.quoted(text + unit))?")
      case .malformed: self.error("\(shown) is not a duration", expected: expected)
      case .tooFine: self.error("\(shown) is finer than a microsecond", expected: expected)
      case .tooLarge: self.error("\(shown) is out of range", expected: expected)
      }
    }
    return nil
  }

  /// One word of a few.
  func word(_ words: [String]) -> String? {
    let expected = words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
    guard let text = text(expected) else { return nil }
    if words.contains(text) { return text }
    error(
      "\(shown) is not known here", expected: expected, help: Suggestion.help(for: text, among: words))
    return nil
  }

  func choice<T: CaseIterable & RawRepresentable<String>>(_ type: T.Type) -> T? {
    word(T.allCases.map(\.rawValue)).flatMap(T.init(rawValue:))
  }

  /// A name of the configuration's own: [A-Za-z0-9._-]{1,63}.
  func name() -> Located<String>? {
    let expected = "1 to 63 letters, digits, dots, hyphens or underscores"
    guard let text = text(expected) else { return nil }
    let allowed = text.utf8.allSatisfy { Self.isAlphanumeric($0) || [0x2d, 0x2e, 0x5f].contains($0) }
    guard (1...63).contains(text.utf8.count), allowed else {
      error("\(shown) is not a name", expected: expected)
      return nil
    }
    return located(text)
  }

  /// An interface's name as the kernel takes it (net/core/dev.c: dev_valid_name), and no `%`, which the kernel would number.
  func interfaceName() -> Located<String>? {
    let expected = "an interface name: 1 to 15 bytes without white space, `/`, `:` or `%`"
    guard let text = text(expected) else { return nil }
    let refused: [UInt8] = [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0xa0, 0x2f, 0x3a, 0x25, 0]
    guard (1...15).contains(text.utf8.count), text != ".", text != "..",
      !text.utf8.contains(where: refused.contains)
    else {
      let help = text.utf8.count > 15 ? "it has \(text.utf8.count) bytes" : nil
      error("\(shown) is not an interface name", expected: expected, help: help)
      return nil
    }
    return located(text)
  }

  /// An address without a prefix length.
  func address() -> Located<IPAddress>? {
    let expected = "an IPv4 or IPv6 address"
    guard let text = text(expected) else { return nil }
    if let address = IPAddress(text) { return located(address) }
    var help: String?
    if let slash = text.firstIndex(of: "/"), IPAddress(text[..<slash]) != nil {
      help = "write it without the prefix length: \(text[..<slash])"
    } else if let percent = text.firstIndex(of: "%"), IPAddress(text[..<percent]) != nil {
      help = "write it without the zone: \(text[..<percent]), and the interface under `interface`"
    }
    error("\(shown) is not an IP address", expected: expected, help: help)
    return nil
  }

  /// An address that a single host can have.
  func unicastAddress() -> Located<IPAddress>? {
    guard let address = address() else { return nil }
    if let problem = Self.notUnicast(address.value) {
      error("\(address.value) is \(problem)", expected: "the address of one host")
      return nil
    }
    return address
  }

  /// An interface's address with its prefix length; host bits are kept.
  func interfaceAddress() -> Located<IPPrefix>? {
    let expected = "ADDRESS/LENGTH, such as 10.9.0.11/24 or 2001:db8::11/64"
    guard let prefix = prefixText(expected, bare: "add the prefix length of its network") else { return nil }
    if let problem = Self.notUnicast(prefix.address) {
      error("\(prefix.address) is \(problem)", expected: "the address of one host")
      return nil
    }
    return located(prefix)
  }

  /// A network: host bits must be zero.
  func network() -> Located<IPPrefix>? {
    let expected = "PREFIX/LENGTH, such as 0.0.0.0/0 or 2001:db8::/32"
    guard let prefix = prefixText(expected, bare: "add a prefix length") else { return nil }
    guard prefix.isNetwork else {
      error(
        "the prefix \(shown) has host bits",
        expected: "a prefix whose bits after the first \(prefix.length) are zero",
        help: "did you mean \(SourceText.quoted(prefix.network.description))?")
      return nil
    }
    return located(prefix)
  }

  private func prefixText(_ expected: String, bare: String) -> IPPrefix? {
    guard let text = text(expected) else { return nil }
    if let prefix = IPPrefix(text) { return prefix }
    var help: String?
    if text == "default" {
      help = "did you mean \"0.0.0.0/0\" or \"::/0\"?"
    } else if let address = IPAddress(text) {
      help = "\(bare); /\(address.family.bitWidth) is this one address alone"
    } else if let slash = text.firstIndex(of: "/"), let address = IPAddress(text[..<slash]) {
      help = "the length of an \(address.family) prefix is 0 to \(address.family.bitWidth)"
    }
    error("\(shown) is not an address with a prefix length", expected: expected, help: help)
    return nil
  }

  func mac() -> MACAddress? {
    let expected = "six octets of two hexadecimal digits with colons, such as 02:00:00:00:00:01"
    guard let text = text(expected) else { return nil }
    guard let mac = MACAddress(text) else {
      error("\(shown) is not a MAC address", expected: expected)
      return nil
    }
    guard mac.bits >> 40 & 1 == 0, mac.bits != 0 else {
      error("\(shown) is a multicast or empty MAC address", expected: "a unicast address: the first octet is even")
      return nil
    }
    return mac
  }

  private static func notUnicast(_ address: IPAddress) -> String? {
    if address.isUnspecified { return "the unspecified address" }
    if address.isMulticast { return "a multicast address" }
    if case .v4(let v4) = address {
      if v4.bits == .max { return "the broadcast address" }
      if v4.bits >> 24 == 0 { return "in 0.0.0.0/8, which no host can have" }
    }
    return nil
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: false
    }
  }
}

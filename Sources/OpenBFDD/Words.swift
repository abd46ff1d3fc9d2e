public import Addresses

/// Reads words as OpenBFDD does (utils.cpp, SockAddr.cpp).
enum Words {
  /// A decimal number with an optional sign, blanks around it allowed; nil for anything else. What does not fit in 64
  /// bits becomes the nearest that does.
  static func integer(_ text: some StringProtocol) -> Int64? {
    var rest = trimmed(text)[...]
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      isNegative = sign == UInt8(ascii: "-")
      rest = rest.dropFirst()
    }
    guard !rest.isEmpty else { return nil }
    var value: Int64 = 0
    for octet in rest {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(Int64(octet - UInt8(ascii: "0")))
      value = overflow || carry ? .max : sum
    }
    return isNegative ? -value : value
  }

  /// An address, blanks around it and brackets around IPv6 allowed. A zone is not: `IPAddress` has none.
  static func address(_ text: some StringProtocol) -> IPAddress? {
    let octets = trimmed(text)
    if octets.first == UInt8(ascii: "["), octets.last == UInt8(ascii: "]") {
      guard let address = IPv6Address(String(decoding: octets.dropFirst().dropLast(), as: UTF8.self)) else {
        return nil
      }
      return .v6(address)
    }
    return IPAddress(String(decoding: octets, as: UTF8.self))
  }

  /// The octets without blanks before and after.
  private static func trimmed(_ text: some StringProtocol) -> [UInt8] {
    let isBlank: (UInt8) -> Bool = { $0 == 32 || (9...13).contains($0) }
    let octets = Array(text.utf8.drop(while: isBlank))
    return Array(octets.prefix(octets.count - octets.reversed().prefix(while: isBlank).count))
  }

  /// `1,000,000`, or `1000000` without separators.
  static func number(_ value: UInt64, separated: Bool = true) -> String {
    let digits = Array(String(value))
    guard separated else { return String(digits) }
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }
}

/// An address and a TCP port: `127.0.0.1:957`, `[::1]:957`.
public struct ControlAddress: Hashable, Sendable, CustomStringConvertible {
  public var address: IPAddress
  public var port: UInt16

  public init(_ address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Where a beacon listens, unless it is told where.
  public static let standard = ControlAddress(.v4(.loopback), port: WireProtocol.port)
  public static let alternative = ControlAddress(.v4(.loopback), port: WireProtocol.alternativePort)

  enum Fault: Error {
    case noAddress
    case noPort
  }

  init(_ text: String) throws(Fault) {
    if Words.address(text) != nil { throw .noPort }
    guard let colon = text.lastIndex(of: ":"), let address = Words.address(text[..<colon]),
      address.family == .ipv4 || text.contains("]"),
      let value = Words.integer(text[text.index(after: colon)...]), let port = UInt16(exactly: value)
    else { throw .noAddress }
    guard port != 0 else { throw .noPort }
    self.init(address, port: port)
  }

  public var description: String {
    address.family == .ipv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }
}

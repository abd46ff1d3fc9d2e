/// The UUID of a row, or of a transaction (RFC 7047 section 3.1).
public struct RowID: Hashable, Comparable, Sendable, LosslessStringConvertible {
  /// The first and the last 64 bits, as written from left to right.
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// What a column of type uuid holds when nobody has written it.
  public static let zero = RowID(high: 0, low: 0)

  /// From text such as `550e8400-e29b-41d4-a716-446655440000`, in either case; nil when it is something else.
  public init?(_ text: String) {
    var halves: (UInt64, UInt64) = (0, 0)
    var index = 0
    for octet in text.utf8 {
      switch index {
      case 8, 13, 18, 23: guard octet == UInt8(ascii: "-") else { return nil }
      default:
        let digit: UInt8
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = octet - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = octet - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = octet - UInt8(ascii: "A") + 10
        default: return nil
        }
        if index < 18 { halves.0 = halves.0 << 4 | UInt64(digit) } else { halves.1 = halves.1 << 4 | UInt64(digit) }
      }
      index += 1
    }
    guard index == 36 else { return nil }
    (high, low) = halves
  }

  public var description: String {
    var text = ""
    text.reserveCapacity(36)
    for (index, half) in [high, low].enumerated() {
      for nibble in 0..<16 {
        let place = index * 16 + nibble
        if place == 8 || place == 12 || place == 16 || place == 20 { text.append("-") }
        text += String(half >> UInt64(60 - nibble * 4) & 0xf, radix: 16)
      }
    }
    return text
  }

  public static func < (a: RowID, b: RowID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

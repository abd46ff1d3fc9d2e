/// A key as a terminal sends it.
enum Key: Hashable, Sendable {
  case character(Character)
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, escape, tab, backTab, backspace
  /// Ctrl and a letter.
  case control(Character)
}

/// Makes keys of octets, which come in pieces over a slow line. Pure.
struct KeyParser {
  private var pending: [UInt8] = []

  /// Longer than any sequence that is known here.
  private static let longest = 16

  /// What may become a longer sequence with the next octets.
  var isWaiting: Bool { !pending.isEmpty }

  mutating func take(_ octets: [UInt8]) -> [Key] {
    pending += octets
    var keys: [Key] = []
    while !pending.isEmpty {
      switch Self.first(of: pending) {
      case .needsMore where pending.count < Self.longest: return keys
      case .needsMore: pending.removeFirst()
      case .key(let key, let length):
        if let key { keys.append(key) }
        pending.removeFirst(length)
      }
    }
    return keys
  }

  /// Nothing more came for a while: an Escape stands for itself.
  mutating func timeOut() -> [Key] {
    guard !pending.isEmpty else { return [] }
    let isEscape = pending == [0x1b]
    pending = []
    return isEscape ? [.escape] : []
  }

  private enum Step {
    case needsMore
    /// A key, or nothing that is known, and how many octets it took.
    case key(Key?, Int)
  }

  private static func first(of octets: [UInt8]) -> Step {
    switch octets[0] {
    case 0x1b: return escape(octets)
    case 0x0d, 0x0a: return .key(.enter, 1)
    case 0x09: return .key(.tab, 1)
    case 0x7f, 0x08: return .key(.backspace, 1)
    case 0x01...0x1a: return .key(.control(Character(UnicodeScalar(octets[0] + 0x60))), 1)
    case 0x00..<0x20: return .key(nil, 1)
    case 0x20..<0x7f: return .key(.character(Character(UnicodeScalar(octets[0]))), 1)
    default: return character(octets)
    }
  }

  private static func character(_ octets: [UInt8]) -> Step {
    let length = octets[0] >= 0xf0 ? 4 : octets[0] >= 0xe0 ? 3 : octets[0] >= 0xc0 ? 2 : 1
    guard octets.count >= length else { return .needsMore }
    guard let text = String(validating: octets[..<length], as: UTF8.self), let character = text.first else {
      return .key(nil, 1)
    }
    return .key(.character(character), length)
  }

  /// CSI and SS3 sequences (ECMA-48; xterm's keys).
  private static func escape(_ octets: [UInt8]) -> Step {
    guard octets.count > 1 else { return .needsMore }
    guard octets[1] == UInt8(ascii: "[") || octets[1] == UInt8(ascii: "O") else {
      return octets[1] == 0x1b ? .key(.escape, 1) : .key(nil, 2)
    }
    guard let end = octets[2...].firstIndex(where: { (0x40...0x7e).contains($0) }) else { return .needsMore }
    let parameter = octets[2..<end].prefix { $0 != UInt8(ascii: ";") }
    let key: Key? =
      switch octets[end] {
      case UInt8(ascii: "A"): .up
      case UInt8(ascii: "B"): .down
      case UInt8(ascii: "C"): .right
      case UInt8(ascii: "D"): .left
      case UInt8(ascii: "H"): .home
      case UInt8(ascii: "F"): .end
      case UInt8(ascii: "Z"): .backTab
      case UInt8(ascii: "M"): .enter
      case UInt8(ascii: "~"): Self.numbered[String(decoding: parameter, as: UTF8.self)]
      default: nil
      }
    return .key(key, end + 1)
  }

  private static let numbered: [String: Key] = [
    "1": .home, "7": .home, "4": .end, "8": .end, "5": .pageUp, "6": .pageDown
  ]
}

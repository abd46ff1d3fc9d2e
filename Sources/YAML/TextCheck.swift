/// Finds what is no text before libyaml sees it: libyaml would give a byte offset, we give line and column.
enum TextCheck {
  /// The first byte sequence that is not UTF-8, or the first character that a file must not have: NUL, other control
  /// characters (tab, line feed and carriage return are allowed), line breaks that editors do not count as such.
  static func firstProblem(in bytes: [UInt8]) -> YAMLProblem? {
    var line = 1
    var column = 1
    var index = 0
    var previousWasReturn = false
    while index < bytes.count {
      let position = YAMLPosition(line: line, column: column)
      let byte = bytes[index]
      guard let (scalar, length) = decode(bytes, at: index) else {
        let help =
          index == 0 && (byte == 0xfe || byte == 0xff)
          ? "this looks like UTF-16; save the file as UTF-8" : "save the file as UTF-8"
        return YAMLProblem(
          start: position, message: "byte 0x\(hex(UInt32(byte), 2)) is not valid UTF-8", help: help)
      }
      if let message = refusal(of: scalar) { return YAMLProblem(start: position, message: message) }
      switch scalar {
      case 0x0a:
        if !previousWasReturn { line += 1 }
        column = 1
      case 0x0d:
        line += 1
        column = 1
      default: column += 1
      }
      previousWasReturn = scalar == 0x0d
      index += length
    }
    return nil
  }

  private static func refusal(of scalar: UInt32) -> String? {
    switch scalar {
    case 0x09, 0x0a, 0x0d, 0x20...0x7e: nil
    case 0: "there is a NUL byte in the text"
    case 0x85, 0x2028, 0x2029:
      "there is a U+\(hex(scalar, 4)) in the text, a line break that editors do not count as one"
    case 0..<0x20, 0x7f...0x9f: "there is a control character in the text: U+\(hex(scalar, 4))"
    case 0xfeff, 0xfffe, 0xffff: "there is a U+\(hex(scalar, 4)) in the text, which is no character"
    default: nil
    }
  }

  /// RFC 3629 section 4: shortest forms only, no surrogates, nothing above U+10FFFF.
  private static func decode(_ bytes: [UInt8], at index: Int) -> (scalar: UInt32, length: Int)? {
    let first = bytes[index]
    let (length, lowest): (Int, UInt32)
    switch first {
    case 0..<0x80: return (UInt32(first), 1)
    case 0xc2...0xdf: (length, lowest) = (2, 0x80)
    case 0xe0...0xef: (length, lowest) = (3, 0x800)
    case 0xf0...0xf4: (length, lowest) = (4, 0x10000)
    default: return nil
    }
    guard index + length <= bytes.count else { return nil }
    var scalar = UInt32(first) & (0x7f >> UInt32(length))
    for byte in bytes[(index + 1)..<(index + length)] {
      guard byte & 0xc0 == 0x80 else { return nil }
      scalar = scalar << 6 | UInt32(byte & 0x3f)
    }
    guard scalar >= lowest, scalar <= 0x10ffff, !(0xd800...0xdfff).contains(scalar) else { return nil }
    return (scalar, length)
  }

  private static func hex(_ value: UInt32, _ digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}

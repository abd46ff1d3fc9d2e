/// A source line made fit for a terminal.
enum SourceText {
  /// The longest piece of a line that is shown, in characters.
  static let width = 160

  /// Lines as the YAML layer counts them: LF, CR LF and CR end one. No byte order mark.
  static func lines(of bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var index = start
    while index < bytes.count {
      if bytes[index] == 0x0a || bytes[index] == 0x0d {
        lines.append(String(decoding: bytes[start..<index], as: UTF8.self))
        if bytes[index] == 0x0d, index + 1 < bytes.count, bytes[index + 1] == 0x0a { index += 1 }
        start = index + 1
      }
      index += 1
    }
    if start < bytes.count { lines.append(String(decoding: bytes[start...], as: UTF8.self)) }
    return lines
  }

  /// The piece of a line around a column, with the column counted in the piece.
  static func excerpt(_ line: String, column: Int, length: Int) -> (text: String, column: Int, length: Int) {
    let scalars = Array(line.unicodeScalars)
    let from = column <= width - 40 ? 0 : min(column - 40, scalars.count)
    let to = min(scalars.count, from + width)
    var text = String.UnicodeScalarView()
    for scalar in scalars[from..<to] { text.append(isSafe(scalar) ? scalar : "\u{FFFD}") }
    let shown = max(1, column - from)
    return (String(text), shown, max(1, min(length, to - from - shown + 1)))
  }

  /// A value as a message shows it: in quotes, without anything that could move a terminal's cursor, shortened.
  static func quoted(_ text: some StringProtocol, most: Int = 60) -> String {
    let scalars = text.unicodeScalars.prefix(most + 1)
    var shown = String.UnicodeScalarView()
    for scalar in scalars.prefix(most) { shown.append(isSafe(scalar) && scalar != "\t" ? scalar : "\u{FFFD}") }
    return "\"" + String(shown) + (scalars.count > most ? "…" : "") + "\""
  }

  /// How many columns of a terminal a character takes: 2 for East Asian wide characters, 0 for combining marks.
  static func columns(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd:
      return 2
    default: return 1
    }
  }

  /// Not a control character, nor one that reorders text.
  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09: true
    case 0..<0x20, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: false
    default: true
    }
  }
}

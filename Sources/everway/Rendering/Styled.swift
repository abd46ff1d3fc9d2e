/// How a word is to look where there is colour.
enum Style: String {
  case plain = ""
  case bold = "1"
  case dim = "2"
  case good = "32"
  case warning = "33"
  case bad = "1;31"
}

/// A text with one style.
struct Styled: ExpressibleByStringInterpolation {
  var text: String
  var style: Style

  init(_ text: String, _ style: Style = .plain) {
    self.text = Self.printable(text)
    self.style = style
  }

  init(stringLiteral value: String) { self.init(value) }

  /// In columns of a terminal.
  var width: Int { text.unicodeScalars.reduce(0) { $0 + Self.columns($1) } }

  func rendered(color: Bool) -> String {
    color && style != .plain && !text.isEmpty ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// At most `limit` columns, ending in `...` when something was cut.
  func truncated(to limit: Int) -> Styled {
    guard width > limit else { return self }
    var kept = ""
    var used = min(3, max(0, limit))
    let dots = String(repeating: ".", count: used)
    for scalar in text.unicodeScalars {
      used += Self.columns(scalar)
      if used > limit { break }
      kept.unicodeScalars.append(scalar)
    }
    return Styled(kept + dots, style)
  }

  /// Nothing from the other side of a socket may steer the terminal.
  private static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || (0x202a...0x202e).contains(scalar.value)
      || (0x2066...0x2069).contains(scalar.value)
  }

  /// East Asian wide characters take two columns, marks that combine none (UAX #11, the large blocks).
  static func columns(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x0300...0x036f, 0x200b...0x200d, 0xfe00...0xfe0f: 0
    case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
      0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
      2
    default: 1
    }
  }
}

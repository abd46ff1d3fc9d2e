public import Glibc

/// Rows of text in aligned columns, for people.
public struct TextTable: Sendable {
  public enum Alignment: Hashable, Sendable {
    case left
    case right
  }

  public struct Column: Hashable, Sendable {
    public var title: String
    public var alignment: Alignment

    public static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
    public static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
  }

  /// How a row stands out on a terminal.
  public enum Style: String, Hashable, Sendable {
    case plain = ""
    case good = "\u{1b}[32m"
    case bad = "\u{1b}[31m"
    case faint = "\u{1b}[2m"
  }

  public var columns: [Column]
  private var rows: [(cells: [String], style: Style)] = []

  public init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; missing cells are empty, surplus ones are left out.
  public mutating func add(_ cells: [String], style: Style = .plain) {
    let padded = cells.prefix(columns.count) + Array(repeating: "", count: max(0, columns.count - cells.count))
    rows.append((Array(padded), style))
  }

  public mutating func add(_ cells: String..., style: Style = .plain) { add(cells, style: style) }

  /// The table, each line ended; no line ends in blanks.
  /// - Parameter coloured: whether escape sequences are wanted; `isTerminal` tells.
  public func rendered(coloured: Bool = false) -> String {
    let titles = columns.map(\.title)
    let widths = columns.indices.map { column in
      ([titles] + rows.map(\.cells)).map { Self.width($0[column]) }.max() ?? 0
    }
    let rule = widths.map { String(repeating: "-", count: $0) }
    var lines = [line(titles, widths), line(rule, widths)]
    for row in rows {
      let text = line(row.cells, widths)
      lines.append(coloured && row.style != .plain ? row.style.rawValue + text + "\u{1b}[0m" : text)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: widths[index] - Self.width(cell))
      text += columns[index].alignment == .left ? cell + padding : padding + cell
      text += "  "
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  /// Columns of a terminal that a text takes: East Asian wide characters take two, combining marks none.
  static func width(_ text: String) -> Int {
    text.reduce(0) { sum, character in
      let value = character.unicodeScalars.first?.value ?? 0
      let isWide =
        (0x1100...0x115f).contains(value) || (0x2e80...0xa4cf).contains(value) || (0xac00...0xd7a3).contains(value)
        || (0xf900...0xfaff).contains(value) || (0xfe30...0xfe6f).contains(value)
        || (0xff00...0xff60).contains(value) || (0xffe0...0xffe6).contains(value)
        || (0x1f300...0x1faff).contains(value)
        || (0x20000...0x3fffd).contains(value)
      return sum + (isWide ? 2 : 1)
    }
  }

  /// Whether colours make sense on this descriptor: it is a terminal, and NO_COLOR is not set.
  public static func isTerminal(_ descriptor: Int32 = STDOUT_FILENO) -> Bool {
    isatty(descriptor) == 1 && getenv("NO_COLOR") == nil
  }
}

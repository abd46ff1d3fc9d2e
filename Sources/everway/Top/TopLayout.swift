/// A terminal's lines, and tables in them: what all views share.
struct TopLayout {
  let columns: Int
  let rows: Int
  let color: Bool
  let isUnicode: Bool

  /// A line made of pieces.
  typealias Line = [Styled]

  /// One column of a table: how wide, and what it gives up its place for.
  struct Column {
    var title: String
    var width: Int
    var isNumber = false
    /// 0 stays; the highest goes first.
    var rank = 0
  }

  static let smallest = (columns: 40, rows: 8)

  var isTooSmall: Bool { columns < Self.smallest.columns || rows < Self.smallest.rows }

  /// The head, the body, blank lines, and the keys at the bottom: as many lines as there are rows.
  func frame(_ head: [Line], _ body: [Line], keys: [(String, String)]) -> [String] {
    guard !isTooSmall else {
      return fill([[Styled("make the terminal larger: \(Self.smallest.columns) x \(Self.smallest.rows)")]])
    }
    let foot = keys.flatMap { [Styled($0.0, .bold), Styled(" \($0.1)  ", .dim)] }
    return fill(padded(head + body, to: rows - 1) + [foot])
  }

  /// Pieces cut at the right margin, and made text.
  private func fill(_ lines: [Line]) -> [String] {
    let texts = lines.prefix(rows).map { line in
      var left = columns
      var text = ""
      for piece in line where left > 0 {
        let piece = piece.width > left ? piece.truncated(to: left) : piece
        left -= piece.width
        text += piece.rendered(color: color)
      }
      return text
    }
    return texts + Array(repeating: "", count: rows - texts.count)
  }

  func rule(_ title: String, isActive: Bool) -> Line {
    let line = String(repeating: isUnicode ? "─" : "-", count: max(0, columns - title.count - 1))
    return [Styled(title, isActive ? .bold : .dim), Styled(" \(line)", .dim)]
  }

  /// A line with something at its right end, if there is room.
  func line(_ pieces: Line, right: String) -> Line {
    let used = pieces.reduce(0) { $0 + $1.width }
    guard used + right.count + 2 <= columns else { return pieces }
    return pieces + [Styled(String(repeating: " ", count: columns - used - right.count) + right, .dim)]
  }

  /// Columns that fit; the one called `stretched` is as wide as what is left, and of `least` to `most` columns.
  func fitted(_ all: [Column], stretching stretched: String, least: Int = 12, most: Int) -> [Column] {
    var shown = all
    func total() -> Int { shown.reduce(2) { $0 + $1.width + 1 } }
    while total() + least > columns, let rank = shown.map(\.rank).max(), rank > 0 {
      shown.removeAll { $0.rank == rank }
    }
    let left = columns - total()
    for number in shown.indices where shown[number].title == stretched {
      shown[number].width = max(4, min(most, left))
    }
    return shown
  }

  func titles(_ columns: [Column]) -> Line {
    [Styled("  ")] + columns.flatMap { column in aligned([Styled(column.title, .dim)], column) }
  }

  func row(_ cells: [Line], _ columns: [Column], _ isSelected: Bool) -> Line {
    let mark = isUnicode ? "▸ " : "> "
    return [Styled(isSelected ? mark : "  ", .bold)] + zip(cells, columns).flatMap { aligned($0, $1) }
  }

  /// A cell and the blank behind it.
  private func aligned(_ cell: Line, _ column: Column) -> Line {
    let cell = cell.count == 1 ? [cell[0].truncated(to: column.width)] : cell
    let blanks = Styled(String(repeating: " ", count: max(0, column.width - cell.reduce(0) { $0 + $1.width })))
    return (column.isNumber ? [blanks] + cell : cell + [blanks]) + [" "]
  }

  /// Rows that are shown, so that the selected one is among them.
  func window(_ count: Int, around selected: Int, height: Int) -> Range<Int> {
    let height = max(1, height)
    let first = max(0, min(selected - height / 2, count - height))
    return first..<min(count, first + height)
  }

  func padded(_ lines: [Line], to room: Int) -> [Line] {
    Array(lines.prefix(room)) + Array(repeating: [], count: max(0, room - lines.count))
  }
}

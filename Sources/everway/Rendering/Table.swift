/// Aligned columns under a heading. Columns that do not fit are left out, the least important first.
struct Table {
  struct Column {
    var title: String
    /// Numbers are read from their right end.
    var isNumber = false
    /// 0 stays always; the highest goes first, all of a rank together.
    var dispensable = 0

    init(_ title: String, number: Bool = false, dispensable: Int = 0) {
      self.title = title
      isNumber = number
      self.dispensable = dispensable
    }
  }

  struct Row {
    var cells: [Styled]
    /// Lines below the row, indented: what there is to say about it.
    var notes: [Styled] = []
  }

  var columns: [Column]
  var rows: [Row] = []

  init(_ columns: [Column]) { self.columns = columns }

  mutating func add(_ cells: [Styled], notes: [Styled] = []) { rows.append(Row(cells: cells, notes: notes)) }

  /// - Parameter width: of the terminal; nil when nothing limits it.
  func lines(width: Int?, color: Bool) -> [String] {
    let shown = shownColumns(width)
    var widths = shown.map { columnWidth($0) }
    if let width {
      // Still too wide: the widest column gives.
      while let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), total(widths) > width,
        widths[widest] > 8
      {
        widths[widest] = max(8, widths[widest] - (total(widths) - width))
      }
    }
    let head = line(shown.map { Styled(columns[$0].title, .dim) }, shown, widths, color)
    return [head]
      + rows.flatMap { row in
        [line(shown.map { row.cells[$0] }, shown, widths, color)]
          + row.notes.flatMap { Self.wrapped($0, indent: 4, width: width, color: color) }
      }
  }

  /// A text in lines of at most `width` columns, broken between words, each indented.
  static func wrapped(_ text: Styled, indent: Int, width: Int?, color: Bool) -> [String] {
    let margin = String(repeating: " ", count: indent)
    guard let width, text.width + indent > width else { return [margin + text.rendered(color: color)] }
    var lines: [String] = []
    var line = ""
    for word in LineBreaks.words(text.text) {
      let longer = line.isEmpty ? word.text : line + (word.followsSpace ? " " : "") + word.text
      if !line.isEmpty, Styled(longer).width + indent > width {
        lines.append(line)
        line = word.text
      } else {
        line = longer
      }
    }
    return (lines + [line]).map {
      margin + Styled($0, text.style).truncated(to: max(1, width - indent)).rendered(color: color)
    }
  }

  private func line(_ cells: [Styled], _ shown: [Int], _ widths: [Int], _ color: Bool) -> String {
    var text = ""
    for (index, cell) in cells.enumerated() {
      let cell = cell.truncated(to: widths[index])
      let blanks = String(repeating: " ", count: max(0, widths[index] - cell.width))
      let isLast = index == cells.count - 1
      if columns[shown[index]].isNumber {
        text += blanks + cell.rendered(color: color)
      } else {
        text += cell.rendered(color: color) + (isLast ? "" : blanks)
      }
      if !isLast { text += "  " }
    }
    while text.last == " " { text.removeLast() }
    return text
  }

  /// Those that hold anything and fit.
  private func shownColumns(_ width: Int?) -> [Int] {
    var shown = columns.indices.filter { index in
      columns[index].dispensable == 0 || rows.contains { !$0.cells[index].text.isEmpty }
    }
    guard let width else { return shown }
    while total(shown.map { columnWidth($0) }) > width {
      let least = shown.map { columns[$0].dispensable }.max() ?? 0
      guard least > 0 else { break }
      shown.removeAll { columns[$0].dispensable == least }
    }
    return shown
  }

  private func columnWidth(_ column: Int) -> Int {
    rows.reduce(Styled(columns[column].title).width) { max($0, $1.cells[column].width) }
  }

  private func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }
}

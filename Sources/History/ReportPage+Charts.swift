import Control
import Languages

/// Charts as inline SVG. What is down stands out by its height too, not by its colour alone.
extension ReportPage {
  private static let left = 170
  private static let width = 960
  private static let rowHeight = 20
  private static let barHeight = 60

  /// One strip for each row that was not up all the time, the worst first; the others are counted.
  func timeline(_ rows: [HistoryReport.Row], label: String) -> String {
    let notable = rows.filter { row in row.cells.contains { $0 > .up } }
    let quiet = rows.count - notable.count
    let worst = notable.sorted { ($0.down, $0.flaps) > ($1.down, $1.flaps) }.prefix(Self.timelineRows)
    // A few that were always up are shown too: an empty chart says nothing.
    let shown = rows.count <= 30 ? rows : Array(worst)
    var note = ""
    if rows.count > 30, quiet > 0 {
      note = Words("\(quiet) more were never down.", zh: "另有 \(quiet) 个从未中断。")[language]
    }
    if rows.count > 30, notable.count > worst.count {
      note +=
        Words(
          " \(notable.count - worst.count) more were down for a shorter time.",
          zh: "另有 \(notable.count - worst.count) 个中断时间更短。")[language]
    }
    guard !shown.isEmpty else { return "<p>\(note)</p>" }
    let height = shown.count * Self.rowHeight + 26
    var svg = "<div class=\"wide\"><svg viewBox=\"0 0 \(Self.left + Self.width) \(height)\" role=\"img\""
    svg += " aria-label=\"\(label)\">"
    for (number, row) in shown.enumerated() { svg += strip(row, top: number * Self.rowHeight) }
    svg += axis(top: shown.count * Self.rowHeight) + "</svg></div>" + legend
    return svg + (note.isEmpty ? "" : "<p>\(note)</p>")
  }

  private func strip(_ row: HistoryReport.Row, top: Int) -> String {
    let name = row.peerAddress.map { row.name == $0 ? row.name : "\(row.name) \($0)" } ?? row.name
    let short = name.count > 24 ? "\(name.prefix(23))…" : name
    var svg = "<text x=\"\(Self.left - 8)\" y=\"\(top + 14)\" text-anchor=\"end\">\(Self.escaped(short))</text>"
    var start = 0
    while start < row.cells.count {
      var end = start + 1
      while end < row.cells.count, row.cells[end] == row.cells[start] { end += 1 }
      svg += segment(row.cells[start], start, end, top)
      start = end
    }
    return svg
  }

  private func segment(_ condition: Condition, _ start: Int, _ end: Int, _ top: Int) -> String {
    let x = Self.left + start * Self.width / Accounting.cells
    let width = Self.left + end * Self.width / Accounting.cells - x
    let (height, kind): (Int, String) =
      switch condition {
      case .up: (6, "up")
      case .planned: (10, "planned")
      case .down: (18, "down")
      case .unknown: (2, "unknown")
      }
    let y = top + (Self.rowHeight - height) / 2
    guard condition > .up else {
      return "<rect class=\"\(kind)\" x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\"/>"
    }
    let title = "\(name(of: condition)): \(time(moment(start))) – \(time(moment(end)))"
    return
      "<rect class=\"\(kind)\" x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\"><title>\(title)</title></rect>"
  }

  private func moment(_ cell: Int) -> Timestamp {
    let part = report.window.length / Int64(Accounting.cells) * Int64(cell)
    return Timestamp(microseconds: report.window.from.microseconds + part)
  }

  private func name(of condition: Condition) -> String {
    switch condition {
    case .up: Words("up", zh: "正常")[language]
    case .planned: Words("planned", zh: "计划内")[language]
    case .down: Words("down", zh: "中断")[language]
    case .unknown: Words("not known", zh: "无记录")[language]
    }
  }

  private var legend: String {
    let parts = [("up", Condition.up), ("planned", .planned), ("down", .down), ("unknown", .unknown)]
    return "<p class=\"legend\">"
      + parts.map { "<span><i class=\"\($0.0)\"></i>\(name(of: $0.1))</span>" }.joined() + "</p>"
  }

  private func axis(top: Int) -> String {
    var svg = ""
    for tick in 0...4 {
      let x = Self.left + tick * Self.width / 4
      let anchor = tick == 0 ? "start" : tick == 4 ? "end" : "middle"
      // To the minute: 2026-11-20T03:12.
      let text = time(moment(tick * Accounting.cells / 4)).prefix(16)
      svg += "<line class=\"grid\" x1=\"\(x)\" y1=\"0\" x2=\"\(x)\" y2=\"\(top + 6)\"/>"
      svg += "<text class=\"tick\" x=\"\(x)\" y=\"\(top + 20)\" text-anchor=\"\(anchor)\">\(text)</text>"
    }
    return svg
  }

  /// Flaps over time, in 60 bars; nothing when there were none.
  func flaps(_ cells: [Int]) -> String {
    let size = Accounting.cells / 60
    let bars = stride(from: 0, to: cells.count, by: size).map {
      cells[$0..<min($0 + size, cells.count)].reduce(0, +)
    }
    guard let most = bars.max(), most > 0 else { return "" }
    let title = ReportWords.flaps[language]
    var svg =
      "<h3>\(title)</h3><div class=\"wide\"><svg viewBox=\"0 0 \(Self.left + Self.width) \(Self.barHeight + 34)\""
    svg += " role=\"img\" aria-label=\"\(title)\">"
    svg += "<text x=\"\(Self.left - 8)\" y=\"14\" text-anchor=\"end\">\(most)</text>"
    svg += "<text x=\"\(Self.left - 8)\" y=\"\(Self.barHeight + 4)\" text-anchor=\"end\">0</text>"
    svg += axis(top: Self.barHeight + 4)
    for (number, count) in bars.enumerated() where count > 0 {
      let height = max(2, count * Self.barHeight / most)
      let x = Self.left + number * Self.width / bars.count
      svg +=
        "<rect class=\"down\" x=\"\(x + 1)\" y=\"\(Self.barHeight + 4 - height)\" width=\"\(Self.width / bars.count - 2)\""
      svg += " height=\"\(height)\"><title>\(count): \(time(moment(number * size)))</title></rect>"
    }
    return svg + "</svg></div>"
  }

  static let style = """
    :root{--back:#fff;--text:#1b1f24;--dim:#667;--line:#d5d9df;--up:#2c8f5a;--down:#c22e2e;--planned:#3b72c4;--unknown:#9aa2ad}
    @media (prefers-color-scheme:dark){:root{--back:#14171b;--text:#e4e7eb;--dim:#9aa3ad;--line:#363c45;--up:#3fae74;\
    --down:#f0605d;--planned:#79a8f0;--unknown:#7a828d}}
    body{margin:0 auto;padding:1rem;max-width:75rem;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif}
    h1{font-size:1.5rem;margin:.5rem 0}h2{margin:2rem 0 .5rem;font-size:1.2rem}h3{font-size:1rem;margin:1rem 0 .2rem}
    header p{margin:.1rem 0;color:var(--dim)}footer{margin-top:2rem;color:var(--dim);font-size:.85rem}
    .wide{overflow-x:auto}svg{width:100%;min-width:40rem;display:block}
    svg text{fill:currentColor;font-size:12px}svg .tick{fill:var(--dim);font-size:11px}.grid{stroke:var(--line)}
    rect.up,i.up{fill:var(--up);background:var(--up)}rect.down,i.down{fill:var(--down);background:var(--down)}
    rect.planned,i.planned{fill:var(--planned);background:var(--planned)}
    rect.unknown,i.unknown{fill:var(--unknown);background:var(--unknown)}
    .legend span{margin-right:1.2rem;font-size:.85rem;color:var(--dim)}
    .legend i{display:inline-block;width:1rem;margin-right:.3rem;vertical-align:middle}
    i.up{height:6px}i.planned{height:10px}i.down{height:14px}i.unknown{height:2px}
    table{border-collapse:collapse;margin-top:.8rem;font-variant-numeric:tabular-nums}
    th,td{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
    thead th{color:var(--dim);font-weight:600}tbody th{font-weight:600}.bad{color:var(--down)}
    @media print{body{max-width:none}}
    """
}

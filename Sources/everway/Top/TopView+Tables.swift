import Control
import Observation

extension TopView {
  /// One column of a table: how wide, and what it gives up its place for.
  private struct Column {
    var title: String
    var width: Int
    var isNumber = false
    /// 0 stays; the highest goes first.
    var rank = 0
  }

  // MARK: Sessions

  func sessionTable(_ room: Int) -> [Line] {
    guard room >= 2 else { return [] }
    let sessions = state.sessions(of: gateway)
    let heading = "SESSIONS \(sessions.count)"
    guard !sessions.isEmpty else {
      let why = state.filter.isEmpty ? "no BFD session" : "no session matches \(state.filter)"
      return padded([rule(heading, isActive: state.pane == .sessions), [Styled(why, .dim)]], to: room)
    }
    let selected = state.session.flatMap { id in sessions.firstIndex { $0.localDiscriminator == id } } ?? 0
    let shown = window(sessions.count, around: selected, height: room - 2)
    let widths = sessionColumns(sessions[shown])
    var lines = [rule(heading, isActive: state.pane == .sessions), titles(widths)]
    for number in shown {
      let isSelected = number == selected && state.pane == .sessions
      lines.append(row(cells(sessions[number], widths), widths, isSelected))
    }
    return padded(lines, to: room)
  }

  private func sessionColumns(_ sessions: ArraySlice<StatusReport.Session>) -> [Column] {
    let name = min(28, max(7, sessions.map { Styled($0.name).width }.max() ?? 7))
    let peer = max(4, sessions.map(\.peerAddress.count).max() ?? 4)
    return fitted([
      Column(title: "SESSION", width: name), Column(title: "PEER", width: peer, rank: 3),
      Column(title: "STATE", width: 9), Column(title: "FOR", width: 7, isNumber: true, rank: 2),
      Column(title: "DETECT", width: 7, isNumber: true, rank: 4),
      Column(title: "MARGIN", width: 6, isNumber: true), Column(title: "GAPS", width: 0),
      Column(title: "IN", width: 5, isNumber: true, rank: 5),
      Column(title: "OUT", width: 5, isNumber: true, rank: 5),
      Column(title: "DOWNS", width: 5, isNumber: true, rank: 1)
    ])
  }

  private func cells(_ session: StatusReport.Session, _ columns: [Column]) -> [Line] {
    let rhythm = gateway.rhythms[session.localDiscriminator]
    return columns.map { column in
      switch column.title {
      case "SESSION": [Styled(session.name)]
      case "PEER": [Styled(session.peerAddress)]
      case "STATE": [Styled(session.sessionState.words, session.style)]
      case "FOR": [Styled(duration(since: session.lastStateChangeTime ?? session.createTime))]
      case "DETECT": [Styled(session.detectionTime.map { Quantities.interval(microseconds: $0) } ?? "-")]
      case "MARGIN": [margin(session, rhythm)]
      case "GAPS":
        SparkLine(isUnicode: isUnicode).pieces(
          rhythm?.gaps(last: column.width) ?? [], limit: session.gapLimit, width: column.width)
      case "IN": [Styled(Quantities.short(rhythm?.receivedLately ?? 0))]
      case "OUT": [Styled(Quantities.short(rhythm?.sentLately ?? 0))]
      default: [Styled(Quantities.short(session.downCount), session.downCount > 0 ? .warning : .plain)]
      }
    }
  }

  func margin(_ session: StatusReport.Session, _ rhythm: SessionRhythm?) -> Styled {
    guard let margin = session.margin(rhythm) else { return "-" }
    return Styled(Quantities.percent(margin), margin < 0.1 ? .bad : margin < 0.3 ? .warning : .good)
  }

  func duration(since time: Timestamp?) -> String {
    guard let time, let now = gateway.at else { return "-" }
    return Quantities.duration(seconds: now.seconds(since: time))
  }

  // MARK: Paths

  func pathTable(_ room: Int) -> [Line] {
    let paths = state.paths(of: gateway)
    let selected = state.path.flatMap { name in paths.firstIndex { $0.name == name } } ?? 0
    let shown = window(paths.count, around: selected, height: room - 1)
    var lines = [rule("PATHS \(paths.count)", isActive: state.pane == .paths)]
    let name = min(28, paths.map { Styled($0.name).width }.max() ?? 4)
    let via = paths.map(\.via.count).max() ?? 3
    let widths = [
      Column(title: "PATH", width: name), Column(title: "VIA", width: via), Column(title: "STATE", width: 9),
      Column(title: "FOR", width: 7, isNumber: true), Column(title: "SHARE", width: 5, isNumber: true),
      Column(title: "REASON", width: max(10, columns - name - via - 36))
    ]
    for number in shown {
      let path = paths[number]
      lines.append(
        row(
          [
            [Styled(path.name)], [Styled(path.via)],
            [Styled(path.state.rawValue, path.state == .up ? .good : .bad)],
            [Styled(duration(since: path.since))], [Styled(share(of: path.name))], [Styled(path.reason, .dim)]
          ], widths, number == selected && state.pane == .paths))
    }
    return padded(lines, to: room)
  }

  /// Of the flows of the groups that it is in; the largest when there are several.
  private func share(of path: String) -> String {
    let shares = gateway.report?.groups.compactMap { group in group.members.first { $0.path == path }?.share } ?? []
    return shares.max().map { Quantities.percent($0) } ?? "-"
  }

  // MARK: Layout

  /// Columns that fit, the gaps' as wide as what is left.
  private func fitted(_ all: [Column]) -> [Column] {
    var shown = all
    func total() -> Int { shown.reduce(2) { $0 + $1.width + 1 } }
    while total() + 12 > columns, let rank = shown.map(\.rank).max(), rank > 0 {
      shown.removeAll { $0.rank == rank }
    }
    let left = columns - total()
    for number in shown.indices where shown[number].title == "GAPS" {
      shown[number].width = max(4, min(SessionRhythm.depth, left))
    }
    return shown
  }

  private func titles(_ columns: [Column]) -> Line {
    [Styled("  ")] + columns.flatMap { column in aligned([Styled(column.title, .dim)], column) }
  }

  private func row(_ cells: [Line], _ columns: [Column], _ isSelected: Bool) -> Line {
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
  private func window(_ count: Int, around selected: Int, height: Int) -> Range<Int> {
    let height = max(1, height)
    let first = max(0, min(selected - height / 2, count - height))
    return first..<min(count, first + height)
  }

  private func padded(_ lines: [Line], to room: Int) -> [Line] {
    Array(lines.prefix(room)) + Array(repeating: [], count: max(0, room - lines.count))
  }
}

extension Quantities {
  /// At most five columns: `999`, `12k`, `3M`.
  static func short(_ value: UInt64) -> String {
    value < 10_000 ? "\(value)" : value < 10_000_000 ? "\(value / 1_000)k" : "\(value / 1_000_000)M"
  }
}

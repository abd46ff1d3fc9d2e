import Control
import Observation

extension TopView {
  private typealias Column = TopLayout.Column

  // MARK: Sessions

  func sessionTable(_ room: Int) -> [Line] {
    guard room >= 2 else { return [] }
    let sessions = state.sessions(of: gateway)
    let heading = "SESSIONS \(sessions.count)"
    guard !sessions.isEmpty else {
      let why = state.filter.isEmpty ? "no BFD session" : "no session matches \(state.filter)"
      return layout.padded([rule(heading, isActive: state.pane == .sessions), [Styled(why, .dim)]], to: room)
    }
    let selected = state.session.flatMap { id in sessions.firstIndex { $0.localDiscriminator == id } } ?? 0
    let shown = layout.window(sessions.count, around: selected, height: room - 2)
    let widths = sessionColumns(sessions[shown])
    var lines = [rule(heading, isActive: state.pane == .sessions), layout.titles(widths)]
    for number in shown {
      let isSelected = number == selected && state.pane == .sessions
      lines.append(layout.row(cells(sessions[number], widths), widths, isSelected))
    }
    return layout.padded(lines, to: room)
  }

  private func sessionColumns(_ sessions: ArraySlice<StatusReport.Session>) -> [Column] {
    let name = min(28, max(7, sessions.map { Styled($0.name).width }.max() ?? 7))
    let peer = max(4, sessions.map(\.peerAddress.count).max() ?? 4)
    return layout.fitted(
      [
        Column(title: "SESSION", width: name), Column(title: "PEER", width: peer, rank: 3),
        Column(title: "STATE", width: 9), Column(title: "FOR", width: 7, isNumber: true, rank: 2),
        Column(title: "DETECT", width: 7, isNumber: true, rank: 4),
        Column(title: "MARGIN", width: 6, isNumber: true), Column(title: "GAPS", width: 0),
        Column(title: "IN", width: 5, isNumber: true, rank: 5),
        Column(title: "OUT", width: 5, isNumber: true, rank: 5),
        Column(title: "DOWNS", width: 5, isNumber: true, rank: 1)
      ], stretching: "GAPS", most: SessionRhythm.depth)
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
    let shown = layout.window(paths.count, around: selected, height: room - 1)
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
        layout.row(
          [
            [Styled(path.name)], [Styled(path.via)],
            [Styled(path.state.rawValue, path.state == .up ? .good : .bad)],
            [Styled(duration(since: path.since))], [Styled(share(of: path.name))], [Styled(path.reason, .dim)]
          ], widths, number == selected && state.pane == .paths))
    }
    return layout.padded(lines, to: room)
  }

  /// Of the flows of the groups that it is in; the largest when there are several.
  private func share(of path: String) -> String {
    let shares = gateway.report?.groups.compactMap { group in group.members.first { $0.path == path }?.share } ?? []
    return shares.max().map { Quantities.percent($0) } ?? "-"
  }
}

extension Quantities {
  /// At most five columns: `999`, `12k`, `3M`.
  static func short(_ value: UInt64) -> String {
    value < 10_000 ? "\(value)" : value < 10_000_000 ? "\(value / 1_000)k" : "\(value / 1_000_000)M"
  }
}

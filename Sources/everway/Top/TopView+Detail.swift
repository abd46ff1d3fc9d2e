import Control
import Observation

extension TopView {
  /// Everything about the chosen session or path.
  func detailLines(_ room: Int) -> [Line] {
    switch state.pane {
    case .sessions:
      let sessions = state.sessions(of: gateway)
      guard let session = sessions.first(where: { $0.localDiscriminator == state.session }) ?? sessions.first else {
        return [[Styled("no session", .dim)]]
      }
      return sessionDetail(session, room)
    case .paths:
      let paths = state.paths(of: gateway)
      guard let path = paths.first(where: { $0.name == state.path }) ?? paths.first else {
        return [[Styled("no path", .dim)]]
      }
      return pathDetail(path, room)
    }
  }

  private func sessionDetail(_ session: StatusReport.Session, _ room: Int) -> [Line] {
    let rhythm = gateway.rhythms[session.localDiscriminator]
    var lines = [rule("SESSION \(session.name)", isActive: true)]
    lines.append([
      Styled(session.sessionState.words, session.style),
      Styled(
        " for \(duration(since: session.lastStateChangeTime ?? session.createTime)), peer \(session.peerAddress)"),
      Styled(" says \(session.remoteSessionState.words)")
    ])
    // The words of `everway status sessions`, which tells all of it.
    if let report = gateway.report {
      var one = report
      one.sessions = [session]
      let text = StatusText(report: one, width: columns, color: false, now: report.generatedAt)
      for line in text.sessionLines(detailed: true)?.dropFirst(2) ?? [] {
        lines.append([Styled(String(line.drop { $0 == " " }))])
      }
    }
    lines.append([])
    let limit = session.gapLimit
    lines.append([
      Styled("longest gap each second", .dim), Styled(", detection time "),
      Styled(limit > 0 ? Quantities.interval(microseconds: limit) : "none"), Styled(", margin "),
      margin(session, rhythm)
    ])
    lines += chart(rhythm?.gaps(last: columns) ?? [], limit, height: max(3, min(10, room - lines.count - 6)))
    lines.append(rule("EVENTS", isActive: false))
    let events = gateway.events.filter { $0.session == session.localDiscriminator || $0.name == session.name }
    return lines + events.suffix(max(0, room - lines.count)).reversed().map(eventLine)
  }

  /// Bars of several rows, the limit at the top.
  private func chart(_ values: [UInt32], _ limit: UInt64, height: Int) -> [Line] {
    let spark = SparkLine(isUnicode: isUnicode)
    return (0..<height).reversed().map { row in
      // What of each value is in this row: the row's share of the limit fills it.
      let floor = limit * UInt64(row) / UInt64(height)
      let slice = limit / UInt64(height)
      let part = values.map { value in
        UInt64(value) > floor ? UInt32(clamping: min(UInt64(value) - floor, slice)) : 0
      }
      return spark.pieces(part, limit: max(1, slice), width: columns).enumerated().map { _, piece in
        Styled(piece.text, .plain)
      }
    }
  }

  private func pathDetail(_ path: StatusReport.Path, _ room: Int) -> [Line] {
    var lines = [rule("PATH \(path.name)", isActive: true)]
    let style: Style = path.state == .up ? .good : .bad
    lines.append([
      Styled(path.state.rawValue, style), Styled(" for \(duration(since: path.since)), via \(path.via) on "),
      Styled(path.interface), Styled(path.reason.isEmpty ? "" : ": \(path.reason)")
    ])
    lines += path.health.flatMap { checkLines($0, indent: 2) }
    for group in gateway.report?.groups ?? []
    where group.configuredMembers.contains(where: { $0.path == path.name }) {
      let share = group.members.first { $0.path == path.name }.map { Quantities.percent($0.share) } ?? "nothing"
      lines.append([
        Styled("  carries \(share) of group \(group.name), \(Quantities.count(group.routeCount, "route"))")
      ])
    }
    lines.append(rule("EVENTS", isActive: false))
    let events = gateway.events.filter { $0.kind == .path && $0.name == path.name }
    return lines + events.suffix(max(0, room - lines.count)).reversed().map(eventLine)
  }

  private func checkLines(_ check: StatusReport.HealthCheck, indent: Int) -> [Line] {
    let style: Style = check.verdict == .up ? .good : check.verdict == .down ? .bad : .warning
    var line: Line = [
      Styled(String(repeating: " ", count: indent)), Styled(check.verdict.rawValue, style),
      Styled(" \(check.kind.rawValue)\(check.target.map { " \($0)" } ?? "")")
    ]
    if let time = check.roundTripTime { line.append(Styled(", \(Quantities.interval(microseconds: time))")) }
    if let loss = check.lossPercent { line.append(Styled(", \(Quantities.percent(loss / 100)) lost")) }
    if let reason = check.reason { line.append(Styled(": \(reason)", .dim)) }
    return [line] + check.checks.flatMap { checkLines($0, indent: indent + 2) }
  }
}

import Control
import Observation

/// Everything `everway top` draws: a function of what is known, what was chosen, and the terminal's size.
struct TopView {
  let gateway: ObservedGateway
  let state: TopState
  let columns: Int
  let rows: Int
  let color: Bool
  let isUnicode: Bool
  /// What is wrong with the stream; nil while it is there.
  var trouble: String?

  /// In a view of several gateways, which Escape leads back to.
  var isOneOfMany = false

  typealias Line = TopLayout.Line

  var layout: TopLayout { TopLayout(columns: columns, rows: rows, color: color, isUnicode: isUnicode) }

  /// As many lines as there are rows, none wider than there are columns.
  func frame() -> [String] {
    guard !layout.isTooSmall else { return layout.frame([], [], keys: []) }
    let head = headLines()
    let room = rows - head.count - 1
    let body =
      switch state.overlay {
      case .help: Self.help
      case .detail: detailLines(room)
      case .none: overview(room)
      }
    return layout.frame(head, body, keys: keys)
  }

  // MARK: Head and foot

  private func headLines() -> [Line] {
    guard let report = gateway.report else {
      return [[Styled("everway top", .bold)], [Styled(trouble ?? "waiting for the gateway", .warning)]]
    }
    var first: Line = [
      Styled("everway \(report.version)", .bold), Styled(report.hostName.map { " on \($0)" } ?? ""),
      Styled(
        ", up \(Quantities.duration(seconds: (gateway.at ?? report.generatedAt).seconds(since: report.startedAt)))"),
      Styled(report.namespace.name.map { ", namespace \($0)" } ?? "")
    ]
    if !report.isNamespaceAsWanted { first.append(Styled(" \(report.namespace.state.rawValue)", .bad)) }
    let clock = gateway.at.map { "\($0)".dropFirst(11).prefix(8) + " UTC" } ?? ""
    var lines = [layout.line(first, right: clock), summary(report)]
    if let trouble { lines.append([Styled(trouble, .bad)]) }
    if let why = report.configuration.atRest { lines.append([Styled("at rest, no gateway: \(why)", .dim)]) }
    for problem in report.problems.prefix(2) { lines.append([Styled("! \(problem.what)", .warning)]) }
    return lines
  }

  private func summary(_ report: StatusReport) -> Line {
    let up = report.sessions.filter { $0.sessionState == .up }.count
    let paths = report.paths.filter { $0.state == .up }.count
    var line: Line = [
      Styled("\(up)/\(report.sessions.count) sessions up", up == report.sessions.count ? .good : .bad),
      Styled("  \(paths)/\(report.paths.count) paths", paths == report.paths.count ? .good : .bad)
    ]
    for group in report.groups where group.state != .normal {
      line.append(Styled("  \(group.name) \(group.state.sentence)", .bad))
    }
    if report.uplinks.contains(where: \.lost) { line.append(Styled("  uplinks lost", .bad)) }
    if report.drain.state != .none { line.append(Styled("  \(report.drain.state.rawValue)", .warning)) }
    let late = gateway.speaker.worstLateness
    line.append(Styled("  thread late \(Quantities.interval(microseconds: late))", late > 10_000 ? .warning : .dim))
    if !state.filter.isEmpty || state.isTyping {
      line.append(Styled("  /\(state.filter)\(state.isTyping ? "_" : "")", .bold))
    }
    if state.isPaused { line.append(Styled("  paused", .warning)) }
    return line
  }

  private var keys: [(String, String)] {
    guard !state.isTyping else { return [("Enter", "keep"), ("Esc", "no filter")] }
    let back = isOneOfMany && state.overlay == .none && state.filter.isEmpty ? [("Esc", "nodes")] : []
    return [("q", "quit")] + back + [
      ("?", "help"), ("Enter", "details"), ("/", "filter"), ("s", "sort: \(state.sort.rawValue)"),
      ("r", "reverse"), ("Tab", state.pane == .sessions ? "paths" : "sessions"), ("p", "pause")
    ]
  }

  private static let help: [Line] = [
    [], [Styled("What the columns say", .bold)],
    [
      Styled(
        "MARGIN  what the longest gap of the last minute left of the detection time; at 0% a session goes Down")
    ],
    [
      Styled(
        "GAPS    the longest time between two packets in each second, against the detection time; the newest right")
    ],
    [Styled("IN OUT  packets in the last second          DOWNS  times it left Up")], [],
    [Styled("Keys", .bold)], [Styled("up down j k, PgUp PgDn, Home End   choose a row")],
    [Styled("Enter     everything about it, and back     Tab  sessions or paths")],
    [Styled("/         filter by name, address, interface, state      Esc  no filter")],
    [Styled("s r       order by trouble, name, state, margin, change, rate; reverse it")],
    [Styled("p, space  stand still     q  quit")], [], [Styled("any of ? Esc Enter leads back", .dim)]
  ]

  // MARK: Overview

  private func overview(_ room: Int) -> [Line] {
    let all = gateway.report?.paths.count ?? 0
    // Paths take a third at most, sessions what they need of the rest, events always some lines.
    let leastEvents = max(3, room / 5)
    let paths = all == 0 ? 0 : min(all + 1, max(2, (room - leastEvents) / 3))
    let sessions = min(max(1, gateway.report?.sessions.count ?? 0) + 2, room - leastEvents - paths)
    let events = room - paths - sessions
    return sessionTable(sessions) + (paths > 0 ? pathTable(paths) : []) + eventLines(events)
  }

  private func eventLines(_ room: Int) -> [Line] {
    let events = gateway.events.suffix(max(0, room - 1))
    return [rule("EVENTS", isActive: false)] + events.reversed().map(eventLine)
      + Array(repeating: [], count: max(0, room - 1 - events.count))
  }

  func eventLine(_ event: Event) -> Line {
    [
      Styled("\(event.at)".dropFirst(11).prefix(12) + " ", .dim),
      Styled(event.text, event.level == .warning ? .warning : .plain)
    ]
  }

  func rule(_ title: String, isActive: Bool) -> Line { layout.rule(title, isActive: isActive) }
}

extension StatusReport.GroupState {
  fileprivate var sentence: String {
    switch self {
    case .normal: "works"
    case .lastPathKept: "has no working path, keeps the last"
    case .withdrawn: "has no working path"
    case .blackholed: "drops all traffic"
    case .pending: "waits for a verdict"
    }
  }
}

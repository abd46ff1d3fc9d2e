import Control
import Observation

/// A status report as text for a person: a pure function of the report, the width and whether there is colour.
struct StatusText {
  /// What is shown, besides everything.
  enum Section: String, CaseIterable {
    case sessions, paths, groups, routes, problems
  }

  var report: StatusReport
  /// Of the terminal; nil when nothing limits it.
  var width: Int?
  var color: Bool
  /// The moment that "ago" counts from.
  var now: Timestamp

  /// How many routes the overview shows.
  static let routesInOverview = 10

  /// - Parameter section: nil shows everything, in brief.
  func rendered(_ section: Section?) -> String {
    let parts: [[String]] =
      switch section {
      case .sessions: [sessionLines(detailed: true) ?? ["no sessions are configured"]]
      case .paths: [pathLines(detailed: true) ?? ["no paths are configured"]]
      case .groups: [groupLines(detailed: true) ?? ["no groups are configured"]]
      case .routes: [routeLines(limit: nil) ?? ["no routes are configured"]]
      case .problems: [problemLines() ?? ["no problems"]]
      case nil: overview()
      }
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private func overview() -> [[String]] {
    let body: [(String, [String]?)] = [
      ("PROBLEMS", problemLines()), ("SESSIONS", sessionLines(detailed: false)),
      ("PATHS", pathLines(detailed: false)), ("GROUPS", groupLines(detailed: false)),
      ("ROUTES", routeLines(limit: Self.routesInOverview)), ("INTERFACES", interfaceLines())
    ]
    return [headLines()] + body.compactMap { title, lines in lines.map { [bold(title)] + $0 } }
  }

  // MARK: Head

  private func headLines() -> [String] {
    var first = "everway \(report.version)"
    if let host = report.hostName { first += " on \(host)" }
    first += ", pid \(report.pid), up \(Quantities.duration(seconds: report.uptimeSeconds))"
    var lines = [Styled(first, .bold)]
    lines.append(Styled("\(namespaceText), configuration \(report.configuration.file)"))
    if let why = report.configuration.atRest {
      lines.append(Styled("at rest, this machine is no gateway: \(why)", .warning))
    }
    if let detail = report.namespace.detail, !report.isAtRest { lines.append(Styled("namespace: \(detail)", .bad)) }
    if let reload = report.configuration.lastReload, !reload.accepted {
      lines.append(Styled("the reload \(ago(reload.at)) was refused: \(reload.message)", .bad))
    }
    lines.append(Styled(speakerText, report.speaker.overflowedPacketCount > 0 ? .warning : .plain))
    lines += (report.speaker.schedulingNotes ?? []).map { Styled("speaker: \($0)", .warning) }
    lines += (report.speaker.engineNotes ?? []).map { Styled("engine: \($0)") }
    lines += report.uplinks.map(uplinkText)
    lines += drainTexts
    lines.append(verdict)
    return lines.flatMap { Table.wrapped($0, indent: 0, width: width, color: color) }
  }

  private var verdict: Styled {
    let complaints = report.complaints
    if !complaints.isEmpty { return Styled(complaints.joined(separator: "; "), .bad) }
    let inventory = report.inventory
    if inventory.isEmpty {
      return Styled(
        "nothing configured: no sessions, paths, groups or routes in \(report.configuration.file)", .warning)
    }
    let isDrained = report.drain.state != .none || report.drain.targets.contains { $0.state != .none }
    return isDrained
      ? Styled("all good but for what is drained: \(inventory)", .warning) : Styled("all good: \(inventory)", .good)
  }

  private var namespaceText: String {
    let namespace = report.namespace
    let identity = namespace.identity.map { " (\($0))" } ?? ""
    let name = namespace.name.map { "namespace \($0)" } ?? "the namespace it was started in"
    return name + identity + (namespace.state == .healthy ? "" : ", \(namespace.state.rawValue)")
  }

  private var speakerText: String {
    let speaker = report.speaker
    var text = "speaker \(speaker.schedulingPolicy)"
    if speaker.schedulingPriority > 0 { text += " \(speaker.schedulingPriority)" }
    if let cpu = speaker.cpu { text += " on CPU \(cpu)" }
    if let engine = speaker.engine { text += ", engine \(engine)" }
    if let typical = speaker.timerLatenessMedian, let worst = speaker.timerLatenessWorst {
      text += ", timers \(Quantities.interval(microseconds: typical)) late"
      text += " (\(Quantities.interval(microseconds: worst)) at worst in the last minute)"
    }
    text += ": \(Quantities.count(speaker.receivePacketCount)) packets in"
    text += ", \(Quantities.count(speaker.sendPacketCount)) out"
    let discarded = speaker.discards.filter { $0.count > 0 }
    if !discarded.isEmpty {
      text +=
        ", discarded " + discarded.map { "\(Quantities.count($0.count)) \($0.reason)" }.joined(separator: ", ")
    }
    if speaker.overflowedPacketCount > 0 {
      text += ", \(Quantities.count(speaker.overflowedPacketCount)) lost in a full socket buffer"
    }
    return text
  }

  private func uplinkText(_ uplinks: StatusReport.Uplinks) -> Styled {
    let watched = uplinks.watched.map { "\($0.name) \($0.good ? "good" : "lost")" }.joined(separator: ", ")
    var text = "uplinks \(watched) (lost when \(uplinks.lostWhen))"
    guard uplinks.lost else { return Styled(text, uplinks.watched.allSatisfy(\.good) ? .plain : .warning) }
    text += ": LOST"
    if let since = uplinks.since { text += " \(ago(since))" }
    if !uplinks.telling.isEmpty {
      let peers = uplinks.telling.joined(separator: ", ")
      text += uplinks.tell == "silence" ? ", silent towards \(peers)" : ", telling \(peers) \(uplinks.tell)"
    }
    return Styled(text, .bad)
  }

  private var drainTexts: [Styled] {
    var lines: [Styled] = []
    let drain = report.drain
    if drain.state != .none {
      lines.append(drainText("this node", drain.state, drain.since, drain.remainingSeconds))
    }
    for target in drain.targets where target.state != .none {
      lines.append(
        drainText("\(target.kind.rawValue) \(target.name)", target.state, target.since, target.remainingSeconds))
    }
    return lines
  }

  private func drainText(
    _ what: String, _ state: StatusReport.DrainState, _ since: Timestamp?, _ remaining: Double?
  ) -> Styled {
    var text = "\(what) is \(state == .draining ? "being drained" : "drained")"
    if let since { text += ", asked for \(ago(since))" }
    if let remaining { text += ", \(Quantities.duration(seconds: remaining.rounded(.up))) to go" }
    return Styled(text, .warning)
  }

  // MARK: Helpers

  func ago(_ time: Timestamp) -> String { Quantities.duration(seconds: now.seconds(since: time)) + " ago" }

  private func bold(_ text: String) -> String { Styled(text, .bold).rendered(color: color) }
}

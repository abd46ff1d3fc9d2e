import Control
import Observation

/// Everything that is drawn of a cluster: a function of what is known, what was chosen, and the terminal's size.
struct ClusterTopView {
  let nodes: ClusterNodes
  let state: ClusterTopState
  /// Milliseconds, of the clock that `nodes` knows.
  let now: Int64
  let layout: TopLayout
  /// Why nothing is known of which nodes there are; nil: it is.
  var trouble: String?

  typealias Line = TopLayout.Line

  /// As many lines as there are rows, none wider than there are columns.
  func frame() -> [String] {
    if let opened = state.opened {
      let node = nodes.node(opened)
      return TopView(
        gateway: node?.gateway ?? ObservedGateway(), state: state.inside, columns: layout.columns,
        rows: layout.rows, color: layout.color, isUnicode: layout.isUnicode,
        trouble: node.map { $0.streamTrouble(now: now) } ?? "\(opened) is no gateway node any more",
        isOneOfMany: true
      ).frame()
    }
    guard !layout.isTooSmall else { return layout.frame([], [], keys: []) }
    let head = headLines()
    return layout.frame(head, state.showsHelp ? Self.help : body(layout.rows - head.count - 1), keys: keys)
  }

  private var keys: [(String, String)] {
    [
      ("q", "quit"), ("?", "help"), ("Enter", "open"), ("s", "sort: \(state.sort.rawValue)"), ("r", "reverse"),
      ("p", "pause")
    ]
  }

  // MARK: Head

  private func headLines() -> [Line] {
    let latest = nodes.nodes.compactMap(\.gateway.at).max { $0.microseconds < $1.microseconds }
    let clock = latest.map { "\($0)".dropFirst(11).prefix(8) + " UTC" } ?? ""
    let title: Line = [
      Styled("everway top", .bold), Styled(", \(Quantities.count(nodes.nodes.count, "gateway node"))")
    ]
    var lines = [layout.line(title, right: clock), summary]
    if let trouble { lines.append([Styled(trouble, .bad)]) }
    let away = nodes.nodes.compactMap { node -> String? in
      guard case .unreachable(let why) = node.state(now: now) else { return nil }
      return "! \(node.name): \(why)"
    }
    return lines + away.prefix(2).map { [Styled($0, .warning)] }
  }

  private var summary: Line {
    var good = 0
    var sessions = Portion()
    var paths = Portion()
    var others: [String: Int] = [:]
    for node in nodes.nodes {
      let state = node.state(now: now)
      if [.heard(.good), .heard(.resting)].contains(state) {
        good += 1
      } else {
        others[state.word.text, default: 0] += 1
      }
      guard state.isHeard else { continue }
      sessions += node.sessions
      paths += node.paths
    }
    var line: Line = [
      Styled("\(good)/\(nodes.nodes.count) nodes good", good == nodes.nodes.count ? .good : .bad),
      Styled("  \(sessions.good)/\(sessions.all) sessions up", sessions.good == sessions.all ? .good : .bad),
      Styled("  \(paths.good)/\(paths.all) paths", paths.good == paths.all ? .good : .bad)
    ]
    for (word, count) in others.sorted(by: { $0.key < $1.key }) {
      line.append(Styled("  \(count) \(word)", .warning))
    }
    if state.isPaused { line.append(Styled("  paused", .warning)) }
    return line
  }

  // MARK: Body

  private func body(_ room: Int) -> [Line] {
    // Events take a third at least.
    let table = min(max(1, nodes.nodes.count) + 2, room - max(3, room / 3))
    return nodeTable(table) + eventLines(room - table)
  }

  private func nodeTable(_ room: Int) -> [Line] {
    let title = layout.rule("NODES \(nodes.nodes.count)", isActive: true)
    guard !nodes.nodes.isEmpty else { return layout.padded([title, [Styled("no gateway node", .dim)]], to: room) }
    let ordered = state.ordered(nodes, now: now)
    let chosen = state.selected(nodes, now: now)
    let selected = ordered.firstIndex { $0.name == chosen } ?? 0
    let columns = columns(ordered)
    var lines = [title, layout.titles(columns)]
    for number in layout.window(ordered.count, around: selected, height: room - 2) {
      lines.append(layout.row(cells(ordered[number], columns), columns, number == selected))
    }
    return layout.padded(lines, to: room)
  }

  private static let last = "LAST EVENT"

  private func columns(_ ordered: [ClusterNode]) -> [TopLayout.Column] {
    let name = min(28, max(4, ordered.map { Styled($0.name).width }.max() ?? 4))
    let state = max(5, ordered.map { $0.state(now: now).word.width }.max() ?? 5)
    func width(_ portion: KeyPath<ClusterNode, Portion>) -> Int {
      ordered.map { $0[keyPath: portion].text.count }.max() ?? 0
    }
    return layout.fitted(
      [
        .init(title: "NODE", width: name), .init(title: "STATE", width: state),
        .init(title: "SESSIONS", width: max(8, width(\.sessions)), isNumber: true, rank: 1),
        .init(title: "MARGIN", width: 6, isNumber: true, rank: 3),
        .init(title: "PATHS", width: max(5, width(\.paths)), isNumber: true, rank: 2),
        .init(title: "OVN", width: max(3, width(\.towardsOVN)), isNumber: true, rank: 5),
        .init(title: "SHARE", width: 5, isNumber: true),
        .init(title: "ISSUES", width: 6, isNumber: true, rank: 4),
        .init(title: Self.last, width: 0)
      ], stretching: Self.last, least: 20, most: .max)
  }

  private func cells(_ node: ClusterNode, _ columns: [TopLayout.Column]) -> [Line] {
    let nodeState = node.state(now: now)
    let isHeard = nodeState.isHeard
    let share = nodes.share(of: node, now: now)
    return columns.map { column in
      switch column.title {
      case "NODE": [Styled(node.name)]
      case "STATE": [nodeState.word]
      case "SESSIONS": [portion(node.sessions, isHeard)]
      case "MARGIN": [margin(node, isHeard)]
      case "PATHS": [portion(node.paths, isHeard)]
      case "OVN": [portion(node.towardsOVN, isHeard)]
      case "SHARE": [Styled(share.text, share == .nothing && nodeState.rank < 5 ? .bad : .plain)]
      case "ISSUES":
        [count((node.gateway.report?.problems.count ?? 0) + (node.gateway.report?.findings.count ?? 0), isHeard)]
      default: [lastEvent(node, nodeState)]
      }
    }
  }

  private func portion(_ portion: Portion, _ isHeard: Bool) -> Styled {
    guard portion.all > 0 else { return Styled("-", .dim) }
    let style: Style = !isHeard ? .dim : portion.good == portion.all ? .good : .bad
    return Styled(portion.text, style)
  }

  private func margin(_ node: ClusterNode, _ isHeard: Bool) -> Styled {
    guard let margin = node.worstMargin else { return Styled("-", .dim) }
    let style: Style = !isHeard ? .dim : margin < 0.1 ? .bad : margin < 0.3 ? .warning : .good
    return Styled(Quantities.percent(margin), style)
  }

  private func count(_ count: Int, _ isHeard: Bool) -> Styled {
    Styled("\(count)", !isHeard || count == 0 ? .dim : .warning)
  }

  /// The reason where nothing comes.
  private func lastEvent(_ node: ClusterNode, _ state: ClusterNode.State) -> Styled {
    switch state {
    case .unreachable(let why): return Styled(why, .bad)
    case .stale(let seconds): return Styled("nothing heard for \(seconds) s", .bad)
    default:
      guard let event = node.gateway.events.last else { return Styled("-", .dim) }
      return Styled(
        "\("\(event.at)".dropFirst(11).prefix(8)) \(event.text)", event.level == .warning ? .warning : .dim)
    }
  }

  private func eventLines(_ room: Int) -> [Line] {
    let events = nodes.events(last: room - 1).reversed()
    let width = events.map { Styled($0.node).width }.max() ?? 0
    let lines: [Line] = events.map { one in
      [
        Styled("\(one.event.at)".dropFirst(11).prefix(12) + " ", .dim), Styled(one.node, .bold),
        Styled(String(repeating: " ", count: width - Styled(one.node).width + 1)),
        Styled(one.event.text, one.event.level == .warning ? .warning : .plain)
      ]
    }
    return layout.padded([layout.rule("EVENTS", isActive: false)] + lines, to: room)
  }

  private static let help: [Line] = [
    [], [Styled("What the columns say", .bold)],
    [
      Styled(
        "MARGIN  the least of the node's sessions: what the longest gap of the last minute left of the detection time"
      )
    ],
    [Styled("OVN     sessions towards OVN, up of all")],
    [Styled("SHARE   of the traffic: OVN spreads it evenly over the gateways that are Up for it")],
    [Styled("        1/3? while a node is not heard, which may carry a share too")],
    [Styled("ISSUES  problems, and findings of the doctor")],
    [Styled("STATE   stale: nothing heard for some seconds; what stands beside it is old")],
    [Styled("EVENTS  of all nodes, in the order of their own clocks")], [],
    [Styled("Keys", .bold)], [Styled("up down j k, PgUp PgDn, Home End   choose a node")],
    [Styled("Enter     its sessions, paths and events; Esc leads back")],
    [Styled("s r       order by trouble or name; reverse it")], [Styled("p, space  stand still     q  quit")], [],
    [Styled("any of ? Esc Enter leads back", .dim)]
  ]
}

extension ClusterNode.State {
  var word: Styled {
    switch self {
    case .connecting: Styled("connecting", .dim)
    case .unreachable: Styled("unreachable", .bad)
    case .stale: Styled("stale", .bad)
    case .heard(.draining): Styled("draining", .warning)
    case .heard(.drained): Styled("drained", .warning)
    case .heard(.uplinksLost): Styled("uplinks lost", .bad)
    case .heard(.trouble): Styled("trouble", .bad)
    case .heard(.good): Styled("good", .good)
    case .heard(.resting): Styled("at rest", .dim)
    }
  }
}

import Control

extension StatusText {
  /// Nil when there are none.
  func pathLines(detailed: Bool) -> [String]? {
    guard !report.paths.isEmpty else { return nil }
    var table = Table([
      .init("NAME"), .init("VIA"), .init("INTERFACE", dispensable: 2),
      .init("WEIGHT", number: true, dispensable: 5),
      .init("STATE"), .init("FOR", number: true), .init("NEXT HOP", number: true, dispensable: 6),
      .init("CHECKS", dispensable: 4)
    ])
    for path in report.paths {
      var notes: [Styled] = []
      if path.state != .up || detailed, !path.reason.isEmpty { notes.append(Styled(path.reason, .dim)) }
      if let rest = path.holdDownRemainingSeconds {
        notes.append(Styled("returns in \(Quantities.duration(seconds: rest.rounded(.up)))", .dim))
      }
      if detailed {
        notes += path.health.flatMap { checkNotes($0, depth: 0) }
      }
      table.add(
        [
          Styled(path.name), Styled(path.via), Styled(path.interface), Styled("\(path.weight)"),
          Styled(path.state.words, path.state.style), Styled(Quantities.duration(seconds: path.secondsInState)),
          Styled(detailed ? path.nextHopId.map { "\($0)" } ?? "-" : ""),
          Styled(detailed ? "" : path.health.map(Self.brief).joined(separator: ", "))
        ], notes: notes)
    }
    return table.lines(width: width, color: color)
  }

  /// Nil when there are none.
  func interfaceLines() -> [String]? {
    guard !report.interfaces.isEmpty else { return nil }
    var table = Table([
      .init("NAME"), .init("STATE"), .init("MTU", number: true, dispensable: 2), .init("ADDRESSES", dispensable: 1)
    ])
    for interface in report.interfaces {
      let state: Styled =
        if interface.index == nil {
          Styled("missing", .bad)
        } else if !interface.up {
          Styled("down", .bad)
        } else {
          interface.carrier ? Styled("up", .good) : Styled("no carrier", .bad)
        }
      table.add([
        Styled(interface.name), state, Styled(interface.mtu.map { "\($0)" } ?? "-"),
        Styled(interface.addresses.joined(separator: ", "))
      ])
    }
    return table.lines(width: width, color: color)
  }

  /// `bfd r1 up`, `all(bfd r1 up, icmp 10.9.0.1 down)`.
  private static func brief(_ check: StatusReport.HealthCheck) -> String {
    guard check.checks.isEmpty else {
      return "\(check.kind.rawValue)(\(check.checks.map(brief).joined(separator: ", ")))"
    }
    return [check.kind.rawValue, check.target, check.verdict.rawValue].compactMap { $0 }.joined(separator: " ")
  }

  private func checkNotes(_ check: StatusReport.HealthCheck, depth: Int) -> [Styled] {
    let margin = String(repeating: "  ", count: depth)
    var text = [check.kind.rawValue, check.target].compactMap { $0 }.joined(separator: " ") + ": "
    text += check.verdict.rawValue
    if let time = check.roundTripTime { text += ", round trip \(Quantities.interval(microseconds: time))" }
    if let loss = check.lossPercent { text += ", loss \(Quantities.percent(loss / 100))" }
    if let reason = check.reason { text += ", \(reason)" }
    let style: Style = check.verdict == .down ? .bad : .dim
    return [Styled(margin + text, style)] + check.checks.flatMap { checkNotes($0, depth: depth + 1) }
  }
}

extension StatusReport.PathState {
  var words: String {
    switch self {
    case .heldDown: "held down"
    case .adminDown: "admin down"
    case .up, .down, .pending, .drained: rawValue
    }
  }

  var style: Style {
    switch self {
    case .up: .good
    case .down: .bad
    case .pending, .heldDown, .drained, .adminDown: .warning
    }
  }
}

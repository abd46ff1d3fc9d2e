import Control

extension StatusText {
  /// Nil when there are none.
  func groupLines(detailed: Bool) -> [String]? {
    guard !report.groups.isEmpty else { return nil }
    var table = Table([
      .init("NAME"), .init("ID", number: true, dispensable: 5), .init("TYPE", dispensable: 4), .init("STATE"),
      .init("MEMBERS"), .init("ROUTES", number: true, dispensable: 2),
      .init("FAILOVERS", number: true, dispensable: 3)
    ])
    for group in report.groups {
      let buckets = group.buckets.map { " \($0)" } ?? ""
      table.add(
        [
          Styled(group.name), Styled("\(group.id)"), Styled(group.type.rawValue + buckets),
          Styled(group.state.words, group.state == .normal ? .good : .bad), members(group),
          Styled(Quantities.count(group.routeCount)), Styled(Quantities.count(group.failoverCount))
        ], notes: groupNotes(group, detailed: detailed))
    }
    return table.lines(width: width, color: color)
  }

  /// `r1 50%, r2 50%`, and how many are missing.
  private func members(_ group: StatusReport.Group) -> Styled {
    let present = group.members.map { "\($0.path) \(Quantities.percent($0.share))" }.joined(separator: ", ")
    let missing = group.configuredMembers.count { member in !group.members.contains { $0.path == member.path } }
    let all = group.configuredMembers.count
    if group.members.isEmpty { return Styled("none of \(all)", .bad) }
    return missing == 0 ? Styled(present) : Styled("\(present) (\(all - missing) of \(all))", .warning)
  }

  private func groupNotes(_ group: StatusReport.Group, detailed: Bool) -> [Styled] {
    var notes: [Styled] = []
    if let last = group.lastFailover {
      var text = "last change \(ago(last.at)): \(change(last))"
      if let latency = last.latency {
        text += ", \(Quantities.interval(microseconds: latency)) to the kernel's answer"
      }
      notes.append(Styled(text, .dim))
    }
    if detailed {
      let configured = group.configuredMembers.map { "\($0.path) weight \($0.weight)" }.joined(separator: ", ")
      notes.append(
        Styled("configured: \(configured); without a working path: \(group.lastPathPolicy.rawValue)", .dim))
    }
    return notes
  }

  /// `r2 left, r1+r2 became r1`.
  private func change(_ failover: StatusReport.Failover) -> String {
    let (before, after) = (failover.membersBefore, failover.membersAfter)
    let left = before.filter { !after.contains($0) }
    let came = after.filter { !before.contains($0) }
    let events = (left.isEmpty ? [] : ["\(list(left)) left"]) + (came.isEmpty ? [] : ["\(list(came)) came back"])
    if events.isEmpty { return "written anew with \(list(after))" }
    return (events + ["\(list(before)) became \(list(after))"]).joined(separator: ", ")
  }

  private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: "+") }

  /// Nil when there are none.
  func routeLines(limit: Int?) -> [String]? {
    guard !report.routes.isEmpty || report.routesOmitted > 0 else { return nil }
    var table = Table([
      .init("PREFIX"), .init("GROUP", dispensable: 1), .init("TABLE", dispensable: 2),
      .init("METRIC", number: true, dispensable: 3), .init("INSTALLED")
    ])
    // What is wrong comes first where not everything is shown.
    let wrong = report.routes.filter { !$0.isAsItShouldBe(in: report.groups) }
    let routes =
      limit.map { limit in
        report.routes.count <= limit
          ? report.routes
          : Array((wrong + report.routes.filter { $0.isAsItShouldBe(in: report.groups) }).prefix(limit))
      } ?? report.routes
    for route in routes {
      let isGood = route.isAsItShouldBe(in: report.groups)
      let state = route.installed ? Styled("yes", .good) : Styled("no", isGood ? .warning : .bad)
      table.add(
        [
          Styled(route.prefix), Styled(route.group ?? route.detail ?? "-"),
          Styled(route.table == 254 ? "main" : "\(route.table)"), Styled("\(route.metric)"), state
        ],
        notes: route.installed || route.group == nil ? [] : route.detail.map { [Styled($0, .dim)] } ?? [])
    }
    var lines = table.lines(width: width, color: color)
    let hidden = report.routes.count - routes.count + report.routesOmitted
    if hidden > 0 {
      let how = limit != nil && report.routes.count > routes.count ? ": everway status routes" : ""
      lines.append(Styled("and \(Quantities.count(hidden)) more\(how)", .dim).rendered(color: color))
    }
    return lines
  }

  /// Nil when there are none.
  func problemLines() -> [String]? {
    guard !report.problems.isEmpty else { return nil }
    return report.problems.flatMap { problem -> [String] in
      var when = "for \(Quantities.duration(seconds: now.seconds(since: problem.since)))"
      if let rest = problem.retryingInSeconds {
        when += ", next try in \(Quantities.duration(seconds: rest.rounded(.up)))"
      }
      let lines =
        [(Styled(problem.what, .bad), 0), (Styled(when, .dim), 4)]
        + (problem.help.map { [(Styled("help: \($0)"), 4)] } ?? [])
      return lines.flatMap { Table.wrapped($0.0, indent: $0.1, width: width, color: color) }
    }
  }
}

extension StatusReport.GroupState {
  var words: String {
    switch self {
    case .normal: "normal"
    case .lastPathKept: "last path kept"
    case .withdrawn: "withdrawn"
    case .blackholed: "blackholed"
    case .pending: "pending"
    }
  }
}

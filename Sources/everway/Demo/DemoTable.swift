import Lab

/// The demo's result as tables. Pure: from the steps and the traffic's report to text.
struct DemoTable {
  let steps: [DemoScenario.Step]
  let report: TrafficReport
  let timers: BFDTimers

  private var detection: Int { timers.receiveMilliseconds * timers.multiplier }

  func rendered(coloured: Bool) -> String {
    [summary, "", happenings.rendered(coloured: coloured), notes].joined(separator: "\n") + "\n"
  }

  /// Steps that lost something although they must not. Datagrams that this machine's own queues dropped are not held
  /// against them.
  var failures: [String] {
    guard report.health.socketDrops + report.health.backlogDrops == 0 else { return [] }
    return zip(steps, report.effects()).filter { !$0.mayLose && $1.lost > 0 }.map { "\($0.name): \($1.lost) lost" }
  }

  private var summary: String {
    let flows = report.flows.count
    return "\(flows) flows, one datagram each per millisecond, \(Quantities.count(UInt64(report.sent))) sent in "
      + "\(decimals(report.duration.milliseconds / 1_000, 1)) s; BFD \(timers.receiveMilliseconds) ms x "
      + "\(timers.multiplier), so a silent router is gone after \(detection) ms"
  }

  private var happenings: TextTable {
    var table = TextTable([
      .left("what happened"), .right("path out after"), .right("lost"), .right("flows hit"), .right("longest gap"),
      .right("others moved"), .left("flows on \(report.pathNames.joined(separator: "/"))")
    ])
    for (step, effect) in zip(steps, report.effects()) {
      let before = effect.flowsBefore
      // Flows whose path went had to move; with the others nothing should have happened.
      let forced = before.indices.reduce(0) { $0 + max(0, before[$1] - effect.flowsAfter[$1]) }
      let withdrawn = step.withdrawn.map { "\(decimals(($0 - step.start).milliseconds, 1)) ms" } ?? "-"
      table.add(
        [
          step.name, withdrawn, "\(effect.lost)", "\(effect.flowsWithLoss) of \(report.flows.count)",
          effect.longestGap.map { "\(decimals($0.length.milliseconds, 0)) ms" } ?? "-",
          step.withdrawn == nil ? "-" : "\(max(0, effect.flowsMoved - forced))",
          "\(spread(effect.flowsBefore)) -> \(spread(effect.flowsAfter))"
        ], style: step.mayLose ? .plain : effect.lost == 0 ? .good : .bad)
    }
    return table
  }

  private var notes: String {
    var lines = [
      "path out after: from the event to the kernel's new next-hop group, as the kernel announced it",
      "others moved:   flows of paths that stayed, and that took another path all the same"
    ]
    let worst = report.worstSendGap.milliseconds
    if worst > 20 {
      lines.append("this machine was busy: the sender itself once paused for \(decimals(worst, 0)) ms")
    }
    if report.health.socketDrops + report.health.backlogDrops > 0 {
      lines.append(
        "this machine was busy: \(report.health.socketDrops + report.health.backlogDrops) of the lost datagrams were "
          + "dropped by this machine's own queues")
    }
    return lines.joined(separator: "\n")
  }

  private func spread(_ counts: [Int]) -> String { counts.map(String.init).joined(separator: "/") }

  private func decimals(_ value: Double, _ digits: Int) -> String {
    let scale = digits == 0 ? 1.0 : digits == 1 ? 10.0 : 100.0
    let scaled = Int((value * scale).rounded())
    return digits == 0 ? "\(scaled)" : "\(scaled / Int(scale)).\(abs(scaled) % Int(scale))"
  }
}

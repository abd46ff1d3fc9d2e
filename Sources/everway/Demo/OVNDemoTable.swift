import Lab

/// The drills' results beside what OpenBFDD did in its place. Pure: from outcomes to text.
struct OVNDemoTable {
  let outcomes: [OVNOutcome]
  let timers: BFDTimers

  /// What OpenBFDD's bfdd-beacon did as OVN's peer, at 100 ms x 3, 32 flows at 10 ms: min/median/max in milliseconds.
  struct Reference {
    var southbound: String
    var rules: String
    var loss: String
  }

  static func reference(_ fault: OVNFault) -> Reference? {
    switch fault {
    case .speakerKilled: Reference(southbound: "224/273/345", rules: "233/279/353", loss: "none")
    case .standbyDead: Reference(southbound: "260/296/333", rules: "266/302/337", loss: "270/300/340")
    case .activeDead: Reference(southbound: "never", rules: "2400-2900", loss: "half 2600, half for ever")
    case .uplinkLost, .controllerRestarted, .databasesRestarted: nil
    }
  }

  func rendered(coloured: Bool) -> String {
    [summary, "", table.rendered(coloured: coloured), notes].joined(separator: "\n") + "\n"
  }

  private var summary: String {
    "\(outcomes.first?.flowCount ?? 0) flows from the pod, one datagram each in 10 ms; BFD "
      + "\(timers.receiveMilliseconds) ms x \(timers.multiplier); times in milliseconds"
  }

  private var table: TextTable {
    var table = TextTable([
      .left("fault"), .right("SB"), .right("NB"), .right("rules"), .right("flows hit"), .right("lost of each"),
      .right("for ever"), .right("back"), .right("carries"), .right("lost then"), .left("OpenBFDD: SB"),
      .left("rules"), .left("loss")
    ])
    for outcome in outcomes {
      let (lost, reference) = (outcome.lost, Self.reference(outcome.fault))
      table.add(
        [
          outcome.name, Self.milliseconds(outcome.southbound), Self.milliseconds(outcome.northbound),
          Self.milliseconds(outcome.rules ?? outcome.portMoved), "\(lost.perFlow.count)",
          lost.perFlow.isEmpty ? "0" : "\(lost.least)/\(lost.median)/\(lost.most)", "\(lost.unhealed)",
          Self.milliseconds(outcome.returned), Self.milliseconds(outcome.carriesAgain),
          "\(outcome.lostReturning.total)", reference?.southbound ?? "not measured",
          reference?.rules ?? "", reference?.loss ?? ""
        ], style: lost.unhealed > 0 ? .bad : lost.perFlow.isEmpty ? .good : .plain)
    }
    return table
  }

  private var notes: String {
    var lines = [
      "SB, NB:       until the row of BFD in OVN's southbound and northbound database was `down`",
      "rules:        until the first OpenFlow rule on the pod's node changed after that; for a dead active gateway, until",
      "              the router's port was on the other one",
      "lost of each: datagrams that a flow lost which lost any, min/median/max; 10 ms each",
      "for ever:     flows that still lost when the fault was mended. When the active gateway dies, the other one takes its",
      "              `up` for true (OVN issues 320 and 322), and goes on sending half the flows to it",
      "back:         from the mending until both ends of both sessions said Up; OVN takes up to 5 s to write what it learns",
      "carries:      from the mending until the first datagram came by that gateway again",
      "OpenBFDD:     measured with OpenBFDD 309cf4e on a machine of this class, 100 ms x 3, 32 flows; min/median/max"
    ]
    let worst = outcomes.map(\.senderPause.milliseconds).max() ?? 0
    if worst > 40 { lines.append("this machine was busy: the sender itself once paused for \(Int(worst)) ms") }
    let drops = outcomes.reduce(0) { $0 + $1.machineDrops }
    if drops > 0 { lines.append("this machine was busy: \(drops) datagrams were dropped by its own queues") }
    return lines.joined(separator: "\n")
  }

  /// One outcome in one line.
  static func line(_ outcome: OVNOutcome) -> String {
    var parts: [String] = []
    if let time = outcome.rules { parts.append("out of the pod's node after \(milliseconds(time)) ms") }
    if let time = outcome.portMoved { parts.append("the router's port moved after \(milliseconds(time)) ms") }
    let lost = outcome.lost
    parts.append(
      lost.perFlow.isEmpty
        ? "nothing lost" : "\(lost.perFlow.count) flows lost, \(lost.median) datagrams each (median)")
    if lost.unhealed > 0 { parts.append("\(lost.unhealed) flows did not recover by themselves") }
    parts.append("all up again \(milliseconds(outcome.returned)) ms after the mending")
    return (parts + outcome.notes).joined(separator: "; ")
  }

  private static func milliseconds(_ time: Duration?) -> String {
    time.map { "\(Int($0.milliseconds.rounded()))" } ?? "-"
  }
}

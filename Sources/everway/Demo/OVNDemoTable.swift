import Lab

/// The drills' results beside what OpenBFDD did in everway's place. Pure: from outcomes to text.
struct OVNDemoTable {
  /// Of one round or several.
  let outcomes: [OVNOutcome]
  let timers: BFDTimers
  /// Whether everway makes OVN's stale rows anew.
  let isRepaired: Bool

  /// What OpenBFDD's bfdd-beacon did as OVN's peer, at 100 ms x 3, 32 flows at 10 ms: min/median/max in milliseconds.
  struct Reference {
    var southbound: String
    var rules: String
    var loss: String
  }

  static func reference(_ fault: OVNFault) -> Reference? {
    switch fault {
    case .speakerKilled: Reference(southbound: "224/273/345", rules: "233/279/353", loss: "0")
    case .standbyDead: Reference(southbound: "260/296/333", rules: "266/302/337", loss: "270/300/340")
    case .activeDead: Reference(southbound: "never", rules: "2400-2900", loss: "half 2600, half for ever")
    case .drained, .uplinkLost, .controllerRestarted, .databasesRestarted, .switchRestarted: nil
    }
  }

  func rendered(coloured: Bool) -> String {
    [summary, "", table.rendered(coloured: coloured), notes].joined(separator: "\n") + "\n"
  }

  private var summary: String {
    "\(outcomes.first?.flowCount ?? 0) flows from the pod, one datagram each in 10 ms; BFD "
      + "\(timers.receiveMilliseconds) ms x \(timers.multiplier); times in milliseconds, min/median/max of several"
  }

  private var table: TextTable {
    var table = TextTable([
      .left("fault"), .right("SB"), .right("NB"), .right("rules"), .right("flows hit"), .right("lost of each"),
      .right("for ever"), .right("back"), .right("carries"), .right("lost then"), .left("OpenBFDD: SB"),
      .left("rules"), .left("loss, ms")
    ])
    for fault in OVNFault.allCases {
      let all = outcomes.filter { $0.fault == fault }
      guard let first = all.first else { continue }
      func times(_ value: (OVNOutcome) -> Duration?) -> String {
        Self.spread(all.compactMap { value($0).map { Int($0.milliseconds.rounded()) } })
      }
      let lost = all.flatMap(\.lost.perFlow)
      let unhealed = all.map(\.lost.unhealed).max() ?? 0
      let reference = Self.reference(fault)
      table.add(
        [
          first.name, times(\.southbound), times(\.northbound), times { $0.rules ?? $0.portMoved },
          Self.spread(all.map(\.lost.perFlow.count)), lost.isEmpty ? "0" : Self.spread(lost), "\(unhealed)",
          times(\.returned), times(\.carriesAgain), Self.spread(all.map(\.lostReturning.most)),
          reference?.southbound ?? "not measured", reference?.rules ?? "", reference?.loss ?? ""
        ], style: unhealed > 0 ? .bad : lost.isEmpty ? .good : .plain)
    }
    return table
  }

  private var notes: String {
    var lines = [
      "SB, NB:       until the row of BFD in OVN's southbound and northbound database was `down`",
      "rules:        until the first OpenFlow rule on the pod's node changed after that; for a dead active gateway, until",
      "              the router's port was on the other one",
      "lost of each: datagrams that a flow lost which lost any; 10 ms each",
      "for ever:     flows that still lost when the fault was mended. When the active gateway dies, the other one takes"
    ]
    lines +=
      isRepaired
      ? [
        "              its `up` for true (OVN issues 320 and 322), and half the flows would go on into nothing; everway on",
        "              the nodes that live sees it and makes the row anew"
      ]
      : [
        "              its `up` for true (OVN issues 320 and 322), and half the flows go on into nothing; everway run",
        "              --kube-ovn --repair-stale-sessions would heal it, for which this demo needs a Kubernetes API"
      ]
    lines += [
      "back:         from the mending until both ends of both sessions said Up; what OVN learns from a packet it writes",
      "              up to 5 s later",
      "carries:      from the mending until the first datagram came by that gateway again",
      "lost then:    datagrams that a flow lost after the mending, at most",
      "OpenBFDD:     measured with OpenBFDD 309cf4e on a machine of this class, 100 ms x 3, 32 flows at 10 ms"
    ]
    let worst = outcomes.map(\.senderPause.milliseconds).max() ?? 0
    if worst > 40 { lines.append("this machine was busy: the sender itself once paused for \(Int(worst)) ms") }
    let drops = outcomes.reduce(0) { $0 + $1.machineDrops }
    if drops > 0 { lines.append("this machine was busy: \(drops) datagrams were dropped by its own queues") }
    return lines.joined(separator: "\n")
  }

  /// Least, middle and most of some numbers; one number when they are all the same.
  static func spread(_ numbers: [Int]) -> String {
    let sorted = numbers.sorted()
    guard let least = sorted.first, let most = sorted.last else { return "-" }
    return least == most ? "\(least)" : "\(least)/\(sorted[sorted.count / 2])/\(most)"
  }

  /// One outcome in one line.
  static func line(_ outcome: OVNOutcome) -> String {
    func milliseconds(_ time: Duration) -> String { "\(Int(time.milliseconds.rounded())) ms" }
    var parts: [String] = []
    if let time = outcome.rules { parts.append("out of the pod's node after \(milliseconds(time))") }
    if let time = outcome.portMoved { parts.append("the router's port moved after \(milliseconds(time))") }
    let lost = outcome.lost
    parts.append(
      lost.perFlow.isEmpty
        ? "nothing lost" : "\(lost.perFlow.count) flows lost, \(lost.median) datagrams each (median)")
    if let time = lost.healed, outcome.portMoved != nil, lost.unhealed == 0 {
      parts.append("the last of them recovered after \(milliseconds(time))")
    }
    if lost.unhealed > 0 { parts.append("\(lost.unhealed) flows did not recover by themselves") }
    if let time = outcome.returned { parts.append("all up again \(milliseconds(time)) after the mending") }
    return (parts + outcome.notes).joined(separator: "; ")
  }
}

@testable import BFD
@testable import Simulation

extension FuzzTarget {
  /// A whole simulation whose weather, operators and forgers the input directs, between everway and itself or somebody
  /// else's speaker. Whatever happened, once the paths are good all sessions come Up and stay so.
  static let scenario = FuzzTarget(name: "scenario", longestInput: 256) { octets in
    var script = Steps(octets)
    let report = Simulation.run(Self.scenario(&script))
    guard let violation = report.violation else { return }
    throw Finding("\(violation)\n\(report.scenario.description)")
  }

  private static let millisecond: Int64 = 1_000_000
  private static let intervals: [UInt32] = [100, 300, 1_000]

  private static func scenario(_ script: inout Steps) -> Scenario {
    let count = Int(script.octet()) % 2 + 1
    var leaves: [LeafPlan] = []
    for _ in 0..<count {
      var plan = LeafPlan(
        hub: configuration(&script), leaf: configuration(&script), quirks: nil, link: LinkPlan())
      switch script.octet() % 8 {
      case 0: plan.hub.role = .passive
      case 1: plan.leaf.role = .passive
      default: break
      }
      plan.link.least = 20_000 + Int64(script.octet()) * 20_000
      plan.link.most = plan.link.least + Int64(script.octet()) * 10_000
      leaves.append(plan)
    }
    let clocks = (0...count).map { _ in (ppm: Int64(script.octet()) - 128, offset: Int64(script.octet()) << 42) }
    var actions: [(time: Int64, action: Action)] = []
    var time: Int64 = 0
    while !script.isOver, actions.count < 64 {
      time += Int64(script.octet()) * 10 * millisecond
      actions.append((time, action(&script, leaves)))
    }
    let good = time + millisecond
    for leaf in leaves.indices {
      for side in [Side.hub, .leaf] {
        let role = side == .hub ? leaves[leaf].hub.role : leaves[leaf].leaf.role
        var last = configuration(&script)
        last.role = role
        last.detectMultiplier = 3
        actions.append((good, .release(leaf: leaf, side)))
        actions.append((good, .configure(leaf: leaf, side, last)))
        actions.append((good, .link(leaf: leaf, to: side, leaves[leaf].link)))
      }
    }
    // 5 s of detection for a peer that must be forgotten first, four slow intervals for the handshake, 2 s of freeze.
    let bound = 25_000 * millisecond
    return Scenario(
      seed: UInt64(script.octet()), kind: .storm, leaves: leaves, clocks: clocks, actions: actions, isStrict: false,
      goodFrom: good, bound: bound, end: good + bound + 2_000 * millisecond)
  }

  private static func configuration(_ script: inout Steps) -> SessionConfiguration {
    SessionConfiguration(
      desiredMinTx: .milliseconds(script.pick(intervals)), requiredMinRx: .milliseconds(script.pick(intervals)),
      detectMultiplier: script.octet() % 5 + 1)
  }

  private static func action(_ script: inout Steps, _ leaves: [LeafPlan]) -> Action {
    let what = script.octet()
    let leaf = Int(script.octet()) % leaves.count
    let side: Side = script.octet() & 1 == 0 ? .hub : .leaf
    switch what % 8 {
    case 0, 1:
      var link = leaves[leaf].link
      link.isUp = script.octet() & 3 != 0
      link.loss = Int(script.octet()) * 4
      link.duplication = Int(script.octet()) * 2
      return .link(leaf: leaf, to: side, link)
    case 2:
      var new = configuration(&script)
      new.role = side == .hub ? leaves[leaf].hub.role : leaves[leaf].leaf.role
      if script.octet() == 0 { new.requiredMinRx = .zero }
      return .configure(leaf: leaf, side, new)
    case 3:
      let diagnostic = script.octet()
      let hold: Session.Hold =
        switch diagnostic {
        case 0: .administrativelyDown
        case 240...: .silent
        default: .down(Diagnostic(code: diagnostic))
        }
      return .hold(leaf: leaf, side, hold)
    case 4: return .release(leaf: leaf, side)
    case 5: return .restart(node: side == .hub ? 0 : leaf + 1, newDiscriminator: script.octet() & 1 == 0)
    case 6: return .freeze(node: side == .hub ? 0 : leaf + 1, Int64(script.octet()) * 8 * millisecond)
    default: return .forge(leaf: leaf, to: side, script.pick(Forgery.allCases))
    }
  }
}

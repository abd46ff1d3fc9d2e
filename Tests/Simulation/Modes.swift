import BFD

/// Demand mode and echoes, drawn from a stream of their own and laid over a scenario: seeds that get neither run as if
/// there were none.
struct Modes {
  private var draws: SplitMix64
  private static let millisecond: Int64 = 1_000_000

  static func draw(into scenario: inout Scenario, until length: Int64) {
    var modes = Modes(draws: SplitMix64(seed: scenario.seed ^ 0xdede_ec40))
    guard scenario.kind == .calm || scenario.kind == .storm else { return }
    for leaf in scenario.leaves.indices {
      // A round trip must fit into the least detection time, 3 x 20 ms.
      let fits =
        scenario.leaves[leaf].link.least <= 20 * millisecond
        && (!scenario.isStrict || scenario.leaves[leaf].link.most < 15 * millisecond)
      let sides: [[Side]] = [[.hub], [.leaf], [.hub, .leaf]]
      let demanding = modes.draws.chance(permille: 250) ? modes.draws.pick(sides) : []
      let echoing = modes.draws.chance(permille: 250) ? modes.draws.pick(sides) : []
      guard fits, !demanding.isEmpty || !echoing.isEmpty else { continue }
      modes.dress(&scenario, leaf, demanding, echoing, until: length)
    }
  }

  private mutating func dress(
    _ scenario: inout Scenario, _ leaf: Int, _ demanding: [Side], _ echoing: [Side], until length: Int64
  ) {
    let isCalm = scenario.kind == .calm
    let intervals: [UInt32] = [20, 50, 100, 300]
    for side in [Side.hub, .leaf] {
      var verifications: [UInt32?] = [200, 500, 1_000, 3_000]
      // Who never asks does not notice that the path is gone: only where it is not.
      if isCalm { verifications.append(nil) }
      var base = SessionConfiguration()
      if demanding.contains(side) {
        base.demand = DemandMode(verificationInterval: draws.pick(verifications).map { .milliseconds($0) })
      }
      if echoing.contains(side) {
        base.echo = EchoParameters(
          transmitInterval: .milliseconds(draws.pick(intervals)),
          kind: .affiliated(requiredMinRx: .milliseconds(draws.pick([1_000, 2_000]))))
      }
      if echoing.contains(side.other) { base.requiredMinEchoRx = .milliseconds(draws.pick([10, 50, 100, 1_000])) }
      let path = side == .hub ? \LeafPlan.hub : \LeafPlan.leaf
      wear(base, &scenario.leaves[leaf][keyPath: path], isCalm: isCalm, varying: false)
      let initial = scenario.leaves[leaf][keyPath: path]
      for index in scenario.actions.indices {
        guard case .configure(leaf, side, var new) = scenario.actions[index].action else { continue }
        wear(base, &new, isCalm: isCalm, varying: true)
        scenario.actions[index].action = .configure(leaf: leaf, side, new)
      }
      let start = isCalm ? 5_000 * Self.millisecond : 0
      for _ in 0..<draws.below(3) {
        var time = start + draws.between(0, length - 1)
        for _ in 0..<draws.pick([1, 2, 3]) {
          var new = initial
          // It wears that already: only what is left out differs.
          vary(&new)
          scenario.actions.append((time, .configure(leaf: leaf, side, new)))
          time = min(start + length - 1, time + draws.between(0, 400) * Self.millisecond)
        }
      }
      if !isCalm, echoing.contains(side), draws.chance(permille: 400) {
        let from = draws.between(0, length)
        let to = min(length, from + draws.between(10, 3_000) * Self.millisecond)
        scenario.actions.append((from, .loop(leaf: leaf, at: side.other, false)))
        scenario.actions.append((to, .loop(leaf: leaf, at: side.other, true)))
      }
    }
  }

  private mutating func wear(
    _ base: SessionConfiguration, _ configuration: inout SessionConfiguration, isCalm: Bool, varying: Bool
  ) {
    configuration.demand = base.demand
    configuration.echo = base.echo
    configuration.requiredMinEchoRx = base.requiredMinEchoRx
    // Of three Polls or echoes in a row, each there and back, calm's losses can take all.
    if isCalm { configuration.detectMultiplier += 10 }
    if varying { vary(&configuration) }
  }

  private mutating func vary(_ configuration: inout SessionConfiguration) {
    if draws.chance(permille: 350) { configuration.demand = nil }
    if draws.chance(permille: 200) { configuration.echo = nil }
    if configuration.requiredMinEchoRx != .zero, draws.chance(permille: 400) {
      configuration.requiredMinEchoRx = draws.chance(permille: 700) ? .zero : .milliseconds(200)
    }
    if configuration.echo != nil, draws.chance(permille: 300) {
      configuration.echo?.transmitInterval = .milliseconds(draws.pick([20, 70, 500]))
    }
  }
}

import BFD

/// Draws a scenario from a seed.
struct Generator {
  private var random: SplitMix64
  private var scenario: Scenario
  private static let millisecond: Int64 = 1_000_000

  static func scenario(seed: UInt64) -> Scenario {
    var generator = Generator(seed: seed)
    generator.draw()
    return generator.scenario
  }

  private init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    let kinds: [Scenario.Kind] = [.calm, .calm, .calm, .storm, .storm, .storm, .storm, .quirk, .quirk, .deadEnd]
    scenario = Scenario(
      seed: seed, kind: random.pick(kinds), leaves: [], clocks: [], actions: [], isStrict: true, goodFrom: 0,
      bound: 0,
      end: 0)
  }

  private mutating func draw() {
    let count = scenario.kind == .deadEnd || random.chance(permille: 700) ? 1 : Int(random.between(2, 4))
    for _ in 0..<count { scenario.leaves.append(leaf()) }
    for _ in 0...count {
      scenario.clocks.append((ppm: random.between(-200, 200), offset: random.between(0, 1_000_000_000_000_000)))
    }
    drawLinks()
    let length = random.between(3_000, 7_000) * Self.millisecond
    scenario.goodFrom = scenario.kind == .calm ? 0 : length
    switch scenario.kind {
    case .calm: drawCalm(length)
    case .storm: drawStorm(length)
    case .quirk: drawQuirk(length)
    case .deadEnd: drawDeadEnd()
    }
    forge(until: length)
    authenticate(until: length)
    Modes.draw(into: &scenario, until: length)
    scenario.actions.sort { $0.time < $1.time }
    scenario.bound = bound
    scenario.end = max(scenario.end, scenario.goodFrom + scenario.bound + 2_000 * Self.millisecond)
  }

  // MARK: - Ends

  private mutating func leaf() -> LeafPlan {
    // Without losses, one packet can be all there is; with them, calm needs three.
    var plan = LeafPlan(hub: configuration(), leaf: configuration(), quirks: nil, link: LinkPlan())
    switch scenario.kind {
    case .calm, .storm:
      switch random.below(4) {
      case 0: plan.hub.role = .passive
      case 1: plan.leaf.role = .passive
      default: break
      }
    case .quirk:
      plan.quirks = random.pick([.ovn, .ovn.union(.drowsy), .frr, .bird, .openBFDD])
    case .deadEnd:
      plan.quirks = .ovn
      plan.hub.requiredMinRx = .milliseconds(50)
    }
    return plan
  }

  private mutating func configuration() -> SessionConfiguration {
    let intervals: [UInt32] = [20, 50, 50, 100, 100, 300, 300, 1_000, 1_500]
    let least: UInt8 = scenario.kind == .storm ? 1 : 3
    return SessionConfiguration(
      desiredMinTx: .milliseconds(random.pick(intervals)), requiredMinRx: .milliseconds(random.pick(intervals)),
      detectMultiplier: max(least, UInt8(random.pick([1, 2, 3, 3, 3, 4, 5]))))
  }

  // MARK: - Links

  /// Delays come in three classes. Short: a Poll is answered before the next one leaves. Long: many are under way,
  /// but the delay is steady. Wild: neither, and packets overtake each other.
  private mutating func drawLinks() {
    let wild = scenario.kind == .storm && random.chance(permille: 400)
    scenario.isStrict = !wild
    for index in scenario.leaves.indices {
      var link = LinkPlan()
      if wild {
        link.isOrdered = false
        link.least = random.between(10_000, 20_000_000)
        link.most = link.least + random.between(0, 80_000_000)
      } else if scenario.kind != .quirk, scenario.kind != .deadEnd, random.chance(permille: 250) {
        link.least = random.between(15_000_000, 250_000_000)
        link.most = link.least + min(link.least / 10, 4_000_000)
      } else {
        link.least = random.between(20_000, 500_000)
        link.most = link.least + random.between(0, 1_000_000)
      }
      if scenario.kind == .calm, random.chance(permille: 500) {
        link.loss = 100
        link.lossesInARow = 1
      }
      if scenario.kind == .calm || wild, random.chance(permille: 500) { link.duplication = 100 }
      scenario.leaves[index].link = link
    }
  }

  // MARK: - What happens

  private mutating func add(_ time: Int64, _ action: Action) { scenario.actions.append((time, action)) }

  private mutating func side() -> Side { random.chance(permille: 500) ? .hub : .leaf }

  private mutating func reconfigure(leaf: Int, _ side: Side, at time: Int64) {
    let old = side == .hub ? scenario.leaves[leaf].hub : scenario.leaves[leaf].leaf
    var new = configuration()
    new.role = old.role
    if random.chance(permille: 300) { new.desiredMinTx = old.desiredMinTx }
    if random.chance(permille: 300) { new.requiredMinRx = old.requiredMinRx }
    if scenario.kind == .storm, random.chance(permille: 50) { new.requiredMinRx = .zero }
    add(time, .configure(leaf: leaf, side, new))
  }

  /// Single changes, bursts of them, and both ends at once.
  private mutating func reconfigureSome(from start: Int64, to end: Int64) {
    for leaf in scenario.leaves.indices {
      for _ in 0..<random.below(5) {
        var time = random.between(start, end)
        let side = side()
        for _ in 0..<random.pick([1, 1, 2, 3]) {
          reconfigure(leaf: leaf, side, at: time)
          if scenario.leaves[leaf].quirks == nil, random.chance(permille: 300) {
            reconfigure(leaf: leaf, side.other, at: time)
          }
          time = min(end, time + random.between(0, 400) * Self.millisecond)
        }
      }
    }
  }

  /// Changes begin once all are Up: where the round trip is as long as the detection time, a receive interval that is
  /// reduced before Up, which counts at once, would cost the session.
  private mutating func drawCalm(_ length: Int64) {
    let start = 5_000 * Self.millisecond
    reconfigureSome(from: start, to: start + length)
    scenario.end = start + length + 7_000 * Self.millisecond
  }

  private mutating func drawStorm(_ length: Int64) {
    var draws = SplitMix64(seed: scenario.seed ^ 0x0511_e27)
    reconfigureSome(from: 0, to: length)
    for leaf in scenario.leaves.indices {
      for _ in 0..<random.below(4) {
        let start = random.between(0, length)
        let end = min(length, start + random.between(10, 4_000) * Self.millisecond)
        weather(leaf: leaf, from: start, to: end)
      }
      for _ in 0..<random.below(2) {
        let start = random.between(0, length)
        let side = side()
        let hold: Session.Hold =
          random.chance(permille: 500) ? .administrativelyDown : .down(.concatenatedPathDown)
        add(start, .hold(leaf: leaf, side, draws.chance(permille: 400) ? .silent : hold))
        if random.chance(permille: 300) {
          add(start, .hold(leaf: leaf, side.other, .administrativelyDown))
          add(length, .release(leaf: leaf, side.other))
        }
        add(random.between(start, length), .release(leaf: leaf, side))
        add(length, .release(leaf: leaf, side))
      }
      // Whatever came last must leave a peer that wants packets.
      for side in [Side.hub, .leaf] { reconfigureToEnd(leaf: leaf, side, at: length) }
      for to in [Side.hub, .leaf] {
        var link = scenario.leaves[leaf].link
        link.loss = 0
        link.duplication = 0
        // An old Down that comes behind a new Up takes the session down, rightly.
        link.isOrdered = true
        link.most = link.least + 1_000_000
        add(length, .link(leaf: leaf, to: to, link))
      }
    }
    for _ in 0..<random.below(3) {
      let node = random.below(scenario.leaves.count + 1)
      add(random.between(0, length), .restart(node: node, newDiscriminator: random.chance(permille: 500)))
    }
    for _ in 0..<random.below(3) {
      let duration = random.between(5, 2_000) * Self.millisecond
      let node = random.below(scenario.leaves.count + 1)
      add(random.between(0, max(0, length - duration)), .freeze(node: node, duration))
    }
  }

  private mutating func reconfigureToEnd(leaf: Int, _ side: Side, at time: Int64) {
    var new = configuration()
    new.role = side == .hub ? scenario.leaves[leaf].hub.role : scenario.leaves[leaf].leaf.role
    new.detectMultiplier = max(3, new.detectMultiplier)
    add(time, .configure(leaf: leaf, side, new))
  }

  /// Loss, duplication, one-way failure or total outage for a while.
  private mutating func weather(leaf: Int, from start: Int64, to end: Int64) {
    let good = scenario.leaves[leaf].link
    var bad = good
    switch random.below(3) {
    case 0: bad.isUp = false
    case 1: bad.loss = Int(random.between(50, 900))
    default:
      bad.loss = Int(random.between(0, 300))
      bad.duplication = Int(random.between(0, 500))
    }
    let sides: [Side] = random.chance(permille: 500) ? [.hub, .leaf] : [side()]
    for to in sides {
      add(start, .link(leaf: leaf, to: to, bad))
      add(end, .link(leaf: leaf, to: to, good))
    }
  }

  private mutating func drawQuirk(_ length: Int64) {
    var draws = SplitMix64(seed: scenario.seed ^ 0x0511_e27)
    for leaf in scenario.leaves.indices {
      for _ in 0..<random.below(3) { reconfigure(leaf: leaf, .hub, at: random.between(0, length)) }
      if random.chance(permille: 500) {
        let start = random.between(0, length)
        weather(leaf: leaf, from: start, to: min(length, start + random.between(10, 3_000) * Self.millisecond))
      }
      if random.chance(permille: 300) {
        let start = random.between(0, length)
        let hold: Session.Hold = draws.chance(permille: 500) ? .silent : .down(.concatenatedPathDown)
        add(start, .hold(leaf: leaf, .hub, hold))
        add(length, .release(leaf: leaf, .hub))
      }
      if scenario.leaves[leaf].quirks?.contains(.farewell) == true {
        let away = random.between(10, 2_500) * Self.millisecond
        add(random.between(0, max(0, length - away)), .leave(leaf: leaf, away))
      }
    }
    // OVN never lets go of a discriminator, so the hub has to keep its own.
    if random.chance(permille: 300) {
      add(random.between(0, length), .restart(node: 0, newDiscriminator: false))
    }
  }

  private mutating func drawDeadEnd() {
    let start = 6_000 * Self.millisecond
    // Longer than any detection time: the hub has forgotten its peer by then.
    scenario.goodFrom = start + 12_000 * Self.millisecond
    var draws = SplitMix64(seed: scenario.seed ^ 0x0da_2e5c)
    if draws.chance(permille: 500) {
      scenario.isRescued = true
      scenario.leaves[0].hub.compatibility = .ovn
    }
    if random.chance(permille: 500) {
      add(start, .restart(node: 0, newDiscriminator: true))
    } else {
      var none = scenario.leaves[0].hub
      none.requiredMinRx = .zero
      add(start, .configure(leaf: 0, .hub, none))
      add(scenario.goodFrom, .configure(leaf: 0, .hub, scenario.leaves[0].hub))
    }
  }

  private mutating func forge(until length: Int64) {
    for leaf in scenario.leaves.indices {
      for _ in 0..<random.below(12) {
        let to: Side = scenario.leaves[leaf].quirks == nil ? side() : .hub
        add(random.between(0, length), .forge(leaf: leaf, to: to, random.pick(Forgery.invented)))
      }
    }
  }

  /// Draws of its own, so that what a seed gives is the same with and without authentication.
  private mutating func authenticate(until length: Int64) {
    var draws = SplitMix64(seed: scenario.seed ^ 0xa07_4e57)
    for leaf in scenario.leaves.indices where scenario.leaves[leaf].quirks == nil {
      guard draws.chance(permille: 400) else { continue }
      let types = AuthenticationType.allCases
      let end = scenario.kind == .calm ? scenario.end : length
      scenario.leaves[leaf].authentication = AuthenticationPlan(
        first: draws.pick(types), second: draws.pick(types), rollover: draws.between(0, end / 1_000_000_000),
        skew: draws.between(-2, 2))
      for _ in 0..<draws.below(20) {
        add(
          draws.between(0, end),
          .forge(leaf: leaf, to: draws.pick([.hub, .leaf]), draws.pick([.tampered, .replayed])))
      }
    }
  }

  /// The longest detection time that any two values drawn can make, for a peer that must be forgotten first; four
  /// slow intervals for the handshake, each end's next packet being up to one away; round trips.
  private var bound: Int64 {
    var configurations = scenario.leaves.flatMap { [$0.hub, $0.leaf] }
    var slowest: Int64 = 1_000_000_000
    var delay: Int64 = 0
    for leaf in scenario.leaves { delay = max(delay, leaf.link.most) }
    for case (_, .configure(_, _, let new)) in scenario.actions { configurations.append(new) }
    var multiplier: Int64 = 3
    // In Demand mode a verification comes first, which may wait for late Finals.
    var verification: Int64 = 0
    for c in configurations {
      if let interval = c.demand?.verificationInterval {
        verification = max(verification, interval.nanoseconds + Oracle.longestQuiet)
      }
      slowest = max(slowest, c.desiredMinTx.nanoseconds, c.requiredMinRx.nanoseconds)
      multiplier = max(multiplier, Int64(c.detectMultiplier))
    }
    // In a dead end nobody speaks: one end gives up after the other.
    // An end whose sequence was lost is let in after twice the detection time.
    let isAuthenticated = scenario.leaves.contains { $0.authentication != nil }
    let silences: Int64 = scenario.kind == .deadEnd || isAuthenticated || verification > 0 ? 2 : 1
    // Three packets more, until the hub's turn comes to tell what lets it out.
    let turns: Int64 = scenario.isRescued ? 3 : 0
    return verification + silences * multiplier * slowest + (4 + turns) * slowest + 10 * delay + 100
      * Self.millisecond
  }
}

import BFD

/// The network between the nodes: links, what is under way, and the record of it.
struct World {
  enum Event {
    case wake(node: Int, version: Int)
    case deliver(leaf: Int, to: Side, Wire)
    case act(Int)
  }

  private struct Link {
    var plan: LinkPlan
    var lostInARow = 0
    var lastArrival: Int64 = 0
  }

  let scenario: Scenario
  var ledger: Ledger
  var events = EventQueue()
  private(set) var lines: [String] = []
  private let isTraced: Bool
  private var links: [[Link]]
  private var random: SplitMix64
  private var attacker: SplitMix64
  /// Of each leaf, what goes to the hub and what goes to the leaf.
  private var recordings: [[Recording]]
  private(set) var sent = 0

  init(scenario: Scenario, isTraced: Bool, random: SplitMix64) {
    self.scenario = scenario
    self.isTraced = isTraced
    self.random = random
    attacker = SplitMix64(seed: scenario.seed ^ 0xbad)
    recordings = scenario.leaves.map { _ in [Recording(), Recording()] }
    ledger = Ledger(leaves: scenario.leaves.count)
    links = scenario.leaves.map { [Link(plan: $0.link), Link(plan: $0.link)] }
  }

  mutating func set(_ plan: LinkPlan, leaf: Int, to side: Side) { links[leaf][side.rawValue].plan = plan }

  /// Puts a packet on its way: lost, late, twice, or as it should be.
  mutating func transmit(_ wire: Wire, leaf: Int, to side: Side, at time: Int64) {
    sent += 1
    if scenario.leaves[leaf].authentication != nil { recordings[leaf][side.rawValue].add(wire) }
    let plan = links[leaf][side.rawValue].plan
    guard plan.isUp else { return }
    let mayLose = plan.lossesInARow == 0 || links[leaf][side.rawValue].lostInARow < plan.lossesInARow
    if mayLose, random.chance(permille: plan.loss) {
      links[leaf][side.rawValue].lostInARow += 1
      if isTraced { trace(time, "link") { "loses it" } }
      return
    }
    links[leaf][side.rawValue].lostInARow = 0
    var arrival = time + random.between(plan.least, plan.most)
    if plan.isOrdered {
      arrival = max(arrival, links[leaf][side.rawValue].lastArrival)
      links[leaf][side.rawValue].lastArrival = arrival
    }
    events.push(.deliver(leaf: leaf, to: side, wire), at: arrival)
    if random.chance(permille: plan.duplication) {
      let again =
        plan.isOrdered ? arrival + random.between(0, 20_000) : time + random.between(plan.least, plan.most)
      if plan.isOrdered { links[leaf][side.rawValue].lastArrival = again }
      events.push(.deliver(leaf: leaf, to: side, wire), at: again)
    }
  }

  /// A packet made of what somebody recorded on the way to `side`; nil when there is nothing yet.
  mutating func forged(_ forgery: Forgery, leaf: Int, to side: Side) -> Wire? {
    let recording = recordings[leaf][side.rawValue]
    guard var wire = forgery == .tampered ? recording.tampered(&attacker) : recording.pick(&attacker) else {
      return nil
    }
    wire.forged = forgery
    return wire
  }

  mutating func trace(_ time: Int64, _ place: String, _ text: () -> String) {
    if isTraced { lines.append("\(seconds(time)) \(place): \(text())") }
  }
}

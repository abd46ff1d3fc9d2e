import BFD

/// The network between the nodes: links, what is under way, and the record of it.
struct World {
  enum Event {
    case wake(node: Int, version: Int)
    case deliver(leaf: Int, to: Side, Wire)
    case act(Int)
    /// An echo of the session at `of`, now at `at`.
    case echo(leaf: Int, of: Side, at: Side, EchoPacket)
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
  /// Of each leaf, whether the hub and whether the leaf loops echoes.
  private var loops: [[Bool]]
  private(set) var sent = 0

  init(scenario: Scenario, isTraced: Bool, random: SplitMix64) {
    self.scenario = scenario
    self.isTraced = isTraced
    self.random = random
    attacker = SplitMix64(seed: scenario.seed ^ 0xbad)
    recordings = scenario.leaves.map { _ in [Recording(), Recording()] }
    ledger = Ledger(leaves: scenario.leaves.count)
    loops = scenario.leaves.map { _ in [true, true] }
    links = scenario.leaves.map { [Link(plan: $0.link), Link(plan: $0.link)] }
  }

  mutating func set(_ plan: LinkPlan, leaf: Int, to side: Side) { links[leaf][side.rawValue].plan = plan }

  /// Puts a packet on its way: lost, late, twice, or as it should be.
  mutating func transmit(_ wire: Wire, leaf: Int, to side: Side, at time: Int64) {
    sent += 1
    if scenario.leaves[leaf].authentication != nil { recordings[leaf][side.rawValue].add(wire) }
    carry(.deliver(leaf: leaf, to: side, wire), leaf: leaf, to: side, at: time)
  }

  mutating func setLoop(_ loop: Bool, leaf: Int, at side: Side) { loops[leaf][side.rawValue] = loop }

  mutating func transmit(_ echo: EchoPacket, leaf: Int, from side: Side, at time: Int64) {
    carry(.echo(leaf: leaf, of: side, at: side.other, echo), leaf: leaf, to: side.other, at: time)
  }

  /// What the far end's forwarding does with an echo.
  mutating func loop(_ echo: EchoPacket, leaf: Int, of side: Side, at time: Int64) {
    guard loops[leaf][side.other.rawValue] else { return }
    carry(.echo(leaf: leaf, of: side, at: side, echo), leaf: leaf, to: side, at: time)
  }

  private mutating func carry(_ event: Event, leaf: Int, to side: Side, at time: Int64) {
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
    events.push(event, at: arrival)
    if random.chance(permille: plan.duplication) {
      let again =
        plan.isOrdered ? arrival + random.between(0, 20_000) : time + random.between(plan.least, plan.most)
      if plan.isOrdered { links[leaf][side.rawValue].lastArrival = again }
      events.push(event, at: again)
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

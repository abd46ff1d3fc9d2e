import BFD

/// Runs a scenario to its end, or to the first violation.
public struct Simulation {
  public struct Report: Sendable {
    public var scenario: Scenario
    public var violation: Violation?
    /// Packets sent.
    public var packets: Int
    /// Every event, when asked for.
    public var trace: [String]
  }

  private var world: World
  private let hub: SpeakerNode
  private var leaves: [Leaf]
  private var versions: [Int]
  private var wakes: [Int64?]
  private var random: SplitMix64

  private enum Leaf {
    case speaker(SpeakerNode)
    case model(ModelPeer, Clock)
  }

  public static func run(seed: UInt64, isTraced: Bool = false) -> Report {
    run(Generator.scenario(seed: seed), isTraced: isTraced)
  }

  static func run(_ scenario: Scenario, isTraced: Bool = false) -> Report {
    var simulation = Simulation(scenario, isTraced: isTraced)
    var violation: Violation?
    do throws(Violation) { try simulation.run() } catch { violation = error }
    return Report(
      scenario: scenario, violation: violation, packets: simulation.world.sent, trace: simulation.world.lines)
  }

  private init(_ scenario: Scenario, isTraced: Bool) {
    var random = SplitMix64(seed: scenario.seed ^ 0x5eed)
    world = World(scenario: scenario, isTraced: isTraced, random: random.fork())
    func clock(_ node: Int) -> Clock { Clock(ppm: scenario.clocks[node].ppm, offset: scenario.clocks[node].offset) }
    hub = SpeakerNode(
      name: "hub", side: .hub, leaves: Array(scenario.leaves.indices), configurations: scenario.leaves.map(\.hub),
      clock: clock(0), scenario: scenario, random: random.fork())
    leaves = []
    for (index, plan) in scenario.leaves.enumerated() {
      if let quirks = plan.quirks {
        let peer = ModelPeer(
          quirks: quirks, configuration: plan.leaf, discriminator: UInt32(truncatingIfNeeded: random.next()) | 1,
          at: clock(index + 1).local(0))
        leaves.append(.model(peer, clock(index + 1)))
      } else {
        leaves.append(
          .speaker(
            SpeakerNode(
              name: "leaf \(index)", side: .leaf, leaves: [index], configurations: [plan.leaf],
              clock: clock(index + 1), scenario: scenario, random: random.fork())))
      }
    }
    versions = scenario.leaves.map { _ in 0 } + [0]
    wakes = versions.map { _ in nil }
    self.random = random
    for (index, entry) in scenario.actions.enumerated() { world.events.push(.act(index), at: entry.time) }
  }

  private mutating func run() throws(Violation) {
    for node in versions.indices { schedule(node, at: 0) }
    var isChecked = false
    while let (time, event) = world.events.pop(), time <= world.scenario.end {
      if !isChecked, time > world.scenario.goodFrom + world.scenario.bound {
        isChecked = true
        try checkUp(at: time)
      }
      switch event {
      case .wake(let node, let version):
        guard version == versions[node] else { continue }
        wakes[node] = nil
        try wake(node, at: time)
        schedule(node, at: time)
      case .deliver(let leaf, let side, var wire):
        wire.arrived = time
        try deliver(wire, leaf: leaf, to: side, at: time)
        schedule(side == .hub ? 0 : leaf + 1, at: time)
      case .echo(let leaf, let owner, let side, let echo):
        guard owner == side else {
          world.loop(echo, leaf: leaf, of: owner, at: time)
          continue
        }
        let node = side == .hub ? 0 : leaf + 1
        try withSpeaker(node) { (speaker, world) throws(Violation) in
          try speaker.deliver(echo, leaf: leaf, at: time, in: &world)
        }
        schedule(node, at: time)
      case .act(let index):
        try act(world.scenario.actions[index].action, at: time)
        for node in versions.indices { schedule(node, at: time) }
      }
    }
    try checkUp(at: world.scenario.end)
    try checkSettled()
  }

  /// Keeps just one wake-up per node in the queue.
  private mutating func schedule(_ node: Int, at time: Int64) {
    let next: Int64? =
      if node == 0 {
        hub.nextWake
      } else {
        switch leaves[node - 1] {
        case .speaker(let speaker): speaker.nextWake
        case .model(let peer, let clock):
          peer.nextDeadline == .distantFuture ? nil : clock.time(peer.nextDeadline)
        }
      }
    guard next != wakes[node] else { return }
    versions[node] += 1
    wakes[node] = next
    if let next { world.events.push(.wake(node: node, version: versions[node]), at: max(next, time)) }
  }

  private mutating func withSpeaker(
    _ node: Int, _ body: (SpeakerNode, inout World) throws(Violation) -> Void
  ) throws(Violation) {
    guard let speaker = node == 0 ? hub : speaker(node - 1) else { return }
    try body(speaker, &world)
  }

  private mutating func wake(_ node: Int, at time: Int64) throws(Violation) {
    if node > 0, case .model(var peer, let clock) = leaves[node - 1] {
      if let packet = peer.run(at: clock.local(time), random: &random) { send(packet, leaf: node - 1, at: time) }
      leaves[node - 1] = .model(peer, clock)
      return
    }
    try withSpeaker(node) { (speaker, world) throws(Violation) in try speaker.wake(at: time, in: &world) }
  }

  private mutating func deliver(_ wire: Wire, leaf: Int, to side: Side, at time: Int64) throws(Violation) {
    if side == .leaf, case .model(var peer, let clock) = leaves[leaf] {
      defer { leaves[leaf] = .model(peer, clock) }
      guard let packet = try? ControlPacket(parsing: wire.bytes), wire.forged == nil,
        let (final, _) = peer.receive(packet, at: clock.local(time))
      else { return }
      world.trace(time, "leaf \(leaf)") { "takes \(text(packet)), is \(peer.state)" }
      world.ledger.take(leaf: leaf, by: .leaf, sequence: wire.sequence)
      if let final { send(final, leaf: leaf, at: time) }
      return
    }
    try withSpeaker(side == .hub ? 0 : leaf + 1) { (speaker, world) throws(Violation) in
      try speaker.deliver(wire, at: time, in: &world)
    }
  }

  /// A model peer's packet.
  private mutating func send(_ packet: ControlPacket, leaf: Int, at time: Int64) {
    world.trace(time, "leaf \(leaf)") { "sends \(text(packet))" }
    world.transmit(
      Wire(
        bytes: packet.bytes, source: Address.source(from: .leaf, leaf: leaf), leaf: leaf, sequence: 0,
        acknowledged: world.ledger.taken(leaf: leaf, by: .leaf), forged: nil), leaf: leaf, to: .hub, at: time)
  }

  // MARK: - Actions

  private mutating func act(_ action: Action, at time: Int64) throws(Violation) {
    world.trace(time, "world") { "\(action)" }
    func node(_ side: Side, _ leaf: Int) -> Int { side == .hub ? 0 : leaf + 1 }
    switch action {
    case .link(let leaf, let side, let plan): world.set(plan, leaf: leaf, to: side)
    case .loop(let leaf, let side, let loops): world.setLoop(loops, leaf: leaf, at: side)
    case .configure(let leaf, let side, let new):
      try change(node(side, leaf), leaf, at: time) { session, _ in
        session.configure(new)
        return nil
      }
    case .hold(let leaf, let side, let hold):
      try change(node(side, leaf), leaf, at: time) { session, now in session.hold(hold, at: now) }
    case .release(let leaf, let side):
      try change(node(side, leaf), leaf, at: time) { session, now in session.release(at: now) }
    case .restart(let node, let newDiscriminator):
      try withSpeaker(node) { (speaker, world) throws(Violation) in
        try speaker.restart(newDiscriminator: newDiscriminator, at: time, in: &world)
      }
    case .freeze(let node, let duration):
      try withSpeaker(node) { (speaker, world) throws(Violation) in speaker.freeze(for: duration, at: time) }
    case .leave(let leaf, let duration):
      guard case .model(var peer, let clock) = leaves[leaf] else { return }
      let farewell = peer.leave(at: clock.local(time), until: clock.local(time + duration))
      leaves[leaf] = .model(peer, clock)
      send(farewell, leaf: leaf, at: time)
    case .forge(let leaf, let side, .tampered):
      guard let wire = world.forged(.tampered, leaf: leaf, to: side) else { return }
      world.events.push(.deliver(leaf: leaf, to: side, wire), at: time)
    case .forge(let leaf, let side, .replayed):
      guard let node = side == .hub ? hub : speaker(leaf), let wire = world.forged(.replayed, leaf: leaf, to: side),
        node.mustRefuse(wire, at: time)
      else { return }
      world.events.push(.deliver(leaf: leaf, to: side, wire), at: time)
    case .forge(let leaf, let side, let forgery):
      let target = side == .hub ? hub.sessions[leaf] : speaker(leaf)?.sessions[0]
      if let target {
        world.events.push(
          .deliver(leaf: leaf, to: side, forgery.wire(against: target, leaf: leaf, to: side)), at: time)
      }
    }
  }

  private mutating func change(
    _ node: Int, _ leaf: Int, at time: Int64, _ body: (inout Session, Instant) -> Transition?
  ) throws(Violation) {
    try withSpeaker(node) { (speaker, world) throws(Violation) in
      try speaker.change(leaf, at: time, in: &world, body)
    }
  }

  private func speaker(_ leaf: Int) -> SpeakerNode? {
    guard case .speaker(let speaker) = leaves[leaf] else { return nil }
    return speaker
  }

  // MARK: - The end

  /// All Up again within the bound; or, where the facts say so, never.
  private func checkUp(at time: Int64) throws(Violation) {
    for leaf in leaves.indices {
      let states = (hub.sessions[leaf].state, peerState(leaf))
      if world.scenario.kind == .deadEnd, !world.scenario.isRescued {
        guard states.0 != .up, states.1 != .up else {
          throw hub.violation("came back out of OVN's dead end: the facts have changed", at: time, leaf)
        }
      } else if states != (.up, .up) {
        throw hub.violation(
          "not Up on a path good since \(seconds(world.scenario.goodFrom)): \(states.0), peer \(states.1)",
          at: time,
          leaf)
      }
    }
  }

  private func peerState(_ leaf: Int) -> SessionState {
    switch leaves[leaf] {
    case .speaker(let speaker): speaker.sessions[0].state
    case .model(let peer, _): peer.state
    }
  }

  /// No Poll Sequence goes on for ever.
  private func checkSettled() throws(Violation) {
    guard world.scenario.kind != .deadEnd || world.scenario.isRescued else { return }
    for leaf in leaves.indices {
      // In Demand mode there is always another one.
      if hub.sessions[leaf].configuration.demand != nil || speaker(leaf)?.sessions[0].configuration.demand != nil {
        continue
      }
      if hub.sessions[leaf].isPolling { throw hub.violation("still polling", at: world.scenario.end, leaf) }
      if let speaker = speaker(leaf), speaker.sessions[0].isPolling {
        throw speaker.violation("still polling", at: world.scenario.end, 0)
      }
    }
  }
}

import BFD

/// A system that runs `Session`s as a speaker does: one demultiplexer, packets with their arrival times, then what
/// is due. Every step is held against the oracles.
final class SpeakerNode {
  let name: String
  let side: Side
  /// The leaves its sessions belong to, by session index.
  let leaves: [Int]
  let clock: Clock
  private let isCalm: Bool
  private let isStrict: Bool
  private(set) var sessions: [Session] = []
  private var oracles: [Oracle] = []
  private var table = Demultiplexer()
  private var sequences: [Int]
  private var authenticators: [Authenticator?]
  private var random: SplitMix64
  private(set) var frozenUntil: Int64?
  private var queue: [(wire: Wire, arrival: Instant)] = []
  /// When each session last came Up, by true time.
  private(set) var upSince: [Int64?]

  init(
    name: String, side: Side, leaves: [Int], configurations: [SessionConfiguration], clock: Clock,
    scenario: Scenario,
    random: SplitMix64
  ) {
    self.name = name
    self.side = side
    self.leaves = leaves
    self.clock = clock
    self.random = random
    isStrict = scenario.isStrict
    isCalm = scenario.kind == .calm
    sequences = leaves.map { _ in 0 }
    authenticators = leaves.map { leaf in
      scenario.leaves[leaf].authentication.map { plan in
        let salt = SplitMix64(seed: scenario.seed ^ UInt64(2 * leaf + side.rawValue)).first
        return Authenticator(plan, side, salt: salt)
      }
    }
    upSince = leaves.map { _ in nil }
    start(configurations, discriminators: nil, at: 0)
  }

  private func start(_ configurations: [SessionConfiguration], discriminators: [UInt32]?, at time: Int64) {
    sessions = []
    oracles = []
    table = Demultiplexer()
    for (index, configuration) in configurations.enumerated() {
      let discriminator = discriminators?[index] ?? UInt32(truncatingIfNeeded: random.next()) | 1
      var session = Session(
        localDiscriminator: discriminator, configuration: configuration, at: clock.local(time),
        random: UInt32(truncatingIfNeeded: random.next()))
      if let authenticator = authenticators[index] {
        session.requireAuthentication(startingAt: authenticator.origin(at: time), at: clock.local(time))
        authenticators[index]?.restarted()
      }
      sessions.append(session)
      oracles.append(Oracle(isStrict: isStrict, session: session))
      let peer = Address.of(side.other, leaf: leaves[index])
      _ = table.insert(
        .init(
          key: SessionKey(peer: .address(peer, interface: 0)), localDiscriminator: discriminator,
          localAddress: Address.of(side, leaf: leaves[index])), index: index)
      upSince[index] = nil
    }
  }

  /// When something is next to be done, by true time; nil for never.
  var nextWake: Int64? {
    if let frozenUntil { return frozenUntil }
    var least = Instant.distantFuture
    for session in sessions { least = min(least, session.nextDeadline) }
    return least == .distantFuture ? nil : clock.time(least)
  }

  // MARK: - Steps

  func restart(newDiscriminator: Bool, at time: Int64, in world: inout World) throws(Violation) {
    frozenUntil = nil
    queue = []
    start(
      sessions.map(\.configuration), discriminators: newDiscriminator ? nil : sessions.map(\.localDiscriminator),
      at: time)
    try run(at: time, in: &world)
  }

  func freeze(for duration: Int64, at time: Int64) {
    frozenUntil = max(frozenUntil ?? 0, time + duration)
  }

  func deliver(_ wire: Wire, at time: Int64, in world: inout World) throws(Violation) {
    guard frozenUntil == nil else {
      queue.append((wire, clock.local(time)))
      return
    }
    try checkOverdue(at: time, in: &world)
    try take(wire, arrival: clock.local(time), at: time, in: &world)
    try run(at: time, in: &world)
  }

  func wake(at time: Int64, in world: inout World) throws(Violation) {
    if let until = frozenUntil {
      guard time >= until else { return }
      frozenUntil = nil
      // Before a peer is declared dead, the socket is drained.
      let waiting = queue
      queue = []
      for (wire, arrival) in waiting { try take(wire, arrival: arrival, at: time, in: &world) }
    } else {
      try checkOverdue(at: time, in: &world)
    }
    try run(at: time, in: &world)
  }

  func change(
    _ leaf: Int, at time: Int64, in world: inout World, _ body: (inout Session, Instant) -> Transition?
  ) throws(Violation) {
    guard let index = leaves.firstIndex(of: leaf) else { return }
    if frozenUntil == nil { try checkOverdue(at: time, in: &world) }
    let before = sessions[index]
    let transition = body(&sessions[index], clock.local(time))
    try checkLegal(index, from: before, transition, at: time, in: &world)
    oracles[index].settle(sessions[index])
    if frozenUntil == nil { try run(at: time, in: &world) }
  }

  private func take(_ wire: Wire, arrival: Instant, at time: Int64, in world: inout World)
    throws(Violation)
  {
    let before = wire.forged == nil ? [] : sessions
    let taken = try accept(wire, arrival: arrival, at: time, in: &world)
    guard let forged = wire.forged else { return }
    if taken { throw violation("a forged packet was taken: \(forged)", at: time) }
    // By design that one may be told to the peer, and no more than that.
    let mayBeOverheard =
      forged == .unknownDiscriminator && sessions.contains { $0.configuration.compatibility == .ovn }
    if sessions != before, !mayBeOverheard {
      throw violation("a discarded packet changed a session: \(forged)", at: time)
    }
  }

  private func accept(_ wire: Wire, arrival: Instant, at time: Int64, in world: inout World)
    throws(Violation) -> Bool
  {
    guard let packet = try? ControlPacket(parsing: wire.bytes) else { return false }
    let match = table.match(packet, from: wire.source)
    if match == .discarded(.yourDiscriminatorUnknown), let index = table.sender(of: wire.source) {
      sessions[index].overhear(packet)
    }
    guard case .session(let index) = match else { return false }
    let before = sessions[index]
    let silenceBefore = oracles[index].detectionTimes(before)
    let reception: Reception
    if let keys = authenticators[index]?.keys(at: time) {
      reception = sessions[index].receive(packet, wire.bytes.span.bytes, keys: keys, at: arrival)
    } else {
      reception = sessions[index].receive(packet, at: arrival)
    }
    guard case .accepted(let expired, let transition, let final) = reception else {
      if sessions[index] != before { throw violation("a discarded packet changed the session", at: time, index) }
      return false
    }
    world.trace(time, name) { "takes \(text(packet)) of leaf \(leaves[index])" }

    // What counts is when it arrived in truth, whatever the session was told.
    let arrived = clock.local(wire.arrived)
    if expired == nil, before.state == .up || before.state == .`init`, let times = silenceBefore,
      let heard = oracles[index].heard, arrived - heard.arrival > times.most + 5_000
    {
      throw violation("a packet kept a peer alive that had been silent for too long", at: time, index)
    }

    var state = before.state
    var diagnostic = before.diagnostic
    if let expired {
      try checkExpiry(index, expired, times: silenceBefore, at: time, in: &world)
      state = .down
      diagnostic = .controlDetectionTimeExpired
    }
    let (newState, newDiagnostic) = expected(state, hold: before.hold, hears: packet.state)
    guard sessions[index].state == newState, sessions[index].diagnostic == newDiagnostic ?? diagnostic else {
      throw violation(
        "\(packet.state) heard in \(state) made \(sessions[index].state) (\(sessions[index].diagnostic))", at: time,
        index)
    }
    if (transition != nil) != (newState != state) {
      throw violation("a change without a transition", at: time, index)
    }
    if (final != nil) != packet.poll {
      throw violation("a Poll without a Final, or a Final alone", at: time, index)
    }

    if isSequenceKnown(index, at: clock.local(wire.arrived)), authenticators[index]?.admits(wire.bytes) == false {
      throw violation("took a sequence number outside the window", at: time, index)
    }
    authenticators[index]?.took(wire.bytes)
    world.ledger.take(leaf: leaves[index], by: side, sequence: wire.sequence)
    if expired != nil { oracles[index].forgot() }
    oracles[index].took(packet, acknowledging: wire.acknowledged, at: arrived)
    oracles[index].settle(sessions[index])
    if transition?.from == .up { try checkFlap(index, "heard \(packet.state)", at: time, in: &world) }
    if let final { try send(final, index, at: time, in: &world) }
    return true
  }

  /// Does what is due in every session.
  private func run(at time: Int64, in world: inout World) throws(Violation) {
    let now = clock.local(time)
    for index in sessions.indices {
      let times = oracles[index].detectionTimes(sessions[index])
      let before = sessions[index]
      let expired = sessions[index].expire(at: now)
      if let expired {
        let leaf = leaves[index]
        if queue.contains(where: { $0.wire.forged == nil && $0.wire.leaf == leaf && $0.arrival < expired.at }) {
          throw violation("declared dead with its packets unread", at: time, index)
        }
        try checkExpiry(index, expired, times: times, at: time, in: &world)
        guard sessions[index].state == .down, sessions[index].diagnostic == .controlDetectionTimeExpired else {
          throw violation("expired into \(sessions[index].state) (\(sessions[index].diagnostic))", at: time, index)
        }
      } else if sessions[index].state != before.state {
        throw violation("a state changed without a transition", at: time, index)
      }
      if before.remote != nil, sessions[index].remote == nil {
        if let heard = oracles[index].heard, let times, now - heard.arrival < times.least - 5_000 {
          throw violation("forgot the peer after \(seconds(now - heard.arrival)) of silence", at: time, index)
        }
        oracles[index].forgot()
      }
      oracles[index].settle(sessions[index])
      if let packet = sessions[index].transmit(at: now, random: UInt32(truncatingIfNeeded: random.next())) {
        try send(packet, index, at: time, in: &world)
        oracles[index].settle(sessions[index])
      }
      if let problem = oracles[index].silence(sessions[index], at: now) {
        throw violation(problem, at: time, index)
      }
      let isUp = sessions[index].state == .up
      if isUp, upSince[index] == nil { upSince[index] = time }
      if !isUp { upSince[index] = nil }
    }
    if let wake = nextWake, wake <= time { throw violation("still has something due after all was done", at: time) }
  }

  private func send(_ packet: ControlPacket, _ index: Int, at time: Int64, in world: inout World)
    throws(Violation)
  {
    sequences[index] += 1
    let leaf = leaves[index]
    world.trace(time, name) { "sends \(text(packet)) to leaf \(leaf)" }
    let problem = oracles[index].sends(
      packet, sequence: sequences[index], session: sessions[index], at: clock.local(time))
    if let problem { throw violation(problem, at: time, index) }
    guard let bytes = sealed(packet, index, at: time) else {
      throw violation("no key to send with", at: time, index)
    }
    let wire = Wire(
      bytes: bytes, source: Address.source(from: side, leaf: leaf), leaf: leaf, sequence: sequences[index],
      acknowledged: world.ledger.taken(leaf: leaf, by: side), forged: nil)
    world.transmit(wire, leaf: leaf, to: side.other, at: time)
  }

  /// A packet as it leaves.
  private func sealed(_ packet: ControlPacket, _ index: Int, at time: Int64) -> [UInt8]? {
    guard let keys = authenticators[index]?.keys(at: time) else { return packet.bytes }
    var bytes = [UInt8](repeating: 0, count: ControlPacket.maximumLength)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    let length = sessions[index].write(packet, keys: keys, at: clock.local(time), to: &raw)
    return length.map { Array(bytes.prefix($0)) }
  }

  // MARK: - Checks

  /// Whether a recorded packet of the peer's can do nothing, by what was taken since.
  func mustRefuse(_ wire: Wire, at time: Int64) -> Bool {
    guard frozenUntil == nil, let index = leaves.firstIndex(of: wire.leaf),
      isSequenceKnown(index, at: clock.local(time))
    else { return false }
    return authenticators[index]?.admits(wire.bytes) == false
  }

  /// Well within twice the Detection Time: whatever the oracle cannot tell, the sequence must be known.
  private func isSequenceKnown(_ index: Int, at now: Instant) -> Bool {
    guard authenticators[index]?.last != nil, let heard = oracles[index].heard,
      let times = oracles[index].detectionTimes(sessions[index])
    else { return false }
    return now - heard.arrival < times.least
  }

  private func checkOverdue(at time: Int64, in world: inout World) throws(Violation) {
    for index in sessions.indices {
      let taken = world.ledger.taken(leaf: leaves[index], by: side.other)
      if let problem = oracles[index].overdue(sessions[index], taken: taken, at: clock.local(time)) {
        throw violation(problem, at: time, index)
      }
    }
  }

  private func checkExpiry(
    _ index: Int, _ transition: Transition, times: (least: Int64, most: Int64)?, at time: Int64,
    in world: inout World
  ) throws(Violation) {
    world.trace(time, name) { "leaf \(leaves[index]): \(transition.from) -> Down, Detection Time" }
    guard let heard = oracles[index].heard, let times else {
      throw violation("a Detection Time ended without a peer", at: time, index)
    }
    let silent = transition.at - heard.arrival
    guard silent >= times.least - 5_000 else {
      throw violation("Down after \(seconds(silent)) of silence, not \(seconds(times.least))", at: time, index)
    }
    guard silent <= times.most + 5_000 else {
      throw violation("Down dated \(seconds(silent)) after the last packet", at: time, index)
    }
    guard transition.to == .down, transition.cause == .detectionTimeExpired,
      transition.from == .up || transition.from == .`init`, transition.isFailure == (transition.from == .up)
    else { throw violation("not a detection's transition: \(transition)", at: time, index) }
    if transition.from == .up { try checkFlap(index, "silence of \(seconds(silent))", at: time, in: &world) }
  }

  private func checkFlap(_ index: Int, _ why: String, at time: Int64, in world: inout World) throws(Violation) {
    if isCalm || time > world.scenario.goodFrom + world.scenario.bound {
      throw violation("went Down on a good path: \(why)", at: time, index)
    }
  }

  private func checkLegal(
    _ index: Int, from before: Session, _ transition: Transition?, at time: Int64, in world: inout World
  ) throws(Violation) {
    let after = sessions[index]
    world.trace(time, name) {
      "leaf \(leaves[index]): \(Scenario.text(after.configuration)), hold \(after.hold.map { "\($0)" } ?? "-"), \(after.state)"
    }
    let wanted: SessionState =
      switch after.hold {
      case .administrativelyDown, .adminDown: .adminDown
      case .down: .down
      case nil: before.hold == nil ? before.state : .down
      }
    guard after.state == wanted, (transition != nil) == (before.state != after.state), transition?.isFailure != true
    else { throw violation("\(before.state) -> \(after.state), hold \(after.hold as Any)", at: time, index) }
  }

  func violation(_ message: String, at time: Int64, _ index: Int? = nil) -> Violation {
    Violation(time: time, place: index.map { "\(name), session of leaf \(leaves[$0])" } ?? name, message: message)
  }
}

/// A packet as a trace shows it.
func text(_ p: ControlPacket) -> String {
  "\(p.state)\(p.poll ? " P" : "")\(p.final ? " F" : "") x\(p.detectMultiplier) tx \(p.desiredMinTx) rx \(p.requiredMinRx)"
    + " my \(String(p.myDiscriminator, radix: 16)) your \(String(p.yourDiscriminator, radix: 16)) diag \(p.diagnostic.code)"
}

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
  private var queue: [(item: Item, arrival: Instant)] = []

  /// What waits in the sockets of a node that is stopped.
  private enum Item {
    case control(Wire)
    case echo(EchoPacket, leaf: Int)
  }

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
      queue.append((.control(wire), clock.local(time)))
      return
    }
    try checkOverdue(at: time, in: &world)
    try take(wire, arrival: clock.local(time), at: time, in: &world)
    try run(at: time, in: &world)
  }

  /// An echo that came back.
  func deliver(_ echo: EchoPacket, leaf: Int, at time: Int64, in world: inout World) throws(Violation) {
    guard frozenUntil == nil else {
      queue.append((.echo(echo, leaf: leaf), clock.local(time)))
      return
    }
    try checkOverdue(at: time, in: &world)
    try take(echo, leaf: leaf, arrival: clock.local(time), at: time, in: &world)
    try run(at: time, in: &world)
  }

  func wake(at time: Int64, in world: inout World) throws(Violation) {
    if let until = frozenUntil {
      guard time >= until else { return }
      frozenUntil = nil
      // Before a peer is declared dead, the socket is drained.
      let waiting = queue
      queue = []
      for (item, arrival) in waiting {
        switch item {
        case .control(let wire): try take(wire, arrival: arrival, at: time, in: &world)
        case .echo(let echo, let leaf): try take(echo, leaf: leaf, arrival: arrival, at: time, in: &world)
        }
      }
      for index in oracles.indices { oracles[index].wokeUp(at: clock.local(time)) }
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
    oracles[index].settle(sessions[index], at: clock.local(time))
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

  private func take(
    _ echo: EchoPacket, leaf: Int, arrival: Instant, at time: Int64, in world: inout World
  ) throws(Violation) {
    guard let index = leaves.firstIndex(of: leaf), sessions[index].localDiscriminator == echo.discriminator else {
      return
    }
    let before = sessions[index]
    let old = oracles[index]
    switch sessions[index].receive(echo, at: arrival) {
    case .discarded:
      if sessions[index] != before { throw violation("a discarded echo changed the session", at: time, index) }
    case .accepted(let expired, let transition):
      world.trace(time, name) { "takes echo \(echo.sequence) of leaf \(leaf)" }
      if transition != nil { throw violation("an echo moved the handshake", at: time, index) }
      if let expired {
        try checkExpiry(index, expired, from: before, by: old, at: time, in: &world)
        if expired.cause == .detectionTimeExpired { oracles[index].forgot() }
      } else {
        oracles[index].echo.took(at: arrival)
      }
      oracles[index].settle(sessions[index], at: clock.local(time))
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
    let old = oracles[index]
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
    if expired == nil, before.state == .up || before.state == .`init`, let heard = old.heard,
      let most = old.longestSilence(before, from: heard.arrival), arrived - heard.arrival > most + 5_000
    {
      throw violation("a packet kept a peer alive that had been silent for too long", at: time, index)
    }

    var state = before.state
    var diagnostic = before.diagnostic
    if let expired {
      try checkExpiry(index, expired, from: before, by: old, at: time, in: &world)
      state = .down
      diagnostic = expired.cause == .echoFailed ? .echoFunctionFailed : .controlDetectionTimeExpired
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
    if (final != nil) != (packet.poll && before.hold != .silent) {
      throw violation("a Poll without a Final, or a Final alone", at: time, index)
    }

    if isSequenceKnown(index, at: clock.local(wire.arrived)), authenticators[index]?.admits(wire.bytes) == false {
      throw violation("took a sequence number outside the window", at: time, index)
    }
    authenticators[index]?.took(wire.bytes)
    world.ledger.take(leaf: leaves[index], by: side, sequence: wire.sequence)
    if expired?.cause == .detectionTimeExpired { oracles[index].forgot() }
    oracles[index].took(packet, acknowledging: wire.acknowledged, at: arrived)
    oracles[index].settle(sessions[index], at: clock.local(time))
    if transition?.from == .up {
      if transition?.isFailure == true, before.hold == .silent, packet.state == .down {
        throw violation("a failure, though the peer has only noticed the silence", at: time, index)
      }
      try checkFlap(index, "heard \(packet.state)", at: time, in: &world)
    }
    if let final { try send(final, index, at: time, in: &world) }
    return true
  }

  /// Does what is due in every session.
  private func run(at time: Int64, in world: inout World) throws(Violation) {
    let now = clock.local(time)
    for index in sessions.indices {
      let old = oracles[index]
      let before = sessions[index]
      let expired = sessions[index].expire(at: now)
      if let expired {
        let leaf = leaves[index]
        let isUnread = queue.contains {
          guard case .control(let wire) = $0.item else { return false }
          return wire.forged == nil && wire.leaf == leaf && $0.arrival < expired.at
        }
        if isUnread {
          throw violation("declared dead with its packets unread", at: time, index)
        }
        try checkExpiry(index, expired, from: before, by: old, at: time, in: &world)
        let diagnostic: Diagnostic =
          expired.cause == .echoFailed ? .echoFunctionFailed : .controlDetectionTimeExpired
        guard sessions[index].state == .down, sessions[index].diagnostic == diagnostic else {
          throw violation("expired into \(sessions[index].state) (\(sessions[index].diagnostic))", at: time, index)
        }
      } else if sessions[index].state != before.state {
        throw violation("a state changed without a transition", at: time, index)
      }
      if before.remote != nil, sessions[index].remote == nil {
        if expired == nil, let heard = old.heard, let times = old.detectionTimes(before),
          now - heard.arrival < times.least - 5_000
        {
          throw violation("forgot the peer after \(seconds(now - heard.arrival)) of silence", at: time, index)
        }
        oracles[index].forgot()
      }
      oracles[index].settle(sessions[index], at: now)
      if let packet = sessions[index].transmit(at: now, random: UInt32(truncatingIfNeeded: random.next())) {
        try send(packet, index, at: time, in: &world)
        oracles[index].settle(sessions[index], at: now)
      }
      if let due = sessions[index].nextEcho, due <= now,
        let transmission = sessions[index].transmitEcho(at: now, random: UInt32(truncatingIfNeeded: random.next()))
      {
        let leaf = leaves[index]
        world.trace(time, name) { "sends echo \(transmission.echo.sequence) to leaf \(leaf)" }
        if transmission.control != nil { throw violation("a Control packet before an echo", at: time, index) }
        if let problem = oracles[index].echo.sends(transmission.echo, session: sessions[index], at: now) {
          throw violation(problem, at: time, index)
        }
        world.transmit(transmission.echo, leaf: leaf, from: side, at: time)
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
    _ index: Int, _ transition: Transition, from before: Session, by oracle: Oracle, at time: Int64,
    in world: inout World
  ) throws(Violation) {
    world.trace(time, name) { "leaf \(leaves[index]): \(transition.from) -> Down, \(transition.cause)" }
    if transition.cause == .echoFailed {
      let multiplier = Int64(before.configuration.detectMultiplier)
      if let problem = oracle.echo.objection(toFailureAt: transition.at, multiplier: multiplier) {
        throw violation(problem, at: time, index)
      }
      guard transition.from == .up, transition.to == .down, transition.isFailure else {
        throw violation("not lost echoes' transition: \(transition)", at: time, index)
      }
      return try checkFlap(index, "echoes lost", at: time, in: &world)
    }
    guard let heard = oracle.heard, let times = oracle.detectionTimes(before) else {
      throw violation("a Detection Time ended without a peer", at: time, index)
    }
    let silent = transition.at - heard.arrival
    var isPolls = false
    if let polls = oracle.pollTimes(before) {
      let open = transition.at - polls.since
      isPolls = open >= polls.least - 5_000 && open <= polls.most + 5_000
    }
    if oracle.demand.isCertain, !isPolls { throw violation("Down in Demand mode without asking", at: time, index) }
    guard isPolls || silent >= times.least - 5_000 else {
      throw violation("Down after \(seconds(silent)) of silence, not \(seconds(times.least))", at: time, index)
    }
    if let most = oracle.longestSilence(before, from: heard.arrival), silent > most + 5_000 {
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
      case .silent: before.state == .up ? .up : .down
      case nil: before.hold == nil || before.hold == .silent ? before.state : .down
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

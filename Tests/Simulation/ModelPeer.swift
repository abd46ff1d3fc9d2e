import BFD

/// Another project's speaker, as far as its quirks matter: written from the facts, not from `Session`. It never
/// changes its parameters, so it polls only where FRR does.
struct ModelPeer {
  let quirks: Quirks
  let configuration: SessionConfiguration
  let discriminator: UInt32
  private(set) var state = SessionState.down
  private var diagnostic = Diagnostic.none
  private var remoteDiscriminator: UInt32 = 0
  private var remoteMinRx = Interval(microseconds: 1)
  private var remoteMinTx = Interval.zero
  private var remoteMultiplier: Int64 = 0
  private var heard: Instant?
  private var next: Instant
  private var lastSent: Instant?
  private var lastDraw: Int64 = 0
  private var polls = false
  private var mute = false
  private var sentUnheard = 0
  /// Until then it is gone.
  private(set) var awayUntil: Instant?

  init(quirks: Quirks, configuration: SessionConfiguration, discriminator: UInt32, at now: Instant) {
    self.quirks = quirks
    self.configuration = configuration
    self.discriminator = discriminator
    next = now
  }

  private var minTx: Interval {
    state == .up || quirks.contains(.alwaysFast)
      ? configuration.desiredMinTx : max(configuration.desiredMinTx, .slow)
  }

  private var minRx: Interval {
    state != .up && quirks.contains(.slowRx) ? max(configuration.requiredMinRx, .slow) : configuration.requiredMinRx
  }

  private var isSilent: Bool {
    mute || remoteMinRx == .zero || (quirks.contains(.passive) && remoteDiscriminator == 0)
      || (quirks.contains(.drowsy) && state != .up && sentUnheard >= 3)
  }

  private var detectionDeadline: Instant? {
    guard let heard else { return nil }
    return heard + remoteMultiplier * max(minRx, remoteMinTx).nanoseconds
  }

  var nextDeadline: Instant {
    if let awayUntil { return awayUntil }
    return min(isSilent ? .distantFuture : next, detectionDeadline ?? .distantFuture)
  }

  private func packet(final: Bool) -> ControlPacket {
    ControlPacket(
      diagnostic: quirks.contains(.noDiagnostic) ? .none : diagnostic, state: state, poll: polls && !final,
      final: final, detectMultiplier: configuration.detectMultiplier, myDiscriminator: discriminator,
      yourDiscriminator: remoteDiscriminator, desiredMinTx: minTx, requiredMinRx: minRx)
  }

  /// Takes a packet. Nil when it was ignored; else the Final to send, if one is due.
  mutating func receive(_ packet: ControlPacket, at now: Instant) -> (final: ControlPacket?, Void)? {
    guard awayUntil == nil else { return nil }
    sentUnheard = 0  // any packet wakes the drowsy
    if packet.yourDiscriminator == 0 {
      if quirks.contains(.needsDiscriminator) { return nil }
    } else if packet.yourDiscriminator != discriminator {
      return nil
    }
    remoteDiscriminator = packet.myDiscriminator
    remoteMinRx = packet.requiredMinRx
    remoteMinTx = packet.desiredMinTx
    remoteMultiplier = Int64(packet.detectMultiplier)
    if quirks.contains(.latchesZeroRx) { mute = packet.requiredMinRx == .zero }
    heard = now
    if packet.final { polls = false }
    let before = state
    switch (state, packet.state) {
    case (.down, .down): state = .`init`
    case (.down, .`init`), (.`init`, .`init`), (.`init`, .up): state = .up
    case (.up, .down), (.up, .adminDown), (.`init`, .adminDown):
      state = .down
      diagnostic = .neighborSignaledSessionDown
    default: break
    }
    if state != before { changed(at: now) }
    if !quirks.contains(.schedulesAhead), let lastSent { next = min(next, lastSent + interval) }
    return (packet.poll ? self.packet(final: true) : nil, ())
  }

  private mutating func changed(at now: Instant) {
    if state == .up { diagnostic = .none }
    if quirks.contains(.slowRx) { polls = true }
    // OVN too sends at once when its state changes.
    next = now
  }

  private var interval: Int64 { max(minTx, remoteMinRx).nanoseconds / 1_000 * lastDraw }

  /// What is due at `now`.
  mutating func run(at now: Instant, random: inout SplitMix64) -> ControlPacket? {
    if let until = awayUntil {
      guard now >= until else { return nil }
      awayUntil = nil
      next = now
    }
    if let deadline = detectionDeadline, now >= deadline {
      heard = nil
      if !quirks.contains(.keepsDiscriminator) { remoteDiscriminator = 0 }
      remoteMinRx = Interval(microseconds: 1)
      if state != .down {
        state = .down
        diagnostic = .controlDetectionTimeExpired
        changed(at: now)
      }
    }
    guard !isSilent, now >= next else { return nil }
    lastDraw = random.between(760, configuration.detectMultiplier == 1 ? 890 : 990)
    lastSent = now
    next = now + interval
    sentUnheard += 1
    return packet(final: false)
  }

  /// Says farewell and is gone; it comes back as a new one that knows nobody.
  mutating func leave(at now: Instant, until: Instant) -> ControlPacket {
    var farewell = packet(final: false)
    farewell.state = .adminDown
    farewell.poll = false
    farewell.requiredMinRx = .zero
    self = ModelPeer(
      quirks: quirks, configuration: configuration, discriminator: discriminator ^ 0x5a5a_5a5a, at: until)
    awayUntil = until
    return farewell
  }
}

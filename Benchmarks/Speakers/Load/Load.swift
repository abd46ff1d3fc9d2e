/// N peers of one daemon: their state machines, their timers, and what is measured of the daemon. No socket and no
/// clock: packets and times come in as arguments, packets go out through `outbox`.
///
/// Nothing is allocated after the start but for the samples of trials.
public struct Load: ~Copyable {
  let plan: LoadPlan
  let count: Int
  // In blocks of their own: an array would be checked for uniqueness and bounds with every packet.
  let peers: UnsafeMutablePointer<Peer>
  let templates: UnsafeMutableRawPointer
  var wheel: Wheel
  var random: Randomness
  public var outbox = Outbox()
  public var counts = LoadCounts()
  public private(set) var phase = LoadCounts.Phase.before
  let started: Int64
  var steadySince: Int64 = 0

  // Trials: what is still to be started, and which peers are in one.
  var trialsToStart = 0
  var nextTrial: Int64 = 0
  var trialSpacing: Int64 = 0
  var running: [Int32] = []
  /// How long a peer stays silent after the daemon has noticed.
  static let hold: Int64 = 500_000_000
  /// How long a peer must have been Up to be muted: until then timers are still being agreed on.
  static let settled: Int64 = 1_500_000_000

  public init(_ plan: LoadPlan, at now: Int64) {
    self.plan = plan
    count = plan.count
    peers = .allocate(capacity: count)
    templates = .allocate(byteCount: count * Outbox.stride, alignment: 64)
    wheel = Wheel(timers: count * 2, at: now)
    random = Randomness(seed: plan.seed)
    started = now
    let first = UInt32(truncatingIfNeeded: random.next()) & 0x3fff_0000 | 1
    var index = 0
    for group in plan.groups {
      for _ in 0..<group.count {
        (peers + index).initialize(
          to: Peer(discriminator: first + UInt32(index), interval: group.interval, multiplier: group.multiplier))
        Frame.prepare(
          templates + index * Outbox.stride, link: plan.link, source: plan.address(index), destination: plan.daemon,
          sourcePort: UInt16(49_152 + index % 16_384))
        peers[index].due = now + Int64(random.fraction() * Double(plan.spread))
        wheel.set(index * 2, at: peers[index].due)
        index += 1
      }
    }
    counts.overshoot.reserveCapacity(4_096)
    counts.returns.reserveCapacity(4_096)
    running.reserveCapacity(4_096)
  }

  deinit {
    peers.deallocate()
    templates.deallocate()
  }

  /// The end of the daemon's Desired Min TX, as the first peer heard it last; microseconds.
  public var daemonInterval: UInt32 { peers[0].daemonDesired }

  // MARK: Phases

  /// From here on intervals are measured, and whoever leaves Up counts as a false Down.
  public mutating func beginSteady(at now: Int64) {
    phase = .steady
    steadySince = now
    for index in 0..<count { peers[index].lastPaced = 0 }
    counts.intervals = Intervals()
  }

  public mutating func endSteady() { phase = .after }

  /// Peers fall silent one after another, at random, and come back when the daemon has noticed.
  /// - Parameter spacing: nanoseconds between two of them, on average.
  public mutating func startTrials(_ number: Int, spacing: Int64, at now: Int64) {
    trialsToStart = number
    trialSpacing = spacing
    nextTrial = now
    counts.trialsLeft = number
  }

  // MARK: Time

  /// Does what is due until the outbox is full.
  /// - Returns: whether there is more to do once it has been sent.
  public mutating func advance(to now: Int64) -> Bool {
    if counts.trialsLeft > 0, runTrials(at: now) { return true }
    while !outbox.isFull {
      guard let timer = wheel.take(at: now) else { return false }
      let index = timer >> 1
      if timer & 1 == 0 { transmitPeriodically(index, at: now) } else { checkPatience(index, at: now) }
    }
    return true
  }

  /// When `advance` is to be called again, at the latest at `limit`.
  public mutating func nextDeadline(before limit: Int64) -> Int64 { wheel.nextDeadline(before: limit) }

  private mutating func checkPatience(_ index: Int, at now: Int64) {
    let peer = peers + index
    if peer.pointee.patience > now {
      wheel.set(index * 2 + 1, at: peer.pointee.patience)
      return
    }
    let was = peer.pointee.isBothUp
    if peer.pointee.state == .up { noteFall(peer, at: now, .silence) }
    peer.pointee.daemonDiscriminator = 0
    peer.pointee.daemonState = .down
    peer.pointee.daemonRequired = 1
    if peer.pointee.state != .down {
      change(peer, to: .down, diagnostic: 1, at: now)
      transmit(index, .triggered)
      schedule(index, from: now)
    }
    noteUp(peer, was, at: now)
  }

  // MARK: State

  enum Cause { case word, silence }

  func change(_ peer: UnsafeMutablePointer<Peer>, to state: BFDState, diagnostic: UInt8, at now: Int64) {
    // A shorter interval is a change of parameters, and those are polled for (section 6.8.3).
    peer.pointee.isPolling = state == .up && peer.pointee.interval < 1_000_000
    peer.pointee.state = state
    peer.pointee.diagnostic = diagnostic
    if state == .up {
      peer.pointee.upSince = now
      peer.pointee.gap = 0
      peer.pointee.gapBefore = 0
    }
  }

  mutating func noteFall(_ peer: UnsafeMutablePointer<Peer>, at now: Int64, _ cause: Cause) {
    guard peer.pointee.trial == .none || peer.pointee.trial == .returning && cause == .silence else { return }
    if cause == .word, peer.pointee.wasSilent(at: now) {
      counts[phase].generator += 1
    } else if cause == .silence {
      counts[phase].silent += 1
    } else {
      counts[phase].announced += 1
      if peer.pointee.daemonDiagnostic == 1 { counts[phase].announcedUnheard += 1 }
    }
  }

  mutating func noteUp(_ peer: UnsafeMutablePointer<Peer>, _ was: Bool, at time: Int64) {
    let isUp = peer.pointee.isBothUp
    guard isUp != was else { return }
    counts.up += isUp ? 1 : -1
    guard isUp else { return }
    if peer.pointee.firstUp == 0 {
      peer.pointee.firstUp = time
      counts.everUp += 1
    }
    if counts.up == count, counts.allUp == nil { counts.allUp = Double(time - started) / 1e6 }
    if peer.pointee.trial == .returning, peer.pointee.returnedAt > 0 {
      counts.returns.append(Double(time - peer.pointee.returnedAt) / 1e6)
      peer.pointee.trial = .none
    }
  }
}

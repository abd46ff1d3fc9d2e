public import BFD

/// How near a session came to its Detection Time, and how punctual it was itself, since that was last taken. Nanoseconds.
public struct SessionPace: Hashable, Sendable {
  /// The longest time between two packets of the peer while the session was Up; 0: there were no two.
  public var worstGap: Int64 = 0
  /// The most that a timer of the session was served after it was due.
  public var worstLateness: Int64 = 0

  public init() {}
}

/// How often a timer was served late, by how much.
public struct LatenessHistogram: Hashable, Sendable {
  /// The last but one bucket ends at 2^16 microseconds.
  public static let bucketCount = 18

  /// Bucket n counts what was late by at most 2^n microseconds and more than the bucket before allows; the last counts
  /// everything above.
  private var buckets = InlineBuckets()

  /// Of all, in microseconds.
  public private(set) var sum: UInt64 = 0

  /// Microseconds, the most since it was last taken.
  private var worst: UInt64 = 0

  public init() {}

  mutating func takeWorst() -> UInt64 {
    defer { worst = 0 }
    return worst
  }

  public var counts: [UInt64] { (0..<Self.bucketCount).map { buckets.values[$0] } }

  /// - Parameter nanoseconds: 0 or more.
  @inline(__always) mutating func add(_ nanoseconds: Int64) {
    let microseconds = UInt64(nanoseconds) / 1_000
    sum &+= microseconds
    if microseconds > worst { worst = microseconds }
    // 0 and 1 belong into bucket 0, 2 into 1, 3 and 4 into 2.
    let bucket = microseconds <= 1 ? 0 : UInt64.bitWidth - (microseconds - 1).leadingZeroBitCount
    buckets.values[min(bucket, Self.bucketCount - 1)] &+= 1
  }

  private struct InlineBuckets: Hashable, Sendable {
    var values = InlineArray<18, UInt64>(repeating: 0)

    static func == (a: Self, b: Self) -> Bool {
      for bucket in a.values.indices where a.values[bucket] != b.values[bucket] { return false }
      return true
    }

    func hash(into hasher: inout Hasher) {
      for bucket in values.indices { hasher.combine(values[bucket]) }
    }
  }
}

/// One session in the turn in which its pace was taken.
public struct PaceView: Sendable {
  public var discriminator: UInt32
  public var counters: (received: UInt64, transmitted: UInt64)
  public var pace: SessionPace
  /// Nanoseconds since the last valid packet; nil: the peer is not known.
  public var age: Int64?
  /// Another number whenever something else than counters may have changed.
  public var stamp: UInt64
}

extension Speaker {
  /// All numbers of sessions are less.
  public var sessionCount: Int { slots.count }

  /// A session's counters and pace; nil when there is none of that number.
  /// - Parameter anew: whether the pace begins anew after that.
  ///
  /// A gap that is still going on counts as it is now, so that the last second before a failure is told too.
  public mutating func takePace(of index: Int, at now: Instant, anew: Bool = true) -> PaceView? {
    catchUp(index)
    return slots[index]?.pointee.takePace(at: now, anew: anew)
  }
}

extension Speaker {
  /// A timer was served so many nanoseconds after it was due.
  @inline(__always) mutating func noteLateness(_ lateness: Int64, of index: Int) {
    counters.lateness.add(lateness)
    slots[index]?.pointee.noteLateness(lateness)
  }
}

extension Speaker.Slot {
  @inline(__always) mutating func noteGap(_ gap: Int64) { if gap > pace.worstGap { pace.worstGap = gap } }
  @inline(__always) mutating func noteLateness(_ lateness: Int64) {
    if lateness > pace.worstLateness { pace.worstLateness = lateness }
  }

  fileprivate mutating func takePace(at now: Instant, anew: Bool) -> PaceView {
    let age = session.remote == nil ? nil : max(0, now - session.lastReceived)
    var taken = pace
    if session.state == .up, let age { taken.worstGap = max(taken.worstGap, age) }
    // Silence is no failure in Demand mode: there is no gap.
    if session.demandInForce { taken.worstGap = 0 }
    if anew { pace = SessionPace() }
    return PaceView(
      discriminator: session.localDiscriminator,
      counters: (counters.received, counters.transmitted), pace: taken, age: age, stamp: stamp)
  }

  /// A mix of what a status shows and counting does not change. That it misses a change is as likely as 1 in 2^64.
  private var stamp: UInt64 {
    mutating get {
      var mix = Mix()
      mix.add(
        UInt64(session.state.rawValue) | UInt64(session.diagnostic.code) << 8 | UInt64(session.isMute ? 1 : 0) << 16
      )
      mix.add(UInt64(session.transmitInterval.microseconds) << 32 | UInt64(session.configuration.detectMultiplier))
      mix.add(UInt64(bitPattern: session.detectionTime ?? -1))
      if let remote = session.remote {
        mix.add(
          UInt64(remote.discriminator) << 32 | UInt64(remote.state.rawValue) << 8 | UInt64(remote.diagnostic.code))
        mix.add(UInt64(remote.desiredMinTx.microseconds) << 32 | UInt64(remote.requiredMinRx.microseconds))
        mix.add(UInt64(remote.detectMultiplier) | (remote.demand ? 256 : 0) | (session.demandInForce ? 512 : 0))
      }
      mix.add(counters.downs << 32 | counters.adminDowns)
      mix.add(counters.invalid << 32 ^ counters.sendFailures << 16 ^ counters.withheld)
      mix.add(UInt64(UInt32(bitPattern: counters.lastSendError)) | (hold == nil ? 0 : 1 << 40))
      mix.add(UInt64(bitPattern: dampening?.heldUntil?.nanoseconds ?? 0))
      return mix.value
    }
  }
}

/// Mixes numbers as SplitMix64 does (Steele, Lea, Flood 2014).
private struct Mix {
  private(set) var value: UInt64 = 0

  mutating func add(_ number: UInt64) {
    var z = (value ^ number) &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    value = z ^ z >> 31
  }
}

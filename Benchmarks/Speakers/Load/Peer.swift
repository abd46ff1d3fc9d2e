/// One emulated end of a session (RFC 5880 section 6.8). Times are nanoseconds of CLOCK_MONOTONIC, intervals
/// microseconds.
struct Peer {
  /// What the benchmark is doing to this peer on purpose.
  enum Trial: UInt8 {
    case none
    /// Sends nothing; the daemon is to notice.
    case muted
    /// The daemon has; still silent for a while.
    case held
    /// Speaks again; both ends are to come Up.
    case returning
  }

  var discriminator: UInt32
  var interval: UInt32
  var multiplier: UInt8
  var state = BFDState.down
  var diagnostic: UInt8 = 0
  var isPolling = false
  var trial = Trial.none

  var daemonState = BFDState.down
  var daemonDiagnostic: UInt8 = 0
  var daemonMultiplier: UInt8 = 0
  var daemonDiscriminator: UInt32 = 0
  var daemonDesired: UInt32 = 0
  /// bfd.RemoteMinRxInterval, 1 until the daemon has spoken.
  var daemonRequired: UInt32 = 1

  /// When the next periodic packet is due.
  var due: Int64 = 0
  var lastSent: Int64 = 0
  /// The two longest-ago gaps between packets of ours that can have ended a detection time now.
  var gap: Int64 = 0
  var gapBefore: Int64 = 0
  var upSince: Int64 = 0
  var firstUp: Int64 = 0
  var lastHeard: Int64 = 0
  /// The last packet that was not a Final, while intervals are measured; 0 for none.
  var lastPaced: Int64 = 0
  /// When the daemon's silence is a failure.
  var patience: Int64 = 0

  /// Of the trial: the last packet before it, the detection time, what comes next, and the first packet after it.
  var mutedAt: Int64 = 0
  var mutedDetection: Int64 = 0
  var trialDeadline: Int64 = 0
  var returnedAt: Int64 = 0

  init(discriminator: UInt32, interval: UInt32, multiplier: UInt8) {
    self.discriminator = discriminator
    self.interval = interval
    self.multiplier = multiplier
  }

  var isBothUp: Bool { state == .up && daemonState == .up }

  /// Desired Min TX Interval: a second at least while not Up (section 6.8.3).
  var desired: UInt32 { state == .up ? interval : max(interval, 1_000_000) }

  /// Microseconds between two packets of ours (section 6.8.7).
  var transmitInterval: UInt32 { max(desired, daemonRequired) }

  /// After how much silence of ours the daemon must act (section 6.8.4), nanoseconds.
  var detectionAtDaemon: Int64 { Int64(multiplier) * Int64(transmitInterval) * 1_000 }

  /// After how much silence of the daemon's we act.
  var detection: Int64 { Int64(daemonMultiplier) * Int64(max(daemonDesired, interval)) * 1_000 }

  /// Whether we have been silent, not on purpose, for so long that the daemon was right to act.
  func wasSilent(at time: Int64) -> Bool {
    let longest = max(time - lastSent, max(gap, gapBefore))
    return longest > detectionAtDaemon - detectionAtDaemon / 50
  }
}

/// xorshift64: good enough to spread packets, and the same for the same seed.
struct Randomness {
  private var word: UInt64

  init(seed: UInt64) { word = (seed &+ 0x9e37_79b9) &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    word ^= word << 13
    word ^= word >> 7
    word ^= word << 17
    return word
  }

  /// From 0 to below 1.
  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}

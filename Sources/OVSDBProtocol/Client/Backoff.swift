/// How long to wait between rounds of attempts: twice as long each time, less some chance, so that the clients of a
/// server that died do not all come back in the same instant.
public struct Backoff: Hashable, Sendable {
  /// Before the second round. The first attempts at each server follow each other at once.
  public var shortest: Duration
  public var longest: Duration
  /// The longest while a member of the cluster answers and has no leader: an election takes 1 to 2 s by default, and
  /// nobody is relieved by waiting longer than it.
  public var inElections: Duration

  public init(
    shortest: Duration = .milliseconds(100), longest: Duration = .seconds(4),
    inElections: Duration = .milliseconds(500)
  ) {
    self.shortest = shortest
    self.longest = longest
    self.inElections = inElections
  }

  /// - Parameters:
  ///   - round: counts from 1.
  ///   - jitter: 0 up to 1: how much of the half that chance may take is taken.
  public func delay(round: Int, jitter: Double) -> Duration {
    let factor = 1 << min(max(round - 1, 0), 20)
    let delay = min(shortest * factor, max(longest, shortest))
    return delay - delay / 2 * jitter
  }
}

/// SplitMix64: chance that a seed decides.
struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

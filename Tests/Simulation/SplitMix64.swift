/// A seeded generator (SplitMix64; Steele, Lea, Flood 2014): the same seed, the same numbers, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// 0 ..< bound. The bias of a remainder does not matter here.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// `low` to `high`, both included.
  mutating func between(_ low: Int64, _ high: Int64) -> Int64 {
    high <= low ? low : low + Int64(next() % UInt64(high - low + 1))
  }

  mutating func chance(permille: Int) -> Bool { permille > 0 && below(1_000) < permille }

  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

  /// A generator of its own for one purpose, so that what one draws does not move what another gets.
  mutating func fork() -> SplitMix64 { SplitMix64(seed: next()) }
}

extension SplitMix64 {
  /// 32 bits of what comes first.
  var first: UInt32 {
    var copy = self
    return UInt32(truncatingIfNeeded: copy.next() >> 16)
  }
}

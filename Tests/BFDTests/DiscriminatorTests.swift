import Addresses
import Testing

@testable import BFD

/// Row 39 of the acceptance checklist, and what discriminators are made of and kept in.
@Suite struct DiscriminatorTests {
  static let secret: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)

  static func key(_ number: UInt32, interface: UInt32 = 0, pathType: PathType = .singleHop) -> SessionKey {
    SessionKey(
      peer: .address(.v4(IPv4Address(bits: 0x0a00_0000 + number)), interface: interface), pathType: pathType)
  }

  /// The reference implementation's vectors_sip64 for inputs of whole words: octets 0, 1, 2, ... under key 0...15.
  @Test(
    "SipHash-2-4 gives the reference vectors",
    arguments: [
      (0, 0x726f_db47_dd0e_0e31), (1, 0x93f5_f579_9a93_2462), (2, 0x3f2a_cc7f_57c2_9bdb),
      (3, 0xb8ad_50c6_f649_af94), (4, 0x7127_512f_72f2_7cce), (5, 0x0e3e_a96b_5304_a7d0),
      (6, 0xe612_a3cb_9ecb_a951), (7, 0xb78d_bfaf_3a8d_83bd)
    ] as [(Int, UInt64)])
  func sipHash(words: Int, expected: UInt64) {
    var hash = SipHash(key0: Self.secret.0, key1: Self.secret.1)
    for word in 0..<words {
      hash.combine((0..<8).reduce(UInt64(0)) { $0 | UInt64(word * 8 + $1) << UInt64($1 * 8) })
    }
    #expect(hash.finish() == expected)
  }

  @Test("Row 39: discriminators are random, unique and non-zero") func row39() {
    let source = DiscriminatorSource(secret: Self.secret)
    var seen: Set<UInt32> = []
    var bits = [Int](repeating: 0, count: 32)
    for number: UInt32 in 0..<4_096 {
      let value = source.discriminator(for: Self.key(number), attempt: 0)
      #expect(value != 0)
      seen.insert(value)
      for bit in 0..<32 where value >> UInt32(bit) & 1 == 1 { bits[bit] += 1 }
    }
    // Two of 4,096 random words of 32 bits are equal once in 500 tables: attempts are for that.
    #expect(seen.count >= 4_094)
    for bit in bits { #expect((1_850...2_250).contains(bit)) }
  }

  @Test("Row 39: another attempt, interface, hop count, family or secret gives another discriminator")
  func row39Different() {
    let source = DiscriminatorSource(secret: Self.secret)
    let values: [UInt32] = [
      source.discriminator(for: Self.key(1), attempt: 0),
      source.discriminator(for: Self.key(1), attempt: 1),
      source.discriminator(for: Self.key(1, interface: 7), attempt: 0),
      source.discriminator(for: Self.key(1, pathType: .multihop), attempt: 0),
      source.discriminator(for: SessionKey(peer: .pointToPoint(interface: 7)), attempt: 0),
      source.discriminator(
        for: SessionKey(peer: .address(.v6(IPv6Address(high: 0, low: 0x0a00_0001)), interface: 0)), attempt: 0),
      DiscriminatorSource(secret: (Self.secret.1, Self.secret.0)).discriminator(for: Self.key(1), attempt: 0)
    ]
    #expect(Set(values).count == values.count)
  }

  @Test("A restarted speaker gets the same discriminators again") func stable() {
    let before = DiscriminatorSource(secret: Self.secret)
    let after = DiscriminatorSource(secret: Self.secret)
    for number: UInt32 in 0..<100 {
      #expect(
        before.discriminator(for: Self.key(number), attempt: 0)
          == after.discriminator(for: Self.key(number), attempt: 0))
    }
  }

  @Test(
    "The table does what a dictionary does",
    arguments: [
      // Few values that share their low bits make long probes; many make it grow.
      (seed: 1, stride: 1, keys: 40), (seed: 2, stride: 16, keys: 40), (seed: 3, stride: 4_096, keys: 200),
      (seed: 4, stride: 0x9e37_79b9, keys: 2_000), (seed: 5, stride: 0x1000_0001, keys: 64)
    ] as [(seed: UInt64, stride: UInt32, keys: UInt32)])
  func tableModel(seed: UInt64, stride: UInt32, keys: UInt32) {
    var draws = Draws(seed)
    var table = DiscriminatorTable()
    var model: [UInt32: Int32] = [:]
    for step in 0..<20_000 {
      let key = 15 &+ UInt32.random(in: 1...keys, using: &draws) &* stride
      guard key != 0 else { continue }
      // Phases of growth and of shrinking.
      let grow = step / 4_000 % 2 == 0
      if model[key] == nil, grow || Int.random(in: 0..<3, using: &draws) == 0 {
        let value = Int32(truncatingIfNeeded: step)
        table.insert(key, value: value)
        model[key] = value
      } else if !grow || Int.random(in: 0..<3, using: &draws) == 0 {
        table.remove(key)
        model[key] = nil
      }
      #expect(table[key] == model[key])
      #expect(table.count == model.count)
      if step % 500 == 0 {
        for probe: UInt32 in 1...keys { #expect(table[15 &+ probe &* stride] == model[15 &+ probe &* stride]) }
      }
    }
    #expect(table[0] == nil)
  }
}

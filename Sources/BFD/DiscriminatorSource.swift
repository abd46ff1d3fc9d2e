import Addresses

/// Makes local discriminators that are random to others, and the same again after a restart.
///
/// A discriminator is a keyed hash (SipHash-2-4) of what identifies the session, under a secret kept on the node.
/// A speaker that restarts keeps its discriminators, so a peer that still holds the old one (OVN does) finds its
/// session again. An array index in the low bits, as some speakers use, would not survive a changed configuration.
public struct DiscriminatorSource: Hashable, Sendable {
  private let key0: UInt64
  private let key1: UInt64

  /// - Parameter secret: 128 random bits, kept on the node.
  public init(secret: (UInt64, UInt64)) {
    key0 = secret.0
    key1 = secret.1
  }

  /// The `attempt`-th candidate for a session: never zero. Try the next one while one is taken.
  public func discriminator(for key: SessionKey, attempt: UInt32) -> UInt32 {
    var hash = SipHash(key0: key0, key1: key1)
    hash.combine(UInt64(attempt) << 32 | UInt64(key.pathType.rawValue) + 1)
    if key.domain != .main { hash.combine(UInt64(key.domain.id)) }
    switch key.peer {
    case .address(let address, let interface):
      hash.combine(UInt64(interface) << 1)
      hash.combine(address)
    case .pair(let local, let remote):
      hash.combine(local)
      hash.combine(remote)
    case .pointToPoint(let interface):
      hash.combine(UInt64(interface) << 1 | 1)
    }
    let value = hash.finish()
    let folded = UInt32(truncatingIfNeeded: value ^ value >> 32)
    return folded == 0 ? 1 : folded
  }
}

/// SipHash-2-4 over whole 64-bit words (Aumasson, Bernstein: SipHash, 2012).
struct SipHash {
  private var v0, v1, v2, v3: UInt64
  private var words: UInt64 = 0

  init(key0: UInt64, key1: UInt64) {
    v0 = key0 ^ 0x736f_6d65_7073_6575
    v1 = key1 ^ 0x646f_7261_6e64_6f6d
    v2 = key0 ^ 0x6c79_6765_6e65_7261
    v3 = key1 ^ 0x7465_6462_7974_6573
  }

  mutating func combine(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
    words &+= 1
  }

  mutating func combine(_ address: IPAddress) {
    switch address {
    case .v4(let v4): combine(UInt64(v4.bits))
    case .v6(let v6):
      combine(v6.high)
      combine(v6.low)
    }
  }

  mutating func finish() -> UInt64 {
    combine(words &* 8 << 56)
    v2 ^= 0xff
    for _ in 0..<4 { round() }
    return v0 ^ v1 ^ v2 ^ v3
  }

  private mutating func round() {
    v0 &+= v1
    v1 = v1 << 13 | v1 >> 51
    v1 ^= v0
    v0 = v0 << 32 | v0 >> 32
    v2 &+= v3
    v3 = v3 << 16 | v3 >> 48
    v3 ^= v2
    v0 &+= v3
    v3 = v3 << 21 | v3 >> 43
    v3 ^= v0
    v2 &+= v1
    v1 = v1 << 17 | v1 >> 47
    v1 ^= v2
    v2 = v2 << 32 | v2 >> 32
  }
}

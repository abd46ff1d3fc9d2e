public import BFD

/// How both ends of a session authenticate: with one key, and from a second on with another.
public struct AuthenticationPlan: Sendable {
  public var first: AuthenticationType
  public var second: AuthenticationType
  /// The second at which the new key is sent with, by each end's own calendar.
  public var rollover: Int64
  /// Seconds by which the leaf's calendar is ahead of the hub's.
  public var skew: Int64
}

/// One end's part in a plan.
struct Authenticator {
  private let plan: AuthenticationPlan
  private let side: Side
  private let before: UsableKeys
  private let after: UsableKeys
  /// What makes the sequence unpredictable to others; kept over restarts.
  private let salt: UInt32
  /// The last number taken, as this oracle and not the session knows it.
  private(set) var last: UInt32?

  init(_ plan: AuthenticationPlan, _ side: Side, salt: UInt32) {
    self.plan = plan
    self.side = side
    self.salt = salt
    // Secrets of constant length are keys.
    let keys = [(1, plan.first), (2, plan.second)].compactMap { id, type in
      try? AuthenticationKey(id: UInt8(id), type: type, secret: [UInt8](repeating: UInt8(0x60 + id), count: 12))
    }
    func usable(_ count: Int) -> UsableKeys {
      let all = keys.enumerated().compactMap { number, key in
        try? AuthenticationKey(
          id: key.id, type: key.type, secret: [UInt8](repeating: 0x60 + key.id, count: 12),
          send: number < count ? .always : Lifetime(start: 1, end: 2))
      }
      return (try? KeyChain(all).usableKeys(at: 0)) ?? .none
    }
    before = usable(1)
    after = usable(2)
  }

  private func calendar(_ time: Int64) -> Int64 { time / 1_000_000_000 + (side == .leaf ? plan.skew : 0) }

  func keys(at time: Int64) -> UsableKeys { calendar(time) < plan.rollover ? before : after }

  func origin(at time: Int64) -> UInt32 { salt &+ UInt32(truncatingIfNeeded: calendar(time)) }

  /// The session has started anew.
  mutating func restarted() { last = nil }

  mutating func took(_ bytes: [UInt8]) {
    if let number = Self.number(bytes) { last = number }
  }

  /// Whether a number may come after the last one: the words of sections 6.7.3 and 6.7.4, not the core's.
  func admits(_ bytes: [UInt8]) -> Bool {
    guard let number = Self.number(bytes), let last else { return true }
    let isMeticulous = bytes[24] == 3 || bytes[24] == 5
    let window = 3 * UInt64(bytes[2])
    // Counted up one by one, as a circle of 2^32.
    let ahead = (UInt64(number) + (1 << 32) - UInt64(last)) % (1 << 32)
    return ahead <= window && (ahead > 0 || !isMeticulous)
  }

  /// Nil when a packet has none.
  private static func number(_ bytes: [UInt8]) -> UInt32? {
    guard bytes.count >= 48, bytes[24] > 1 else { return nil }
    return bytes[28..<32].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// What somebody on the wire has recorded of an authenticated session.
struct Recording {
  private var wires: [Wire] = []
  private var next = 0

  mutating func add(_ wire: Wire) {
    if wires.count < 64 { wires.append(wire) } else { wires[next % 64] = wire }
    next += 1
  }

  /// One of them, as it was; nil when there is none yet.
  func pick(_ random: inout SplitMix64) -> Wire? {
    wires.isEmpty ? nil : wires[random.below(wires.count)]
  }

  /// One of them with a bit changed that its authentication covers: all of it, but for a simple password the section.
  func tampered(_ random: inout SplitMix64) -> Wire? {
    guard var wire = pick(&random), wire.bytes.count > 27 else { return nil }
    let first = wire.bytes[24] == 1 ? 24 : 0
    let octet = first + random.below(wire.bytes.count - first)
    wire.bytes[octet] ^= 1 << UInt8(random.below(8))
    return wire
  }
}

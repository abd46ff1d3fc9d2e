public import BFD
import CLinux
import Glibc

/// A key chain, and what it comes to now.
struct KeyRing {
  /// Nil: sessions that need this chain have no key.
  var chain: KeyChain?
  var usable = UsableKeys.none
  /// Seconds since 1970 when `usable` was made.
  var madeAt: Int64 = .min
}

/// What a key chain comes to now, without its secrets: for status and logs.
public struct KeyChainView: Hashable, Sendable {
  /// What is sent with; nil for nothing, and then nothing is sent.
  public var sending: KeyName?
  /// What is accepted, in the chain's order; when empty, nothing is.
  public var accepting: [KeyName]

  /// A key as both ends call it.
  public struct KeyName: Hashable, Sendable {
    public var id: UInt8
    public var type: AuthenticationType

    public init(id: UInt8, type: AuthenticationType) {
      self.id = id
      self.type = type
    }
  }

  /// A session with this chain can neither speak nor hear, or only one of them.
  public var isLacking: Bool { sending == nil || accepting.isEmpty }

  init(_ keys: UsableKeys) {
    sending = keys.sending.map { KeyName(id: $0.id, type: $0.type) }
    accepting = keys.accepting.map { KeyName(id: $0.id, type: $0.type) }
  }
}

extension Speaker {
  /// Nanoseconds between two looks at the calendar: keys change by the second.
  private static let keyInterval: Int64 = 1_000_000_000

  /// Gives a chain its keys, or others; sessions that use it go on with them. Nil for a chain that cannot be used: its
  /// sessions neither speak nor hear.
  /// - Parameter number: what `SessionSettings.keyChain` and `AllowRule.keyChain` call it; small numbers from 0 on.
  public mutating func setKeyChain(_ number: Int, _ chain: KeyChain?, at now: Instant) {
    while keyRings.count <= number { keyRings.append(KeyRing()) }
    guard keyRings[number].chain != chain || keyRings[number].madeAt == .min else { return }
    keyRings[number].chain = chain
    keyRings[number].madeAt = .min
    checkKeys(at: now, seconds: Self.calendarSeconds())
  }

  /// What a chain comes to now; nil when there is none of that number.
  public func keyChain(_ number: Int) -> KeyChainView? {
    keyRings.indices.contains(number) ? KeyChainView(keyRings[number].usable) : nil
  }

  /// Begins, or ends, authentication as the session's settings say.
  mutating func startAuthentication(_ index: Int, at now: Instant) {
    guard let settings = slots[index]?.pointee.settings else { return }
    guard settings.keyChain != nil else {
      slots[index]?.pointee.session.endAuthentication()
      return
    }
    let origin = discriminators.sequenceOrigin(for: settings.key, seconds: Self.calendarSeconds())
    slots[index]?.pointee.session.requireAuthentication(startingAt: origin, at: now)
  }

  /// Looks at the calendar once a second, as long as there are chains. Keys matter only when packets come or go, so
  /// nothing wakes up for them.
  mutating func checkKeys(at now: Instant) {
    guard !keyRings.isEmpty, now >= keysCheckedAt + Self.keyInterval else { return }
    checkKeys(at: now, seconds: Self.calendarSeconds())
  }

  mutating func checkKeys(at now: Instant, seconds: Int64) {
    keysCheckedAt = now
    for number in keyRings.indices {
      let ring = keyRings[number]
      // A calendar that was set back counts as well.
      guard seconds < ring.madeAt || ring.madeAt == .min || seconds >= ring.usable.changesAt ?? .max else {
        continue
      }
      let usable = ring.chain?.usableKeys(at: seconds) ?? .none
      keyRings[number].usable = usable
      keyRings[number].madeAt = seconds
      let view = KeyChainView(usable)
      if view != KeyChainView(ring.usable) || ring.madeAt == .min {
        events.append(.keysChanged(chain: number, view))
      }
    }
  }

  /// The keys for a session or rule; none at all when its chain was never given any.
  func keys(_ number: Int) -> UsableKeys {
    keyRings.indices.contains(number) ? keyRings[number].usable : .none
  }

  /// Seconds since 1970.
  private static func calendarSeconds() -> Int64 { MonotonicClock.nanoseconds(CLOCK_REALTIME) / 1_000_000_000 }
}

@testable import BFD

/// Milliseconds in nanoseconds.
func ms(_ count: Int64) -> Int64 { count * 1_000_000 }

/// So many milliseconds after the tests' origin, which is not zero.
func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: 5_000_000_000_000 + ms(milliseconds)) }

func milliseconds(_ instant: Instant) -> Int64 { (instant - at(0)) / 1_000_000 }

/// The tested end's discriminator, and the one of the peer that the tests write by hand.
let local: UInt32 = 0x11
let peer: UInt32 = 0x22

func makeConfiguration(tx: UInt32 = 50, rx: UInt32 = 50, multiplier: UInt8 = 3, role: Role = .active)
  -> SessionConfiguration
{
  SessionConfiguration(
    desiredMinTx: .milliseconds(tx), requiredMinRx: .milliseconds(rx), detectMultiplier: multiplier, role: role)
}

/// A session created at 0 ms; intervals in milliseconds.
func makeSession(
  tx: UInt32 = 50, rx: UInt32 = 50, multiplier: UInt8 = 3, role: Role = .active, discriminator: UInt32 = local
) -> Session {
  Session(
    localDiscriminator: discriminator,
    configuration: makeConfiguration(tx: tx, rx: rx, multiplier: multiplier, role: role), at: at(0))
}

/// A packet of the peer's; intervals in milliseconds.
func makePacket(
  _ state: SessionState, poll: Bool = false, final: Bool = false, your: UInt32 = local, my: UInt32 = peer,
  tx: UInt32 = 50, rx: UInt32 = 50, multiplier: UInt8 = 3, diagnostic: Diagnostic = .none,
  authenticated: Bool = false
) -> ControlPacket {
  ControlPacket(
    diagnostic: diagnostic, state: state, poll: poll, final: final, authenticationPresent: authenticated,
    detectMultiplier: multiplier, myDiscriminator: my, yourDiscriminator: your, desiredMinTx: .milliseconds(tx),
    requiredMinRx: .milliseconds(rx))
}

/// A session that is Up at 10 ms with nothing left to tell: its Poll Sequence is over, its last packet left at
/// 9 ms, the peer's last packet came at 10 ms.
func makeUp(
  tx: UInt32 = 50, rx: UInt32 = 50, multiplier: UInt8 = 3, role: Role = .active, peerTx: UInt32 = 50,
  peerRx: UInt32 = 50, peerMultiplier: UInt8 = 3
) -> Session {
  var session = makeSession(tx: tx, rx: rx, multiplier: multiplier, role: role)
  _ = session.transmit(at: at(0), random: 0)
  _ = session.receive(makePacket(.`init`, tx: peerTx, rx: peerRx, multiplier: peerMultiplier), at: at(8))
  _ = session.transmit(at: at(9), random: 0)
  let final = makePacket(.up, final: true, tx: peerTx, rx: peerRx, multiplier: peerMultiplier)
  _ = session.receive(final, at: at(9))
  _ = session.receive(makePacket(.up, tx: peerTx, rx: peerRx, multiplier: peerMultiplier), at: at(10))
  return session
}

extension Reception {
  var transition: Transition? {
    guard case .accepted(_, let transition, _) = self else { return nil }
    return transition
  }
  var expired: Transition? {
    guard case .accepted(let expired, _, _) = self else { return nil }
    return expired
  }
  var final: ControlPacket? {
    guard case .accepted(_, _, let final) = self else { return nil }
    return final
  }
}

/// Two sessions back to back: what one sends the other has at once.
struct Pair {
  var a: Session
  var b: Session
  var now = at(0)

  init(a: Session, b: Session) {
    self.a = a
    self.b = b
  }

  /// Lets both run for so many milliseconds.
  mutating func run(_ duration: Int64) {
    let end = now + ms(duration)
    while true {
      let next = min(a.nextDeadline, b.nextDeadline)
      guard next <= end else { break }
      now = max(now, next)
      _ = a.expire(at: now)
      _ = b.expire(at: now)
      if let packet = a.transmit(at: now, random: 0x4000_0000) {
        if let final = b.receive(packet, at: now).final { _ = a.receive(final, at: now) }
      }
      if let packet = b.transmit(at: now, random: 0xC000_0000) {
        if let final = a.receive(packet, at: now).final { _ = b.receive(final, at: now) }
      }
    }
    now = end
  }
}

/// A pair that is Up, with all Poll Sequences over.
func bringUp(a: Session, b: Session) -> Pair {
  var pair = Pair(a: a, b: b)
  pair.run(5_000)
  return pair
}

/// SplitMix64 (Steele, Lea, Flood 2014): tests that draw lots draw the same ones each time.
struct Draws: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

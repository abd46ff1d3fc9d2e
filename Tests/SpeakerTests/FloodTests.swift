import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// Forged packets by the thousand, between the packets of sessions that must not notice. Each flood has its witness: a
/// counter that moved.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct AFlood {
  enum Kind: String, CaseIterable, Sendable {
    case strangers, guesses, knownPeer, distant, garbage

    /// What the counters call it.
    var reason: DiscardReason {
      switch self {
      case .strangers: .noSession
      case .guesses, .knownPeer: .yourDiscriminatorUnknown
      case .distant: .noSession
      case .garbage: .version
      }
    }
  }

  @Test("Thousands of forged packets cost a session nothing, and are counted", arguments: Kind.allCases)
  func costsNothing(kind: Kind) throws {
    let wire = try Wire("flood")
    let parameters = SessionConfiguration(
      desiredMinTx: .milliseconds(200), requiredMinRx: .milliseconds(200), detectMultiplier: 5)
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let ours = try add(&a, "10.66.0.2", parameters)
    let theirs = try add(&b, "10.66.0.1", parameters)
    let isUp = run(&a, &b, seconds: 20) { a, b in
      a.view(ours)?.session.state == .up && b.view(theirs)?.session.state == .up
    }
    try #require(isUp)
    let before = a.view(ours)?.counters ?? SessionCounters()
    let discarded = a.counters[kind.reason]

    let forger = try Forger(in: wire.nameB)
    var sent = 0
    let end = MonotonicClock.now() + 3_000_000_000
    while MonotonicClock.now() < end {
      sent += forger.send(kind, count: 500)
      _ = run(&a, &b, seconds: 0.02) { _, _ in false }
    }
    let state = a.view(ours)?.session.state
    let after = a.view(ours)?.counters ?? SessionCounters()
    #expect(state == .up)
    #expect(after.downs == before.downs)
    #expect(after.received > before.received + 5)
    let counted = a.counters[kind.reason] - discarded + a.counters.overflowed
    #expect(sent >= 1_000)
    #expect(counted >= UInt64(sent), "\(sent) were sent, \(counted) were counted")
  }
}

@Suite struct AFloodGauge {
  /// The macros do not take what changes by being asked.
  private func expectRest(_ speaker: inout Speaker, at now: Instant, _ wanted: Int64) {
    let rest = speaker.rest(at: now)
    #expect(rest == wanted)
  }

  private func expectFlood(_ gauge: inout FloodGauge, at now: Instant, _ wanted: Bool) {
    let isFlood = gauge.isFlood(at: now)
    #expect(isFlood == wanted)
  }

  @Test func fewDiscardedPacketsAreNoFlood() {
    var gauge = FloodGauge(at: Instant(nanoseconds: 0))
    for millisecond in 1...1_000 {
      gauge.discarded += 20  // 20,000 a second
      expectFlood(&gauge, at: Instant(nanoseconds: Int64(millisecond) * 1_000_000), false)
    }
  }

  @Test func manyAreOneUntilTheyEnd() {
    var gauge = FloodGauge(at: Instant(nanoseconds: 0))
    for millisecond in 1...10 {
      gauge.discarded += 100
      _ = gauge.isFlood(at: Instant(nanoseconds: Int64(millisecond) * 1_000_000))
    }
    expectFlood(&gauge, at: Instant(nanoseconds: 10_000_000), true)
    expectFlood(&gauge, at: Instant(nanoseconds: 12_000_000), false)
  }

  @Test func aSpeakerRestsButNotOverADeadline() throws {
    let start = Instant(nanoseconds: 1_000_000_000)
    var speaker = Speaker(secret: (1, 2), seed: 3, at: start)
    let source = PacketSource(
      source: .any(.ipv4), destination: .any(.ipv4), interface: 1, timeToLive: 255)
    expectRest(&speaker, at: start, 0)
    let garbage: [UInt8] = Array(repeating: 0, count: 24)
    for _ in 0..<1_000 { speaker.deliver(garbage.span.bytes, from: source, at: start) }
    expectRest(&speaker, at: start, FloodGauge.rest)
    _ = try add(&speaker, "10.66.0.2", SessionConfiguration())
    for _ in 0..<1_000 { speaker.deliver(garbage.span.bytes, from: source, at: start) }
    let due = speaker.nextDeadline
    expectRest(&speaker, at: due + -1_000, 1_000)
    for _ in 0..<1_000 { speaker.deliver(garbage.span.bytes, from: source, at: start) }
    expectRest(&speaker, at: due + 1_000, 0)
  }
}

/// Sends packets with any source, by a raw socket that makes its own IP headers.
private struct Forger: ~Copyable {
  private let descriptor: Int32

  init(in namespace: String) throws {
    descriptor = try NetworkNamespace(named: namespace).perform { () throws(SystemCallError) in
      let fd = socket(AF_INET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_RAW))
      guard fd >= 0 else { throw SystemCallError("open a raw socket") }
      return fd
    }
  }

  deinit { close(descriptor) }

  /// How many the kernel took.
  func send(_ kind: AFlood.Kind, count: Int) -> Int {
    var random = SystemRandomNumberGenerator()
    var to = sockaddr_in()
    to.sin_family = sa_family_t(AF_INET)
    to.sin_addr.s_addr = UInt32(0x0a42_0001).bigEndian
    var taken = 0
    for _ in 0..<count {
      let isAddressed = kind == .guesses || kind == .knownPeer
      var control = ControlPacket(
        state: isAddressed ? .up : .down, detectMultiplier: 3, myDiscriminator: 0xbad,
        yourDiscriminator: isAddressed ? UInt32.random(in: 1 ... .max, using: &random) : 0,
        desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50)
      ).bytes
      if kind == .garbage { control[0] = 0 }
      let host = UInt8.random(in: 10...250, using: &random)
      let source: [UInt8] = kind == .knownPeer ? [10, 66, 0, 2] : [10, 66, 0, host]
      var octets: [UInt8] = [0x45, 0xc0, 0, 52, 0, 0, 0x40, 0, kind == .distant ? 64 : 255, 17, 0, 0]
      octets += source + [10, 66, 0, 1, 0xc3, 0x50, 0x0e, 0xc8, 0, 32, 0, 0] + control
      let length = octets.withUnsafeBytes { bytes in
        // sendto reads a sockaddr of the length given.
        withUnsafePointer(to: to) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            sendto(descriptor, bytes.baseAddress, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
      }
      if length == octets.count { taken += 1 }
    }
    return taken
  }
}

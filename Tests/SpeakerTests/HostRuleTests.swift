import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// Allow rules that name one host, and what is done for peers that hold on to a discriminator of the past.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct HostRules {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))
  private let passive = SessionConfiguration(
    desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), role: .passive)

  private func open(_ name: String, secret: UInt64) throws -> Speaker {
    try Speaker(
      in: NetworkNamespace(named: name), listen: [.v4(.any), .v6(.any)], secret: (secret, 2), seed: 3,
      at: MonotonicClock.now())
  }

  private func add(_ speaker: inout Speaker, _ peer: String, _ parameters: SessionConfiguration) throws -> Int {
    let address = try #require(IPAddress(peer))
    let settings = SessionSettings(
      key: SessionKey(peer: .address(address, interface: 0)), remoteAddress: address, parameters: parameters)
    let index = speaker.add(settings, at: MonotonicClock.now())
    return try #require(index)
  }

  /// A peer that waits to be spoken to, as OpenBFDD does, never comes Up with a rule that waits too.
  @Test(arguments: [("10.66.0.1/32", "10.66.0.2"), ("fd66::1/128", "fd66::2")])
  func anActiveRuleForOneHostSpeaksFirst(prefix: String, peer: String) throws {
    let wire = try Wire("hr")
    var a = try open(wire.nameA, secret: 1)
    var b = try open(wire.nameB, secret: 2)
    let atA = try add(&a, peer, passive)
    let prefix = try #require(IPPrefix(prefix))

    b.setRules([AllowRule(prefix: prefix, parameters: passive)])
    let silent = run(&a, &b, seconds: 1.5) { a, _ in a.counters.received > 0 }
    #expect(!silent, "both wait for the other")
    let before = b.indices
    #expect(before.isEmpty)

    b.setRules([AllowRule(prefix: prefix, parameters: fast)])
    let count = b.indices.count
    #expect(count == 1)
    guard case .created(let made, 0, _)? = b.events.first else {
      Issue.record("the session is not told: \(b.events)")
      return
    }
    let up = run(&a, &b, seconds: 10) {
      $0.view(atA)?.session.state == .up && $1.view(made)?.session.state == .up
    }
    #expect(up)
    b.setRules([])
    let after = b.indices
    #expect(after.isEmpty)
  }

  @Test func anActiveRuleForMoreThanOneHostWaits() throws {
    let wire = try Wire("hn")
    var b = try open(wire.nameB, secret: 2)
    b.setRules([AllowRule(prefix: try #require(IPPrefix("10.66.0.0/24")), parameters: fast)])
    let after = b.indices
    #expect(after.isEmpty)
  }

  @Test func theSessionOfAHostRuleStaysWithoutAPeer() throws {
    var b = Speaker(secret: (1, 2), seed: 3, at: Instant(nanoseconds: 1_000_000_000))
    b.setRules(
      [AllowRule(prefix: try #require(IPPrefix("10.66.0.1/32")), parameters: fast)],
      at: Instant(nanoseconds: 1_000_000_000))
    let second: Int64 = 1_000_000_000
    for step in 1..<200 { b.run(at: Instant(nanoseconds: Int64(step) * second)) }
    let kept = b.indices
    #expect(kept.count == 1)
    // Passive from now on, it is a session like any that a rule makes.
    b.setRules(
      [AllowRule(prefix: try #require(IPPrefix("10.66.0.1/32")), parameters: passive)],
      at: Instant(nanoseconds: 200 * second))
    for step in 200..<400 { b.run(at: Instant(nanoseconds: Int64(step) * second)) }
    let after = b.indices
    #expect(after.isEmpty)
  }

  /// What a packet for a session of the past brings about: see `Compatibility.ovn`.
  @Test(arguments: [true, false])
  func aPacketWithAnUnknownDiscriminatorIsAHintOnlyWhereThatWasAskedFor(isAsked: Bool) throws {
    var parameters = fast
    if isAsked { parameters.compatibility = .ovn }
    let wire = try Wire("oh")
    var a = try open(wire.nameA, secret: 1)
    var b = try open(wire.nameB, secret: 2)
    let atA = try add(&a, "10.66.0.2", fast)
    let first = try add(&b, "10.66.0.1", fast)
    let up = run(&a, &b, seconds: 10) { a, b in
      a.view(atA)?.session.state == .up && b.view(first)?.session.state == .up
    }
    #expect(up)
    // B is another one now, with other discriminators; A has not noticed yet.
    let discriminator = a.view(atA)?.session.localDiscriminator
    let theirs = try #require(discriminator)
    b.close(.main)
    var c = try open(wire.nameB, secret: 77)
    let atC = try add(&c, "10.66.0.1", parameters)
    // A tells the old number while Down: here it is made to, by AdminDown that nobody answers.
    a.hold(atA, .administrativelyDown, at: MonotonicClock.now())
    let heard = run(&a, &c, seconds: 5) { _, c in c.counters[.yourDiscriminatorUnknown] > 0 }
    #expect(heard)
    let remote = c.view(atC)?.session.remote
    #expect(remote == nil)
    var told: Set<UInt32> = []
    if var session = c.view(atC)?.session {
      for second in 1...4 {
        let later = MonotonicClock.now() + Int64(second) * 10_000_000_000
        if let packet = session.transmit(at: later, random: 0) { told.insert(packet.yourDiscriminator) }
      }
    }
    #expect(told == (isAsked ? [0, theirs] : [0]))
  }
}

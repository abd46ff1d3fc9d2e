import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct AuthenticatedSpeakersOnAWire {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  private func chain(
    _ type: AuthenticationType, id: UInt8 = 1, _ secret: String = "swordfish", send: Lifetime = .always
  ) throws -> KeyChain {
    try KeyChain([AuthenticationKey(id: id, type: type, secret: Array(secret.utf8), send: send)])
  }

  private func add(_ speaker: inout Speaker, _ peer: String, _ chain: KeyChain?) throws -> Int {
    speaker.setKeyChain(3, chain, at: MonotonicClock.now())
    var settings = try settings(peer, fast)
    settings.keyChain = 3
    let index = speaker.add(settings, at: MonotonicClock.now())
    return try #require(index)
  }

  @Test("Two ends with the same key come up, by every method", arguments: AuthenticationType.allCases)
  func up(type: AuthenticationType) throws {
    let wire = try Wire("au")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let peers = type == .keyedMD5 ? ("fd66::2", "fd66::1") : ("10.66.0.2", "10.66.0.1")
    let atA = try add(&a, peers.0, chain(type))
    let atB = try add(&b, peers.1, chain(type))
    let isUp = run(&a, &b, seconds: 10) {
      $0.view(atA)?.session.state == .up && $1.view(atB)?.session.state == .up
    }
    #expect(isUp)
    let view = a.view(atA)
    #expect(view?.keys?.sending == KeyChainView.KeyName(id: 1, type: type))
    #expect(view?.counters.withheld == 0)
  }

  @Test("Ends with different keys, or without one at one end, discard each other's packets and say why")
  func different() throws {
    let wire = try Wire("ad")
    let cases: [(KeyChain?, KeyChain?, DiscardReason)] = [
      (try chain(.keyedSHA1), try chain(.keyedSHA1, "Swordfish"), .authenticationFailed),
      (try chain(.keyedSHA1, id: 1), try chain(.keyedSHA1, id: 2), .authenticationKeyUnknown),
      (try chain(.keyedMD5), try chain(.meticulousKeyedMD5), .authenticationKeyUnknown)
    ]
    for (ours, theirs, reason) in cases {
      var a = try speaker(wire.nameA)
      var b = try speaker(wire.nameB)
      let atA = try add(&a, "10.66.0.2", ours)
      let atB = try add(&b, "10.66.0.1", theirs)
      let isCounted = run(&a, &b, seconds: 10) { $0.counters[reason] > 1 && $1.counters[reason] > 1 }
      #expect(isCounted)
      let remotes = [a.view(atA)?.session.remote, b.view(atB)?.session.remote]
      #expect(remotes == [nil, nil])
    }
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    _ = try add(&a, "10.66.0.2", chain(.keyedSHA1))
    _ = try SpeakerTests.add(&b, "10.66.0.1", fast)
    let isCounted = run(&a, &b, seconds: 10) {
      $0.counters[.authenticationMissing] > 1 && $1.counters[.authenticationUnexpected] > 1
    }
    #expect(isCounted)
  }

  @Test("Keys change under a session that stays Up, also by another method")
  func rollover() throws {
    let wire = try Wire("ar")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let old = try AuthenticationKey(id: 1, type: .meticulousKeyedSHA1, secret: [1])
    let new = try AuthenticationKey(id: 2, type: .keyedMD5, secret: [2])
    let newNotSent = try AuthenticationKey(id: 2, type: .keyedMD5, secret: [2], send: Lifetime(start: 2, end: 3))
    let atA = try add(&a, "10.66.0.2", KeyChain([old]))
    let atB = try add(&b, "10.66.0.1", KeyChain([old]))
    func isUp(_ a: borrowing Speaker, _ b: borrowing Speaker) -> Bool {
      a.view(atA)?.session.state == .up && b.view(atB)?.session.state == .up
    }
    let cameUp = run(&a, &b, seconds: 10, until: isUp)
    #expect(cameUp)
    // Each end learns the new key, then sends with it, then forgets the old one.
    for keys in [[old, newNotSent], [old, new], [new]] {
      for isA in [true, false] {
        let chain = try KeyChain(keys)
        if isA {
          a.setKeyChain(3, chain, at: MonotonicClock.now())
        } else {
          b.setKeyChain(3, chain, at: MonotonicClock.now())
        }
        let counts = (a.view(atA)?.counters.received ?? 0, b.view(atB)?.counters.received ?? 0)
        let isHeard = run(&a, &b, seconds: 10) {
          $0.view(atA)?.counters.received ?? 0 > counts.0 + 5 && $1.view(atB)?.counters.received ?? 0 > counts.1 + 5
        }
        #expect(isHeard)
      }
    }
    let views = (a.view(atA), b.view(atB))
    #expect(views.0?.counters.downs == 0 && views.1?.counters.downs == 0)
    #expect(views.0?.keys?.sending?.id == 2)
    let refused = a.counters[.authenticationFailed] + a.counters[.authenticationKeyUnknown]
    #expect(refused == 0)
  }

  @Test("A session whose chain has no key sends nothing and takes nothing, until it has one")
  func noKey() throws {
    let wire = try Wire("an")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, "10.66.0.2", nil)
    let atB = try add(&b, "10.66.0.1", chain(.simplePassword))
    let isRefused = run(&a, &b, seconds: 10) { a, _ in
      a.view(atA)?.counters.withheld ?? 0 > 1 && a.counters[.authenticationKeyUnknown] > 1
    }
    #expect(isRefused)
    let (sent, heard, isLacking) = (a.counters.transmitted, b.counters.received, a.view(atA)?.keys?.isLacking)
    #expect(sent == 0 && heard == 0 && isLacking == true)
    a.setKeyChain(3, try chain(.simplePassword), at: MonotonicClock.now())
    let isUp = run(&a, &b, seconds: 10) {
      $0.view(atA)?.session.state == .up && $1.view(atB)?.session.state == .up
    }
    #expect(isUp)
    let lacked = a.events.compactMap { event -> Bool? in
      if case .keysChanged(3, let view) = event { view.isLacking } else { nil }
    }
    #expect(lacked == [true, false])
  }

  @Test("An allow rule with a key chain makes a session only for a packet that verifies") func allow() throws {
    let wire = try Wire("aw")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let prefix = try #require(IPPrefix("10.66.0.0/24"))
    let passive = SessionConfiguration(
      desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), role: .passive)
    b.setKeyChain(0, try chain(.keyedSHA1), at: MonotonicClock.now())
    b.setRules([AllowRule(prefix: prefix, parameters: passive, keyChain: 0)])
    let atA = try add(&a, "10.66.0.2", chain(.keyedSHA1, "wrong"))
    let isCounted = run(&a, &b, seconds: 10) { $1.counters[.authenticationFailed] > 1 }
    #expect(isCounted)
    let made = b.indices
    #expect(made.isEmpty)
    a.setKeyChain(3, try chain(.keyedSHA1), at: MonotonicClock.now())
    let isUp = run(&a, &b, seconds: 10) { a, _ in a.view(atA)?.session.state == .up }
    #expect(isUp)
  }

  @Test("A key's time comes while the speaker runs") func calendar() throws {
    let wire = try Wire("ac")
    var a = try speaker(wire.nameA)
    let chain = try KeyChain([
      AuthenticationKey(id: 1, type: .keyedMD5, secret: [1], send: Lifetime(end: 5_000_000_000)),
      AuthenticationKey(id: 2, type: .keyedMD5, secret: [2], send: Lifetime(start: 4_000_000_000))
    ])
    let now = MonotonicClock.now()
    let atA = try add(&a, "10.66.0.2", chain)
    #expect(a.view(atA)?.keys?.sending?.id == 1)
    for (seconds, id) in [(Int64(3_999_999_999), UInt8(1)), (4_000_000_000, 2), (5_000_000_000, 2), (100, 1)] {
      a.checkKeys(at: now, seconds: seconds)
      let sending = a.view(atA)?.keys?.sending?.id
      #expect(sending == id, "\(seconds)")
    }
  }
}

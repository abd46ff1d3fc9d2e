@testable import BFD
import Testing

/// Rows of the acceptance checklist about authentication.
@Suite struct AuthenticationTests {
  /// Sections of `makePacket(.up)` under the key "everway" with id 7 and sequence number 0x01020304, made with
  /// Python's hashlib and hmac from the words of RFC 5880 sections 4.2 to 4.4 (and FRR issue 23274).
  static let vectors: [(AuthenticationType, String)] = [
    (.simplePassword, "010a0765766572776179"),
    (.keyedMD5, "02180700010203049c8b342df763ea04a2f5fac55958e2fc"),
    (.meticulousKeyedMD5, "031807000102030400327f709a2004a46d136fc02ab7c93f"),
    (.keyedSHA1, "041c070001020304b4193acbedf450bb12da44b7e3c0066578eb6078"),
    (.meticulousKeyedSHA1, "051c0700010203043398b62d3f9694d5bdfba8844937f25129fa1146"),
    (.frrHMACSHA1, "041c070001020304b166cf36a6f4ffa51bd1e34d176e197ccb0b3b90"),
    (.frrMeticulousHMACSHA1, "051c07000102030403fc5a0f2f3590b2a6563efbf9c27b989bc5826e")
  ]

  static func hex(_ octets: some Sequence<UInt8>) -> String {
    octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// What a session must not take: every way to get authentication wrong, with the reason.
  static func wrong(_ type: AuthenticationType, _ key: AuthenticationKey) throws -> [([UInt8], DiscardReason)] {
    let packet = makePacket(
      .down, poll: true, final: true, my: 0x99, tx: 1, rx: 1, multiplier: 200, diagnostic: .pathDown)
    let good = sealed(packet, key, 5)
    var other = good
    other[26] ^= 1
    var otherType = good
    otherType[24] = type.code == 5 ? 1 : type.code + 1
    var flipped = good
    flipped[good.count - 1] ^= 0x80
    var changed = good
    changed[4] ^= 1
    var short = good
    short[25] -= 1
    var shorter = Array(good.dropLast())
    shorter[3] -= 1
    shorter[25] -= 1
    var bare = Array(good.prefix(26))
    bare[3] = 26
    bare[25] = 2
    let otherSecret = sealed(packet, try makeKey(type, secret: Array("Everway".utf8)), 5)
    var all: [([UInt8], DiscardReason)] = [
      (packet.bytes, .authenticationMissing), (other, .authenticationKeyUnknown),
      (otherType, .authenticationKeyUnknown), (flipped, .authenticationFailed), (short, .authenticationFailed),
      (shorter, .authenticationFailed), (bare, .authenticationFailed), (otherSecret, .authenticationFailed)
    ]
    if type != .simplePassword { all.append((changed, .authenticationFailed)) }
    return all
  }

  @Test("Row 7: no session field is written before authentication passes", arguments: AuthenticationType.allCases)
  func row7(type: AuthenticationType) throws {
    let key = try makeKey(type)
    let keys = try usable(key)
    for session in DiscardTests.sessions {
      var session = session
      session.requireAuthentication(startingAt: 1, at: at(0))
      for (octets, reason) in try Self.wrong(type, key) {
        for instant in [at(61), at(70), at(100_000)] {
          var after = session
          #expect(after.receive(octets, keys, at: instant) == .discarded(reason), "\(octets)")
          #expect(after == session)
        }
      }
    }
  }

  @Test(
    "Row 7: a packet that verifies is taken, so that row 7's packets were wrong only in what they were",
    arguments: AuthenticationType.allCases)
  func row7Good(type: AuthenticationType) throws {
    let key = try makeKey(type)
    var session = makeAuthenticated()
    let reception = session.receive(sealed(makePacket(.down, tx: 1_000), key, 5), try usable(key), at: at(20))
    #expect(reception?.transition?.to == .down)
  }

  @Test(
    "Row 8: an A bit that does not match is discarded in both directions", arguments: AuthenticationType.allCases)
  func row8(type: AuthenticationType) throws {
    let key = try makeKey(type)
    let keys = try usable(key)
    var with = makeAuthenticated()
    #expect(with.receive(makePacket(.up).bytes, keys, at: at(20)) == .discarded(.authenticationMissing))
    #expect(with.receive(makePacket(.up), at: at(20)) == .discarded(.authenticationMissing))
    #expect(with.receive(sealed(makePacket(.up), key, 1), keys, at: at(20))?.reason == nil)
    var without = makeUp()
    #expect(
      without.receive(sealed(makePacket(.up), key, 1), keys, at: at(20)) == .discarded(.authenticationUnexpected))
    #expect(without.receive(makePacket(.up).bytes, keys, at: at(20))?.reason == nil)
  }

  @Test("Row 8: the packets of a session have the A bit exactly when it uses authentication") func row8Sent() throws
  {
    var session = makeUp()
    let keys = try usable(makeKey(.keyedSHA1))
    let unauthenticated = session.transmit(at: at(60), random: 0)
    let plain = try #require(unauthenticated)
    #expect(session.octets(of: plain, keys, at: at(60)) == plain.bytes)
    session.requireAuthentication(startingAt: 1, at: at(60))
    let packet = session.transmit(at: at(120), random: 0)
    let sent = session.octets(of: try #require(packet), keys, at: at(120))
    let octets = try #require(sent)
    #expect(octets[1] & 0x04 != 0)
    #expect(octets.count == 52)
    session.endAuthentication()
    #expect(session.transmit(at: at(180), random: 0)?.authenticationPresent == false)
  }

  @Test("Row 35: SHA1 is a plain hash with the key in the digest field, and Auth Len is 28", arguments: vectors)
  func row35(type: AuthenticationType, section: String) throws {
    let octets = sealed(makePacket(.up), try makeKey(type), 0x0102_0304)
    #expect(Self.hex(octets.dropFirst(24)) == section)
    #expect(Int(octets[3]) == octets.count)
    #expect(Int(octets[25]) == octets.count - 24)
  }

  @Test(
    "Row 35: FRR's HMAC is another method under the same Auth Type, and neither takes the other's packets",
    arguments: [
      (AuthenticationType.keyedSHA1, AuthenticationType.frrHMACSHA1), (.meticulousKeyedSHA1, .frrMeticulousHMACSHA1)
    ])
  func row35HMAC(plain: AuthenticationType, hmac: AuthenticationType) throws {
    #expect(plain.code == hmac.code)
    for (own, others) in [(plain, hmac), (hmac, plain)] {
      var session = makeAuthenticated()
      let packet = sealed(makePacket(.up), try makeKey(others), 1)
      #expect(session.receive(packet, try usable(makeKey(own)), at: at(20))?.reason == .authenticationFailed)
    }
  }

  /// Accepted or refused, for a number that differs by `step` from the last one.
  static func admits(_ type: AuthenticationType, _ step: Int64, last: UInt32, multiplier: UInt8) throws -> Bool {
    let key = try makeKey(type)
    let keys = try usable(key)
    var session = makeAuthenticated()
    let first = sealed(makePacket(.up, multiplier: multiplier), key, last)
    #expect(session.receive(first, keys, at: at(20))?.reason == nil)
    let number = UInt32(truncatingIfNeeded: Int64(last) + step)
    let reason = session.receive(sealed(makePacket(.up, multiplier: multiplier), key, number), keys, at: at(30))?
      .reason
    #expect(reason == nil || reason == .authenticationSequence)
    return reason == nil
  }

  @Test(
    "Row 36: the window is 3 x multiplier, circular, and the meticulous forms exclude equal",
    arguments: AuthenticationType.sequenced)
  func row36(type: AuthenticationType) throws {
    for last: UInt32 in [0, 1_000, 0x7fff_fffe, 0x8000_0000, .max - 4, .max] {
      for (multiplier, window) in [(UInt8(1), Int64(3)), (3, 9), (255, 765)] {
        #expect(try Self.admits(type, 0, last: last, multiplier: multiplier) == !type.isMeticulous)
        for step in [1, 2, window - 1, window] {
          #expect(try Self.admits(type, step, last: last, multiplier: multiplier), "\(last) + \(step)")
        }
        for step: Int64 in [-1, -2, -window, window + 1, window + 2, 1 << 31, (1 << 31) - 1, (1 << 31) + 1] {
          #expect(try !Self.admits(type, step, last: last, multiplier: multiplier), "\(last) + \(step)")
        }
      }
    }
  }

  @Test("Row 36: a simple password has no sequence, so any packet may come again") func row36Simple() throws {
    let key = try makeKey(.simplePassword)
    var session = makeAuthenticated()
    let packet = sealed(makePacket(.up), key, 0)
    for instant in [at(20), at(30), at(40)] {
      #expect(session.receive(packet, try usable(key), at: instant)?.reason == nil)
    }
  }

  @Test("Row 37: the sequence is known only after the digest verifies", arguments: AuthenticationType.sequenced)
  func row37(type: AuthenticationType) throws {
    let key = try makeKey(type)
    let keys = try usable(key)
    var session = makeAuthenticated()
    let forged = sealed(makePacket(.up), try makeKey(type, secret: [1]), 0x7000_0000)
    #expect(session.receive(forged, keys, at: at(20))?.reason == .authenticationFailed)
    // Had the forger's number been kept, this would lie outside the window.
    #expect(session.receive(sealed(makePacket(.up), key, 40), keys, at: at(30))?.reason == nil)
    // In the window, but forged: the window does not move.
    let ahead = sealed(makePacket(.up), try makeKey(type, secret: [1]), 49)
    #expect(session.receive(ahead, keys, at: at(40))?.reason == .authenticationFailed)
    #expect(session.receive(sealed(makePacket(.up), key, 41), keys, at: at(50))?.reason == nil)
  }

  @Test(
    "Row 37: the sequence is forgotten after twice the detection time of silence, and not before",
    arguments: AuthenticationType.sequenced, [true, false])
  func row37Silence(type: AuthenticationType, noticed: Bool) throws {
    let key = try makeKey(type)
    let keys = try usable(key)
    var session = makeAuthenticated()
    #expect(session.receive(sealed(makePacket(.up), key, 500), keys, at: at(20))?.reason == nil)
    // 3 x 50 ms after 20 ms; an owner may be late to notice.
    if noticed { #expect(session.expire(at: at(170))?.to == .down) }
    let restarted = sealed(makePacket(.down, your: 0, tx: 1_000), key, 77)
    #expect(session.receive(restarted, keys, at: at(171))?.reason == .authenticationSequence)
    #expect(session.receive(restarted, keys, at: at(319))?.reason == .authenticationSequence)
    #expect(session.receive(restarted, keys, at: at(320))?.reason == nil)
  }

  @Test("Row 37: packets that are refused do not keep the sequence alive") func row37Refused() throws {
    let key = try makeKey(.meticulousKeyedSHA1)
    let keys = try usable(key)
    var session = makeAuthenticated()
    let replayed = sealed(makePacket(.up), key, 500)
    #expect(session.receive(replayed, keys, at: at(20))?.reason == nil)
    for time: Int64 in stride(from: 30, to: 320, by: 10) {
      _ = session.expire(at: at(time))
      #expect(session.receive(replayed, keys, at: at(time))?.reason == .authenticationSequence)
    }
    #expect(session.receive(sealed(makePacket(.down, your: 0), key, 9), keys, at: at(320))?.reason == nil)
  }

  @Test("Row 38: keys have 1 to 16 octets, for SHA1 1 to 20", arguments: AuthenticationType.allCases)
  func row38Limits(type: AuthenticationType) throws {
    let limit = type.code >= 4 ? 20 : 16
    for count in 1...limit {
      let key = try makeKey(type, secret: [UInt8](repeating: 0xa5, count: count))
      var session = makeAuthenticated()
      #expect(session.receive(sealed(makePacket(.up), key, 1), try usable(key), at: at(20))?.reason == nil)
      // One octet less, or a zero behind it, is not taken for the same key by a password.
      if type == .simplePassword, count < limit {
        let longer = try makeKey(type, secret: [UInt8](repeating: 0xa5, count: count + 1))
        #expect(
          session.receive(sealed(makePacket(.up), longer, 1), try usable(key), at: at(20))?.reason
            == .authenticationFailed)
      }
    }
    #expect(throws: AuthenticationKeyError.empty) { try makeKey(type, secret: []) }
    #expect(throws: AuthenticationKeyError.tooLong(octets: limit + 1, limit: limit)) {
      try makeKey(type, secret: [UInt8](repeating: 1, count: limit + 1))
    }
  }

  @Test(
    "Row 38: without a usable key nothing is sent and nothing is accepted", arguments: AuthenticationType.allCases)
  func row38Closed(type: AuthenticationType) throws {
    let key = try makeKey(type, send: Lifetime(end: 100), accept: Lifetime(end: 200))
    let chain = try KeyChain([key])
    var session = makeAuthenticated()
    let due = session.transmit(at: at(60), random: 0)
    let packet = try #require(due)
    #expect(session.octets(of: packet, chain.usableKeys(at: 99), at: at(60)) != nil)
    #expect(session.octets(of: packet, chain.usableKeys(at: 100), at: at(60)) == nil)
    #expect(session.octets(of: packet, .none, at: at(60)) == nil)
    let before = session
    for octets in [sealed(makePacket(.up), key, 1), makePacket(.up).bytes] {
      #expect(session.receive(octets, chain.usableKeys(at: 200), at: at(60))?.reason != nil)
      #expect(session.receive(octets, .none, at: at(60))?.reason != nil)
    }
    #expect(session == before)
    #expect(session.receive(sealed(makePacket(.up), key, 1), chain.usableKeys(at: 199), at: at(60))?.reason == nil)
  }
}

@testable import BFD
import Testing

/// Which key is sent with, which are accepted, what a session's sequence does, and that keys are not shown.
@Suite struct KeyChainTests {
  @Test("Of the keys that may be sent with, the one whose lifetime began last is") func newest() throws {
    let chain = try KeyChain([
      makeKey(.keyedSHA1, id: 1, send: Lifetime(end: 300)), makeKey(.keyedSHA1, id: 9, send: Lifetime(start: 100)),
      makeKey(.keyedSHA1, id: 3, send: Lifetime(start: 200, end: 250)),
      makeKey(.keyedSHA1, id: 4, send: Lifetime(start: 400, end: 400))
    ])
    let expected: [(Int64, UInt8)] = [(0, 1), (99, 1), (100, 9), (199, 9), (200, 3), (249, 3), (250, 9), (400, 9)]
    for (seconds, id) in expected { #expect(chain.usableKeys(at: seconds).sending?.id == id, "\(seconds)") }
    let together = try KeyChain([makeKey(.keyedMD5, id: 2), makeKey(.keyedMD5, id: 8), makeKey(.keyedMD5, id: 5)])
    #expect(together.usableKeys(at: 0).sending?.id == 8)
  }

  @Test("The usable keys say when they must be asked for again") func changes() throws {
    let chain = try KeyChain([
      makeKey(.keyedSHA1, id: 1, send: Lifetime(end: 300), accept: Lifetime(start: 10, end: 310)),
      makeKey(.keyedSHA1, id: 2, send: Lifetime(start: 100), accept: Lifetime(start: 90))
    ])
    var seconds: Int64? = 0
    var all: [Int64] = []
    while let now = seconds {
      let usable = chain.usableKeys(at: now)
      seconds = usable.changesAt
      if let next = seconds {
        all.append(next)
        #expect(chain.usableKeys(at: next - 1).accepting == usable.accepting)
        #expect(chain.usableKeys(at: next - 1).sending == usable.sending)
      }
    }
    #expect(all == [10, 90, 100, 300, 310])
  }

  @Test("Two keys of a chain do not share an id") func duplicates() throws {
    #expect(throws: KeyChainError(id: 1)) {
      try KeyChain([makeKey(.keyedMD5, id: 1), makeKey(.keyedSHA1, id: 1)])
    }
  }

  @Test(
    "Keys roll over without a flap, also to another method, with the ends' clocks apart",
    arguments: AuthenticationType.allCases, [Int64(-40), 0, 40])
  func rollover(type: AuthenticationType, apart: Int64) throws {
    let chain = try KeyChain([
      makeKey(.meticulousKeyedMD5, id: 1, send: Lifetime(end: 1_100), accept: Lifetime(end: 1_150)),
      makeKey(type, id: 2, secret: [1, 2], send: Lifetime(start: 1_050), accept: Lifetime(start: 1_000))
    ])
    var a = makeSession()
    var b = makeSession(discriminator: peer)
    a.requireAuthentication(startingAt: 0xffff_ff00, at: at(0))
    b.requireAuthentication(startingAt: 17, at: at(0))
    var downs = 0
    var ids = Set<UInt8>()
    for tick in Int64(0)..<20_000 {
      // A second of the calendar is 200 ms of the protocol.
      let now = at(tick * 10)
      let keysA = chain.usableKeys(at: 950 + tick / 20)
      let keysB = chain.usableKeys(at: 950 + tick / 20 + apart)
      for transition in [a.expire(at: now), b.expire(at: now)] where transition?.isFailure == true { downs += 1 }
      for step in 0..<2 {
        let packet = step == 0 ? a.transmit(at: now, random: 1 << 31) : b.transmit(at: now, random: 1 << 30)
        guard let packet else { continue }
        let octets = step == 0 ? a.octets(of: packet, keysA, at: now) : b.octets(of: packet, keysB, at: now)
        let sent = try #require(octets)
        ids.insert(sent[26])
        let reception = step == 0 ? b.receive(sent, keysB, at: now) : a.receive(sent, keysA, at: now)
        #expect(reception?.reason == nil)
        if reception?.transition?.isFailure == true { downs += 1 }
        guard let final = reception?.final else { continue }
        let answer = step == 0 ? b.octets(of: final, keysB, at: now) : a.octets(of: final, keysA, at: now)
        let back = try #require(answer)
        #expect((step == 0 ? a.receive(back, keysA, at: now) : b.receive(back, keysB, at: now))?.reason == nil)
      }
    }
    #expect(downs == 0)
    #expect(a.state == .up && b.state == .up)
    #expect(ids == [1, 2])
  }

  @Test(
    "Meticulous: every packet has the next sequence number, Finals too", arguments: AuthenticationType.meticulous)
  func meticulousNumbers(type: AuthenticationType) throws {
    let keys = try usable(makeKey(type))
    var session = makeAuthenticated(startingAt: .max - 1)
    var numbers: [UInt32] = []
    for time: Int64 in stride(from: 100, to: 500, by: 100) {
      let packet = session.transmit(at: at(time), random: 0)
      numbers.append(try session.number(of: try #require(packet), keys, at: at(time)))
    }
    #expect(numbers == [.max - 1, .max, 0, 1])
    let final = session.finalPacket()
    #expect(try session.number(of: final, keys, at: at(501)) == 2)
  }

  @Test(
    "Not meticulous: the sequence number moves with the contents, and once a second",
    arguments: AuthenticationType.plain)
  func plainNumbers(type: AuthenticationType) throws {
    let keys = try usable(makeKey(type))
    var session = makeAuthenticated(startingAt: .max)
    func number(_ time: Int64, _ state: SessionState = .up) throws -> UInt32 {
      var packet = makePacket(state)
      packet.authenticationPresent = true
      return try session.number(of: packet, keys, at: at(10 + time))
    }
    #expect(try number(0) == .max)
    #expect(try number(900) == .max)
    #expect(try number(1_000) == 0)
    #expect(try number(1_050) == 0)
    #expect(try number(1_100, .down) == 1)  // ahead of the seconds now
    #expect(try number(1_150, .down) == 1)
    #expect(try number(2_000, .down) == 1)
    #expect(try number(3_000, .down) == 2)
    // After a long silence it comes after the seconds one by one, inside the peer's window.
    #expect(try number(60_000, .down) == 3)
    #expect(try number(60_050, .down) == 4)
  }

  @Test(
    "A restart within the window is inside the window, since the sequence follows the seconds",
    arguments: AuthenticationType.plain, [Int64(1), 4, 8])
  func restart(type: AuthenticationType, pause: Int64) throws {
    let key = try makeKey(type)
    let keys = try usable(key)
    var sender = makeAuthenticated(startingAt: 70_000)
    var receiver = makeAuthenticated()
    var last = at(0)
    for time: Int64 in stride(from: 100, to: 30_000, by: 50) {
      guard let packet = sender.transmit(at: at(time), random: 0) else { continue }
      last = at(time)
      let sent = sender.octets(of: packet, keys, at: last)
      let octets = try #require(sent)
      #expect(receiver.receive(octets, keys, at: last)?.reason == nil)
    }
    // The same secret, the calendar's seconds later.
    var again = makeSession(discriminator: peer)
    let now = last + ms(pause * 1_000)
    again.requireAuthentication(startingAt: 70_000 + UInt32((now - at(10)) / 1_000_000_000), at: now)
    let packet = again.transmit(at: now, random: 0)
    let sent = again.octets(of: try #require(packet), keys, at: now)
    let octets = try #require(sent)
    // Judged a moment after the last packet, so that the window decides and not the silence.
    #expect(receiver.receive(octets, keys, at: last + ms(10))?.reason == nil)
  }

  @Test("A key shows no secret, however it is printed") func redacted() throws {
    let secret = Array("Kp3!vQ".utf8)
    let key = try makeKey(.keyedSHA1, id: 200, secret: secret)
    let chain = try KeyChain([key])
    let keys = chain.usableKeys(at: 0)
    var session = makeAuthenticated()
    _ = session.receive(sealed(makePacket(.up), key, 1), keys, at: at(20))
    func dumped(_ value: Any) -> String {
      var text = ""
      dump(value, to: &text)
      return text
    }
    let values: [Any] = [key, key.secret, chain, keys, session, [key], ["key": key], Optional(key) as Any]
    let words = secret.withUnsafeBytes { UInt64($0[0]) | UInt64($0[1]) << 8 | UInt64($0[2]) << 16 }
    for value in values {
      for text in [
        "\(value)", String(reflecting: value), dumped(value), "\(Mirror(reflecting: value).children.map { $0 })"
      ] {
        #expect(!text.contains("Kp3") && !text.contains("75, 112, 51") && !text.contains("\(words)"), "\(text)")
        #expect(!text.contains("words"), "\(text)")
      }
    }
    #expect("\(key)" == "key 200 (keyed-sha1)")
    #expect(!(key as Any is any Encodable))
    #expect(!"\(AuthenticationKeyError.tooLong(octets: 17, limit: 16))".contains("Kp3"))
  }

  @Test("Any octets are refused or a good packet, never a trap") func randomOctets() throws {
    var draws = Draws(77)
    let keys = try usable(
      makeKey(.simplePassword, id: 0), makeKey(.keyedMD5, id: 1), makeKey(.meticulousKeyedMD5, id: 2),
      makeKey(.keyedSHA1, id: 3), makeKey(.meticulousKeyedSHA1, id: 4))
    let session = makeAuthenticated()
    var reasons = Set<DiscardReason>()
    for _ in 0..<40_000 {
      var octets = (0..<Int.random(in: 26...60, using: &draws)).map { _ in UInt8.random(in: 0...255, using: &draws)
      }
      octets[0] = 0x20
      octets[1] = 0xc4
      octets[3] = UInt8.random(in: 26...60, using: &draws)
      if Bool.random(using: &draws) { octets[25] = octets[3] &- 24 }
      octets[24] = UInt8.random(in: 0...6, using: &draws)
      octets[26 % octets.count] = UInt8.random(in: 0...5, using: &draws)
      var after = session
      guard let reception = after.receive(octets, keys, at: at(20)) else { continue }
      if let reason = reception.reason { reasons.insert(reason) }
      #expect(reception.reason != nil)
      #expect(after == session)
    }
    #expect(reasons == [.authenticationFailed, .authenticationKeyUnknown])
  }
}

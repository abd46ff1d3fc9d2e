import Addresses
import BFD
import Glibc
import Lab
import NetworkNamespaces
import Speaker
import Testing

extension Interop {
  /// BIRD authenticates by all five types of RFC 5880; FRR 8.4.4, as Debian 12 has it, by none.
  @Suite struct Authentication {
    private static let types: [AuthenticationType] = [
      .simplePassword, .keyedMD5, .meticulousKeyedMD5, .keyedSHA1, .meticulousKeyedSHA1
    ]
    private static let secret = "swordfish"

    @Test func birdAndWeAuthenticateByEveryTypeOnBothFamilies() throws {
      try Place.with("auth") { place in
        try place.waitUntilUp()
        for wire in place.wires {
          for session in wire.sessions {
            let view = try place.own.view(session)
            #expect(view.keys?.sending == .some(.init(id: 7, type: wire.type)), "\(wire.type)")
          }
        }
        // BIRD dies and comes back with another sequence: it is let in once its old one has been forgotten.
        place.bird.kill()
        try place.wait(for: "BIRD gone", .down)
        try place.bird.start()
        try place.waitUntilUp()
        // So do we.
        try place.restartOurs()
        try place.waitUntilUp()
        let counters = try place.own.counters
        #expect(counters[.authenticationFailed] == 0)
        #expect(counters[.authenticationKeyUnknown] == 0)
        #expect(counters[.authenticationMissing] == 0)
      }
    }

    @Test func anotherKeyAnotherTypeOrNoneAtAllIsHeardByNobody() throws {
      try Place.with("authno") { place in
        try place.waitUntilUp()
        for wire in place.wires {
          // The same id, another secret: both ends fall silent to each other.
          let key = try AuthenticationKey(id: 7, type: wire.type, secret: Array("Swordfish".utf8))
          try place.own.perform { speaker in
            speaker.setKeyChain(wire.number, try? KeyChain([key]), at: MonotonicClock.now())
          }
        }
        try place.wait(for: "discards", .down)
        #expect(try place.own.counters[.authenticationFailed] > 0)
        // BIRD drops authentication: what it sends now we do not take either.
        let before = try place.own.counters[.authenticationMissing]
        for wire in place.wires { try place.bird.authenticate(wire.theirInterface, nil) }
        #expect(
          waitUntil(timeout: .seconds(30)) {
            ((try? place.own.counters[.authenticationMissing]) ?? 0) > before + UInt64(place.wires.count)
          })
        for wire in place.wires {
          for session in wire.sessions { #expect(try place.own.view(session).session.state != .up) }
        }
        // And back.
        for wire in place.wires {
          try place.bird.authenticate(wire.theirInterface, Place.birdKeys(wire.type, [.init(7, Self.secret)]))
          try place.own.perform { speaker in
            speaker.setKeyChain(wire.number, try? Place.chain(wire.type), at: MonotonicClock.now())
          }
        }
        try place.waitUntilUp()
      }
    }

    /// Both ends know two keys and the second at which the new one is sent with, by their own clocks.
    @Test func keysRollOverAtASecondThatBothEndsKnowWithoutAFlap() throws {
      try Place.with("authroll") { place in
        try place.waitUntilUp()
        let second = Int64(time(nil)) + 6
        for wire in place.wires {
          let passwords: [BIRDAuthentication.Password] = [
            .init(7, Self.secret), .init(8, "marlin", generateFrom: Place.birdTime(second))
          ]
          let keys = [
            try AuthenticationKey(id: 7, type: wire.type, secret: Array(Self.secret.utf8)),
            try AuthenticationKey(
              id: 8, type: wire.type, secret: Array("marlin".utf8), send: Lifetime(start: second))
          ]
          try place.own.perform { speaker in
            speaker.setKeyChain(wire.number, try? KeyChain(keys), at: MonotonicClock.now())
          }
          try place.bird.authenticate(wire.theirInterface, Place.birdKeys(wire.type, passwords))
        }
        // A change of its passwords is a new start of its sessions to BIRD, while there is time for one.
        try place.waitUntilUp()
        let mark = place.own.observed.count
        try #require(
          Int64(time(nil)) < second, "the sessions took too long to come up: nothing is left to roll over")
        #expect(
          waitUntil(timeout: .seconds(30)) {
            place.wires.allSatisfy { wire in
              wire.sessions.allSatisfy { (try? place.own.view($0))?.keys?.sending?.id == 8 }
            }
          })
        // BIRD must have changed by now as well: nothing but the new key is left here.
        (MonotonicTime.now() + .seconds(2)).sleep()
        for wire in place.wires {
          let key = try AuthenticationKey(id: 8, type: wire.type, secret: Array("marlin".utf8))
          try place.own.perform { speaker in
            speaker.setKeyChain(wire.number, try? KeyChain([key]), at: MonotonicClock.now())
          }
        }
        (MonotonicTime.now() + .seconds(3)).sleep()
        let seen = place.own.observed.dropFirst(mark)
        #expect(seen.isEmpty, "\(seen)")
        for wire in place.wires {
          for session in wire.sessions { #expect(try place.own.view(session).session.state == .up, "\(wire.type)") }
        }
        let counters = try place.own.counters
        #expect(counters[.authenticationKeyUnknown] == 0 && counters[.authenticationFailed] == 0)
      }
    }
  }
}

/// A wire of its own for each type, both families on it, BIRD at the other end.
private final class Place {
  struct Wire: Sendable {
    var number: Int
    var type: AuthenticationType
    var sessions: [Int] = []

    var ourInterface: String { "auth\(number)" }
    var theirInterface: String { "w\(number)" }

    func addresses(_ host: UInt8) -> [IPAddress] {
      [
        .v4(IPv4Address(10, 79, UInt8(number), host)),
        .v6(IPv6Address(high: 0xfd79 << 48 | UInt64(number) << 32, low: UInt64(host)))
      ]
    }
  }

  let us: LabNamespace
  let bird: BIRDRouter
  private(set) var own: OwnSide
  private(set) var wires: [Wire]

  static func with(_ tag: String, _ body: (Place) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("i\(getpid())\(tag)")
    defer { lab.down() }
    let place = try Place(lab)
    defer { place.own.stop() }
    try place.bird.start()
    hurry(lab.runningProcess("bird/bird"))
    try body(place)
  }

  private init(_ lab: Lab) throws {
    us = try lab.makeNamespace("us")
    let far = try lab.makeNamespace("bird")
    let types: [AuthenticationType] = [
      .simplePassword, .keyedMD5, .meticulousKeyedMD5, .keyedSHA1, .meticulousKeyedSHA1
    ]
    wires = types.enumerated().map { Wire(number: $0, type: $1) }
    var peers: [BFDPeer] = []
    for wire in wires {
      try us.ip("link add \(wire.ourInterface) type veth peer name \(wire.theirInterface) netns \(far.name)")
      for (namespace, interface, host) in [(us, wire.ourInterface, UInt8(1)), (far, wire.theirInterface, 2)] {
        try namespace.ip("link set \(interface) up")
        let addresses = wire.addresses(host)
        try namespace.ip(
          "addr add \(addresses[0])/24 dev \(interface)", "addr add \(addresses[1])/64 dev \(interface) nodad")
      }
      for (ours, theirs) in zip(wire.addresses(1), wire.addresses(2)) {
        peers.append(
          BFDPeer(ours, local: theirs, interface: wire.theirInterface, timers: BFDTimers(milliseconds: 100)))
      }
    }
    try far.waitUntilRunning(wires.map(\.theirInterface))
    try us.waitUntilRunning(wires.map(\.ourInterface))
    bird = BIRDRouter(lab: lab, namespace: far, peers: peers)
    for wire in wires {
      try bird.authenticate(wire.theirInterface, Self.birdKeys(wire.type, [.init(7, "swordfish")]))
    }
    own = try OwnSide(in: us)
    try addSessions()
  }

  /// A new process of ours, after the old one died without a word.
  func restartOurs() throws {
    own.stop()
    own = try OwnSide(in: us)
    try addSessions()
  }

  private func addSessions() throws {
    for index in wires.indices {
      let wire = wires[index]
      let chain = try Self.chain(wire.type)
      let name = wire.ourInterface
      let interface = try us.perform { () throws(SystemCallError) in if_nametoindex(name) }
      wires[index].sessions = try zip(wire.addresses(1), wire.addresses(2)).map { ours, theirs in
        let settings = SessionSettings(
          key: SessionKey(peer: .address(theirs, interface: interface)), remoteAddress: theirs, localAddress: ours,
          parameters: BFDTimers(milliseconds: 100).configuration(), keyChain: wire.number)
        let made = try own.perform { speaker in
          speaker.setKeyChain(wire.number, chain, at: MonotonicClock.now())
          return speaker.add(settings, at: MonotonicClock.now())
        }
        return try #require(made)
      }
    }
  }

  static func chain(_ type: AuthenticationType) throws -> KeyChain {
    try KeyChain([AuthenticationKey(id: 7, type: type, secret: Array("swordfish".utf8))])
  }

  static func birdKeys(_ type: AuthenticationType, _ keys: [BIRDAuthentication.Password]) -> BIRDAuthentication {
    let words =
      type == .simplePassword ? "simple" : "\(type)".split(separator: "-").joined(separator: " ")
    return BIRDAuthentication(words, keys)
  }

  /// Seconds since 1970 as BIRD reads them.
  static func birdTime(_ seconds: Int64) -> String {
    var (now, parts) = (time_t(seconds), tm())
    localtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y-%m-%d %H:%M:%S", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func waitUntilUp(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try wait(for: "Up at both ends", .up, sourceLocation: sourceLocation)
  }

  func wait(for what: String, _ state: SessionState, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var open: [String] = []
    waitUntil(timeout: .seconds(40), every: .milliseconds(100)) {
      let said = bird.isRunning ? (try? bird.sessions()) ?? [] : []
      open = wires.flatMap { wire in
        zip(wire.sessions, wire.addresses(1)).compactMap { session, address in
          let ours = (try? own.view(session))?.session.state
          let theirs = said.first { $0.peer == address }?.state
          let isThere = state == .up ? ours == .up && theirs == .up : ours != .up && theirs != .up
          return isThere
            ? nil
            : "\(wire.type) \(address): we \(ours.map { "\($0)" } ?? "?"), BIRD \(theirs.map { "\($0)" } ?? "?")"
        }
      }
      return open.isEmpty
    }
    for line in open { Issue.record("waiting for \(what): \(line)", sourceLocation: sourceLocation) }
    try #require(open.isEmpty, sourceLocation: sourceLocation)
  }
}

@testable import BFD

extension FuzzTarget {
  /// Packets against sessions with authentication, from someone who does not know the key: none is taken, none
  /// changes a session, whatever its section says.
  static let authentication = FuzzTarget(name: "authentication", longestInput: 96) { octets in
    guard let packet = try? ControlPacket(parsing: octets) else { return }
    // With a password of the session's the fuzzer would sooner or later find it, as it sees what it is compared with.
    for type in AuthenticationType.allCases where type != .simplePassword {
      for known in [false, true] {
        var session = peered(type, sequenceKnown: known)
        let before = session
        let reception = session.receive(packet, octets.span.bytes, keys: keys(type), at: Instant(nanoseconds: 5))
        guard case .discarded(let reason) = reception else {
          throw Finding("\(type): a packet was taken from someone without the key")
        }
        try require(session == before, "\(type): a packet discarded as \(reason) has changed the session")
        try require(
          packet.authenticationPresent == (reason != .authenticationMissing), "\(type): discarded as \(reason)")
      }
    }
    // A simple password is in the packet: taken if and only if it is this one.
    var session = peered(.simplePassword, sequenceKnown: false)
    let reception = session.receive(
      packet, octets.span.bytes, keys: keys(.simplePassword), at: Instant(nanoseconds: 5))
    if case .accepted = reception {
      try require(octets[24...26].elementsEqual([1, 11, 7]), "taken with another section than the key's")
      try require(octets[27...34].elementsEqual(secret.prefix(8)), "taken without the password")
    }
  }

  private static let secret: [UInt8] = [
    0x9d, 0x03, 0xf1, 0x5c, 0x77, 0x2a, 0xe8, 0x41, 0xb6, 0x0e, 0xd9, 0x38, 0x64, 0xc5, 0x1f, 0xaa
  ]

  private static func keys(_ type: AuthenticationType) -> UsableKeys {
    let octets = type == .simplePassword ? Array(secret.prefix(8)) : secret
    guard let key = try? AuthenticationKey(id: 7, type: type, secret: octets) else { return .none }
    return UsableKeys(sending: key, accepting: [key], changesAt: nil)
  }

  /// A session that requires authentication, and has taken a packet of its peer's if `sequenceKnown`.
  private static func peered(_ type: AuthenticationType, sequenceKnown: Bool) -> Session {
    let start = Instant(nanoseconds: 0)
    var session = Session(localDiscriminator: 1, configuration: SessionConfiguration(), at: start)
    session.requireAuthentication(startingAt: 1_000, at: start)
    guard sequenceKnown, let key = keys(type).sending else { return session }
    let peer = ControlPacket(
      state: .`init`, authenticationPresent: true, detectMultiplier: 3, myDiscriminator: 2, yourDiscriminator: 1,
      desiredMinTx: .slow, requiredMinRx: .slow)
    var octets = [UInt8](repeating: 0, count: ControlPacket.maximumLength)
    var span = octets.mutableSpan
    var bytes = span.mutableBytes
    let length = AuthenticationSection.write(peer, key, sequence: 77, to: &bytes)
    _ = session.receive(peer, octets.span.bytes.extracting(first: length), keys: keys(type), at: start)
    return session
  }
}

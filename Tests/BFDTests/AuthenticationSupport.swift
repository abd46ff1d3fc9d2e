@testable import BFD
import Testing

let everway = Array("everway".utf8)

func makeKey(
  _ type: AuthenticationType, id: UInt8 = 7, secret: [UInt8] = everway, send: Lifetime = .always,
  accept: Lifetime = .always
) throws -> AuthenticationKey {
  try AuthenticationKey(id: id, type: type, secret: secret, send: send, accept: accept)
}

func usable(_ keys: AuthenticationKey..., at seconds: Int64 = 0) throws -> UsableKeys {
  try KeyChain(keys).usableKeys(at: seconds)
}

/// A packet of the peer's with its section, as octets.
func sealed(_ packet: ControlPacket, _ key: AuthenticationKey, _ sequence: UInt32) -> [UInt8] {
  var packet = packet
  packet.authenticationPresent = true
  var octets = [UInt8](repeating: 0xee, count: ControlPacket.maximumLength)
  var span = octets.mutableSpan
  var bytes = span.mutableBytes
  let length = AuthenticationSection.write(packet, key, sequence: sequence, to: &bytes)
  return Array(octets.prefix(length))
}

extension Session {
  /// Octets as they came from the network; nil when they are no packet.
  mutating func receive(_ octets: [UInt8], _ keys: UsableKeys, at arrival: Instant) -> Reception? {
    guard let packet = try? ControlPacket(parsing: octets) else { return nil }
    return receive(packet, octets.span.bytes, keys: keys, at: arrival)
  }

  /// A packet of the session's as octets; nil when it must not leave.
  mutating func octets(of packet: ControlPacket, _ keys: UsableKeys, at now: Instant) -> [UInt8]? {
    var octets = [UInt8](repeating: 0xee, count: ControlPacket.maximumLength)
    var span = octets.mutableSpan
    var bytes = span.mutableBytes
    guard let length = write(packet, keys: keys, at: now, to: &bytes) else { return nil }
    return Array(octets.prefix(length))
  }
}

extension Session {
  /// The sequence number of a packet of the session's that leaves now.
  mutating func number(of packet: ControlPacket, _ keys: UsableKeys, at now: Instant) throws -> UInt32 {
    let octets = octets(of: packet, keys, at: now)
    return sequenceNumber(try #require(octets))
  }
}

/// A session that is Up at 10 ms as `makeUp` makes it, with authentication, and nothing heard of a sequence yet.
func makeAuthenticated(multiplier: UInt8 = 3, startingAt sequence: UInt32 = 1_000) -> Session {
  var session = makeUp(multiplier: multiplier)
  session.requireAuthentication(startingAt: sequence, at: at(10))
  return session
}

extension Reception {
  var reason: DiscardReason? {
    guard case .discarded(let reason) = self else { return nil }
    return reason
  }
}

/// The sequence number in an authenticated packet.
func sequenceNumber(_ octets: [UInt8]) -> UInt32 { octets[28..<32].reduce(0) { $0 << 8 | UInt32($1) } }

extension AuthenticationType {
  static let sequenced = allCases.filter { $0 != .simplePassword }
  static let meticulous = allCases.filter(\.isMeticulous)
  static let plain = sequenced.filter { !$0.isMeticulous }
}

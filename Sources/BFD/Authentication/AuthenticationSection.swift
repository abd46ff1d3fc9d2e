/// The Authentication Section behind a packet's mandatory section (RFC 5880 sections 4.2 to 4.4).
///
///     24 Auth Type   25 Auth Len   26 Auth Key ID
///     simple password:  27 Password, 1 to 16 octets
///     MD5 and SHA1:     27 Reserved   28 Sequence Number   32 Digest, 16 or 20 octets
enum AuthenticationSection {
  static let start = ControlPacket.length
  static let password = 27
  static let sequence = 28
  static let digest = 32

  /// Octets of a whole packet with this key.
  static func packetLength(_ key: AuthenticationKey) -> Int {
    key.type == .simplePassword ? password + key.secret.count : digest + key.type.digestLength
  }

  /// Writes packet and section to the first octets of `buffer`, which must have `ControlPacket.maximumLength`.
  /// - Returns: how many octets the packet has.
  static func write(
    _ packet: ControlPacket, _ key: AuthenticationKey, sequence number: UInt32, to buffer: inout MutableRawSpan
  ) -> Int {
    precondition(buffer.byteCount >= ControlPacket.maximumLength, "the longest packet has 52 octets")
    let length = packetLength(key)
    packet.write(to: &buffer)
    buffer.storeBytes(of: UInt8(length), toByteOffset: 3, as: UInt8.self)
    buffer.storeBytes(of: key.type.code, toByteOffset: start, as: UInt8.self)
    buffer.storeBytes(of: UInt8(length - start), toByteOffset: start + 1, as: UInt8.self)
    buffer.storeBytes(of: key.id, toByteOffset: start + 2, as: UInt8.self)
    guard key.type != .simplePassword else {
      key.secret.write(to: &buffer, at: password, length: key.secret.count)
      return length
    }
    buffer.storeBytes(of: 0, toByteOffset: password, as: UInt8.self)
    buffer.storeBytes(of: number.bigEndian, toByteOffset: sequence, as: UInt32.self)
    let sum = PacketDigest(of: &buffer, length: length, key)
    sum.write(to: &buffer, at: digest)
    return length
  }

  /// What a section that is well-formed and names a key that is accepted says of itself, before anything is verified.
  struct Claim {
    let key: AuthenticationKey
    /// Zero with a simple password.
    let sequence: UInt32
    /// Octets of the packet.
    let length: Int
  }

  /// Reads the section of a packet that parsed and has the A bit, as far as sections 6.7.2 to 6.7.4 look before the
  /// secret comes in.
  static func claim(in payload: RawSpan, _ keys: UsableKeys) throws(PacketDiscarded) -> Claim {
    // Parsing has seen that these 26 octets are there, and that Length is not beyond the payload.
    let length = Int(payload.octet(3))
    guard length == start + Int(payload.octet(start + 1)), length > password else {
      throw PacketDiscarded(.authenticationFailed)
    }
    guard let key = keys.accepted(id: payload.octet(start + 2)), key.type.code == payload.octet(start) else {
      throw PacketDiscarded(.authenticationKeyUnknown)
    }
    // For a simple password this tells its length apart, as its Auth Len does to everyone who sees a good packet.
    guard length == packetLength(key) else { throw PacketDiscarded(.authenticationFailed) }
    return Claim(key: key, sequence: key.type == .simplePassword ? 0 : payload.word(sequence), length: length)
  }

  /// Whether the password, or the digest, is right. Takes the same time wherever it is wrong.
  static func verifies(_ claim: Claim, _ payload: RawSpan) -> Bool {
    if claim.key.type == .simplePassword {
      var scratch = InlineArray<20, UInt8>(repeating: 0)
      var octets = scratch.mutableSpan
      var bytes = octets.mutableBytes
      claim.key.secret.write(to: &bytes, at: 0, length: claim.key.secret.count)
      return bytes.bytes.matches(payload, at: password, length: claim.key.secret.count)
    }
    var scratch = InlineArray<52, UInt8>(repeating: 0)
    var octets = scratch.mutableSpan
    var bytes = octets.mutableBytes
    for position in 0..<digest {
      bytes.storeBytes(of: payload.octet(position), toByteOffset: position, as: UInt8.self)
    }
    return PacketDigest(of: &bytes, length: claim.length, claim.key).matches(payload, at: digest)
  }
}

extension RawSpan {
  /// Whether the first `length` octets are those of another span at `offset`, compared without stopping early.
  func matches(_ other: RawSpan, at offset: Int, length: Int) -> Bool {
    var difference: UInt8 = 0
    for position in 0..<length { difference |= octet(position) ^ other.octet(offset + position) }
    return difference == 0
  }
}

import Crypto
import FoundationEssentials  // only for ContiguousBytes, which is how Crypto hands out a digest

/// The digest of a packet under a key, 16 or 20 octets.
struct PacketDigest {
  private var octets = InlineArray<20, UInt8>(repeating: 0)
  private let count: Int

  /// RFC 5880 sections 6.7.3 and 6.7.4: the key, padded with zeros, stands in the digest's place while the whole
  /// packet is hashed. FRR's HMAC has zeros there.
  /// - Parameter buffer: the packet; its digest field is overwritten.
  init(of buffer: inout MutableRawSpan, length: Int, _ key: AuthenticationKey) {
    count = key.type.digestLength
    switch key.type {
    case .simplePassword: preconditionFailure("a simple password has no digest")
    case .keyedMD5, .meticulousKeyedMD5:
      key.secret.write(to: &buffer, at: AuthenticationSection.digest, length: count)
      hash(buffer.bytes, length, Insecure.MD5.self)
    case .keyedSHA1, .meticulousKeyedSHA1:
      key.secret.write(to: &buffer, at: AuthenticationSection.digest, length: count)
      hash(buffer.bytes, length, Insecure.SHA1.self)
    case .frrHMACSHA1, .frrMeticulousHMACSHA1:
      for position in AuthenticationSection.digest..<length {
        buffer.storeBytes(of: 0, toByteOffset: position, as: UInt8.self)
      }
      authenticate(buffer.bytes, length, key)
    }
  }

  private mutating func hash<Function: HashFunction>(_ packet: RawSpan, _ length: Int, _: Function.Type) {
    var function = Function()
    // Valid for the closure; the hash keeps nothing of it.
    packet.extracting(first: length).withUnsafeBytes { function.update(bufferPointer: $0) }
    function.finalize().withUnsafeBytes { store($0) }
  }

  private mutating func authenticate(_ packet: RawSpan, _ length: Int, _ key: AuthenticationKey) {
    var code = HMAC<Insecure.SHA1>(key: SymmetricKey(data: key.secret.octets))
    // As above.
    packet.extracting(first: length).withUnsafeBytes { code.update(data: $0) }
    code.finalize().withUnsafeBytes { store($0) }
  }

  private mutating func store(_ digest: UnsafeRawBufferPointer) {
    for position in 0..<count { octets[position] = digest[position] }
  }

  func write(to buffer: inout MutableRawSpan, at offset: Int) {
    for position in 0..<count {
      buffer.storeBytes(of: octets[position], toByteOffset: offset + position, as: UInt8.self)
    }
  }

  func matches(_ packet: RawSpan, at offset: Int) -> Bool {
    octets.span.bytes.matches(packet, at: offset, length: count)
  }
}

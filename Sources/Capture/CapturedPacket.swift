public import Addresses
public import BFD

/// One BFD packet as it came in or went out, with what the network and the session said of it.
public struct CapturedPacket: Hashable, Sendable {
  public enum Direction: Hashable, Sendable { case received, sent }

  /// The mandatory section, as three words in network order. What follows it, a password or a digest, is never kept.
  public struct Octets: Hashable, Sendable {
    public var first: UInt64
    public var second: UInt64
    public var third: UInt64

    /// The first 24 octets; zeros where there are fewer.
    @inlinable public init(_ payload: RawSpan) {
      if payload.byteCount >= 24 {
        // Three words of the 24 octets that are there.
        first = UInt64(bigEndian: payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        second = UInt64(bigEndian: payload.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self))
        third = UInt64(bigEndian: payload.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self))
        return
      }
      var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
      for position in 0..<payload.byteCount {
        let octet = UInt64(payload.unsafeLoad(fromByteOffset: position, as: UInt8.self))
        let shifted = octet << UInt64(56 - position % 8 * 8)
        switch position / 8 {
        case 0: words.0 |= shifted
        case 1: words.1 |= shifted
        default: words.2 |= shifted
        }
      }
      (first, second, third) = words
    }

    /// A packet without authentication.
    public init(_ packet: ControlPacket) {
      var buffer = InlineArray<24, UInt8>(repeating: 0)
      var span = buffer.mutableSpan
      var bytes = span.mutableBytes
      packet.write(to: &bytes)
      self.init(bytes.bytes)
    }

    /// The 24 octets.
    public var bytes: [UInt8] {
      [first, second, third].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
      }
    }
  }

  /// Nanoseconds since 1970, UTC.
  public var time: Int64
  public var direction: Direction
  /// Why it was discarded; nil for one that was taken, or sent.
  public var discarded: DiscardReason?
  public var source: IPAddress
  public var destination: IPAddress
  /// 0: not known.
  public var sourcePort: UInt16
  public var destinationPort: UInt16
  /// TTL or Hop Limit; as it was received, or as it was sent.
  public var timeToLive: UInt8
  /// Octets of the UDP payload as it was on the wire.
  public var length: Int
  public var octets: Octets
  /// Auth Type of the section behind the mandatory one, which is not kept; 0 for none.
  public var authenticationType: UInt8

  public init(
    time: Int64, direction: Direction, discarded: DiscardReason? = nil, source: IPAddress, destination: IPAddress,
    sourcePort: UInt16, destinationPort: UInt16, timeToLive: UInt8, length: Int = 24, octets: Octets,
    authenticationType: UInt8 = 0
  ) {
    self.time = time
    self.direction = direction
    self.discarded = discarded
    self.source = source
    self.destination = destination
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.timeToLive = timeToLive
    self.length = length
    self.octets = octets
    self.authenticationType = authenticationType
  }

  /// What a reader should know that the octets do not say; nil when there is nothing.
  public var comment: String? {
    var parts: [String] = []
    if let discarded { parts.append("discarded: \(discarded)") }
    if authenticationType != 0 {
      let names: [UInt8: String] = [
        1: "simple password", 2: "keyed MD5", 3: "meticulous keyed MD5", 4: "keyed SHA1", 5: "meticulous keyed SHA1"
      ]
      parts.append("authentication \(names[authenticationType] ?? "type \(authenticationType)"), section not kept")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

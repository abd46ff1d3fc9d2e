/// What an echo of this system carries. Only the sender reads it, so the form is its own (RFC 5880 section 5):
///
///     0   0xEC, version 1, the session's state, 0
///     4   local discriminator
///     8   sequence number, four octets of 0
///     16  when it left, in nanoseconds of the sender's monotonic clock
///     24  tag: SipHash-2-4 over the 24 octets before it, under a key of this node
///
/// The tag and the sequence number keep a forged, an old and a repeated one from counting.
public struct EchoPacket: Hashable, Sendable {
  public var discriminator: UInt32
  public var sequence: UInt32
  /// The state in which the session sent it.
  public var state: SessionState
  public var sentAt: Instant

  /// Octets of one.
  public static let length = 32

  public init(discriminator: UInt32, sequence: UInt32, state: SessionState, sentAt: Instant) {
    self.discriminator = discriminator
    self.sequence = sequence
    self.state = state
    self.sentAt = sentAt
  }
}

/// Writes and reads this node's echoes.
public struct EchoSeal: Hashable, Sendable {
  private let key0: UInt64
  private let key1: UInt64

  /// - Parameter secret: the node's 128 bits; the key derives from it, and is another one than that of discriminators.
  public init(secret: (UInt64, UInt64)) {
    func derive(_ word: UInt64) -> UInt64 {
      var hash = SipHash(key0: secret.0, key1: secret.1)
      hash.combine(0x6265_6664_2d65_6368)  // "bfd-ech" and a word of its own
      hash.combine(word)
      return hash.finish()
    }
    key0 = derive(0)
    key1 = derive(1)
  }

  /// Writes an echo behind `offset`, where `buffer` must have room for 32 octets.
  public func write(_ echo: EchoPacket, to buffer: inout MutableRawSpan, at offset: Int = 0) {
    precondition(buffer.byteCount >= offset + EchoPacket.length, "an echo has 32 octets")
    let words = Self.words(echo)
    buffer.storeBytes(of: words.0.bigEndian, toByteOffset: offset, as: UInt64.self)
    buffer.storeBytes(of: words.1.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
    buffer.storeBytes(of: words.2.bigEndian, toByteOffset: offset + 16, as: UInt64.self)
    buffer.storeBytes(of: tag(words).bigEndian, toByteOffset: offset + 24, as: UInt64.self)
  }

  /// Reads an echo from `offset` on; octets behind it are ignored.
  /// - Throws: `PacketDiscarded`: too short, or not one that this node sent.
  public func read(_ payload: RawSpan, at offset: Int = 0) throws(PacketDiscarded) -> EchoPacket {
    guard payload.byteCount >= offset + EchoPacket.length else { throw PacketDiscarded(.truncated) }
    let words = (payload.doubleWord(offset), payload.doubleWord(offset + 8), payload.doubleWord(offset + 16))
    guard payload.doubleWord(offset + 24) == tag(words), words.0 >> 48 == Self.mark else {
      throw PacketDiscarded(.echoForged)
    }
    return EchoPacket(
      discriminator: UInt32(truncatingIfNeeded: words.0), sequence: UInt32(truncatingIfNeeded: words.1 >> 32),
      state: SessionState(twoBits: UInt8(truncatingIfNeeded: words.0 >> 40)),
      sentAt: Instant(nanoseconds: Int64(bitPattern: words.2)))
  }

  private static let mark: UInt64 = 0xec01

  private static func words(_ echo: EchoPacket) -> (UInt64, UInt64, UInt64) {
    (
      mark << 48 | UInt64(echo.state.rawValue) << 40 | UInt64(echo.discriminator), UInt64(echo.sequence) << 32,
      UInt64(bitPattern: echo.sentAt.nanoseconds)
    )
  }

  private func tag(_ words: (UInt64, UInt64, UInt64)) -> UInt64 {
    var hash = SipHash(key0: key0, key1: key1)
    hash.combine(words.0)
    hash.combine(words.1)
    hash.combine(words.2)
    return hash.finish()
  }
}

extension RawSpan {
  /// Eight octets in network order.
  func doubleWord(_ offset: Int) -> UInt64 {
    UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

/// The one kind of frame on the wire here: Ethernet, IPv4 without options, UDP, a BFD Control packet without
/// authentication (RFC 5880 section 4.1). Written and read octet by octet, and not by the BFD module: what measures a
/// speaker must not share its mistakes.
public enum Frame {
  /// Octets of a whole frame.
  public static let length = 66
  static let ip = 14
  static let udp = 34
  static let control = 42
  /// RFC 5881 section 4.
  public static let port: UInt16 = 3784

  /// The parts of a peer's frame that never change.
  static func prepare(
    _ frame: UnsafeMutableRawPointer, link: LinkAddresses, source: UInt32, destination: UInt32, sourcePort: UInt16
  ) {
    frame.initializeMemory(as: UInt8.self, repeating: 0, count: length)
    for (offset, octet) in (link.destination + link.source).enumerated() {
      frame.storeBytes(of: octet, toByteOffset: offset, as: UInt8.self)
    }
    put16(frame, 12, 0x0800)
    put16(frame, ip, 0x45c0)  // version 4, five words, class selector 6
    put16(frame, ip + 2, UInt16(length - ip))
    put16(frame, ip + 6, 0x4000)  // don't fragment
    put16(frame, ip + 8, 255 << 8 | 17)  // TTL (RFC 5881 section 5), UDP
    put32(frame, ip + 12, source)
    put32(frame, ip + 16, destination)
    put16(frame, ip + 10, ~fold(sum(frame, ip, 20)))
    put16(frame, udp, sourcePort)
    put16(frame, udp + 2, port)
    put16(frame, udp + 4, UInt16(length - udp))
  }

  /// The parts that do.
  static func write(_ frame: UnsafeMutableRawPointer, _ packet: ControlFields) {
    put16(frame, control, UInt16(0x20 | packet.diagnostic) << 8 | UInt16(packet.state.rawValue << 6 | packet.flags))
    put16(frame, control + 2, UInt16(packet.multiplier) << 8 | 24)
    put32(frame, control + 4, packet.mine)
    put32(frame, control + 8, packet.yours)
    put32(frame, control + 12, packet.desiredTransmit)
    put32(frame, control + 16, packet.requiredReceive)
    put32(frame, control + 20, 0)
    put16(frame, udp + 6, 0)
    let checksum = ~fold(pseudoHeader(frame, UInt64(length - udp)) + sum(frame, udp, length - udp))
    put16(frame, udp + 6, checksum == 0 ? 0xffff : checksum)
  }

  /// What a daemon's packet says, or what is wrong with it.
  /// - Parameters:
  ///   - frame: from the Ethernet header on.
  ///   - hasChecksum: false while the kernel has not filled in the UDP checksum, as on a veth pair.
  static func read(
    _ frame: UnsafeRawPointer, length: Int, hasChecksum: Bool
  ) -> (fields: ControlFields, violation: Violation?) {
    var fields = ControlFields()
    guard length >= Self.length, get8(frame, ip) == 0x45 else { return (fields, .length) }
    let udpLength = Int(get16(frame, udp + 4))
    let controlLength = Int(get8(frame, control + 3))
    guard udpLength >= 8 + controlLength, controlLength >= 24, udp + udpLength <= length,
      Int(get16(frame, ip + 2)) == 20 + udpLength
    else { return (fields, .length) }
    guard fold(sum(frame, ip, 20)) == 0xffff else { return (fields, .checksum) }
    // A checksum of 0 says that there is none (RFC 768).
    if hasChecksum, get16(frame, udp + 6) != 0,
      fold(pseudoHeader(frame, UInt64(udpLength)) + sum(frame, udp, udpLength)) != 0xffff
    {
      return (fields, .checksum)
    }
    guard get8(frame, ip + 8) == 255 else { return (fields, .timeToLive) }
    let first = get8(frame, control)
    let second = get8(frame, control + 1)
    fields.diagnostic = first & 31
    fields.state = BFDState(rawValue: second >> 6) ?? .adminDown
    fields.flags = second & 63
    fields.multiplier = get8(frame, control + 2)
    fields.mine = get32(frame, control + 4)
    fields.yours = get32(frame, control + 8)
    fields.desiredTransmit = get32(frame, control + 12)
    fields.requiredReceive = get32(frame, control + 16)
    // RFC 5880 section 6.8.6, in its order.
    guard first >> 5 == 1 else { return (fields, .version) }
    guard fields.multiplier != 0 else { return (fields, .multiplier) }
    guard fields.flags & ControlFields.multipoint == 0 else { return (fields, .multipoint) }
    guard fields.mine != 0 else { return (fields, .discriminator) }
    guard fields.flags & ControlFields.authenticated == 0 else { return (fields, .authenticated) }
    let both = ControlFields.poll | ControlFields.final
    guard fields.flags & both != both else { return (fields, .pollAndFinal) }
    return (fields, nil)
  }

  /// RFC 1071, over octets that are even in number but for the last.
  static func sum(_ bytes: UnsafeRawPointer, _ start: Int, _ count: Int) -> UInt64 {
    var total: UInt64 = 0
    var offset = start
    while offset + 1 < start + count {
      total &+= UInt64(get16(bytes, offset))
      offset += 2
    }
    if offset < start + count { total &+= UInt64(get8(bytes, offset)) << 8 }
    return total
  }

  private static func pseudoHeader(_ frame: UnsafeRawPointer, _ length: UInt64) -> UInt64 {
    sum(frame, ip + 12, 8) + 17 + length
  }

  static func fold(_ sum: UInt64) -> UInt16 {
    var rest = sum
    while rest >> 16 != 0 { rest = (rest & 0xffff) + (rest >> 16) }
    return UInt16(rest)
  }

  static func get8(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt8 {
    bytes.load(fromByteOffset: offset, as: UInt8.self)
  }
  static func get16(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt16 {
    UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }
  static func get32(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
  static func put16(_ bytes: UnsafeMutableRawPointer, _ offset: Int, _ value: UInt16) {
    bytes.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
  }
  static func put32(_ bytes: UnsafeMutableRawPointer, _ offset: Int, _ value: UInt32) {
    bytes.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
  }
}

/// The six octets each of a frame to the daemon.
public struct LinkAddresses: Sendable {
  public var destination: [UInt8]
  public var source: [UInt8]

  public init(destination: [UInt8], source: [UInt8]) {
    precondition(destination.count == 6 && source.count == 6, "an Ethernet address has six octets")
    self.destination = destination
    self.source = source
  }
}

/// RFC 5880 section 4.1.
public enum BFDState: UInt8, Sendable { case adminDown, down, `init`, up }

/// The fields of a Control packet that somebody here looks at. Intervals in microseconds.
public struct ControlFields: Hashable, Sendable {
  public static let poll: UInt8 = 0x20
  public static let final: UInt8 = 0x10
  static let authenticated: UInt8 = 0x04
  static let multipoint: UInt8 = 0x01

  public var diagnostic: UInt8 = 0
  public var state = BFDState.down
  public var flags: UInt8 = 0
  public var multiplier: UInt8 = 0
  public var mine: UInt32 = 0
  public var yours: UInt32 = 0
  public var desiredTransmit: UInt32 = 0
  public var requiredReceive: UInt32 = 0

  public init() {}
}

/// What must not come from a daemon: a peer that is strict would drop it.
public enum Violation: Int, CaseIterable, Sendable {
  case length, checksum, timeToLive, version, multiplier, multipoint, discriminator, authenticated, pollAndFinal
  case yourDiscriminator, stranger

  public var name: String { "\(self)" }
}

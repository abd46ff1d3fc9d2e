/// A BFD Control packet's mandatory section (RFC 5880 section 4.1).
public struct ControlPacket: Hashable, Sendable {
  public var diagnostic: Diagnostic
  public var state: SessionState
  public var poll: Bool
  public var final: Bool
  public var controlPlaneIndependent: Bool
  public var authenticationPresent: Bool
  public var demand: Bool
  /// 1 to 255.
  public var detectMultiplier: UInt8
  /// Not zero.
  public var myDiscriminator: UInt32
  /// Zero as long as the sender does not know the receiver's.
  public var yourDiscriminator: UInt32
  public var desiredMinTx: Interval
  public var requiredMinRx: Interval
  public var requiredMinEchoRx: Interval

  /// Octets of a packet without authentication.
  public static let length = 24
  /// Octets of the longest packet: 24 and an authentication section of 28.
  public static let maximumLength = 52

  public init(
    diagnostic: Diagnostic = .none, state: SessionState, poll: Bool = false, final: Bool = false,
    controlPlaneIndependent: Bool = false, authenticationPresent: Bool = false, demand: Bool = false,
    detectMultiplier: UInt8, myDiscriminator: UInt32, yourDiscriminator: UInt32,
    desiredMinTx: Interval, requiredMinRx: Interval, requiredMinEchoRx: Interval = .zero
  ) {
    self.diagnostic = diagnostic
    self.state = state
    self.poll = poll
    self.final = final
    self.controlPlaneIndependent = controlPlaneIndependent
    self.authenticationPresent = authenticationPresent
    self.demand = demand
    self.detectMultiplier = detectMultiplier
    self.myDiscriminator = myDiscriminator
    self.yourDiscriminator = yourDiscriminator
    self.desiredMinTx = desiredMinTx
    self.requiredMinRx = requiredMinRx
    self.requiredMinEchoRx = requiredMinEchoRx
  }

  /// Reads a UDP payload and makes every check of RFC 5880 section 6.8.6 that needs no session, in its order.
  /// Octets behind the Length field are ignored (RFC 9764 section 3 pads there).
  public init(parsing payload: RawSpan) throws(PacketDiscarded) {
    guard payload.byteCount >= Self.length else { throw PacketDiscarded(.truncated) }
    let first = payload.octet(0)
    let second = payload.octet(1)
    guard first >> 5 == 1 else { throw PacketDiscarded(.version) }
    let authenticationPresent = second & 0x04 != 0
    let length = payload.octet(3)
    guard length >= (authenticationPresent ? 26 : 24) else { throw PacketDiscarded(.lengthTooSmall) }
    guard Int(length) <= payload.byteCount else { throw PacketDiscarded(.lengthBeyondPayload) }
    let multiplier = payload.octet(2)
    guard multiplier != 0 else { throw PacketDiscarded(.multiplierZero) }
    guard second & 0x01 == 0 else { throw PacketDiscarded(.multipoint) }
    let myDiscriminator = payload.word(4)
    guard myDiscriminator != 0 else { throw PacketDiscarded(.myDiscriminatorZero) }
    let yourDiscriminator = payload.word(8)
    let state = SessionState(twoBits: second >> 6)
    if yourDiscriminator == 0, state == .`init` || state == .up {
      throw PacketDiscarded(.yourDiscriminatorZero)
    }
    self.init(
      diagnostic: Diagnostic(code: first), state: state, poll: second & 0x20 != 0, final: second & 0x10 != 0,
      controlPlaneIndependent: second & 0x08 != 0, authenticationPresent: authenticationPresent,
      demand: second & 0x02 != 0, detectMultiplier: multiplier, myDiscriminator: myDiscriminator,
      yourDiscriminator: yourDiscriminator, desiredMinTx: Interval(microseconds: payload.word(12)),
      requiredMinRx: Interval(microseconds: payload.word(16)),
      requiredMinEchoRx: Interval(microseconds: payload.word(20)))
  }

  /// Writes the 24 octets of the mandatory section; those of `buffer` from `offset` on, which must have that many.
  public func write(to buffer: inout MutableRawSpan, at offset: Int = 0) {
    precondition(buffer.byteCount >= offset + Self.length, "a BFD Control packet has 24 octets")
    var flags = state.rawValue << 6
    if poll { flags |= 0x20 }
    if final { flags |= 0x10 }
    if controlPlaneIndependent { flags |= 0x08 }
    if authenticationPresent { flags |= 0x04 }
    if demand { flags |= 0x02 }
    buffer.storeBytes(of: 1 << 5 | diagnostic.code, toByteOffset: offset, as: UInt8.self)
    buffer.storeBytes(of: flags, toByteOffset: offset + 1, as: UInt8.self)
    buffer.storeBytes(of: detectMultiplier, toByteOffset: offset + 2, as: UInt8.self)
    buffer.storeBytes(of: UInt8(Self.length), toByteOffset: offset + 3, as: UInt8.self)
    buffer.storeBytes(of: myDiscriminator.bigEndian, toByteOffset: offset + 4, as: UInt32.self)
    buffer.storeBytes(of: yourDiscriminator.bigEndian, toByteOffset: offset + 8, as: UInt32.self)
    buffer.storeBytes(of: desiredMinTx.microseconds.bigEndian, toByteOffset: offset + 12, as: UInt32.self)
    buffer.storeBytes(of: requiredMinRx.microseconds.bigEndian, toByteOffset: offset + 16, as: UInt32.self)
    buffer.storeBytes(of: requiredMinEchoRx.microseconds.bigEndian, toByteOffset: offset + 20, as: UInt32.self)
  }

  /// The 24 octets as an array: for tests and tools, not for the hot path.
  public var bytes: [UInt8] {
    var array = [UInt8](repeating: 0, count: Self.length)
    var span = array.mutableSpan
    var raw = span.mutableBytes
    write(to: &raw)
    return array
  }

  /// Reads an array: for tests and tools, not for the hot path.
  public init(parsing bytes: [UInt8]) throws(PacketDiscarded) { try self.init(parsing: bytes.span.bytes) }
}

extension SessionState {
  /// From the two bits of the State field; every value is a state.
  init(twoBits: UInt8) {
    switch twoBits & 3 {
    case 0: self = .adminDown
    case 1: self = .down
    case 2: self = .`init`
    default: self = .up
    }
  }
}

extension RawSpan {
  func octet(_ offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

  /// Four octets in network order.
  func word(_ offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}

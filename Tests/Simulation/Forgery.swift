import BFD

extension Forgery {
  /// The packet that would do most harm to `session` if it were taken.
  func wire(against session: Session, leaf: Int, to side: Side) -> Wire {
    var packet = ControlPacket(
      diagnostic: .pathDown, state: session.state == .up ? .down : .up, poll: true, final: true,
      detectMultiplier: 200, myDiscriminator: 0xbad_f00d, yourDiscriminator: session.localDiscriminator,
      desiredMinTx: .milliseconds(60_000), requiredMinRx: .zero)
    var source = Address.source(from: side.other, leaf: leaf)
    var bytes = packet.bytes
    switch self {
    case .truncated: bytes.removeLast()
    case .version: bytes[0] = 2 << 5
    case .shortLength: bytes[3] = 23
    case .longLength: bytes[3] = 25
    case .multiplierZero: bytes[2] = 0
    case .multipoint: bytes[1] |= 1
    case .myDiscriminatorZero:
      packet.myDiscriminator = 0
      bytes = packet.bytes
    case .initWithoutDiscriminator, .upWithoutDiscriminator:
      packet.state = self == .upWithoutDiscriminator ? .up : .`init`
      packet.yourDiscriminator = 0
      bytes = packet.bytes
    case .unknownDiscriminator:
      packet.yourDiscriminator ^= 0x1000
      bytes = packet.bytes
    case .authenticated:
      bytes[1] |= 0x04
      bytes[3] = 28
      bytes += [1, 4, 1, 0]
    case .tampered, .replayed: break  // made of what was recorded, not here
    case .timeToLive: source.timeToLive = 254
    case .multihopPort: source.pathType = .multihop
    case .stranger:
      packet.state = .down
      packet.yourDiscriminator = 0
      bytes = packet.bytes
      source.source = Address.stranger
    }
    return Wire(bytes: bytes, source: source, leaf: leaf, sequence: 0, acknowledged: 0, forged: self)
  }
}

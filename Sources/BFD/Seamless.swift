// Seamless BFD (RFC 7880, RFC 7881): an initiator tests a path to a reflector, which keeps no state.

/// The end that answers, and keeps nothing.
public struct SeamlessReflector: Hashable, Sendable {
  /// The discriminator that it is known by, in the network's S-BFD discriminator pool; not zero.
  public var discriminator: UInt32
  /// The least interval at which it can be asked.
  public var requiredMinRx: Interval
  /// Whether what it stands for is out of service: initiators are told AdminDown.
  public var isShutDown: Bool

  public init(discriminator: UInt32, requiredMinRx: Interval = .milliseconds(10), isShutDown: Bool = false) {
    precondition(discriminator != 0, "a discriminator is not zero")
    self.discriminator = discriminator
    self.requiredMinRx = requiredMinRx
    self.isShutDown = isShutDown
  }

  /// The answer to a packet that came to port 7784, or why there is none (RFC 7880 section 7.2).
  ///
  /// The D bit tells the two ends apart: only initiators set it. So an answer is never answered, and two reflectors
  /// cannot be made to talk to each other.
  public func answer(_ packet: ControlPacket) throws(PacketDiscarded) -> ControlPacket {
    guard packet.yourDiscriminator == discriminator else { throw PacketDiscarded(.yourDiscriminatorUnknown) }
    guard packet.demand else { throw PacketDiscarded(.notSeamless) }
    guard !packet.authenticationPresent else { throw PacketDiscarded(.authenticationUnexpected) }
    return ControlPacket(
      diagnostic: isShutDown ? .administrativelyDown : .none, state: isShutDown ? .adminDown : .up,
      final: packet.poll, detectMultiplier: packet.detectMultiplier, myDiscriminator: discriminator,
      yourDiscriminator: packet.myDiscriminator, desiredMinTx: packet.desiredMinTx, requiredMinRx: requiredMinRx)
  }
}

// The initiator is a session with a state machine of its own (RFC 7880 section 7.3): Down, until an answer says Up; Up,
// until answers fail to come, or one says AdminDown. There is no handshake, nothing to negotiate and nothing to poll.
extension Session {
  /// Whether the session is with a reflector.
  public var isSeamless: Bool { configuration.seamlessDiscriminator != nil }

  /// Why a packet is no answer of this session's reflector; nil when it is one.
  func seamlessObjection(to packet: ControlPacket) -> DiscardReason? {
    guard let discriminator = configuration.seamlessDiscriminator else { return nil }
    return packet.demand || packet.myDiscriminator != discriminator || packet.yourDiscriminator == 0
      ? .notSeamless : nil
  }

  mutating func advanceSeamless(on received: SessionState, at now: Instant) -> Transition? {
    switch received {
    case .adminDown where state == .up:
      return change(
        to: .down, diagnostic: .neighborSignaledSessionDown, cause: .neighborAdministrativelyDown, at: now)
    case .up where state == .down && hold == nil:
      return change(to: .up, diagnostic: .none, cause: .handshake, at: now)
    default: return nil
    }
  }
}

/// Departures from RFC 5880 that another speaker needs. None unless asked for.
public struct Compatibility: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// While the peer is unknown, every other packet carries a Your Discriminator that it may have, where RFC 5880
  /// section 6.8.1 wants zero in all of them. OVN takes no packet with zero, and neither speaks again after a peer that
  /// asked for silence nor forgets a discriminator that is gone, unless such a packet reaches it.
  public static let ovn = Compatibility(rawValue: 1 << 0)
}

/// Discriminators that the peer may have, for as long as it is unknown. They are told, never believed: no packet is
/// accepted by them.
struct DiscriminatorHints: Hashable, Sendable {
  /// What is read now where the peer publishes it; 0 for none.
  var published: UInt32 = 0
  /// The peer's own when it was last known, or what the owner was told of it; 0 for none.
  var known: UInt32 = 0
  /// Of a packet that came from the peer's address, but for a session that is not ours; 0 for none.
  var overheard: UInt32 = 0
  /// News that the peer may be waiting for: the next packet leaves at once.
  var isUrgent = false
  private var turn = Turn.published

  private enum Turn {
    case published
    case known
    case overheard
    case zero
  }

  /// What the next packet tells: published, known, overheard and zero in turn, as far as they are there and differ. Zero is
  /// always among them, for a peer that has started anew.
  mutating func next() -> UInt32 {
    if turn == .published {
      turn = .known
      if published != 0 { return published }
    }
    if turn == .known {
      turn = .overheard
      if known != 0, known != published { return known }
    }
    if turn == .overheard {
      turn = .zero
      if overheard != 0, overheard != known, overheard != published { return overheard }
    }
    turn = .published
    return 0
  }

  mutating func publish(_ discriminator: UInt32, isWanted: Bool) {
    published = discriminator
    turn = .published
    isUrgent = isWanted && discriminator != 0
  }
}

extension Session {
  /// Tells what discriminator the peer may have; see `Compatibility.ovn`, without which it is not used.
  public mutating func suggest(remoteDiscriminator: UInt32) { hints.known = remoteDiscriminator }

  /// Tells what the peer publishes as its discriminator now, such as `disc` in OVN's southbound table `BFD`; 0 for nothing
  /// any more. A session with a peer that it hears is not disturbed; one without tells it at once, not after its interval.
  /// See `Compatibility.ovn`, without which it is not used.
  /// - Returns: whether that is news.
  public mutating func publish(remoteDiscriminator: UInt32) -> Bool {
    guard hints.published != remoteDiscriminator else { return false }
    hints.publish(remoteDiscriminator, isWanted: remote == nil && configuration.compatibility.contains(.ovn))
    return true
  }

  /// The discriminator that would be tried first if the peer were unknown; 0 for none.
  public var suggestedDiscriminator: UInt32 { hints.published != 0 ? hints.published : hints.known }

  /// Takes note of a packet from the peer's address that was discarded because its Your Discriminator is nobody's: the
  /// sender takes us for somebody who is gone, and can be told better. Nothing else of the session changes.
  public mutating func overhear(_ packet: ControlPacket) {
    // With authentication anybody's word is worth nothing; a peer that is known needs no hint.
    guard configuration.compatibility.contains(.ovn), authentication == nil, remote == nil,
      !packet.authenticationPresent, packet.state == .down || packet.state == .adminDown
    else { return }
    hints.overheard = packet.myDiscriminator
  }

  /// Your Discriminator of the next packet.
  mutating func nextYourDiscriminator() -> UInt32 {
    if let remote { return remote.discriminator }
    return configuration.compatibility.contains(.ovn) ? hints.next() : 0
  }
}

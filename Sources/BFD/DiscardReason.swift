/// Why a received packet was discarded. A discarded packet changes nothing but a counter.
///
/// The first group is in the order in which RFC 5880 section 6.8.6 asks for the checks.
public enum DiscardReason: UInt8, Hashable, Sendable, CaseIterable {
  /// Fewer octets than the 24 of a packet without authentication: no field can be trusted.
  case truncated
  /// Version is not 1.
  case version
  /// The Length field is below 24, or below 26 with the A bit.
  case lengthTooSmall
  /// The Length field is larger than the UDP payload.
  case lengthBeyondPayload
  /// Detect Mult is zero.
  case multiplierZero
  /// The Multipoint bit is set.
  case multipoint
  /// My Discriminator is zero.
  case myDiscriminatorZero
  /// Your Discriminator is zero, and the packet's State is neither Down nor AdminDown.
  case yourDiscriminatorZero
  /// Your Discriminator is not zero and names no session here.
  case yourDiscriminatorUnknown
  /// Your Discriminator is zero, and no session or allow list fits the addresses.
  case noSession
  /// The A bit is set, and the session uses no authentication.
  case authenticationUnexpected
  /// The A bit is clear, and the session uses authentication.
  case authenticationMissing
  /// The packet is authenticated with a key that is not accepted now, or by another method than that key's.
  case authenticationKeyUnknown
  /// The sequence number is not one that may follow the last one: a packet that was replayed, or lost for long.
  case authenticationSequence
  /// The authentication section does not verify.
  case authenticationFailed

  /// The TTL or Hop Limit is below what the session accepts (RFC 5881 section 5).
  case timeToLive
  /// The packet came in on another interface than the session's (RFC 5881 section 3).
  case wrongInterface
  /// The packet was sent to another address than the session's.
  case wrongDestination
  /// A packet for a single-hop session on the multihop port, or the other way round (RFC 5883 section 5).
  case wrongPort
  /// Seamless BFD: not what an initiator asks, or not what the session's reflector answers.
  case notSeamless
  /// Seamless BFD: the reflector has answered as much as it may for now.
  case reflectionLimit
  /// The packet came in in another namespace or VRF than the session's.
  case wrongDomain
  /// No room: the allow list's limit on sessions is reached.
  case sessionLimit

  /// An echo that this node did not send, or that was changed on its way.
  case echoForged
  /// An echo that came back before, too late, or that is older than the session's echo function.
  case echoStale
  /// An echo of a session that sends none, or a peer's to be looped that this system does not loop.
  case echoUnexpected
  /// The peer's echoes come faster than the Required Min Echo RX Interval that was announced.
  case echoRate
}

extension DiscardReason: CustomStringConvertible {
  /// A stable name for counters and logs.
  public var description: String {
    switch self {
    case .truncated: "truncated"
    case .version: "version"
    case .lengthTooSmall: "length-too-small"
    case .lengthBeyondPayload: "length-beyond-payload"
    case .multiplierZero: "multiplier-zero"
    case .multipoint: "multipoint"
    case .myDiscriminatorZero: "my-discriminator-zero"
    case .yourDiscriminatorZero: "your-discriminator-zero"
    case .yourDiscriminatorUnknown: "your-discriminator-unknown"
    case .noSession: "no-session"
    case .authenticationUnexpected: "authentication-unexpected"
    case .authenticationMissing: "authentication-missing"
    case .authenticationKeyUnknown: "authentication-key-unknown"
    case .authenticationSequence: "authentication-sequence"
    case .authenticationFailed: "authentication-failed"
    case .timeToLive: "time-to-live"
    case .wrongInterface: "wrong-interface"
    case .wrongDestination: "wrong-destination"
    case .wrongPort: "wrong-port"
    case .notSeamless: "not-seamless"
    case .reflectionLimit: "reflection-limit"
    case .wrongDomain: "wrong-domain"
    case .sessionLimit: "session-limit"
    case .echoForged: "echo-forged"
    case .echoStale: "echo-stale"
    case .echoUnexpected: "echo-unexpected"
    case .echoRate: "echo-rate"
    }
  }
}

/// A packet that was discarded, thrown by parsing.
public struct PacketDiscarded: Error, Hashable, Sendable {
  public var reason: DiscardReason
  public init(_ reason: DiscardReason) { self.reason = reason }
}

public import Addresses
public import BFD

/// The UDP ports of BFD.
public enum BFDPort {
  /// RFC 5881 section 4.
  public static let singleHop: UInt16 = 3784
  /// RFC 5883 section 5.
  public static let multihop: UInt16 = 4784
  /// RFC 5881 section 4.
  public static let echo: UInt16 = 3785
  /// RFC 7130 section 2.2.
  public static let linkAggregationMember: UInt16 = 6784
  /// RFC 7881 section 3: where a reflector is asked.
  public static let seamlessReflector: UInt16 = 7784
  /// RFC 5881 section 4: source ports.
  public static let sources: ClosedRange<UInt16> = 49152...65535

  /// Where packets of a path type go.
  public static func destination(_ pathType: PathType) -> UInt16 {
    switch pathType {
    case .singleHop: singleHop
    case .multihop: multihop
    case .linkAggregationMember: linkAggregationMember
    case .seamlessInitiator, .seamlessReflector: seamlessReflector
    }
  }
}

/// Where the speaker hears: one UDP port on one address of a routing domain.
public struct Endpoint: Hashable, Sendable {
  public var domain: RoutingDomain
  public var pathType: PathType
  /// An address of the domain, or the unspecified one for all of a family.
  public var address: IPAddress
  /// The VRF, or other device, that the sockets are bound to; nil for none. All endpoints of a domain have the same.
  public var device: String?
  /// Index of the member of a link aggregation group (RFC 7130) that is heard; 0 for all other path types.
  public var interface: UInt32

  public init(
    _ address: IPAddress, pathType: PathType = .singleHop, domain: RoutingDomain = .main, device: String? = nil,
    interface: UInt32 = 0
  ) {
    self.interface = interface
    self.domain = domain
    self.pathType = pathType
    self.address = address
    self.device = device
  }

  /// The port that packets come in on; nil for one of this system's choice, which initiators of seamless BFD use to
  /// ask and to be answered.
  public var port: UInt16? { pathType == .seamlessInitiator ? nil : BFDPort.destination(pathType) }
}

/// Why the speaker could not open its sockets, and what to do.
public struct SpeakerError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// errno, 0 when there is none.
  public var code: Int32
  public var description: String { message }

  public init(message: String, code: Int32) {
    self.message = message
    self.code = code
  }
}

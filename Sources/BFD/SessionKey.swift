public import Addresses

/// What lies between the two ends, and with it the UDP port (RFC 9127 calls this the path type).
public enum PathType: UInt8, Hashable, Sendable, CaseIterable {
  /// A link: RFC 5881, port 3784.
  case singleHop
  /// Routers: RFC 5883, port 4784.
  case multihop
  /// One member of a link aggregation group: RFC 7130, port 6784.
  case linkAggregationMember
  /// From an initiator of seamless BFD to a reflector and back: RFC 7881, port 7784 at the reflector.
  case seamlessInitiator
  /// What initiators ask this system: RFC 7881, port 7784.
  case seamlessReflector
}

/// A space of addresses of its own: a network namespace, or a VRF in one. The same address in two domains is two
/// hosts.
public struct RoutingDomain: Hashable, Sendable {
  /// Chosen by the owner; the same after a restart, because discriminators derive from it.
  public var id: UInt32

  public init(id: UInt32) { self.id = id }

  /// The namespace that the speaker lives in, outside all VRFs.
  public static let main = RoutingDomain(id: 0)
}

/// What makes two sessions different, before discriminators are known.
public struct SessionKey: Hashable, Sendable {
  public enum Peer: Hashable, Sendable {
    /// The peer's address; interface 0 means any interface.
    case address(IPAddress, interface: UInt32)
    /// Both addresses: several sessions with one peer, from different addresses of this system (RFC 5883 section 4).
    case pair(local: IPAddress, remote: IPAddress)
    /// Whoever is at the other end of a point-to-point link (RFC 5881 section 6).
    case pointToPoint(interface: UInt32)
  }

  public var peer: Peer
  public var pathType: PathType
  public var domain: RoutingDomain

  public init(peer: Peer, pathType: PathType = .singleHop, domain: RoutingDomain = .main) {
    self.peer = peer
    self.pathType = pathType
    self.domain = domain
  }

  /// The interface the session is bound to; 0 for none.
  public var interface: UInt32 {
    switch peer {
    case .address(_, let interface), .pointToPoint(let interface): interface
    case .pair: 0
    }
  }
}

/// What the network and the kernel say of a received packet, beside its octets.
public struct PacketSource: Hashable, Sendable {
  public var source: IPAddress
  public var destination: IPAddress
  /// Index of the interface it came in on.
  public var interface: UInt32
  /// TTL or Hop Limit as received, 0 to 255.
  public var timeToLive: UInt8
  /// By the port it came in on.
  public var pathType: PathType
  public var domain: RoutingDomain

  public init(
    source: IPAddress, destination: IPAddress, interface: UInt32, timeToLive: UInt8,
    pathType: PathType = .singleHop, domain: RoutingDomain = .main
  ) {
    self.source = source
    self.destination = destination
    self.interface = interface
    self.timeToLive = timeToLive
    self.pathType = pathType
    self.domain = domain
  }
}

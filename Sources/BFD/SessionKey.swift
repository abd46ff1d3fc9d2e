public import Addresses

/// What makes two sessions different, before discriminators are known.
public struct SessionKey: Hashable, Sendable {
  public enum Peer: Hashable, Sendable {
    /// The peer's address; interface 0 means any interface.
    case address(IPAddress, interface: UInt32)
    /// Whoever is at the other end of a point-to-point link (RFC 5881 section 6).
    case pointToPoint(interface: UInt32)
  }

  /// One hop (RFC 5881, port 3784) or several (RFC 5883, port 4784).
  public enum Hops: Hashable, Sendable {
    case single
    case multiple
  }

  public var peer: Peer
  public var hops: Hops

  public init(peer: Peer, hops: Hops = .single) {
    self.peer = peer
    self.hops = hops
  }

  /// The interface the session is bound to; 0 for none.
  public var interface: UInt32 {
    switch peer {
    case .address(_, let interface), .pointToPoint(let interface): interface
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
  public var hops: SessionKey.Hops

  public init(
    source: IPAddress, destination: IPAddress, interface: UInt32, timeToLive: UInt8,
    hops: SessionKey.Hops = .single
  ) {
    self.source = source
    self.destination = destination
    self.interface = interface
    self.timeToLive = timeToLive
    self.hops = hops
  }
}

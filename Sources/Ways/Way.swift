public import Addresses

/// How a session's packets leave below the UDP stack: what a packet socket or a frame of our own needs.
public struct Way: Hashable, Sendable {
  /// ifindex of the link that they leave by.
  public var interface: UInt32
  /// The next hop's: the peer's own over one hop, a router's over several.
  public var linkAddress: MACAddress
  /// Of the link, for frames that are written whole; a packet socket (SOCK_DGRAM) writes it itself.
  public var ownLinkAddress: MACAddress
  /// What the kernel takes for a source, or the one that was wished for.
  public var source: IPAddress

  public init(interface: UInt32, linkAddress: MACAddress, ownLinkAddress: MACAddress, source: IPAddress) {
    self.interface = interface
    self.linkAddress = linkAddress
    self.ownLinkAddress = ownLinkAddress
    self.source = source
  }
}

/// What is to be sent where: all that the kernel's decision on a session's UDP packets depends on.
public struct WayDemand: Hashable, Sendable {
  public var destination: IPAddress
  /// Nil: the kernel chooses.
  public var source: IPAddress?
  /// What the UDP socket is given: the session's interface, or else the device that the socket is bound to; 0 for none.
  /// A session in a VRF has a way only when it names an interface of the VRF: given the VRF itself, it stays with its
  /// socket, whose packets pass the VRF's device and what is set up there.
  public var interface: UInt32
  /// Octets of the longest packet from the IP header on.
  public var length: Int
  /// Whether the way may lead by a router. A session over one hop never does.
  public var isMultihop: Bool
  /// UDP's, for rules and multipath routes that look at ports.
  public var sourcePort: UInt16
  public var destinationPort: UInt16

  public init(
    to destination: IPAddress, from source: IPAddress? = nil, interface: UInt32 = 0, length: Int = 72,
    isMultihop: Bool = false, sourcePort: UInt16 = 0, destinationPort: UInt16 = 0
  ) {
    self.destination = destination
    self.source = source
    self.interface = interface
    self.length = length
    self.isMultihop = isMultihop
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
  }
}

/// Why a session has no way, and goes by its UDP socket.
public enum WayObstacle: Hashable, Sendable {
  /// Not asked yet, or in doubt since the last change.
  case unresolved
  /// The kernel has no route; errno.
  case noRoute(Int32)
  /// Its own address, a multicast or broadcast address, or one that routes forbid (RTN_… of <linux/rtnetlink.h>).
  case notUnicast(UInt8)
  /// A session over one hop whose route leads by a router.
  case router
  /// The route leads by another link than the demand's: a VRF, or a rule.
  case otherInterface(UInt32)
  /// MPLS, segment routing and the like (RTA_ENCAP).
  case encapsulated
  /// The kernel names no source, or the wished one is not this system's, or not yet (duplicate address detection).
  case noSource
  /// The link is gone, or was never in this namespace.
  case noLink
  /// Set down, or without carrier.
  case linkDown
  /// Not Ethernet: loopback, a tunnel; ARPHRD_… of <linux/if_arp.h>.
  case linkKind(UInt16)
  /// The packet is longer than the link carries, in octets.
  case tooLong(mtu: UInt32)
  /// The next hop's link-layer address is not known (ARP, neighbour discovery).
  case noNeighbour
  /// IPsec policies are in force in the namespace, or cannot be asked for: only the IP stack looks at them.
  case policies
}

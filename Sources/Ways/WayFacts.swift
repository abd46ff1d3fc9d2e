package import Addresses
package import Netlink

/// What counts of a link.
package struct WayLink: Hashable, Sendable {
  /// ARPHRD_….
  package var kind: UInt16
  /// Set up, and with a carrier.
  package var isUp: Bool
  package var mtu: UInt32
  package var linkAddress: MACAddress?

  package init(kind: UInt16 = 1, isUp: Bool = true, mtu: UInt32 = 1500, linkAddress: MACAddress?) {
    self.kind = kind
    self.isUp = isUp
    self.mtu = mtu
    self.linkAddress = linkAddress
  }
}

/// Whose link-layer address is wanted.
package struct WayHop: Hashable, Sendable {
  package var interface: UInt32
  package var address: IPAddress

  package init(interface: UInt32, address: IPAddress) {
    self.interface = interface
    self.address = address
  }
}

/// What counts of a neighbour.
package struct WayNeighbour: Hashable, Sendable {
  package var linkAddress: MACAddress?
  package var state: Neighbour.State

  package init(linkAddress: MACAddress?, state: Neighbour.State) {
    self.linkAddress = linkAddress
    self.state = state
  }

  /// What a packet may be sent to without asking the kernel; nil otherwise.
  var usable: MACAddress? {
    let valid: Neighbour.State = [.reachable, .stale, .delay, .probe, .permanent, .noARP]
    guard !valid.isDisjoint(with: state), let linkAddress, linkAddress.bits != 0, linkAddress.bits >> 40 & 1 == 0
    else { return nil }
    return linkAddress
  }
}

/// The kernel's decision on one packet (RTM_GETROUTE).
package struct WayRoute: Hashable, Sendable {
  /// RTN_….
  package var kind: UInt8
  package var interface: UInt32
  package var gateway: IPAddress?
  package var source: IPAddress?
  package var isEncapsulated: Bool

  package init(
    kind: UInt8 = 1, interface: UInt32, gateway: IPAddress? = nil, source: IPAddress? = nil,
    isEncapsulated: Bool = false
  ) {
    self.kind = kind
    self.interface = interface
    self.gateway = gateway
    self.source = source
    self.isEncapsulated = isEncapsulated
  }
}

/// A route that came, went or changed.
package struct WayRouteChange: Hashable, Sendable {
  package var prefix: IPPrefix
  /// The link of a unicast route with one next hop; 0 for all others.
  package var interface: UInt32

  package init(_ prefix: IPPrefix, interface: UInt32 = 0) {
    self.prefix = prefix
    self.interface = interface
  }
}

/// One thing to ask the kernel.
package enum WayQuery: Hashable, Sendable {
  /// Where a session's packets go (RTM_GETROUTE).
  case route(session: Int)
  /// Whether a session's IPv6 source is this system's (RTM_GETADDR): unlike IPv4's, the look-up above does not say.
  case source(session: Int)
  /// A neighbour by its number in the table (RTM_GETNEIGH).
  case neighbour(Int)
  /// RTM_GETLINK.
  case link(UInt32)
}

/// What a notification says, as far as it can concern a way.
package enum WayNews: Hashable, Sendable {
  case link(UInt32, WayLink)
  case linkRemoved(UInt32)
  case neighbour(WayHop, WayNeighbour)
  case neighbourRemoved(WayHop)
  /// New, or changed (tentative, deprecated).
  case address(IPAddress, interface: UInt32)
  case addressRemoved(IPAddress, interface: UInt32)
  /// New, or gone.
  case route(WayRouteChange)
  case rules(AddressFamily)
  /// A next hop or a group: routes that use it change without a word of their own.
  case nextHops
}

public import Addresses
import BFD
import CLinux

/// What keeps a session's echoes from leaving.
public enum EchoObstacle: Hashable, Sendable {
  /// Packet sockets could not be opened; why.
  case noSockets(String)
  /// No interface of this namespace has an address on the peer's link that a router forwards to: give the peer an
  /// interface or a local address in the configuration.
  case noLocalAddress
  /// The peer's link-layer address is not known (ARP, neighbour discovery).
  case noNeighbour
}

/// The way of a session's echoes as seen from outside.
public struct EchoView: Hashable, Sendable {
  public var localAddress: IPAddress?
  /// Index of the interface; 0 while it is not known.
  public var interface: UInt32
  public var linkAddress: MACAddress?
  public var obstacle: EchoObstacle?
  /// Echoes of the peer that this system sent back itself, because the kernel does not.
  public var looped: UInt64
}

/// The way of a session's echoes.
struct EchoPath {
  /// To the peer's link-layer address. Owned by the speaker, which frees it.
  var route: UnsafeMutablePointer<cl_tx_route>?
  var view = EchoView(localAddress: nil, interface: 0, linkAddress: nil, obstacle: nil, looped: 0)
  /// Where the last Control packet came in: a hint for links whose addresses say nothing.
  var heardOn: (interface: UInt32, local: IPAddress)?
  /// When the kernel's tables are looked at next.
  var lookAgainAt: Instant?
  /// When a peer's echo was last sent back.
  var loopedAt: Instant?
}

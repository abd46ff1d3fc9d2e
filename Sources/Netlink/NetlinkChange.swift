public import Addresses
import CLinux

/// One change to the kernel's tables, as a value: to plan, print, apply one by one or in a batch.
public enum NetlinkChange: Hashable, Sendable {
  /// EEXIST when the interface has it.
  case addAddress(InterfaceAddress)
  case replaceAddress(InterfaceAddress)
  case removeAddress(InterfaceAddress)
  /// EEXIST when there is a route of that destination, table and priority (IPv6: and the same next hop).
  case addRoute(Route)
  /// Adds it when it is not there.
  case replaceRoute(Route)
  /// Every field given must match; ESRCH when none does.
  case removeRoute(Route)
  /// EEXIST when there is the same already.
  case addRule(Rule)
  /// Every field given must match; ENOENT when none does.
  case removeRule(Rule)
  case addNextHop(NextHop)
  /// Adds it when it is not there; routes that use it follow at once. A group stays a group of its type.
  case replaceNextHop(NextHop)
  /// Takes it out of every group too; routes whose last next hop it was go as well. No notification for each route.
  case removeNextHop(UInt32)
  /// Adds or replaces.
  case setNeighbour(Neighbour)
  case removeNeighbour(IPAddress, interface: Int32)
  /// Confirms a known neighbour now (NUD_PROBE).
  case probeNeighbour(IPAddress, interface: Int32)
  /// Begins to resolve an unknown one (NTF_USE).
  case resolveNeighbour(IPAddress, interface: Int32)
  case setLink(Int32, LinkSettings)
  /// To the namespace behind a descriptor that is open in this process; there it is down, without addresses.
  case moveLink(Int32, namespaceDescriptor: Int32, name: String?)
  /// A pair; each end may be put into another namespace, whose descriptor is open in this process.
  case createVeth(VethEnd, peer: VethEnd)
  case createBridge(String)
  case removeLink(Int32)
}

/// What to change of a link; nil leaves a field as it is.
public struct LinkSettings: Hashable, Sendable {
  public var isUp: Bool?
  /// Octets.
  public var mtu: UInt32?
  public var mac: MACAddress?
  /// At most 15 octets; the link must be down on kernels before 6.2.
  public var name: String?
  /// ifindex of the bridge to join; 0 to leave it.
  public var master: Int32?

  public init(
    isUp: Bool? = nil, mtu: UInt32? = nil, mac: MACAddress? = nil, name: String? = nil, master: Int32? = nil
  ) {
    self.isUp = isUp
    self.mtu = mtu
    self.mac = mac
    self.name = name
    self.master = master
  }
}

/// One end of a veth pair to be made.
public struct VethEnd: Hashable, Sendable {
  public var name: String
  public var mac: MACAddress?
  public var mtu: UInt32?
  /// Descriptor of the namespace to make it in; nil is the socket's own.
  public var namespaceDescriptor: Int32?

  public init(_ name: String, mac: MACAddress? = nil, mtu: UInt32? = nil, namespaceDescriptor: Int32? = nil) {
    self.name = name
    self.mac = mac
    self.mtu = mtu
    self.namespaceDescriptor = namespaceDescriptor
  }
}

extension NetlinkChange: CustomStringConvertible {
  /// In words, as a log line or a plan prints it.
  public var description: String {
    switch self {
    case .addAddress(let address): "add address \(address.prefix) to interface \(address.interface)"
    case .replaceAddress(let address): "replace address \(address.prefix) on interface \(address.interface)"
    case .removeAddress(let address): "remove address \(address.prefix) from interface \(address.interface)"
    case .addRoute(let route): "add route \(route)"
    case .replaceRoute(let route): "replace route \(route)"
    case .removeRoute(let route): "remove route \(route)"
    case .addRule(let rule): "add rule \(rule)"
    case .removeRule(let rule): "remove rule \(rule)"
    case .addNextHop(let nextHop): "add \(nextHop)"
    case .replaceNextHop(let nextHop): "replace \(nextHop)"
    case .removeNextHop(let id): "remove next hop \(id)"
    case .setNeighbour(let neighbour): "set neighbour \(neighbour.address) on interface \(neighbour.interface)"
    case .removeNeighbour(let address, let interface): "remove neighbour \(address) from interface \(interface)"
    case .probeNeighbour(let address, let interface): "probe neighbour \(address) on interface \(interface)"
    case .resolveNeighbour(let address, let interface): "resolve neighbour \(address) on interface \(interface)"
    case .setLink(let index, let settings): "set link \(index)\(settings)"
    case .moveLink(let index, _, let name):
      "move link \(index) to another namespace\(name.map { " as \($0)" } ?? "")"
    case .createVeth(let one, let other): "create veth pair \(one.name) and \(other.name)"
    case .createBridge(let name): "create bridge \(name)"
    case .removeLink(let index): "remove link \(index)"
    }
  }
}

extension LinkSettings: CustomStringConvertible {
  /// With a blank before each: ` up mtu 1400`.
  public var description: String {
    [
      isUp.map { $0 ? " up" : " down" }, mtu.map { " mtu \($0)" }, mac.map { " address \($0)" },
      name.map { " name \($0)" }, master.map { $0 == 0 ? " without master" : " master \($0)" }
    ].compactMap { $0 }.joined()
  }
}

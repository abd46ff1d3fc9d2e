public import Addresses
import CLinux

/// An address of an interface (RTM_NEWADDR).
public struct InterfaceAddress: Hashable, Sendable {
  /// ifindex.
  public var interface: Int32
  /// The address with its host bits, and the length of its subnet: 10.9.0.11/24.
  public var prefix: IPPrefix
  /// The other end of a point-to-point link; the prefix length is then the peer's.
  public var peer: IPAddress?
  public var scope: RouteScope
  public var flags: Flags

  public init(
    interface: Int32, prefix: IPPrefix, peer: IPAddress? = nil, scope: RouteScope = .universe, flags: Flags = []
  ) {
    self.interface = interface
    self.prefix = prefix
    self.peer = peer
    self.scope = scope
    self.flags = flags
  }

  /// IFA_F_… of <linux/if_addr.h>.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// IPv4: not the first of its subnet; goes when the first goes.
    public static let secondary = Flags(rawValue: UInt32(IFA_F_SECONDARY))
    /// IPv6: use at once, without duplicate address detection (which takes 1 to 2 s).
    public static let noDuplicateDetection = Flags(rawValue: UInt32(IFA_F_NODAD))
    /// IPv6: another node has it; unusable.
    public static let duplicate = Flags(rawValue: UInt32(IFA_F_DADFAILED))
    public static let deprecated = Flags(rawValue: UInt32(IFA_F_DEPRECATED))
    /// IPv6: duplicate address detection still runs; unusable until it ends.
    public static let tentative = Flags(rawValue: UInt32(IFA_F_TENTATIVE))
    public static let permanent = Flags(rawValue: UInt32(IFA_F_PERMANENT))
    /// Makes no route for its subnet.
    public static let noPrefixRoute = Flags(rawValue: UInt32(IFA_F_NOPREFIXROUTE))

    /// Those that a request may set.
    static let settable: Flags = [.noDuplicateDetection, .noPrefixRoute]
  }
}

extension InterfaceAddress {
  init?(_ message: NetlinkMessage) {
    guard let (header, attributes) = message.header(ifaddrmsg.self), header.ifa_index > 0 else { return nil }
    var flags = UInt32(header.ifa_flags)
    var local: IPAddress?
    var address: IPAddress?
    for attribute in attributes {
      switch attribute.type {
      case IFA_LOCAL: local = IPAddress(octets: attribute.value)
      case IFA_ADDRESS: address = IPAddress(octets: attribute.value)
      case IFA_FLAGS: flags = attribute.u32 ?? flags
      default: break
      }
    }
    // Without a local address the address is it (IPv6); with both and different, the address is the peer's.
    guard let own = local ?? address, own.family.number == header.ifa_family,
      let prefix = IPPrefix(own, length: Int(header.ifa_prefixlen))
    else { return nil }
    self.init(
      interface: Int32(truncatingIfNeeded: header.ifa_index), prefix: prefix, peer: address == own ? nil : address,
      scope: RouteScope(rawValue: header.ifa_scope), flags: Flags(rawValue: flags))
  }

  func encode(
    _ type: some KernelConstant, flags: Int32, into writer: inout MessageWriter, sequence: UInt32
  ) {
    var header = ifaddrmsg()
    header.ifa_family = prefix.family.number
    header.ifa_prefixlen = UInt8(truncatingIfNeeded: prefix.length)
    header.ifa_scope = scope.rawValue
    header.ifa_index = UInt32(bitPattern: interface)
    writer.begin(type, flags: flags, sequence: sequence, header)
    writer.put(IFA_LOCAL, bytes: prefix.address.octets)
    writer.put(IFA_ADDRESS, bytes: (peer ?? prefix.address).octets)
    writer.put(IFA_FLAGS, self.flags.intersection(.settable).rawValue)
    writer.end()
  }
}

extension NetlinkSocket {
  /// Every address of the namespace, or those of one interface.
  public mutating func addresses(interface: Int32? = nil) throws(NetlinkError) -> [InterfaceAddress] {
    try dump("list addresses") { writer, sequence in
      var header = ifaddrmsg()
      header.ifa_index = UInt32(bitPattern: interface ?? 0)
      writer.begin(RTM_GETADDR, flags: NLM_F_DUMP, sequence: sequence, header)
      writer.end()
    } decode: { message in
      RTM_NEWADDR ~= message.type ? InterfaceAddress(message) : nil
    }
  }
}

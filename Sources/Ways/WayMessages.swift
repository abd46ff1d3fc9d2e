import Addresses
import CLinux
import Glibc
import Netlink

/// rtnetlink's messages, read where they lie: no copy, no allocation. Every read is checked against the message's end.
/// Offsets count from the message's header, which has 16 octets.
extension RawSpan {
  private func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    // Initialised integers, within the span, which the call checks.
    unsafeLoadUnaligned(fromByteOffset: offset, as: type)
  }

  /// The message that starts at `offset`; nil at the end, and when its length is impossible.
  func message(at offset: Int) -> (type: UInt16, sequence: UInt32, port: UInt32, range: Range<Int>)? {
    guard offset + 16 <= byteCount else { return nil }
    let length = Int(load(offset, as: UInt32.self))
    guard length >= 16, length <= byteCount - offset else { return nil }
    return (
      load(offset + 4, as: UInt16.self), load(offset + 8, as: UInt32.self), load(offset + 12, as: UInt32.self),
      offset..<offset + length
    )
  }

  /// The attribute that starts at `offset`, which moves to the next; nil at the end.
  private func attribute(_ offset: inout Int) -> (type: UInt16, value: Range<Int>)? {
    guard offset + 4 <= byteCount else { return nil }
    let length = Int(load(offset, as: UInt16.self))
    guard length >= 4, length <= byteCount - offset else { return nil }
    let found = (load(offset + 2, as: UInt16.self) & UInt16(CL_NLA_TYPE_MASK), offset + 4..<offset + length)
    offset += (length + 3) & ~3
    return found
  }

  private func number(_ range: Range<Int>) -> UInt32? {
    range.count >= 4 ? load(range.lowerBound, as: UInt32.self) : nil
  }

  private func address(_ range: Range<Int>) -> IPAddress? {
    switch range.count {
    case 4: .v4(IPv4Address(bits: UInt32(bigEndian: load(range.lowerBound, as: UInt32.self))))
    case 16:
      .v6(
        IPv6Address(
          high: UInt64(bigEndian: load(range.lowerBound, as: UInt64.self)),
          low: UInt64(bigEndian: load(range.lowerBound + 8, as: UInt64.self))))
    default: nil
    }
  }

  private func linkAddress(_ range: Range<Int>) -> MACAddress? {
    guard range.count == 6 else { return nil }
    let high = UInt64(UInt16(bigEndian: load(range.lowerBound, as: UInt16.self)))
    return MACAddress(bits: high << 32 | UInt64(UInt32(bigEndian: load(range.lowerBound + 2, as: UInt32.self))))
  }

  private func family(_ offset: Int) -> AddressFamily? {
    switch Int32(load(offset, as: UInt8.self)) {
    case AF_INET: .ipv4
    case AF_INET6: .ipv6
    default: nil
    }
  }

  /// errno of an NLMSG_ERROR; 0 for an acknowledgement.
  var errorCode: Int32 { byteCount >= 20 ? -load(16, as: Int32.self) : 0 }

  /// What a notification says; nil when it can concern nobody.
  func news(_ type: UInt16) -> WayNews? {
    switch type {
    case RTM_NEWROUTE, RTM_DELROUTE: routeChange.map { .route($0) }
    case RTM_NEWNEIGH: neighbour.map { .neighbour($0.hop, $0.fact) }
    case RTM_DELNEIGH: neighbour.map { .neighbourRemoved($0.hop) }
    case RTM_NEWLINK: link.map { .link($0.interface, $0.fact) }
    case RTM_DELLINK: link.map { .linkRemoved($0.interface) }
    case RTM_NEWADDR: interfaceAddress.map { .address($0.address, interface: $0.interface) }
    case RTM_DELADDR: interfaceAddress.map { .addressRemoved($0.address, interface: $0.interface) }
    case RTM_NEWRULE, RTM_DELRULE: byteCount >= 28 ? family(16).map { .rules($0) } : nil
    case RTM_NEWNEXTHOP, RTM_DELNEXTHOP: .nextHops
    default: nil
    }
  }

  /// struct rtmsg and what follows, of a route in a table.
  private var routeChange: WayRouteChange? {
    guard byteCount >= 28, let family = family(16), load(24, as: UInt32.self) & UInt32(RTM_F_CLONED) == 0 else {
      return nil
    }
    let isUnicast = load(23, as: UInt8.self) == UInt8(RTN_UNICAST)
    var destination = IPAddress.any(family)
    var interface: UInt32 = 0
    var offset = 28
    while let (type, value) = attribute(&offset) {
      switch type {
      case RTA_DST: destination = address(value) ?? destination
      case RTA_OIF: if isUnicast { interface = number(value) ?? 0 }
      default: break
      }
    }
    guard destination.family == family else { return nil }
    return IPPrefix(destination, length: Int(load(17, as: UInt8.self))).map {
      WayRouteChange($0, interface: interface)
    }
  }

  /// struct rtmsg and what follows, of an answer to RTM_GETROUTE.
  var route: WayRoute? {
    guard byteCount >= 28 else { return nil }
    var route = WayRoute(kind: load(23, as: UInt8.self), interface: 0)
    var offset = 28
    while let (type, value) = attribute(&offset) {
      switch type {
      case RTA_OIF: route.interface = number(value) ?? 0
      case RTA_GATEWAY: route.gateway = address(value)
      // struct rtvia: a family, then an address of it.
      case RTA_VIA: route.gateway = value.count > 2 ? address(value.dropFirst(2)) : nil
      case RTA_PREFSRC: route.source = address(value)
      case RTA_ENCAP, RTA_ENCAP_TYPE: route.isEncapsulated = true
      default: break
      }
    }
    return route
  }

  /// struct ndmsg and what follows.
  var neighbour: (hop: WayHop, fact: WayNeighbour)? {
    guard byteCount >= 28, let family = family(16), Int32(load(26, as: UInt8.self)) & NTF_PROXY == 0 else {
      return nil
    }
    var found: IPAddress?
    var fact = WayNeighbour(linkAddress: nil, state: Neighbour.State(rawValue: load(24, as: UInt16.self)))
    var offset = 28
    while let (type, value) = attribute(&offset) {
      switch type {
      case NDA_DST: found = address(value)
      case NDA_LLADDR: fact.linkAddress = linkAddress(value)
      default: break
      }
    }
    guard let found, found.family == family else { return nil }
    return (WayHop(interface: load(20, as: UInt32.self), address: found), fact)
  }

  /// struct ifinfomsg and what follows; nil for what bridges say of their ports.
  var link: (interface: UInt32, fact: WayLink)? {
    guard byteCount >= 32, load(16, as: UInt8.self) == 0 else { return nil }
    let flags = load(24, as: UInt32.self)
    let needed = UInt32(IFF_UP) | UInt32(CL_IFF_LOWER_UP)
    var fact = WayLink(kind: load(18, as: UInt16.self), isUp: flags & needed == needed, mtu: 0, linkAddress: nil)
    var offset = 32
    while let (type, value) = attribute(&offset) {
      switch type {
      case IFLA_ADDRESS: fact.linkAddress = linkAddress(value)
      case IFLA_MTU: fact.mtu = number(value) ?? 0
      default: break
      }
    }
    return (load(20, as: UInt32.self), fact)
  }

  /// struct ifaddrmsg and what follows.
  var interfaceAddress: (address: IPAddress, interface: UInt32, isUsable: Bool)? {
    guard byteCount >= 24, let family = family(16) else { return nil }
    var flags = UInt32(load(18, as: UInt8.self))
    var found: IPAddress?
    var local: IPAddress?
    var offset = 24
    while let (type, value) = attribute(&offset) {
      switch type {
      case IFA_ADDRESS: found = address(value)
      case IFA_LOCAL: local = address(value)
      case IFA_FLAGS: flags = number(value) ?? flags
      default: break
      }
    }
    guard let own = local ?? found, own.family == family else { return nil }
    let isUsable =
      flags & UInt32(IFA_F_OPTIMISTIC) != 0 || flags & UInt32(IFA_F_TENTATIVE | IFA_F_DADFAILED) == 0
    return (own, load(20, as: UInt32.self), isUsable)
  }
}

// The kernel's names for types: plain numbers or an enumeration in C.
func ~= (constant: Int, type: UInt16) -> Bool { type == UInt16(truncatingIfNeeded: constant) }
func ~= (constant: rtattr_type_t, type: UInt16) -> Bool { type == UInt16(truncatingIfNeeded: constant.rawValue) }

import Addresses
import CLinux
import Glibc

/// Who installed a route or a next hop (rtm_protocol); /etc/iproute2/rt_protos names them.
public struct RouteProtocol: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let unspecified = RouteProtocol(rawValue: UInt8(RTPROT_UNSPEC))
  /// ICMP redirect.
  public static let redirect = RouteProtocol(rawValue: UInt8(RTPROT_REDIRECT))
  /// By the kernel itself, for an address.
  public static let kernel = RouteProtocol(rawValue: UInt8(RTPROT_KERNEL))
  public static let boot = RouteProtocol(rawValue: UInt8(RTPROT_BOOT))
  public static let `static` = RouteProtocol(rawValue: UInt8(RTPROT_STATIC))
  /// IPv6 router advertisement.
  public static let routerAdvertisement = RouteProtocol(rawValue: UInt8(RTPROT_RA))
  public static let bird = RouteProtocol(rawValue: UInt8(RTPROT_BIRD))
  public static let zebra = RouteProtocol(rawValue: UInt8(RTPROT_ZEBRA))
}

/// How far away a destination is (rtm_scope, IPv4 only).
public struct RouteScope: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let universe = RouteScope(rawValue: UInt8(RT_SCOPE_UNIVERSE.rawValue))
  /// Directly on the link.
  public static let link = RouteScope(rawValue: UInt8(RT_SCOPE_LINK.rawValue))
  /// This host.
  public static let host = RouteScope(rawValue: UInt8(RT_SCOPE_HOST.rawValue))
  /// In a removal: whatever it is.
  public static let nowhere = RouteScope(rawValue: UInt8(RT_SCOPE_NOWHERE.rawValue))
}

/// What happens to a packet (rtm_type).
public struct RouteKind: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let unicast = RouteKind(rawValue: UInt8(RTN_UNICAST))
  public static let local = RouteKind(rawValue: UInt8(RTN_LOCAL))
  public static let broadcast = RouteKind(rawValue: UInt8(RTN_BROADCAST))
  public static let anycast = RouteKind(rawValue: UInt8(RTN_ANYCAST))
  public static let multicast = RouteKind(rawValue: UInt8(RTN_MULTICAST))
  /// Dropped in silence.
  public static let blackhole = RouteKind(rawValue: UInt8(RTN_BLACKHOLE))
  /// Dropped with ICMP host unreachable.
  public static let unreachable = RouteKind(rawValue: UInt8(RTN_UNREACHABLE))
  /// Dropped with ICMP administratively prohibited.
  public static let prohibit = RouteKind(rawValue: UInt8(RTN_PROHIBIT))
}

/// A routing table's number (RTA_TABLE).
public enum RouteTable {
  public static let main = UInt32(RT_TABLE_MAIN.rawValue)
  public static let local = UInt32(RT_TABLE_LOCAL.rawValue)
  public static let `default` = UInt32(RT_TABLE_DEFAULT.rawValue)
}

/// State and options of a next hop (RTNH_F_… of <linux/rtnetlink.h>).
public struct NextHopFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Not usable.
  public static let dead = NextHopFlags(rawValue: UInt32(RTNH_F_DEAD))
  /// Take the gateway to be on the link without looking for a subnet.
  public static let onLink = NextHopFlags(rawValue: UInt32(RTNH_F_ONLINK))
  public static let offloaded = NextHopFlags(rawValue: UInt32(RTNH_F_OFFLOAD))
  /// Its interface has no carrier.
  public static let linkDown = NextHopFlags(rawValue: UInt32(RTNH_F_LINKDOWN))

  /// Those that a request may set.
  static let settable: NextHopFlags = [.onLink]
}

extension AddressFamily {
  /// AF_INET or AF_INET6 as one octet of a netlink header.
  var number: UInt8 { self == .ipv4 ? UInt8(AF_INET) : UInt8(AF_INET6) }

  init?(number: UInt8) {
    switch Int32(number) {
    case AF_INET: self = .ipv4
    case AF_INET6: self = .ipv6
    default: return nil
    }
  }
}

public import Addresses
import CLinux
import Glibc

/// A network interface (RTM_NEWLINK).
public struct Link: Hashable, Sendable {
  /// ifindex, positive; unique in its namespace.
  public var index: Int32
  public var name: String
  /// `veth`, `bridge`; nil for a link without a driver's kind, such as loopback or a physical one.
  public var kind: String?
  /// Octets.
  public var mtu: UInt32
  public var mac: MACAddress?
  public var flags: Flags
  /// RFC 2863 ifOperStatus.
  public var operationalState: OperationalState
  /// Whether the lower layer has a carrier (IFLA_CARRIER); only meaningful while up.
  public var carrier: Bool
  /// ifindex of the bridge or bond it belongs to.
  public var master: Int32?
  /// ifindex of the other end (veth) or of the link beneath, in the namespace `linkNamespaceID`.
  public var link: Int32?
  /// The id, in this namespace, of the namespace `link` lives in; nil when it is this one.
  public var linkNamespaceID: Int32?
  /// The smallest and largest MTU the driver accepts, in octets; nil when it does not say (IFLA_MIN_MTU, IFLA_MAX_MTU).
  public var minimumMTU: UInt32?
  public var maximumMTU: UInt32?

  /// IFF_… of <linux/if.h>.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Set up by the administrator.
    public static let up = Flags(rawValue: UInt32(IFF_UP))
    /// Operational: RFC 2863 state up or unknown.
    public static let running = Flags(rawValue: UInt32(IFF_RUNNING))
    /// The driver reports a carrier.
    public static let lowerUp = Flags(rawValue: UInt32(CL_IFF_LOWER_UP))
    public static let loopback = Flags(rawValue: UInt32(IFF_LOOPBACK))
    public static let dormant = Flags(rawValue: UInt32(CL_IFF_DORMANT))
  }

  /// IF_OPER_… of <linux/if.h>, RFC 2863 section 3.1.14.
  public enum OperationalState: UInt8, Hashable, Sendable {
    case unknown, notPresent, down, lowerLayerDown, testing, dormant, up
  }

  /// Whether packets can leave: set up, and the driver reports a carrier.
  public var isUsable: Bool { flags.isSuperset(of: [.up, .lowerUp]) }
}

extension Link {
  init?(_ message: NetlinkMessage) {
    guard let (header, attributes) = message.header(ifinfomsg.self), header.ifi_index > 0 else { return nil }
    self.init(
      index: header.ifi_index, name: "", mtu: 0, flags: Flags(rawValue: header.ifi_flags),
      operationalState: .unknown,
      carrier: header.ifi_flags & UInt32(CL_IFF_LOWER_UP) != 0)
    for attribute in attributes {
      switch attribute.type {
      case IFLA_IFNAME: name = attribute.text
      case IFLA_MTU: mtu = attribute.u32 ?? 0
      case IFLA_ADDRESS: mac = MACAddress(octets: attribute.value)
      case IFLA_OPERSTATE: operationalState = attribute.u8.flatMap(OperationalState.init) ?? .unknown
      case IFLA_CARRIER: carrier = attribute.u8 == 1
      case IFLA_MASTER: master = attribute.s32
      case IFLA_LINK: link = attribute.s32
      case IFLA_LINK_NETNSID: linkNamespaceID = attribute.s32
      case IFLA_MIN_MTU: minimumMTU = attribute.u32
      // Zero: no limit known (net_device.max_mtu).
      case IFLA_MAX_MTU: maximumMTU = attribute.u32.flatMap { $0 == 0 ? nil : $0 }
      case IFLA_LINKINFO:
        for inner in attribute.nested where IFLA_INFO_KIND ~= inner.type { kind = inner.text }
      default: break
      }
    }
  }
}

extension NetlinkSocket {
  /// Every link of the namespace.
  public mutating func links() throws(NetlinkError) -> [Link] {
    try dump("list links") { writer, sequence in
      writer.begin(RTM_GETLINK, flags: NLM_F_DUMP, sequence: sequence, ifinfomsg())
      writer.end()
    } decode: { message in
      RTM_NEWLINK ~= message.type ? Link(message) : nil
    }
  }

  /// The link of that name or alternative name; nil when there is none.
  public mutating func link(named name: String) throws(NetlinkError) -> Link? {
    try link("read link \(name)") { writer in
      writer.put(name.utf8.count < Int(IFNAMSIZ) ? IFLA_IFNAME : IFLA_ALT_IFNAME, text: name)
    }
  }

  /// The link with that ifindex; nil when there is none.
  public mutating func link(index: Int32) throws(NetlinkError) -> Link? {
    guard index > 0 else { return nil }
    return try link("read link \(index)", index: index) { _ in }
  }

  private mutating func link(
    _ operation: String, index: Int32 = 0, _ attributes: (inout MessageWriter) -> Void
  ) throws(NetlinkError) -> Link? {
    do throws(NetlinkError) {
      return try get(operation) { writer, sequence in
        var header = ifinfomsg()
        header.ifi_index = index
        writer.begin(RTM_GETLINK, flags: 0, sequence: sequence, header)
        attributes(&writer)
        writer.end()
      } decode: {
        Link($0)
      }
    } catch {
      if error.code == ENODEV { return nil }
      throw error
    }
  }
}

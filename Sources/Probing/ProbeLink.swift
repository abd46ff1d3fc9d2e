import Addresses
import BFD
import CLinux
import Glibc
import Netlink
import PacketSockets

/// What a packet socket hears.
enum Ethertype: Int, CaseIterable {
  case ipv4, ipv6, arp

  var number: UInt16 {
    switch self {
    case .ipv4: UInt16(ETH_P_IP)
    case .ipv6: UInt16(ETH_P_IPV6)
    case .arp: UInt16(ETH_P_ARP)
    }
  }

  static func carrying(_ family: AddressFamily) -> Ethertype { family == .ipv4 ? .ipv4 : .ipv6 }
  static func resolving(_ family: AddressFamily) -> Ethertype { family == .ipv4 ? .arp : .ipv6 }
}

/// A descriptor that is closed with its owner.
final class OwnedDescriptor: Sendable {
  let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }
}

/// One interface: its packet sockets, and what is known of it.
struct ProbeLink {
  /// Nanoseconds after which addresses are read again when all is well.
  static let refreshAfter: Int64 = 10_000_000_000
  /// The least time between two readings when it is not.
  static let refreshPause: Int64 = 100_000_000

  let interface: ProbeInterface
  /// How many probes use each socket, by `Ethertype.rawValue`.
  var users = [0, 0, 0]
  var sockets: [OwnedDescriptor?] = [nil, nil, nil]
  private(set) var isPresent = false
  /// Our own; nil when the link has no such addresses, and packets go to the other end as they are.
  private(set) var linkAddress: MACAddress?
  private(set) var addresses: [IPPrefix] = []
  private var refreshedAt: Instant?

  init(_ interface: ProbeInterface) { self.interface = interface }

  var isUsed: Bool { users.contains { $0 > 0 } }

  func descriptor(_ type: Ethertype) -> Int32? { sockets[type.rawValue]?.number }

  /// What is known may be wrong.
  mutating func invalidate() { refreshedAt = nil }

  /// Whether it is time to read the interface anew.
  /// - Parameter doubtful: something does not work, so it may be this.
  func wantsRefresh(doubtful: Bool, at now: Instant) -> Bool {
    guard let refreshedAt else { return true }
    return now - refreshedAt >= (doubtful ? Self.refreshPause : Self.refreshAfter)
  }

  /// Reads the interface anew.
  mutating func refresh(with netlink: inout NetlinkSocket?, at now: Instant) {
    refreshedAt = now
    readLink()
    let all = isPresent ? try? netlink?.addresses(interface: Int32(bitPattern: interface.index)) : nil
    addresses = (all ?? []).compactMap {
      $0.flags.isDisjoint(with: [.tentative, .duplicate]) ? $0.prefix : nil
    }
  }

  private mutating func readLink() {
    isPresent = false
    linkAddress = nil
    for type in Ethertype.allCases {
      guard let descriptor = descriptor(type) else { continue }
      var link = cl_probe_link()
      // An interface that went away has taken the binding along; one that came back under its index gets a new one.
      if cl_probe_link(descriptor, &link) == 0, link.interface_index != interface.index {
        guard cl_probe_bind(descriptor, type.number, interface.index) == 0,
          cl_probe_link(descriptor, &link) == 0
        else { continue }
      }
      guard link.interface_index == interface.index else { continue }
      isPresent = true
      if link.hardware_type == UInt16(CL_ARPHRD_ETHER), link.address_length == 6 {
        linkAddress = withUnsafeBytes(of: link.address) { $0.bytes.mac(0) }
      }
    }
  }
}

import Addresses
import BFD
import CLinux
import Glibc
import Netlink
import NetworkNamespaces

/// The sockets that echoes of one routing domain leave and come back by, and the kernel's tables for their way.
///
/// Packet sockets, because an echo has our own address as source and destination (RFC 5881 section 4): the routing table
/// would deliver it here instead of sending it, and the IPv4 stack drops what comes back as martian.
final class EchoPort {
  let domain: RoutingDomain
  let sender: Int32
  /// IPv4 and IPv6.
  let hearers: [Int32]
  private let sinks: [Int32]
  private var netlink: NetlinkSocket

  deinit { for descriptor in hearers + sinks + [sender] { close(descriptor) } }

  init(_ domain: RoutingDomain, in namespace: borrowing NetworkNamespace) throws(SpeakerError) {
    do throws(SystemCallError) {
      let opened = try namespace.perform { () throws(SystemCallError) in try Self.open() }
      self.domain = domain
      sender = opened[0]
      hearers = [opened[1], opened[2]]
      sinks = Array(opened[3...])
    } catch {
      let advice =
        error.code == EPERM || error.code == EACCES ? ": not permitted; run as root or with CAP_NET_RAW" : ""
      throw SpeakerError(message: "\(error)\(advice)", code: error.code)
    }
    do throws(NetlinkError) {
      netlink = try NetlinkSocket(in: namespace)
    } catch {
      throw SpeakerError(message: "\(error)", code: error.code)
    }
  }

  private static func open() throws(SystemCallError) -> [Int32] {
    var opened: [Int32] = []
    for (what, descriptor) in [
      ("to send echoes", cl_echo_sender()), ("for IPv4 echoes", cl_echo_socket(UInt16(ETH_P_IP))),
      ("for IPv6 echoes", cl_echo_socket(UInt16(ETH_P_IPV6)))
    ] {
      guard descriptor >= 0 else {
        let error = SystemCallError("open a packet socket \(what)")
        for other in opened { close(other) }
        throw error
      }
      opened.append(descriptor)
    }
    // Another BFD daemon may own the port; then it is that daemon's to keep the kernel from complaining.
    return opened + [cl_echo_sink(false), cl_echo_sink(true)].filter { $0 >= 0 }
  }

  /// Our address on the peer's link, and the link: the one given, or what the kernel's addresses say.
  func link(to peer: IPAddress, from local: IPAddress?, on interface: UInt32) -> (
    interface: UInt32, local: IPAddress
  )? {
    let all = (try? netlink.addresses(interface: interface == 0 ? nil : Int32(bitPattern: interface))) ?? []
    let usable = all.filter {
      // What the peer must not forward cannot come back from it.
      $0.prefix.family == peer.family && $0.flags.isDisjoint(with: [.tentative, .duplicate])
        && $0.prefix.address.isForwarded && (local == nil || $0.prefix.address == local)
    }
    let chosen =
      usable.filter { $0.prefix.contains(peer) }.max { $0.prefix.length < $1.prefix.length }
      ?? (interface == 0 ? nil : usable.first)
    return chosen.map { (UInt32(bitPattern: $0.interface), $0.prefix.address) }
  }

  /// The peer's link-layer address; nil as long as it is not known.
  /// - Parameter confirm: have the kernel ask for it anew.
  func linkAddress(of peer: IPAddress, on interface: UInt32, confirm: Bool) -> MACAddress? {
    let index = Int32(bitPattern: interface)
    let known = (try? netlink.neighbours(interface: index))?.first {
      $0.address == peer && $0.linkAddress != nil && !$0.state.contains(.failed)
    }
    if confirm || known == nil { try? netlink.probeNeighbour(peer, interface: index) }
    return known?.linkAddress
  }
}

extension IPAddress {
  /// Whether a router sends on what goes to it: not to a link-local address of IPv6 (RFC 4291 section 2.5.6). Those of
  /// IPv4 Linux forwards, and Kube-OVN's links have them.
  var isForwarded: Bool {
    guard case .v6(let address) = self else { return true }
    return !address.isLinkLocal
  }
}

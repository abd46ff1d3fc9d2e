public import Addresses
import Glibc
public import Netlink
public import NetworkNamespaces

/// What is wrong with a question, before anything is sent.
public struct ProbeFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  public var description: String { message }
  public init(_ message: String) { self.message = message }
}

/// The way from a namespace to an address.
public struct ProbePath: Hashable, Sendable {
  public var interface: String
  public var index: UInt32
  public var source: IPAddress
  /// The router in between; nil when the address is on the link.
  public var gateway: IPAddress?

  /// What a look for the way comes to.
  public enum Finding: Hashable, Sendable {
    case path(ProbePath)
    /// There is none, and why; the interface when it is that.
    case none(interface: String?, String)
    /// What was asked for is not there.
    case refused(String)
  }

  /// Looks the way up, as the kernel would go or by the interface that is named.
  public static func find(
    to address: IPAddress, interface name: String?, source wanted: IPAddress?,
    in namespace: borrowing NetworkNamespace
  ) throws(NetlinkError) -> Finding {
    var netlink = try NetlinkSocket(in: namespace)
    var route: Route?
    var refusal: NetlinkError?
    do throws(NetlinkError) { route = try netlink.route(to: address) } catch { refusal = error }
    if route?.kind == .local {
      return .none(interface: nil, "\(address) is an address of this namespace itself")
    }
    let link: Link?
    if let name {
      link = try netlink.link(named: name)
      guard link != nil else { return .refused("there is no interface \(name) in this namespace") }
    } else if let index = route?.interface ?? route?.paths.first?.interface {
      link = try netlink.link(index: index)
    } else {
      let words = refusal.map { "\($0)" } ?? "there is no route to \(address)"
      return .none(interface: nil, address.isLinkLocal ? "\(words); name the interface with --interface" : words)
    }
    guard let link else { return .none(interface: nil, "the route's interface is gone") }
    guard link.flags.contains(.up) else { return .none(interface: link.name, "the interface \(link.name) is down") }
    guard link.carrier else { return .none(interface: link.name, "the interface \(link.name) has no carrier") }
    let addresses = try netlink.addresses(interface: link.index).filter { $0.prefix.family == address.family }
    let isByRoute = route?.interface == link.index
    var gateway = isByRoute ? route?.gateway : nil
    if let path = route?.paths.first(where: { $0.interface == link.index }) { gateway = path.gateway }
    let onLink = addresses.first { $0.prefix.contains(address) }?.prefix.address
    if onLink != nil || address.isLinkLocal { gateway = nil }
    let usual = isByRoute ? route?.preferredSource : nil
    let linkLocal = address.isLinkLocal ? addresses.first { $0.prefix.address.isLinkLocal } : nil
    guard
      let source = wanted ?? linkLocal?.prefix.address ?? onLink ?? usual
        ?? addresses.first(where: { !$0.prefix.address.isLinkLocal })?.prefix.address
    else {
      return .none(interface: link.name, "the interface \(link.name) has no \(address.family) address")
    }
    if let wanted {
      let all = try netlink.addresses()
      guard all.contains(where: { $0.prefix.address == wanted }) else {
        return .refused("\(wanted) is not an address of this namespace")
      }
    }
    return .path(
      ProbePath(interface: link.name, index: UInt32(bitPattern: link.index), source: source, gateway: gateway))
  }
}

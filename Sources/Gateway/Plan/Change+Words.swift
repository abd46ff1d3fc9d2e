import Addresses
import Languages
import NamespaceDiagnosis
import Netlink
import NetworkNamespaces

extension Change: CustomStringConvertible {
  /// `+ address 10.9.0.11/24 on net1`.
  var description: String { "\(sign) \(text)" }

  /// One line, worded as `ip` words it, without the sign.
  var text: String {
    switch self {
    case .createNamespace(let name): "namespace \(name)"
    case .repairNamespace(let repair):
      "namespace \(repair.name) repaired: \(repair.steps.map(\.sentence.en).joined(separator: ", "))"
    case .nameNamespace(let name): "name \(name) of the namespace in use"
    case .moveLink(let from, let to, let namespace, let loses):
      "link \(from) -> \(to) in namespace \(namespace)"
        + (loses.isEmpty ? "" : " (loses \(loses.map(\.description).joined(separator: ", ")) and its routes)")
    case .renameLink(let from, let to): "link \(from) -> \(to)"
    case .removeLink(let name): "link \(name): nobody serves it any more, and another one is outside"
    case .setMAC(let name, let from, let to): "mac \(name) \(from.map { "\($0)" } ?? "?") -> \(to)"
    case .setMTU(let name, let from, let to): "mtu \(name) \(from.map { "\($0)" } ?? "?") -> \(to)"
    case .setSysctl(let sysctl, let from, let to): "sysctl \(sysctl) \(from.map { "\($0) -> " } ?? "= ")\(to)"
    case .setLinkUp(let name): "link \(name) up"
    case .addAddress(let prefix, let name), .removeAddress(let prefix, let name): "address \(prefix) on \(name)"
    case .addNextHop(let hop): "nexthop \(hop.id) \(hop.place) (path \(hop.path))"
    case .replaceNextHop(let hop, let from): "nexthop \(hop.id) \(from.place) -> \(hop.place) (path \(hop.path))"
    case .createGroup(let group): "group \(group.name) of \(group.paths.joined(separator: ", "))\(group.type.words)"
    case .recreateGroup(let group, let from):
      "group \(group.name) made anew:\(from.words.isEmpty ? " plain" : from.words) ->"
        + (group.type.words.isEmpty ? " plain" : group.type.words)
    case .updateGroup(let group, let members):
      "group \(group.name) of \(members.map { group.word($0) }.joined(separator: ", ")) -> at most "
        + "\(group.members.map { group.word($0) }.joined(separator: ", "))\(group.type.words)"
    case .addRoute(let route): "route \(route)"
    case .replaceRoute(let route, let from):
      "route \(route.key.prefix) \(from.target) -> \(route.target)\(route.key.words)"
    case .removeRoute(let route): "route \(route)"
    case .addRule(let planned): "rule \(planned.rule)"
    case .removeRule(let rule): "rule \(rule)"
    case .removeNextHop(let hop): hop.isGroup ? "group \(hop.id)" : "nexthop \(hop.id) \(hop.place)"
    }
  }
}

extension RouteKey {
  /// ` metric 100 table 10`, without what is the default.
  var words: String {
    let usual: UInt32 = prefix.family == .ipv6 ? 1024 : 0
    return (metric == usual ? "" : " metric \(metric)") + (table == RouteTable.main ? "" : " table \(table)")
  }
}

extension PlannedRoute: CustomStringConvertible {
  /// `0.0.0.0/0 group default metric 100`.
  var description: String { "\(key.prefix) \(target)\(key.words)" }
}

extension PlannedRoute.Target: CustomStringConvertible {
  var description: String {
    switch self {
    case .group(_, let name): "group \(name)"
    case .direct(let via, let interface, let source):
      [via.map { "via \($0)" }, interface.map { "dev \($0)" }, source.map { "src \($0)" }].compactMap { $0 }
        .joined(separator: " ")
    }
  }
}

extension ObservedRoute: CustomStringConvertible {
  var description: String { "\(key.prefix) \(target)\(key.words)" }

  /// What it does with a packet.
  var target: String {
    if kind == .blackhole { return "blackhole" }
    if kind == .unreachable { return "unreachable" }
    if kind == .prohibit { return "prohibit" }
    if let nextHop { return "nhid \(nextHop)" }
    if isMultipath { return "multipath" }
    return PlannedRoute.Target.direct(via: via, interface: interface, source: source).description
  }
}

extension PlannedNextHop {
  var place: String { "via \(via) dev \(interface)" }
}

extension ObservedNextHop {
  var place: String {
    switch kind {
    case .gateway(let via, let interface): "via \(via) dev \(interface)"
    case .group(let members, _): "of \(members.map { "\($0.id)" }.joined(separator: ", "))"
    case .other: "blackhole"
    }
  }
}

extension PlannedGroup {
  /// The path's name and weight; the number of one that is not a member.
  func word(_ member: NextHop.Member) -> String {
    let name = members.firstIndex { $0.id == member.id }.map { paths[$0] } ?? "nexthop \(member.id)"
    return member.weight == 1 ? name : "\(name) weight \(member.weight)"
  }
}

extension NextHop.GroupType {
  /// ` resilient 128 buckets idle 120 s`; nothing for a plain one.
  var words: String {
    guard case .resilient(let resilience) = self else { return "" }
    return
      " resilient \(resilience.buckets) buckets idle \(resilience.idleTimer.words) unbalanced \(resilience.unbalancedTimer.words)"
  }
}

extension Duration {
  /// `60 s`, `1500 ms`.
  fileprivate var words: String {
    let (seconds, attoseconds) = components
    return attoseconds == 0 ? "\(seconds) s" : "\(wholeNanoseconds / 1_000_000) ms"
  }
}

extension RouteProtocol {
  /// As iproute2 names it (/etc/iproute2/rt_protos), or its number.
  var words: String {
    switch self {
    case .kernel: "kernel"
    case .boot: "boot (added by hand with `ip route`)"
    case .static: "static"
    case .redirect: "redirect"
    case .routerAdvertisement: "ra (router advertisement)"
    case .bird: "bird"
    case .zebra: "zebra"
    case .everway: "everway"
    default:
      switch rawValue {
      case 16: "dhcp"
      case 42: "babel"
      case 186: "bgp"
      case 187: "isis"
      case 188: "ospf"
      case 189: "rip"
      case 192: "eigrp"
      default: "\(rawValue)"
      }
    }
  }
}

import Addresses
import NamespaceDiagnosis
import Netlink
import NetworkNamespaces

/// One change to the machine. Interfaces go by the name they have in the gateway's namespace.
enum Change: Hashable, Sendable {
  case createNamespace(String)
  /// Mends the name of a namespace that we do not hold, as `everway netns repair` does.
  case repairNamespace(NamespaceRepair)
  /// Gives the namespace that we hold open its name back.
  case nameNamespace(String)
  /// From the namespace everway was started in. The link arrives down, without addresses, routes and sysctls of its own.
  case moveLink(from: String, to: String, namespace: String, loses: [IPPrefix])
  case renameLink(from: String, to: String)
  /// A tap that nobody serves any more, and that has a successor outside.
  case removeLink(String)
  case setMAC(String, from: MACAddress?, to: MACAddress)
  case setMTU(String, from: UInt32?, to: UInt32)
  /// `from` is nil when it cannot be known yet.
  case setSysctl(Sysctl, from: String?, to: String)
  case setLinkUp(String)
  case addAddress(IPPrefix, interface: String)
  case removeAddress(IPPrefix, interface: String)
  case addNextHop(PlannedNextHop)
  case replaceNextHop(PlannedNextHop, from: ObservedNextHop)
  /// With all of its members, as far as nobody knows better.
  case createGroup(PlannedGroup)
  /// The type or the number of buckets cannot be changed: its routes go, and come back.
  case recreateGroup(PlannedGroup, from: NextHop.GroupType)
  /// Weights, timers, or members that no longer belong.
  case updateGroup(PlannedGroup, members: [NextHop.Member])
  case addRoute(PlannedRoute)
  case replaceRoute(PlannedRoute, from: ObservedRoute)
  case removeRoute(ObservedRoute)
  case addRule(PlannedRule)
  case removeRule(Rule)
  /// A next hop or a group that nobody wants any more.
  case removeNextHop(ObservedNextHop)
}

extension Change {
  /// What kind of thing it changes: the sections of a plan.
  enum Subject: Int, Hashable, Sendable, CaseIterable {
    case namespace, link, address, sysctl, nextHop, group, route, rule
  }

  var subject: Subject {
    switch self {
    case .createNamespace, .repairNamespace, .nameNamespace: .namespace
    case .moveLink, .renameLink, .removeLink, .setMAC, .setMTU, .setLinkUp: .link
    case .setSysctl: .sysctl
    case .addAddress, .removeAddress: .address
    case .addNextHop, .replaceNextHop: .nextHop
    case .createGroup, .recreateGroup, .updateGroup: .group
    case .addRoute, .replaceRoute, .removeRoute: .route
    case .addRule, .removeRule: .rule
    case .removeNextHop(let nextHop): nextHop.isGroup ? .group : .nextHop
    }
  }

  /// Whether something comes (`+`), goes (`-`) or changes (`~`).
  var sign: Character {
    switch self {
    case .createNamespace, .nameNamespace, .addAddress, .addNextHop, .createGroup, .addRoute, .addRule: "+"
    case .removeLink, .removeAddress, .removeRoute, .removeRule, .removeNextHop: "-"
    case .repairNamespace, .moveLink, .renameLink, .setMAC, .setMTU, .setSysctl, .setLinkUp, .replaceNextHop,
      .recreateGroup,
      .updateGroup, .replaceRoute:
      "~"
    }
  }

  /// The interface it is about, if it is about one.
  var interface: String? {
    switch self {
    case .moveLink(_, let name, _, _), .renameLink(_, let name), .setMAC(let name, _, _), .setMTU(let name, _, _),
      .setLinkUp(let name), .addAddress(_, let name), .removeAddress(_, let name):
      name
    case .addNextHop(let nextHop), .replaceNextHop(let nextHop, _): nextHop.interface
    case .setSysctl(let sysctl, _, _):
      DesiredSysctl(sysctl: sysctl, value: "", isRequired: false, field: "").interface
    default: nil
    }
  }
}

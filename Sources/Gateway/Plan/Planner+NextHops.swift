import Addresses
import Netlink

extension Planner {
  mutating func planNextHops() {
    for hop in desired.nextHops { planNextHop(hop) }
    for (index, group) in desired.groups.enumerated() { planGroup(group, field: "groups[\(index)]") }
  }

  private mutating func planNextHop(_ hop: PlannedNextHop) {
    guard isThere(hop.interface, field: "\(hop.field).interface") else { return }
    checkReachable(hop.via, interface: hop.interface, field: "\(hop.field).via")
    guard let there = observed.nextHops[hop.id] else {
      // The kernel has no next hop over a link without carrier: the path is down, which is the engine's to tell.
      if let link = observed.inside[hop.interface], link.isUp, !link.hasCarrier { return }
      plan.nextHops.append(.addNextHop(hop))
      return
    }
    guard isOurs(there, "path \(hop.path)", field: hop.field) else { return }
    if there.kind != .gateway(hop.via, interface: hop.interface) {
      plan.nextHops.append(.replaceNextHop(hop, from: there))
    }
  }

  private mutating func planGroup(_ group: PlannedGroup, field: String) {
    guard let there = observed.nextHops[group.id] else {
      plan.nextHops.append(.createGroup(group))
      return
    }
    guard isOurs(there, "group \(group.name)", field: field) else { return }
    guard case .group(let members, let type) = there.kind, type.canBecome(group.type) else {
      let type: NextHop.GroupType = if case .group(_, let type) = there.kind { type } else { .multipath }
      plan.nextHops.append(.recreateGroup(group, from: type))
      return
    }
    standingGroups.insert(group.id)
    let belong = members.allSatisfy { member in
      desired.blackholes.contains(member.id) || group.members.contains(member)
    }
    if !belong || !type.hasTimers(of: group.type) {
      plan.nextHops.append(.updateGroup(group, members: members))
    }
  }

  private mutating func isOurs(_ there: ObservedNextHop, _ what: String, field: String) -> Bool {
    if there.protocol == .everway { return true }
    plan.problems.append(
      Problem(
        "next-hop id \(there.id), which \(what) has by its name, is used by protocol \(there.protocol.words)",
        field: "\(field).name",
        remedy: "rename the \(what.prefix { $0 != " " }), or free the id (`ip nexthop del id \(there.id)`)"))
    return false
  }

  /// The kernel refuses a gateway that is on no subnet of the link.
  mutating func checkReachable(_ via: IPAddress, interface: String, field: String) {
    if via.isLinkLocal { return }
    let configured = desired.interfaces.filter { $0.name == interface }.flatMap(\.addresses)
    // What another interface brought along is lost on the way in.
    let present = observed.inside[interface]?.addresses.map(\.prefix) ?? []
    guard !(configured + present).contains(where: { $0.contains(via) }) else { return }
    plan.problems.append(
      Problem(
        "\(via) is on no subnet of \(interface)", field: field,
        remedy: "give \(interface) an address of its subnet, unless a route to it is made in another way",
        severity: .warning))
  }
}

extension NextHop.GroupType {
  /// Whether a group of this type can be changed to another while it exists.
  func canBecome(_ other: NextHop.GroupType) -> Bool {
    switch (self, other) {
    case (.multipath, .multipath): true
    case (.resilient(let one), .resilient(let other)): one.buckets == other.buckets
    default: false
    }
  }

  /// Within 20 ms: the kernel rounds to its own ticks.
  func hasTimers(of other: NextHop.GroupType) -> Bool {
    guard case .resilient(let one) = self, case .resilient(let other) = other else { return true }
    func near(_ a: Duration, _ b: Duration) -> Bool { (a < b ? b - a : a - b) <= .milliseconds(20) }
    return near(one.idleTimer, other.idleTimer) && near(one.unbalancedTimer, other.unbalancedTimer)
  }
}

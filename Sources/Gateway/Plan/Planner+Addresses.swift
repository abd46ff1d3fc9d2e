import Addresses
import NetworkNamespaces

extension Planner {
  /// Adds what is missing. Removes only what the kernel would refuse the new one for; the rest goes last.
  mutating func planAddresses(_ interface: DesiredState.Interface, _ link: ObservedLink, field: String) {
    for (index, wanted) in interface.addresses.enumerated() {
      let field = "\(field).addresses[\(index)]"
      if let there = link.address(wanted) {
        if there.isDuplicate {
          plan.problems.append(
            Problem(
              "\(wanted.address) on \(interface.name) is used by another host, so it does not work here",
              field: field,
              remedy: "find that host (`ip neigh`, the switch), free the address, then remove it here and reload"))
        }
        continue
      }
      if let other = otherHolder(of: wanted.address, than: interface.name) {
        plan.problems.append(
          Problem(
            "\(wanted.address) is on \(other) already", field: field,
            remedy: "remove it there (`ip address del`), or give \(interface.name) another address"))
        continue
      }
      // IPv6 has an address once on an interface, whatever its length; IPv4 once for each length.
      if wanted.family == .ipv6,
        let same = link.addresses.first(where: { $0.prefix.address == wanted.address })
      {
        guard goes(same.prefix, from: interface.name) else {
          plan.problems.append(
            Problem(
              "\(wanted.address) is on \(interface.name) as \(same.prefix)", field: field,
              remedy:
                "write it with /\(same.prefix.length), or remove it (`ip address del \(same.prefix) dev \(interface.name)`)"
            ))
          continue
        }
        plan.groundwork.append(.removeAddress(same.prefix, interface: interface.name))
      }
      plan.groundwork.append(.addAddress(wanted, interface: interface.name))
    }
  }

  /// Another interface inside that has an address, and keeps it. Link-local addresses may be on many.
  private func otherHolder(of address: IPAddress, than name: String) -> String? {
    if address.isLinkLocal { return nil }
    return observed.inside.values.filter { link in
      link.name != name
        && link.addresses.contains { $0.prefix.address == address && !goes($0.prefix, from: link.name) }
    }.map(\.name).min()
  }

  /// Whether we put an address there, and do not want it any more.
  private func goes(_ prefix: IPPrefix, from name: String) -> Bool {
    guard let previous, previous.interfaces.contains(where: { $0.name == name && $0.addresses.contains(prefix) })
    else {
      return false
    }
    return !desired.interfaces.contains { $0.name == name && $0.addresses.contains(prefix) }
  }

  /// Removes the addresses that the configuration before had put there.
  mutating func planStaleAddresses() {
    var handled: Set<Change> = []
    for change in plan.groundwork {
      if case .removeAddress = change { handled.insert(change) }
    }
    for interface in previous?.interfaces ?? [] {
      guard let link = observed.inside[interface.name] else { continue }
      for prefix in interface.addresses where goes(prefix, from: interface.name) {
        guard let there = link.address(prefix) else { continue }
        let removal = Change.removeAddress(prefix, interface: interface.name)
        if !handled.contains(removal) { plan.stale.append(removal) }
        if !there.isSecondary { restoreSubnet(of: prefix, on: link) }
      }
    }
  }

  /// Unless promote_secondaries is set, the first IPv4 address of a subnet takes the others with it: those that stay
  /// are added again. One that is still there does not mind.
  private mutating func restoreSubnet(of removed: IPPrefix, on link: ObservedLink) {
    guard removed.family == .ipv4,
      !desired.sysctls.contains(where: {
        $0.sysctl == .ipv4("promote_secondaries", interface: link.name) && $0.value == "1"
      })
    else { return }
    let wanted = desired.interfaces.filter { $0.name == link.name }.flatMap(\.addresses)
    let foreign = link.addresses.map(\.prefix).filter { !goes($0, from: link.name) && !wanted.contains($0) }
    for prefix in wanted + foreign
    where prefix.network == removed.network && prefix.length == removed.length {
      plan.stale.append(.addAddress(prefix, interface: link.name))
    }
  }
}

import Addresses
import ConfigurationFile
import NetworkNamespaces

extension Planner {
  mutating func planNamespace() {
    if observed.place == .absent, case .named(let name) = desired.namespace {
      plan.groundwork.append(.createNamespace(name))
    }
    if observed.place == .unnamed, case .named(let name) = desired.namespace {
      plan.groundwork.append(.nameNamespace(name))
    }
    for sysctl in desired.sysctls where ownInterface(of: sysctl) == nil { planSysctl(sysctl) }
    // Without it, nothing in here can reach its own addresses.
    if observed.inside["lo"]?.isUp != true { plan.groundwork.append(.setLinkUp("lo")) }
  }

  mutating func planLinks() {
    for index in desired.interfaces.indices { planLink(index) }
  }

  /// What others in the configuration rely on.
  mutating func checkReferences() {
    for reference in desired.references { _ = isThere(reference.interface, field: reference.field) }
    guard !desired.localAddresses.isEmpty else { return }
    let there = Set(
      (desired.interfaces.flatMap(\.addresses) + observed.inside.values.flatMap { $0.addresses.map(\.prefix) })
        .map(\.address))
    for local in desired.localAddresses where !there.contains(local.address) {
      plan.problems.append(
        Problem(
          "\(local.address) is on no interface of \(placeName)", field: local.field,
          remedy: "add it to an interface, or leave it out: the kernel then chooses by its routes"))
    }
  }

  /// One problem for all of a field: they have one cause.
  mutating func reportUnwritable() {
    for (index, first) in unwritable.enumerated() {
      let field = first.wanted.field
      guard !unwritable[..<index].contains(where: { $0.wanted.field == field }) else { continue }
      let all = unwritable.filter { $0.wanted.field == field }
      let others = all.count == 1 ? "" : "; nor can \(all.count - 1) others"
      plan.problems.append(
        Problem(
          "sysctl \(first.wanted.sysctl) is \(first.value), should be \(first.wanted.value), and cannot be written\(others)",
          field: field,
          remedy: """
            run as root; in a container, where /proc/sys is read-only, make it privileged, or set from outside (Kubernetes: \
            securityContext.sysctls) \(all.map { "\($0.wanted.sysctl)=\($0.wanted.value)" }.joined(separator: " "))
            """))
    }
  }

  private mutating func planLink(_ index: Int) {
    let interface = desired.interfaces[index]
    let field = "interfaces[\(index)]"
    guard isThere(interface.name, field: "\(field).name") else { return }
    let link = arrive(interface, field: field)

    // A link that is up may refuse another MAC; the applier then sets it down for that moment.
    if let mac = interface.mac, mac != link.mac {
      plan.groundwork.append(.setMAC(interface.name, from: link.mac, to: mac))
    }
    if let mtu = interface.mtu, mtu != link.mtu {
      if let limit = link.maximumMTU, mtu > limit {
        plan.problems.append(
          Problem(
            "mtu \(mtu) is more than \(interface.name) takes (\(limit))", field: "\(field).mtu",
            remedy: "set it to at most \(limit), or raise the device's own limit"))
      } else {
        plan.groundwork.append(.setMTU(interface.name, from: link.mtu, to: mtu))
      }
    }
    for sysctl in desired.sysctls where sysctl.interface == interface.name {
      // Below 1280 octets there is no IPv6 and no key; it comes with the MTU.
      planSysctl(sysctl, mayAppear: link.mtu < 1280 || observed.inside[interface.name] == nil)
    }
    if interface.up, !link.isUp { plan.groundwork.append(.setLinkUp(interface.name)) }
    planAddresses(interface, link, field: field)
  }

  /// Gets a link to where it belongs; returns it as it will be then.
  private mutating func arrive(_ interface: DesiredState.Interface, field: String) -> ObservedLink {
    if let link = observed.inside[interface.name] {
      if observed.outside[interface.outsideName] != nil {
        plan.problems.append(
          Problem(
            "\(interface.name) is in \(placeName) already, and \(interface.outsideName) is outside as well",
            field: "\(field).name",
            remedy: "the one inside is used; rename or remove the other one", severity: .warning))
      }
      return link
    }
    if var link = renames(interface) {
      plan.groundwork.append(.renameLink(from: link.name, to: interface.name))
      link.name = interface.name
      return link
    }
    guard var link = observed.outside[interface.outsideName], case .named(let namespace) = desired.namespace else {
      return ObservedLink(name: interface.name)
    }
    // Link-local IPv6 addresses come back by themselves.
    let loses = link.addresses.map(\.prefix).filter { !($0.family == .ipv6 && $0.address.isLinkLocal) }
    plan.groundwork.append(
      .moveLink(from: link.name, to: interface.name, namespace: namespace, loses: loses))
    if link.carriesDefaultRoute {
      plan.problems.append(
        Problem(
          "\(link.name) carries the default route of the namespace everway was started in; moving it cuts that off",
          field: "\(field).name",
          remedy: "make sure that this machine is reached another way, or use another interface",
          severity: .warning))
    }
    if let master = link.master {
      plan.problems.append(
        Problem(
          "\(link.name) belongs to \(master), and leaves it when it is moved", field: "\(field).name",
          remedy: "use an interface that belongs to no bridge or bond", severity: .warning))
    }
    link.isUp = false
    link.addresses = []
    return link
  }

  // MARK: Sysctls

  /// The interface of ours that it is about, whose turn is its own.
  private func ownInterface(of sysctl: DesiredSysctl) -> String? {
    guard let name = sysctl.interface, desired.interfaces.contains(where: { $0.name == name }) else { return nil }
    return name
  }

  private mutating func planSysctl(_ wanted: DesiredSysctl, mayAppear: Bool = false) {
    switch observed.sysctls[wanted.sysctl] {
    case nil: plan.groundwork.append(.setSysctl(wanted.sysctl, from: nil, to: wanted.value))
    case .absent where mayAppear && wanted.isRequired:
      plan.groundwork.append(.setSysctl(wanted.sysctl, from: nil, to: wanted.value))
    case .absent:
      guard wanted.isRequired else { return }
      plan.problems.append(
        Problem(
          "there is no sysctl \(wanted.sysctl)", field: wanted.field,
          remedy: wanted.sysctl.components.dropFirst().first == "ipv6"
            ? "IPv6 is not in this kernel, or switched off with ipv6.disable=1: switch it on, or use no IPv6"
            : "the kernel lacks the feature, or the name is misspelt"))
    case .machineWide(let value):
      guard !Self.same(value, wanted.value) else { return }
      plan.problems.append(
        Problem(
          "sysctl \(wanted.sysctl) belongs to the whole machine, not to a namespace, and is \(value)",
          field: wanted.field, remedy: "leave it out here, and set \(wanted.sysctl)=\(wanted.value) on the machine")
      )
    case .value(let value, let isWritable):
      guard !Self.same(value, wanted.value) else { return }
      guard isWritable else {
        unwritable.append((wanted, value))
        return
      }
      plan.groundwork.append(.setSysctl(wanted.sysctl, from: value, to: wanted.value))
    }
  }

  /// The kernel puts tabs between the numbers of one value.
  static func same(_ one: String, _ other: String) -> Bool {
    func words(_ text: String) -> [Substring] { text.split { $0 == " " || $0 == "\t" || $0 == "\n" } }
    return words(one) == words(other)
  }
}

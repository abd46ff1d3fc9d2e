import Addresses
import ConfigurationFile
import NetworkNamespaces

/// A sysctl and what it should be.
struct DesiredSysctl: Hashable, Sendable {
  var sysctl: Sysctl
  var value: String
  /// Whether a kernel without this key is one we cannot work on; the others are left out in silence.
  var isRequired: Bool
  /// Where it comes from: `sysctls.net.ipv4.ip_forward`, `egress-sysctls`.
  var field: String

  /// The interface it is about; nil for one of the whole namespace.
  var interface: String? {
    let parts = sysctl.components
    guard parts.count == 5, parts[2] == "conf" || parts[2] == "neigh", parts[3] != "all", parts[3] != "default"
    else {
      return nil
    }
    return parts[3]
  }
}

extension DesiredState {
  /// The sysctls that egress needs, then the user's own; a key that the user sets is not set by us.
  mutating func addSysctls(_ configuration: GatewayConfiguration) {
    var own: [DesiredSysctl] = []
    for sysctl in configuration.sysctls {
      guard let key = Sysctl(sysctl.key) else {
        problems.append(
          Problem(
            "\(sysctl.key) is not the name of a sysctl", field: "sysctls",
            remedy: "write it as sysctl(8) does: net.ipv4.conf.net1.rp_filter"))
        continue
      }
      own.append(DesiredSysctl(sysctl: key, value: sysctl.value, isRequired: true, field: "sysctls.\(sysctl.key)"))
    }
    let taken = Set(own.map(\.sysctl))
    if configuration.egressSysctls {
      sysctls = egressSysctls().filter { !taken.contains($0.sysctl) }
    }
    sysctls += own
  }

  private func egressSysctls() -> [DesiredSysctl] {
    var result: [DesiredSysctl] = []
    let ipv6 = usesIPv6
    func add(_ sysctl: Sysctl?, _ value: String, required: Bool) {
      guard let sysctl else { return }
      result.append(DesiredSysctl(sysctl: sysctl, value: value, isRequired: required, field: "egress-sysctls"))
    }
    /// Required when the key's family is used at all.
    func all(_ key: String, _ value: String) { add(Sysctl(key), value, required: !key.contains(".ipv6.") || ipv6) }

    // A gateway forwards. First of all: turning it on resets other keys to a router's defaults (ip-sysctl.rst).
    all("net.ipv4.ip_forward", "1")
    all("net.ipv6.conf.all.forwarding", "1")
    // Loose: the answer may come back over another path than the one the request took (RFC 3704 section 2.4). The
    // kernel takes the larger of this and the interface's.
    all("net.ipv4.conf.all.rp_filter", "2")
    // Packets enter and leave by the same link; a redirect would send senders past the gateway. `all` counts as well
    // as the interface's: one of them set is enough to send.
    all("net.ipv4.conf.all.send_redirects", "0")
    // Flows, not hosts, are spread: layer 4 into the hash. Behind SNAT all flows have one source address.
    let groupFamilies = Set(routes.filter { $0.groupID != nil }.map(\.key.prefix.family))
    add(
      Sysctl("net.ipv4.fib_multipath_hash_policy"), "1", required: groupFamilies.contains(.ipv4))
    add(
      Sysctl("net.ipv6.fib_multipath_hash_policy"), "1", required: groupFamilies.contains(.ipv6))
    // 1, the default, announces every route of a group that changes: 72 ms instead of 0.1 ms for 100,000 routes. Absent
    // before Linux 5.8, which announces them always.
    add(Sysctl("net.ipv4.nexthop_compat_mode"), "0", required: false)
    // A route over a link without carrier is none. IPv4 takes `all` or the interface's.
    all("net.ipv4.conf.all.ignore_routes_with_linkdown", "1")

    for interface in interfaces { addSysctls(of: interface, add) }
    return result
  }

  private func addSysctls(
    of interface: Interface, _ add: (_ sysctl: Sysctl?, _ value: String, _ required: Bool) -> Void
  ) {
    func ipv4(_ key: String, _ value: String) { add(.ipv4(key, interface: interface.name), value, true) }
    // What `all` did not reach: an interface that was switched by hand, or came with other defaults.
    ipv4("forwarding", "1")
    ipv4("rp_filter", "2")
    ipv4("send_redirects", "0")
    ipv4("ignore_routes_with_linkdown", "1")
    // Without it, removing the first address of a subnet removes all others of that subnet.
    ipv4("promote_secondaries", "1")

    // Below this MTU a link has no IPv6 at all (RFC 8200 section 5), and none of these keys.
    guard interface.mtu ?? 1280 >= 1280 else { return }
    let needed = interface.addresses.contains { $0.family == .ipv6 }
    func ipv6(_ key: String, _ value: String) { add(.ipv6(key, interface: interface.name), value, needed) }
    // Container runtimes switch IPv6 off in a new namespace; an address is then refused (EACCES).
    if needed { ipv6("disable_ipv6", "0") }
    ipv6("forwarding", "1")
    // A gateway's routes and addresses come from its configuration, not from whoever sends router advertisements.
    ipv6("accept_ra", "0")
    // IPv6 addresses otherwise go when the link is set down, and do not come back (IPv4 ones stay).
    ipv6("keep_addr_on_down", "1")
    ipv6("ignore_routes_with_linkdown", "1")
  }
}

import Glibc
import Netlink
import NetworkNamespaces

extension Applier.Failure {
  /// What it means for the configuration, and what to do.
  func problem(in desired: DesiredState) -> Problem {
    let words = error.kernelMessage ?? String(cString: strerror(error.code))
    return Problem(
      "\(change.description): \(words)", field: field(in: desired),
      remedy: remedy ?? error.hint ?? "look into the kernel's log (dmesg)")
  }

  private var remedy: String? {
    switch (change, error.code) {
    case (.moveLink, EINVAL), (.moveLink, EOPNOTSUPP):
      "this kind of link cannot leave its namespace (a bridge, a bond, loopback): use one of its ports, a veth or a VLAN"
    case (.moveLink, EEXIST), (.renameLink, EEXIST):
      "another interface there has that name: give this one another `name` in the configuration"
    case (.setMTU, EINVAL): "the driver refuses it: choose a smaller one"
    case (.setMAC, EOPNOTSUPP): "this driver cannot change its address: leave `mac` out"
    case (.setMAC, EADDRNOTAVAIL): "that is a multicast or empty address: use a unicast one"
    case (.addAddress, EACCES):
      "IPv6 is switched off on that interface: set net.ipv6.conf.INTERFACE.disable_ipv6 to 0"
    case (.addRoute, EINVAL), (.replaceRoute, EINVAL):
      "the kernel finds no way to its gateway: check the gateway, the interface and the source address"
    default: nil
    }
  }

  private func field(in desired: DesiredState) -> String {
    func interface(_ name: String, _ part: String) -> String {
      desired.interfaces.firstIndex { $0.name == name }.map { "interfaces[\($0)]\(part)" } ?? ""
    }
    switch change {
    case .createNamespace, .repairNamespace, .nameNamespace: return "namespace"
    case .moveLink(_, let name, _, _), .renameLink(_, let name), .removeLink(let name):
      return interface(name, ".name")
    case .setMAC(let name, _, _): return interface(name, ".mac")
    case .setMTU(let name, _, _): return interface(name, ".mtu")
    case .setLinkUp(let name): return interface(name, ".up")
    case .addAddress(let prefix, let name), .removeAddress(let prefix, let name):
      let index = desired.interfaces.first { $0.name == name }?.addresses.firstIndex(of: prefix)
      return interface(name, index.map { ".addresses[\($0)]" } ?? ".addresses")
    case .setSysctl(let sysctl, _, _): return desired.sysctls.first { $0.sysctl == sysctl }?.field ?? ""
    case .addNextHop(let hop), .replaceNextHop(let hop, _): return hop.field
    case .createGroup(let group), .recreateGroup(let group, _), .updateGroup(let group, _):
      return desired.groups.firstIndex { $0.id == group.id }.map { "groups[\($0)]" } ?? ""
    case .addRoute(let route), .replaceRoute(let route, _): return route.origin.field
    case .addRule(let planned): return planned.field
    case .removeRoute, .removeRule, .removeNextHop: return ""
    }
  }
}

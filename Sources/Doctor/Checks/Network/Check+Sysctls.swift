import Addresses
import Languages

/// Sysctls that decide whether packets get through a gateway.
extension Check {
  static let forwarding = Check(.network, ["EW-NET-22"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let what = Words("whether packets are forwarded", zh: "是否转发报文")
    let steps = NetworkSteps(namespace: picture.namespace)
    let addresses = picture.expectedInterfaces.flatMap(\.addresses).map(\.family)
    let families = (picture.expected?.gateways ?? []).map(\.family) + addresses
    var names: [String] = []
    // With nothing said, IPv4; a gateway for IPv6 alone need not forward it.
    if families.isEmpty || families.contains(.ipv4) {
      names.append("net.ipv4.ip_forward")
      names += picture.presentInterfaces.map { NetworkView.sysctlName(.ipv4, $0.link.name, "forwarding") }
    }
    if families.contains(.ipv6) { names.append("net.ipv6.conf.all.forwarding") }
    for name in names {
      guard let value = picture.inside.sysctls[name] else {
        examination.couldNotLook(at: what, "\(name) could not be read")
        continue
      }
      guard value == "0" else { continue }
      // Zero for all: each is zero too, and follows.
      if name.hasPrefix("net.ipv4.conf."), picture.inside.sysctls["net.ipv4.ip_forward"] == "0" { continue }
      examination.found(
        Finding(
          "EW-NET-22", name, parameters: ["sysctl": name, "place": picture.place],
          evidence: [Evidence(picture.source(name), value)], steps: [steps.sysctl(name, "1")],
          // The node's own namespace serves others too.
          repair: picture.namespace == nil ? .guarded : nil))
    }
  }

  static let strictFilter = Check(.network, ["EW-NET-23"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let links = picture.gatewayLinks
    guard !links.isEmpty else { return examination.notRelevant() }
    let steps = NetworkSteps(namespace: picture.namespace)
    for link in links {
      let name = NetworkView.sysctlName(.ipv4, link.name, "rp_filter")
      let all = picture.inside.sysctl(.ipv4, "all", "rp_filter")
      // The kernel takes the larger of the two (Documentation/networking/ip-sysctl.rst).
      guard let own = picture.inside.sysctl(.ipv4, link.name, "rp_filter"), max(own, all ?? 0) == 1 else {
        continue
      }
      examination.found(
        Finding(
          "EW-NET-23", link.name, severity: links.count > 1 ? .error : nil, parameters: ["interface": link.name],
          evidence: [
            Evidence(picture.source(name), "\(own)"),
            Evidence(picture.source("net.ipv4.conf.all.rp_filter"), all.map(String.init) ?? "not read")
          ], steps: [steps.sysctl(name, "2")]))
    }
  }

  static let redirects = Check(.network, ["EW-NET-24"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let links = picture.gatewayLinks
    guard !links.isEmpty else { return examination.notRelevant() }
    let steps = NetworkSteps(namespace: picture.namespace)
    let names = ["all"] + links.map(\.name)
    // One of them set is enough to send.
    let on = names.filter { picture.inside.sysctl(.ipv4, $0, "send_redirects") == 1 }
      .map { NetworkView.sysctlName(.ipv4, $0, "send_redirects") }
    guard !on.isEmpty else { return }
    examination.found(
      Finding(
        "EW-NET-24", picture.place,
        parameters: ["interface": links.map(\.name).joined(separator: ", "), "place": picture.place],
        evidence: on.map { Evidence(picture.source($0), "1") }, steps: on.map { steps.sysctl($0, "0") },
        repair: picture.namespace == nil ? .guarded : nil))
  }

  /// Of links and routes, from the bottom up.
  static let network: [Check] = [
    loopbackDown, misplacedLink, missingLink, wrongLogicalPort, linkDown, wrongAddress, failedDetection, wrongMTU,
    defaultRoute, forwarding, strictFilter, redirects, duplicateAddress, silentGateway
  ]
}

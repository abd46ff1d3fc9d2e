import Cluster
import Addresses
import Languages

/// Addresses and MTU: are they what they should be, and does somebody else have them?
extension Check {
  static let wrongAddress = Check(.network, ["EW-NET-17", "EW-NET-78"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard let source = picture.expected?.source else { return examination.notRelevant() }
    for (interface, link) in picture.presentInterfaces {
      let difference = AddressDifference(picture, interface, link)
      if difference.isIPv6Off { examination.found(picture.ipv6Off(interface, source)) }
      guard !difference.isEmpty else { continue }
      examination.found(
        Finding(
          "EW-NET-17", link.name,
          parameters: [
            "interface": link.name, "expected": difference.expectedWords, "found": difference.foundWords,
            "source": source
          ],
          evidence: [
            Evidence(picture.source("RTM_GETADDR and IFLA_ADDRESS"), "\(link.name): \(difference.foundWords)"),
            Evidence(source, difference.expectedWords)
          ],
          steps: difference.steps(picture),
          repair: difference.steps(picture).contains { $0.action != nil } ? nil : .manual))
    }
  }

  static let wrongMTU = Check(.network, ["EW-NET-18", "EW-NET-77"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let steps = NetworkSteps(namespace: picture.namespace)
    for (interface, link) in picture.presentInterfaces {
      guard let wanted = interface.mtu, wanted != link.mtu, let source = picture.expected?.source else { continue }
      examination.found(
        Finding(
          "EW-NET-77", link.name,
          parameters: ["interface": link.name, "mtu": "\(link.mtu)", "expected": "\(wanted)", "source": source],
          evidence: [
            Evidence(picture.source("IFLA_MTU"), "\(link.name): \(link.mtu)"), Evidence(source, "\(wanted)")
          ],
          steps: [steps.mtu(wanted, of: link.name)]))
    }
    let what = Words("how large packets may be", zh: "报文最大可以多大")
    guard let probes = examination.require(picture.network.pathProbes, what) else { return }
    for link in picture.inside.links {
      let own = probes.filter { $0.link == link.name && $0.mtu == link.mtu }
      for probe in own where probe.answered.isEmpty && picture.answersNeighbours(probe.address) {
        examination.couldNotLook(
          at: Words("how large packets to \(probe.address) may be", zh: "发往 \(probe.address) 的报文最大可以多大"),
          probe.problem ?? "it answers ARP or neighbour discovery, but no echo request")
      }
      guard let worst = own.filter(\.isTooLarge).min(by: { $0.largest < $1.largest }) else { continue }
      let largest = worst.largest
      let wish = picture.expectedInterfaces.first { $0.name == link.name }?.mtu
      // Whoever wrote the wish must change it, or the network below.
      // Below 1280 the kernel takes IPv6 off the link (RFC 8200 section 5).
      let isByHand = wish.map { $0 > largest } ?? false || largest < 1280
      var evidence = [
        Evidence(picture.source("IFLA_MTU"), "\(link.name): \(link.mtu)"),
        Evidence(
          picture.source("echo requests to \(worst.address), Don't Fragment"),
          "answered up to \(largest) octets, not at \(worst.sizes.filter { $0 > largest }.map(String.init).joined(separator: ", "))"
        )
      ]
      if let reported = worst.reportedMTU {
        let who = worst.reporter.map { " from \($0)" } ?? ""
        evidence.append(Evidence("ICMP\(who)", "fragmentation needed, MTU \(reported)"))
      }
      examination.found(
        Finding(
          "EW-NET-18", link.name, certainty: worst.reportedMTU == nil ? .likely : .certain,
          parameters: [
            "interface": link.name, "mtu": "\(link.mtu)", "largest": "\(largest)", "gateway": "\(worst.address)"
          ], evidence: evidence, steps: isByHand ? [] : [steps.mtu(largest, of: link.name)],
          repair: isByHand ? .manual : worst.reportedMTU == nil ? .guarded : .automatic))
    }
  }

  static let duplicateAddress = Check(.network, ["EW-NET-20", "EW-NET-74"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let what = Words("whether somebody else has our addresses", zh: "是否有其他主机占用了我们的地址")
    guard let probes = examination.require(picture.network.neighbourProbes, what) else { return }
    let own = Set(picture.inside.links.compactMap(\.mac))
    for probe in probes where probe.purpose == .duplicate {
      // For IPv6 the kernel has asked before it took the address (RFC 4862), and EW-NET-73 tells what it heard.
      let isAsked = probe.address.family == .ipv6
      if let problem = probe.problem, !isAsked, picture.inside.link(probe.link)?.hasCarrier == true {
        examination.couldNotLook(at: what, "\(probe.address) on \(probe.link): \(problem)")
      }
      // OVN answers for its logical ports in their stead, with the address that we should have.
      let wanted = picture.expectedInterfaces.first { $0.name == probe.link }?.mac
      for mac in probe.answers where mac != probe.ownMAC && mac != wanted {
        let evidence = Evidence(
          picture.source("RFC 5227 probe for \(probe.address) on \(probe.link)"), "answered by \(mac)")
        let parameters = ["address": "\(probe.address)", "mac": "\(mac)", "interface": probe.link]
        if own.contains(mac) {
          examination.found(picture.flux(probe, mac, parameters, evidence))
          continue
        }
        var all = [evidence]
        if let near = picture.node?.links.first(where: { $0.mac == mac }) {
          all.append(Evidence("RTM_GETLINK on the node", "\(mac) is \(near.name) of this node"))
        }
        examination.found(
          Finding("EW-NET-20", "\(probe.address)", parameters: parameters, evidence: all))
      }
    }
  }

  static let failedDetection = Check(.network, ["EW-NET-73"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let links = Set(picture.gatewayLinks.map(\.name))
    for address in picture.inside.addresses
    where links.contains(address.link) && address.flags.contains("dadfailed") {
      examination.found(
        Finding(
          "EW-NET-73", "\(address.prefix.address)",
          parameters: [
            "address": "\(address.prefix.address)", "interface": address.link, "prefix": "\(address.prefix)",
            "place": picture.namespace ?? "NAME"
          ],
          evidence: [
            Evidence(
              picture.source("RTM_GETADDR"),
              "\(address.prefix) on \(address.link): \(address.flags.joined(separator: " "))")
          ]))
    }
  }
}

/// How the addresses of an interface differ from what they should be.
private struct AddressDifference {
  let interface: Expectation.Interface
  let link: LinkFacts
  /// Without link-local ones that nobody asked for.
  var present: [IPPrefix]
  var missing: [IPPrefix]
  /// Not expected, and in the place of one that is missing.
  var strays: [IPPrefix]
  var mac: MACAddress?
  var isIPv6Off: Bool

  init(_ picture: NetworkPicture, _ interface: Expectation.Interface, _ link: LinkFacts) {
    self.interface = interface
    self.link = link
    let all = picture.inside.addresses(of: link.name).map(\.prefix)
    func fits(_ wanted: IPPrefix, _ found: IPPrefix) -> Bool {
      wanted.address == found.address && (wanted.isHost || wanted.length == found.length)
    }
    present = all.filter { found in
      !found.address.isLinkLocal || interface.addresses.contains { $0.address == found.address }
    }
    let off = picture.inside.sysctl(.ipv6, link.name, "disable_ipv6") == 1
    isIPv6Off = off && interface.addresses.contains { $0.family == .ipv6 }
    let missing = interface.addresses.filter { wanted in !all.contains { fits(wanted, $0) } }
    self.missing = missing
    strays = present.filter { found in
      !interface.addresses.contains { fits($0, found) }
        && missing.contains { $0.contains(found.address) || found.contains($0.address) }
    }
    mac = interface.mac.flatMap { $0 == link.mac ? nil : $0 }
  }

  var isEmpty: Bool { missing.isEmpty && mac == nil }

  var expectedWords: String {
    let mac = interface.mac.map { "MAC \($0)" }
    return (interface.addresses.map { $0.isHost ? "\($0.address)" : "\($0)" } + [mac].compactMap { $0 })
      .joined(separator: ", ")
  }

  var foundWords: String {
    let addresses = present.isEmpty ? ["no address"] : present.map { "\($0)" }
    return (addresses + [link.mac.map { "MAC \($0)" }].compactMap { $0 }).joined(separator: ", ")
  }

  func steps(_ picture: NetworkPicture) -> [RepairStep] {
    let steps = NetworkSteps(namespace: picture.namespace)
    var result: [RepairStep] = []
    if let mac { result.append(steps.mac(mac, of: link.name)) }
    let addable = missing.filter { !$0.isHost }
    // Not before the right one is there: a wrong one of another length may be the only thing that works.
    let removable = strays.filter { stray in addable.contains { $0.contains(stray.address) } }
    if isIPv6Off && addable.contains(where: { $0.family == .ipv6 }) {
      result.append(steps.sysctl(NetworkView.sysctlName(.ipv6, link.name, "disable_ipv6"), "0"))
    }
    if removable.contains(where: { $0.family == .ipv4 }) {
      // Otherwise the new one goes with the old one, being its secondary.
      result.append(steps.sysctl(NetworkView.sysctlName(.ipv4, link.name, "promote_secondaries"), "1"))
    }
    result += addable.map { steps.add($0, to: link.name) }
    result += removable.map { steps.remove($0, from: link.name) }
    for family in Set(addable.map(\.family)).sorted() {
      guard let gateway = picture.singleGateway(family), addable.contains(where: { $0.contains(gateway) }) else {
        continue
      }
      result.append(steps.defaultRoute(gateway, link.name))
    }
    if result.isEmpty, let first = missing.first {
      result.append(
        RepairStep(
          Words(
            "The length of the prefix is that of the subnet's cidrBlock", zh: "前缀长度以子网的 cidrBlock 为准"),
          command: steps.command("ip address add \(first.address)/LENGTH dev \(link.name)")))
    }
    return result
  }
}

extension PathProbe {
  /// The largest size that was answered; 0 when none was.
  fileprivate var largest: Int { answered.max() ?? 0 }
  /// The smallest was answered, that of the link was not.
  fileprivate var isTooLarge: Bool {
    problem == nil && !answered.isEmpty && sizes.contains(mtu) && !answered.contains(mtu)
  }
}

extension NetworkPicture {
  fileprivate func answersNeighbours(_ address: IPAddress) -> Bool {
    network.neighbourProbes.value?.contains {
      $0.purpose == .gateway && $0.address == address && !$0.answers.isEmpty
    } ?? false
  }

  fileprivate func ipv6Off(_ interface: Expectation.Interface, _ source: String) -> Finding {
    let name = NetworkView.sysctlName(.ipv6, interface.name, "disable_ipv6")
    let wanted = interface.addresses.filter { $0.family == .ipv6 }.map { "\($0)" }.joined(separator: ", ")
    return Finding(
      "EW-NET-78", interface.name, parameters: ["interface": interface.name, "address": wanted],
      evidence: [Evidence(self.source(name), "1"), Evidence(source, wanted)],
      steps: [NetworkSteps(namespace: namespace).sysctl(name, "0")])
  }

  /// Our own other interface answers.
  fileprivate func flux(
    _ probe: NeighbourProbe, _ mac: MACAddress, _ parameters: [String: String], _ evidence: Evidence
  ) -> Finding {
    let other = inside.links.first { $0.mac == mac }?.name ?? "\(mac)"
    let steps = NetworkSteps(namespace: namespace)
    return Finding(
      "EW-NET-74", "\(probe.address)", parameters: parameters.merging(["other": other]) { $1 },
      evidence: [evidence, Evidence(source("RTM_GETLINK"), "\(mac) is \(other)")],
      steps: [probe.link, other].flatMap { link in
        [
          steps.sysctl(NetworkView.sysctlName(.ipv4, link, "arp_ignore"), "1"),
          steps.sysctl(NetworkView.sysctlName(.ipv4, link, "arp_announce"), "2")
        ]
      })
  }
}

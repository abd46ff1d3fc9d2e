import Cluster
import Addresses
import Languages

/// Routes and gateways: is there a way out, and does it lead to somebody who answers?
extension Check {
  static let defaultRoute = Check(.network, ["EW-NET-19", "EW-NET-75", "EW-NET-79"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    let wanted = picture.expected?.gateways ?? []
    // A configuration that asks for no default route wants none.
    if wanted.isEmpty, facts.expectation.value != nil { return examination.notRelevant() }
    for gateway in wanted where !picture.isOnLink(gateway) {
      let subnets = picture.expectedInterfaces.flatMap(\.addresses).filter { $0.family == gateway.family }
      examination.found(
        Finding(
          "EW-NET-79", "\(gateway)",
          parameters: ["gateway": "\(gateway)", "source": picture.expected?.source ?? ""],
          evidence: [
            Evidence(
              picture.expected?.source ?? "",
              "gateway \(gateway), addresses \(subnets.map { "\($0)" }.joined(separator: ", "))")
          ]))
    }
    let families = Set(wanted.map(\.family))
    for family in families.sorted() { picture.examineDefault(family, wanted, &examination) }
    if families.isEmpty, picture.defaultRoutes.isEmpty { picture.examineDefault(.ipv4, [], &examination) }
  }

  static let silentGateway = Check(.network, ["EW-NET-21", "EW-NET-76"]) { facts, examination in
    guard let picture = NetworkPicture(facts, &examination) else { return }
    guard !picture.gateways.isEmpty else { return examination.notRelevant() }
    let what = Words("whether the gateways answer", zh: "网关是否应答")
    guard let probes = picture.network.neighbourProbes.value else {
      for gateway in picture.gateways {
        if let finding = picture.failedNeighbour(gateway) { examination.found(finding) }
      }
      _ = examination.require(picture.network.neighbourProbes, what)
      return
    }
    for probe in probes where probe.purpose == .gateway {
      if let problem = probe.problem {
        if picture.inside.link(probe.link).map({ $0.isUp && $0.hasCarrier }) == true {
          examination.couldNotLook(at: what, "\(probe.address) on \(probe.link): \(problem)")
        }
        continue
      }
      let entry = picture.inside.neighbours.first { $0.address == probe.address && $0.link == probe.link }
      if probe.answers.isEmpty, probe.sent > 0 {
        examination.found(picture.silent(probe, entry))
      } else if let entry, let mac = entry.mac, !probe.answers.contains(mac), entry.state != "FAILED" {
        examination.found(picture.wrongNeighbour(probe, entry, mac))
      }
    }
  }
}

extension NetworkPicture {
  /// Whether some address or route has the gateway on a link.
  fileprivate func isOnLink(_ gateway: IPAddress) -> Bool {
    if gateway.isLinkLocal { return true }
    let wanted = expectedInterfaces.flatMap(\.addresses).filter { $0.family == gateway.family && !$0.isHost }
    let present = inside.addresses.map(\.prefix).filter { $0.family == gateway.family && !$0.isHost }
    if wanted.isEmpty && present.isEmpty { return true }
    if (wanted.isEmpty ? present : wanted).contains(where: { $0.contains(gateway) }) { return true }
    return inside.routes.contains { route in
      !route.isDefault && route.destination.contains(gateway) && route.nextHops.contains { $0.gateway == nil }
        // A default route through it: the kernel was told that it is on the link.
        || route.isDefault && route.nextHops.contains { $0.gateway == gateway }
    }
  }

  fileprivate func examineDefault(
    _ family: AddressFamily, _ all: [IPAddress], _ examination: inout Examination
  ) {
    let wanted = all.filter { $0.family == family }
    let effective = effectiveDefault(family)
    let found = effective.flatMap(\.nextHops).compactMap(\.gateway)
    let isRight =
      wanted.isEmpty
      ? !effective.isEmpty
      : wanted.count == 1 ? found == wanted : !Set(found).isDisjoint(with: wanted)
    guard !isRight else { return }
    let steps = NetworkSteps(namespace: namespace)
    let flag = family == .ipv6 ? "-6 " : ""
    if effective.isEmpty, let elsewhere = defaultElsewhere(family) { examination.found(elsewhere) }
    let foundWords = effective.isEmpty ? "none" : effective.map(\.words).joined(separator: "; ")
    let wantedWords = wanted.isEmpty ? "any" : wanted.map { "\($0)" }.joined(separator: ", ")
    var evidence = [Evidence(source("RTM_GETROUTE, default, \(family)"), foundWords)]
    if let expected, !wanted.isEmpty { evidence.append(Evidence(expected.source, "gateway \(wantedWords)")) }
    var repair: [RepairStep] = []
    if let gateway = singleGateway(family), let link = link(towards: gateway), inside.link(link) != nil {
      repair = [steps.defaultRoute(gateway, link)]
    } else if wanted.count > 1 {
      let hops = wanted.map { " nexthop via \($0)\(link(towards: $0).map { " dev \($0)" } ?? "")" }.joined()
      repair = [
        RepairStep(
          Words("`everway run` keeps these routes; without it", zh: "这些路由由 `everway run` 维护；若不使用它"),
          command: steps.command("ip \(flag)route replace default\(hops)"))
      ]
    }
    examination.found(
      Finding(
        "EW-NET-19", "default \(family)",
        parameters: ["family": "\(family)", "found": foundWords, "expected": wantedWords, "place": place],
        evidence: evidence, steps: repair, repair: repair.contains { $0.action != nil } ? nil : .manual))
  }

  /// A default route in a table that only some packets are looked up in, or none.
  private func defaultElsewhere(_ family: AddressFamily) -> Finding? {
    let asked = tablesForAll(family)
    let route = inside.routes.first {
      $0.isDefault && $0.destination.family == family && $0.kind == "unicast" && !asked.contains($0.table)
        && $0.nextHops.contains { $0.gateway != nil }
    }
    guard let route, let hop = route.nextHops.first(where: { $0.gateway != nil }), let gateway = hop.gateway else {
      return nil
    }
    let rules = inside.rules.filter { $0.isIPv6 == (family == .ipv6) && $0.table == route.table }
    let steps = NetworkSteps(namespace: namespace)
    return Finding(
      "EW-NET-75", "table \(route.table)", certainty: rules.isEmpty ? .certain : .likely,
      parameters: ["table": "\(route.table)", "family": "\(family)", "gateway": "\(gateway)"],
      evidence: [
        Evidence(source("RTM_GETROUTE, table \(route.table)"), route.words),
        Evidence(
          source("RTM_GETRULE"),
          rules.isEmpty
            ? "no rule looks up table \(route.table)" : "only a rule for some packets looks it up")
      ], steps: hop.link.map { [steps.defaultRoute(gateway, $0)] } ?? [])
  }

  fileprivate func silent(_ probe: NeighbourProbe, _ entry: NeighbourFacts?) -> Finding {
    let question = probe.address.family == .ipv4 ? "ARP requests" : "neighbour solicitations"
    var evidence = [
      Evidence(
        source("\(question) for \(probe.address) on \(probe.link)"),
        "\(probe.sent) sent\(probe.source.map { " from \($0)" } ?? ""), no answer")
    ]
    if let entry { evidence.append(Evidence(source("RTM_GETNEIGH"), entry.words)) }
    return Finding(
      "EW-NET-21", "\(probe.address)", parameters: parameters(probe.address, probe.link, "\(probe.sent)"),
      evidence: evidence)
  }

  /// Without probes the kernel's own experience must do.
  fileprivate func failedNeighbour(_ gateway: IPAddress) -> Finding? {
    guard let entry = inside.neighbours.first(where: { $0.address == gateway && $0.state == "FAILED" }) else {
      return nil
    }
    return Finding(
      "EW-NET-21", "\(gateway)", certainty: .likely, parameters: parameters(gateway, entry.link, "3"),
      evidence: [Evidence(source("RTM_GETNEIGH"), entry.words)])
  }

  private func parameters(_ gateway: IPAddress, _ link: String, _ count: String) -> [String: String] {
    let network = expectedInterfaces.flatMap(\.addresses).first { !$0.isHost && $0.contains(gateway) }
    return [
      "gateway": "\(gateway)", "interface": link, "count": count, "place": namespace ?? "NAME",
      "network": network.map { "\($0)" } ?? inside.addresses(of: link).first.map { "\($0.prefix)" } ?? link
    ]
  }

  fileprivate func wrongNeighbour(_ probe: NeighbourProbe, _ entry: NeighbourFacts, _ mac: MACAddress) -> Finding {
    let answers = probe.answers.map { "\($0)" }.joined(separator: ", ")
    let isFixed = entry.state == "PERMANENT" || entry.state == "NOARP"
    let steps = NetworkSteps(namespace: namespace)
    return Finding(
      "EW-NET-76", "\(probe.address)", severity: isFixed ? nil : .warning, certainty: isFixed ? .certain : .likely,
      parameters: [
        "gateway": "\(probe.address)", "interface": probe.link, "mac": "\(mac)", "answer": answers,
        "state": entry.state
      ],
      evidence: [
        Evidence(source("RTM_GETNEIGH"), entry.words),
        Evidence(source("asked on \(probe.link)"), "\(probe.address) is answered for by \(answers)")
      ],
      steps: [
        RepairStep(
          command: steps.command("ip neighbour del \(probe.address) dev \(probe.link)"),
          action: .removeNeighbour(namespace: namespace, link: probe.link, address: probe.address))
      ])
  }
}

extension RouteFacts {
  /// `via 10.9.0.1 dev ovnext0, metric 100, protocol 4`.
  fileprivate var words: String {
    let hops = nextHops.map { hop in
      [hop.gateway.map { "via \($0)" }, hop.link.map { "dev \($0)" }, hop.isDead ? "dead" : nil]
        .compactMap { $0 }.joined(separator: " ")
    }
    return "\(hops.joined(separator: " and ")), metric \(metric), protocol \(self.protocol)"
  }
}

extension NeighbourFacts {
  fileprivate var words: String { "\(address) dev \(link) \(mac.map { "lladdr \($0) " } ?? "")\(state)" }
}

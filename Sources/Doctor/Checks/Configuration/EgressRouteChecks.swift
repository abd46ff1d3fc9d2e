import Cluster
import Addresses
import Languages

// Static routes and policies of routers, as far as ECMP and BFD go.
extension Check {
  static let shadowedECMP = Check(.configuration, ["EW-CFG-62"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: nil)
    for router in north.logicalRouter {
      let routes = join.routes(of: router)
      for route in routes where route.isDefault {
        let shadowed = routes.filter {
          $0.isSource && ($0.bfd != nil || $0.isSymmetric) && ($0.routeTable ?? "") == (route.routeTable ?? "")
            && $0.nexthop.contains(":") == route.nexthop.contains(":")
        }
        guard !shadowed.isEmpty else { continue }
        let table = route.routeTable.flatMap { $0.isEmpty ? nil : "--route-table=\($0) " } ?? ""
        var steps = [
          RepairStep(
            command: "kubectl ko nbctl \(table)lr-route-del \(router.name) \(route.ipPrefix) \(route.nexthop)")
        ]
        let vpc = facts.cluster.value?.vpc(router: router.name)
        for (index, own) in (vpc?.spec.staticRoutes ?? []).enumerated()
        where own.cidr == route.ipPrefix && own.nextHopIP == route.nexthop && own.policy != "policySrc" {
          steps.insert(
            RepairStep(
              Words(
                "First out of the Vpc, or the controller writes it back", zh: "先从 Vpc 中删除，否则控制器会写回"),
              command: "kubectl patch vpc \(vpc?.name ?? "") --type=json -p "
                + "'[{\"op\":\"remove\",\"path\":\"/spec/staticRoutes/\(index)\"}]'"), at: 0)
        }
        examination.found(
          Finding(
            "EW-CFG-62", router.name, parameters: ["router": router.name, "nexthop": route.nexthop],
            evidence: [route.evidence] + shadowed.map(\.evidence), steps: steps))
      }
    }
  }

  static let unsupervisedECMP = Check(.configuration, ["EW-CFG-63"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: nil)
    for router in north.logicalRouter {
      let routes = join.routes(of: router).filter {
        $0.isSource && $0.isSymmetric && $0.bfd == nil && !join.hasRow(for: $0.nexthop, router: router)
      }
      guard !routes.isEmpty else { continue }
      var evidence = routes.map(\.evidence)
      var steps: [RepairStep] = []
      if let vpc = facts.cluster.value?.vpc(router: router.name) {
        evidence.append(Evidence("Vpc \(vpc.name)", "enableBfd=\(vpc.spec.enableBfd.map { "\($0)" } ?? "")"))
        if vpc.spec.enableBfd != true {
          steps.append(
            RepairStep(
              Words("Let OVN supervise them again", zh: "重新由 BFD 监测"),
              command: "kubectl patch vpc \(vpc.name) --type=merge -p '{\"spec\":{\"enableBfd\":true}}'",
              action: .patchObject(
                path: "/apis/kubeovn.io/v1/vpcs/\(vpc.name)", kind: .merge, body: "{\"spec\":{\"enableBfd\":true}}")
            ))
        }
      }
      steps += routes.compactMap { join.supervision(of: $0, router, facts.cluster.value) }
      examination.found(
        Finding(
          "EW-CFG-63", router.name,
          parameters: ["router": router.name, "nexthops": routes.map(\.nexthop).joined(separator: ", ")],
          evidence: evidence, steps: steps))
    }
  }

  static let asymmetricECMP = Check(.configuration, ["EW-CFG-64"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: nil)
    for router in north.logicalRouter {
      struct Group: Hashable {
        var prefix: String
        var policy: String
        var table: String
      }
      let groups = Dictionary(grouping: join.routes(of: router)) {
        Group(prefix: $0.ipPrefix, policy: $0.policy ?? "dst-ip", table: $0.routeTable ?? "")
      }
      let lacking = groups.values.filter { Set($0.map(\.nexthop)).count > 1 }.joined().filter { !$0.isSymmetric }
      guard !lacking.isEmpty else { continue }
      let rows = lacking.sorted { $0.uuid < $1.uuid }
      examination.found(
        Finding(
          "EW-CFG-64", router.name, parameters: ["router": router.name], evidence: rows.map(\.evidence),
          steps: rows.map {
            RepairStep(
              command:
                "kubectl ko nbctl set logical_router_static_route \($0.uuid) options:ecmp_symmetric_reply=true")
          }))
    }
    // A reroute policy has no such option: only source NAT in the gateways brings replies back the same way.
    for gateway in facts.cluster.value?.vpcEgressGateways.value ?? [] where (gateway.spec.replicas ?? 1) > 1 {
      guard !gateway.spec.policies.isEmpty, gateway.spec.policies.contains(where: { $0.snat != true }) else {
        continue
      }
      examination.found(
        Finding(
          "EW-CFG-64", gateway.metadata.name, certainty: .possible,
          parameters: ["router": gateway.spec.vpc ?? KubeOVNNames.defaultVpc],
          evidence: [
            Evidence(
              "VpcEgressGateway \(gateway.metadata.name)",
              "replicas=\(gateway.spec.replicas ?? 1), a policy without snat")
          ]))
    }
  }

  static let stuckConnections = Check(.configuration, ["EW-CFG-65"]) { facts, examination in
    // Nothing is translated where nobody tracks connections.
    guard let table = facts.machine.value?.connections.value?.translatedTo, !table.isEmpty else {
      return examination.notRelevant()
    }
    guard let network = examination.require(facts.network, Words("addresses of the gateway", zh: "网关的地址")),
      let view = examination.require(network.inside, Words("addresses of the gateway", zh: "网关的地址"))
    else { return }
    let (alive, dead) = (
      view.addresses.filter { view.link($0.link)?.isUp ?? false },
      view.addresses.filter { view.link($0.link)?.isUp == false }
    )
    let present = Set(alive.map(\.prefix.address))
    let place = facts.subject.namespace
    for (text, count) in table.sorted(by: { $0.key < $1.key }) {
      guard let address = IPAddress(text), !present.contains(address) else { continue }
      // A pool that routers send here is on no link and in no subnet of ours.
      let isGone = dead.contains { $0.prefix.address == address }
      guard isGone || alive.contains(where: { $0.prefix.network.contains(address) }) else { continue }
      let enter = place.map { "ip netns exec \($0) " } ?? ""
      examination.found(
        Finding(
          "EW-CFG-65", text,
          parameters: ["count": "\(count)", "address": text, "namespace": place ?? facts.subject.node],
          evidence: [
            Evidence(
              "/proc/net/nf_conntrack of \(place ?? facts.subject.node)",
              "\(count) connections translated to \(text)"),
            Evidence("addresses on links that are up", present.sorted().map { "\($0)" }.joined(separator: ", "))
          ],
          steps: [
            RepairStep(
              command: "\(enter)conntrack -D --reply-dst \(text)",
              action: .forgetConnections(namespace: place, address: address))
          ]))
    }
  }

  static let leakingCNI = Check(.configuration, ["EW-CFG-66"]) { facts, examination in
    guard facts.hintOfKubernetes != nil else { return examination.notRelevant() }
    let lines = facts.cluster.value?.logLines(LogMessages.tooManyFiles) ?? []
    let processes =
      examination.require(facts.machine, Words("kube-ovn-cni's descriptors", zh: "kube-ovn-cni 的文件描述符"))?
      .processes ?? []
    for process in processes where process.name.hasPrefix("kube-ovn-") {
      let isNearTheLimit = process.limit.map { UInt64(process.openFiles) * 10 >= $0 * 8 } ?? false
      guard process.openFiles >= 5000 || process.openNamespaces >= 500 || isNearTheLimit else { continue }
      examination.found(
        Finding(
          "EW-CFG-66", "\(process.name) (pid \(process.pid))", severity: isNearTheLimit ? .error : nil,
          parameters: ["pid": "\(process.pid)", "count": "\(process.openFiles)"],
          evidence: [
            Evidence(
              "/proc/\(process.pid)/fd",
              "\(process.openFiles) open, \(process.openNamespaces) of them network namespaces, limit "
                + (process.limit.map { "\($0)" } ?? "?"))
          ] + lines.suffix(1).map(\.evidence),
          steps: [
            RepairStep(
              command: "kubectl -n kube-system delete pod -l app=kube-ovn-cni "
                + "--field-selector spec.nodeName=\(facts.subject.node)")
          ]))
    }
  }
}

extension OVNJoin {
  /// Has OVN watch the next hop of a route, by the timers that Kube-OVN would give. nil when no port of the router is in
  /// its subnet.
  fileprivate func supervision(
    of route: OVNFacts.StaticRoute, _ router: OVNFacts.LogicalRouter, _ cluster: ClusterFacts?
  ) -> RepairStep? {
    let nexthop = IPAddress(route.nexthop)
    let port = north.logicalRouterPort.first { port in
      router.ports.contains(port.uuid)
        && nexthop.map { address in port.prefixes.contains { $0.network.contains(address) } } == true
    }
    guard let port else { return nil }
    func flag(_ name: String) -> Int? { ClusterFacts.flag(name, of: cluster?.controller.value).flatMap { Int($0) } }
    // kube-ovn-controller's own: 100 ms, 100 ms, 3.
    let interval = max(flag("bfd-min-tx") ?? 100, flag("bfd-min-rx") ?? 100)
    let multiplier = flag("detect-mult") ?? 3
    return RepairStep(
      Words(
        "Watch \(route.nexthop); it is taken back when its session does not come up",
        zh: "监测 \(route.nexthop)；会话无法 up 时自动撤回"),
      command:
        "kubectl ko nbctl --id=@b create bfd logical_port=\(port.name) dst_ip=\(route.nexthop) min_tx=\(interval) "
        + "min_rx=\(interval) detect_mult=\(multiplier) -- set logical_router_static_route \(route.uuid) bfd=@b",
      action: .superviseNexthop(
        route: route.uuid, port: port.name, nexthop: route.nexthop, interval: interval, multiplier: multiplier))
  }
}

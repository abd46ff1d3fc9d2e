import Cluster
import Languages

// Ports of routers towards the outside, and the chassis that host them.
extension Check {
  static let gatewayChassis = Check(.ovn, ["EW-OVN-43"]) { facts, examination in
    let cluster = facts.cluster.value
    var isSeen = false
    if let north = examination.northbound(facts) {
      let join = OVNJoin(north: north, south: examination.southbound(facts))
      for port in north.logicalRouterPort where join.south != nil {
        let names = join.chassis(of: port).map(\.name)
        let missing = names.filter { join.chassis(named: $0) == nil }
        guard !missing.isEmpty else { continue }
        isSeen = true
        examination.found(
          Finding(
            "EW-OVN-43", port.name, severity: missing.count == names.count ? .critical : .warning,
            parameters: ["port": port.name],
            evidence: [
              Evidence("NB Gateway_Chassis of \(port.name)", names.joined(separator: ", ")),
              Evidence("SB Chassis", "none is called \(missing.joined(separator: ", "))")
            ]))
      }
    }
    examination.isRelevant = examination.isRelevant || cluster != nil
    guard let cluster else { return }
    for node in cluster.gatewayNodes
    where node.metadata.annotations[KubeOVNNames.chassisAnnotation, default: ""].isEmpty {
      isSeen = true
      examination.found(
        Finding(
          "EW-OVN-43", node.name, parameters: ["port": node.name],
          evidence: [
            Evidence(
              "Node \(node.name)",
              "label \(KubeOVNNames.gatewayLabel)=true, no annotation \(KubeOVNNames.chassisAnnotation)")
          ],
          steps: [
            RepairStep(
              Words("See why kube-ovn-cni does not run there", zh: "查看该节点的 kube-ovn-cni 为何未运行"),
              command:
                "kubectl -n kube-system get pod -l app=kube-ovn-cni -o wide --field-selector spec.nodeName=\(node.name)"
            )
          ]))
    }
    let wantsGateway = (cluster.vpcs.value ?? []).filter { !$0.isDefault && $0.spec.enableExternal == true }
    if let vpc = wantsGateway.first, cluster.nodes.value != nil, cluster.gatewayNodes.isEmpty {
      isSeen = true
      examination.found(
        Finding(
          "EW-OVN-43", vpc.name, severity: .critical, parameters: ["port": vpc.name],
          evidence: [
            Evidence("Vpc \(vpc.name)", "enableExternal=true"),
            Evidence("Nodes", "none has the label \(KubeOVNNames.gatewayLabel)=true")
          ]))
    }
    let lines = cluster.logLines(LogMessages.noExternalNodes) + cluster.logLines(LogMessages.noChassisAnnotation)
    if !isSeen, let line = lines.last {
      examination.found(
        Finding(
          "EW-OVN-43", line.pod, severity: .warning, certainty: .possible, parameters: ["port": "?"],
          evidence: [line.evidence]))
    }
  }

  static let lateGatewayNodes = Check(.ovn, ["EW-OVN-44"]) { facts, examination in
    guard let north = examination.northbound(facts),
      examination.objects(facts, \.nodes, "Nodes") != nil, let cluster = facts.cluster.value
    else { return }
    let join = OVNJoin(north: north, south: facts.ovn.value?.southbound.value)
    for port in north.logicalRouterPort where port.name.hasSuffix("-\(cluster.externalSwitch)") {
      guard let router = join.router(ofPort: port.name), router.name != KubeOVNNames.defaultVpc else { continue }
      let present = join.chassis(of: port)
      guard !present.isEmpty else { continue }
      let missing = cluster.gatewayNodes.filter { node in
        join.chassisName(of: node).map { name in !present.contains { $0.name == name } } ?? false
      }
      guard !missing.isEmpty else { continue }
      let lowest = present.map(\.priority).min() ?? 100
      let steps = missing.enumerated().map { index, node in
        let (chassis, priority) = (join.chassisName(of: node) ?? node.name, max(1, lowest - 1 - index))
        return RepairStep(
          command: "kubectl ko nbctl lrp-set-gateway-chassis \(port.name) \(chassis) \(priority)",
          action: .addGatewayChassis(port: port.name, chassis: chassis, priority: priority))
      }
      examination.found(
        Finding(
          "EW-OVN-44", port.name,
          parameters: ["port": port.name, "nodes": missing.map(\.name).joined(separator: ", ")],
          evidence: [
            Evidence(
              "Nodes with \(KubeOVNNames.gatewayLabel)=true",
              cluster.gatewayNodes.map(\.name).joined(separator: ", ")),
            Evidence(
              "NB Gateway_Chassis of \(port.name)",
              present.map { join.node(ofChassis: $0.name) }.joined(separator: ", "))
          ], steps: steps))
    }
  }

  static let deadGatewayChassis = Check(.ovn, ["EW-OVN-45"]) { facts, examination in
    guard let north = examination.northbound(facts), let south = examination.southbound(facts) else { return }
    let join = OVNJoin(north: north, south: south)
    for port in north.logicalRouterPort {
      let up = join.rows(onPort: port.name).filter { $0.status == "up" && join.isUsed($0) }
      guard !up.isEmpty, let binding = join.redirectBinding(ofPort: port.name) else { continue }
      guard let reason = join.deathEvidence(binding, takenAt: facts.takenAt) else { continue }
      let users = north.logicalRouterStaticRoute.filter { route in up.contains { $0.uuid == route.bfd } }
      examination.found(
        Finding(
          "EW-OVN-45", port.name, certainty: binding.chassis == nil ? .certain : .likely,
          parameters: ["port": port.name, "sessions": up.map(\.dstIp).joined(separator: ", ")],
          evidence: [reason] + up.map(\.evidence),
          steps: join.renewals(up)
            + users.map { route in
              RepairStep(
                Words(
                  "Take the route through \(route.nexthop) out until the port has a chassis again",
                  zh: "在端口重新绑定之前，先撤下经 \(route.nexthop) 的路由"),
                command: "kubectl ko nbctl --policy=\(route.policy ?? "dst-ip") lr-route-del "
                  + "\(join.router(ofPort: port.name)?.name ?? "ROUTER") \(route.ipPrefix) \(route.nexthop)")
            }))
    }
  }

  static let movedGatewayPort = Check(.ovn, ["EW-OVN-48"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: facts.ovn.value?.southbound.value)
    for port in north.logicalRouterPort {
      let chassis = join.chassis(of: port)
      let lowered = chassis.filter { $0.priority == KubeOVNNames.loweredPriority }
      let raised = chassis.filter { $0.priority == KubeOVNNames.raisedPriority }
      // Six chassis have 100 to 95 from the start, and the first Up raises one.
      guard (!lowered.isEmpty && chassis.count < 6) || raised.count > 1 else { continue }
      let rows = north.gatewayChassis.filter { port.gatewayChassis.contains($0.uuid) }
        .sorted { ($1.priority, $0.uuid) < ($0.priority, $1.uuid) }
      examination.found(
        Finding(
          "EW-OVN-48", port.name, parameters: ["port": port.name],
          evidence: [
            Evidence(
              "NB Gateway_Chassis of \(port.name)",
              chassis.map { "\(join.node(ofChassis: $0.name))=\($0.priority)" }.joined(separator: ", "))
          ],
          steps: rows.enumerated().map { index, row in
            RepairStep(command: "kubectl ko nbctl set gateway_chassis \(row.uuid) priority=\(100 - index)")
          }))
    }
  }
}

extension OVNJoin {
  /// Seconds that a chassis may take to follow a change of nb_cfg.
  private static let patience: Int64 = 60

  /// Why the chassis that a port is bound to does not live; nil when it does, as far as can be seen.
  func deathEvidence(_ binding: OVNFacts.PortBinding, takenAt: Int64) -> Evidence? {
    guard let south, let uuid = binding.chassis else {
      return Evidence("SB Port_Binding \(binding.logicalPort)", "chassis=[]")
    }
    guard let chassis = south.chassis.first(where: { $0.uuid == uuid }) else {
      return Evidence("SB Port_Binding \(binding.logicalPort)", "chassis=\(uuid), which is not in Chassis")
    }
    guard let own = south.chassisPrivate.first(where: { $0.name == chassis.name }) else { return nil }
    let others = south.chassisPrivate.filter { $0.name != chassis.name }
    guard let newest = others.map(\.nbCfg).max(), newest > own.nbCfg else { return nil }
    // The others have followed for a while, and it has not.
    let first = others.filter { $0.nbCfg > own.nbCfg }.compactMap(\.nbCfgTimestamp).min()
    guard let first, takenAt - first / 1000 >= Self.patience else { return nil }
    return Evidence(
      "SB Chassis_Private \(chassis.hostname ?? chassis.name)",
      "nb_cfg=\(own.nbCfg), others have been at \(newest) for \(takenAt - first / 1000) s")
  }
}

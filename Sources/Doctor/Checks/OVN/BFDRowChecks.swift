import Cluster
import Addresses
import Languages

// Rows of OVN's BFD table: what they are for, and what is wrong with them.
extension Check {
  static let bfdRows = Check(.ovn, ["EW-OVN-39", "EW-OVN-40"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: facts.ovn.value?.southbound.value)
    let cluster = facts.cluster.value
    for row in north.bfd where row.status == "admin_down" && !join.isUsed(row) {
      let router = join.router(ofPort: row.logicalPort)
      let routes = router.map(join.routes)?.filter { $0.nexthop == row.dstIp } ?? []
      let policies =
        router.map(join.policies)?.filter { $0.nexthops.contains(row.dstIp) || $0.nexthop == row.dstIp } ?? []
      let subnet = cluster?.subnets.value?.first { $0.gateways.contains(row.dstIp) }
      let isGatewayNode = cluster?.lspEips.contains { $0.v4 == row.dstIp || $0.v6 == row.dstIp } ?? false
      // A route to everywhere by way of the physical gateway is how a Vpc without BFD gets out.
      let isSupervised = routes.contains { !$0.isDefault } || !policies.isEmpty || isGatewayNode
      if subnet != nil || !isSupervised {
        var evidence = [
          row.evidence, Evidence("NB Logical_Router_Static_Route, Logical_Router_Policy", "no row uses it")
        ]
        if let subnet { evidence.append(Evidence("Subnet \(subnet.name)", "gateway=\(subnet.spec.gateway ?? "")")) }
        examination.found(
          Finding(
            "EW-OVN-39", row.dstIp, certainty: subnet != nil ? .certain : .likely,
            parameters: ["gateway": row.dstIp, "port": row.logicalPort], evidence: evidence))
      } else {
        examination.found(unusedRow(row, routes: routes, vpc: cluster?.vpc(router: router?.name)))
      }
    }
  }

  private static func unusedRow(_ row: OVNFacts.BFD, routes: [OVNFacts.StaticRoute], vpc: ClusterFacts.Vpc?)
    -> Finding
  {
    var evidence = [row.evidence] + routes.map(\.evidence)
    var steps: [RepairStep] = []
    if routes.isEmpty {
      evidence.append(Evidence("NB Logical_Router_Static_Route", "no route has the next hop \(row.dstIp)"))
    }
    for (index, route) in (vpc?.spec.staticRoutes ?? []).enumerated()
    where route.nextHopIP == row.dstIp && route.bfdId != row.uuid {
      evidence.append(
        Evidence(
          "Vpc \(vpc?.name ?? "") spec.staticRoutes[\(index)]", "nextHopIP=\(row.dstIp) bfdId=\(route.bfdId ?? "")")
      )
      steps.append(
        RepairStep(
          Words(
            "Give the Vpc the row's present UUID, or the controller writes the old one back",
            zh: "在 Vpc 中写入该行当前的 UUID，否则控制器会写回旧值"),
          command: "kubectl patch vpc \(vpc?.name ?? "") --type=json -p "
            + "'[{\"op\":\"replace\",\"path\":\"/spec/staticRoutes/\(index)/bfdId\",\"value\":\"\(row.uuid)\"}]'",
          action: .vpcRoute(vpc?.name ?? "", index, route, row: row.uuid)))
    }
    for route in routes where !route.isDefault {
      steps.append(
        RepairStep(
          command: "kubectl ko nbctl set logical_router_static_route \(route.uuid) bfd=\(row.uuid)",
          action: .superviseRoute(route: route.uuid, row: row.uuid)))
    }
    return Finding(
      "EW-OVN-40", row.dstIp, severity: routes.isEmpty ? .warning : nil,
      parameters: ["nexthop": row.dstIp, "port": row.logicalPort, "row": row.uuid], evidence: evidence, steps: steps
    )
  }

  static let bfdPorts = Check(.ovn, ["EW-OVN-41", "EW-OVN-42"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: facts.ovn.value?.southbound.value)
    for row in north.bfd {
      let destination = IPAddress(row.dstIp)
      let fitting = north.logicalRouterPort.first { port in
        destination.map { address in port.prefixes.contains { $0.network.contains(address) } } ?? false
      }
      let port = join.port(row.logicalPort)
      let isWrong =
        port.map { port in
          !port.isForBFDOnly
            && destination.map { address in !port.prefixes.contains { $0.network.contains(address) } } == true
        } ?? true
      guard isWrong else { continue }
      var evidence = [row.evidence]
      evidence.append(
        port.map { Evidence("NB Logical_Router_Port \($0.name)", "networks=\($0.networks.joined(separator: ","))") }
          ?? Evidence("NB Logical_Router_Port", "none is called \(row.logicalPort)"))
      var steps: [RepairStep] = []
      if let fitting {
        evidence.append(
          Evidence("NB Logical_Router_Port \(fitting.name)", "networks=\(fitting.networks.joined(separator: ","))"))
        steps.append(RepairStep(command: "kubectl ko nbctl set bfd \(row.uuid) logical_port=\(fitting.name)"))
      }
      examination.found(
        Finding(
          "EW-OVN-41", row.dstIp, certainty: port == nil ? .certain : .likely,
          parameters: ["port": row.logicalPort, "destination": row.dstIp], evidence: evidence, steps: steps))
    }
    for port in north.logicalRouterPort where join.rows(onPort: port.name).contains(where: { !$0.dstIp.isEmpty }) {
      let isOnOneChassis = join.router(ofPort: port.name)?.options["chassis"] != nil
      guard port.gatewayChassis.isEmpty, port.haChassisGroup == nil, !isOnOneChassis else { continue }
      var evidence = [Evidence("NB Logical_Router_Port \(port.name)", "gateway_chassis=[] ha_chassis_group=[]")]
      if join.south != nil, join.redirectBinding(ofPort: port.name) == nil {
        evidence.append(Evidence("SB Port_Binding", "none is called cr-\(port.name)"))
      }
      examination.found(Finding("EW-OVN-42", port.name, parameters: ["port": port.name], evidence: evidence))
    }
  }

  static let bfdTimers = Check(.ovn, ["EW-OVN-49", "EW-OVN-50"]) { facts, examination in
    guard let north = examination.northbound(facts) else { return }
    let join = OVNJoin(north: north, south: nil)
    for row in north.bfd {
      if let minTx = row.minTx, minTx < 4 {
        examination.found(
          Finding(
            "EW-OVN-49", row.dstIp, certainty: .possible,
            parameters: ["interval": "\(minTx)", "port": row.logicalPort, "row": row.uuid],
            evidence: [row.evidence],
            steps: [RepairStep(command: "kubectl ko nbctl set bfd \(row.uuid) min_tx=100")]))
      }
      if row.status == "init", join.isUsed(row) {
        examination.found(
          Finding("EW-OVN-50", row.dstIp, parameters: ["nexthop": row.dstIp], evidence: [row.evidence]))
      }
    }
  }
}

extension ClusterFacts {
  func vpc(router: String?) -> Vpc? { router.flatMap { name in vpcs.value?.first { $0.router == name } } }
}

extension RepairAction {
  /// Gives a static route of a Vpc the UUID of its row of BFD, as long as it is the route that was seen there.
  fileprivate static func vpcRoute(
    _ vpc: String, _ index: Int, _ route: ClusterFacts.Vpc.StaticRoute, row: String
  ) -> RepairAction {
    let path = "/spec/staticRoutes/\(index)"
    return .patchObject(
      path: "/apis/kubeovn.io/v1/vpcs/\(vpc)", kind: .json,
      body: "[{\"op\":\"test\",\"path\":\"\(path)/nextHopIP\",\"value\":\"\(route.nextHopIP)\"},"
        + "{\"op\":\"test\",\"path\":\"\(path)/cidr\",\"value\":\"\(route.cidr)\"},"
        + "{\"op\":\"add\",\"path\":\"\(path)/bfdId\",\"value\":\"\(row)\"}]")
  }
}

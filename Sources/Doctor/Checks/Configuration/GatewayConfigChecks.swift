import Cluster
import Addresses
import Languages

// The ConfigMap ovn-external-gw-config, and what it names on nodes.
extension Check {
  static let gatewayAddress = Check(.configuration, ["EW-CFG-56"]) { facts, examination in
    guard let map = examination.objects(facts, \.externalGatewayConfig, KubeOVNNames.configMap),
      let subnets = examination.objects(facts, \.subnets, "Subnets"), let cluster = facts.cluster.value
    else { return }
    guard let text = map?.data["external-gw-addr"], !text.isEmpty,
      let subnet = subnets.first(where: { $0.name == cluster.externalSwitch })
    else { return }
    let address = IPPrefix(text)?.address ?? IPAddress(text)
    let prefixes = subnet.cidrs.compactMap { IPPrefix($0) }
    guard !prefixes.isEmpty, !(address.map { address in prefixes.contains { $0.contains(address) } } ?? false)
    else {
      return
    }
    examination.found(
      Finding(
        "EW-CFG-56", text,
        parameters: ["address": text, "subnet": subnet.name, "cidr": subnet.spec.cidrBlock ?? ""],
        evidence: [
          Evidence("ConfigMap \(KubeOVNNames.configMap)", "external-gw-addr=\(text)"),
          Evidence("Subnet \(subnet.name)", "cidrBlock=\(subnet.spec.cidrBlock ?? "")")
        ]))
  }

  static let gatewayNIC = Check(.configuration, ["EW-CFG-57"]) { facts, examination in
    guard let map = examination.objects(facts, \.externalGatewayConfig, KubeOVNNames.configMap),
      let cluster = facts.cluster.value
    else { return }
    let nic = map?.data["external-gw-nic"] ?? ""
    // A Vlan's ProviderNetwork brings the NIC by itself; the message is then only noise.
    let external = cluster.subnets.value?.first { $0.name == cluster.externalSwitch }
    let hasVlan = external?.spec.vlan.map { !$0.isEmpty } ?? false
    if let map, map.data["enable-external-gw"] == "true", nic.isEmpty, !cluster.gatewayNodes.isEmpty {
      examination.found(
        Finding(
          "EW-CFG-57", KubeOVNNames.configMap, severity: hasVlan ? .warning : nil,
          parameters: ["nic": "external-gw-nic"],
          evidence: [
            Evidence("ConfigMap \(KubeOVNNames.configMap)", "no external-gw-nic"),
            Evidence(
              "Nodes with \(KubeOVNNames.gatewayLabel)=true",
              cluster.gatewayNodes.map(\.name).joined(separator: ", "))
          ]))
      return
    }
    guard !nic.isEmpty else { return }
    let isGateway = cluster.gatewayNodes.contains { $0.name == facts.subject.node }
    if isGateway, let view = facts.network.value?.nodeView, view.link(nic) == nil,
      facts.ovs.value?.bridge(ofPort: nic) == nil
    {
      examination.found(
        Finding(
          "EW-CFG-57", facts.subject.node, parameters: ["nic": nic],
          evidence: [
            Evidence("ConfigMap \(KubeOVNNames.configMap)", "external-gw-nic=\(nic)"),
            Evidence("links of \(facts.subject.node)", view.links.map(\.name).joined(separator: ", "))
          ]))
      return
    }
    guard let line = cluster.logLines(LogMessages.noSuchNIC + nic).last else { return }
    examination.found(
      Finding(
        "EW-CFG-57", line.node ?? line.pod, certainty: .likely, parameters: ["nic": nic], evidence: [line.evidence])
    )
  }

  static let stolenBridge = Check(.configuration, ["EW-CFG-58"]) { facts, examination in
    guard let map = examination.objects(facts, \.externalGatewayConfig, KubeOVNNames.configMap),
      examination.objects(facts, \.nodes, "Nodes") != nil, let cluster = facts.cluster.value
    else { return }
    guard let nic = map?.data["external-gw-nic"], !nic.isEmpty,
      cluster.gatewayNodes.contains(where: { $0.name == facts.subject.node }),
      let ovs = examination.require(facts.ovs, Words("the node's Open_vSwitch", zh: "本节点的 Open_vSwitch"))
    else { return }
    let wanted = "br-\(cluster.externalSwitch)"
    guard let bridge = ovs.bridge(ofPort: nic), bridge != wanted else { return }
    examination.found(
      Finding(
        "EW-CFG-58", nic, parameters: ["nic": nic, "bridge": bridge, "wanted": wanted],
        evidence: [
          Evidence("Open_vSwitch", "\(nic) is a port of \(bridge)"),
          Evidence("ConfigMap \(KubeOVNNames.configMap)", "external-gw-nic=\(nic)"),
          Evidence("Node \(facts.subject.node)", "label \(KubeOVNNames.gatewayLabel)=true")
        ],
        steps: [RepairStep(command: "kubectl label node \(facts.subject.node) \(KubeOVNNames.gatewayLabel)-")]))
  }

  static let bridgeMappings = Check(.configuration, ["EW-CFG-59"]) { facts, examination in
    guard let north = examination.northbound(facts), let south = examination.southbound(facts) else { return }
    let join = OVNJoin(north: north, south: south)
    let localnets = north.logicalSwitchPort.filter { $0.type == "localnet" }
    for port in north.logicalRouterPort {
      // Kube-OVN's names: <vpc>-<switch> is the port, localnet.<switch> its way out.
      let localnet = localnets.first { localnet in
        guard localnet.name.hasPrefix("localnet.") else { return false }
        return port.name.hasSuffix("-" + localnet.name.dropFirst("localnet.".count))
      }
      guard let network = localnet?.options["network_name"] else { continue }
      for name in join.chassis(of: port).map(\.name) {
        guard let chassis = join.chassis(named: name) else { continue }
        let text = chassis.otherConfig["ovn-bridge-mappings"] ?? chassis.externalIds["ovn-bridge-mappings"] ?? ""
        let networks = text.split(separator: ",").compactMap { $0.split(separator: ":").first.map(String.init) }
        let node = chassis.hostname ?? name
        guard !networks.contains(network), !examination.findings.contains(where: { $0.subject == node }) else {
          continue
        }
        // Only this node's database can be reached, and a bridge without its NIC would help nobody.
        let isHere =
          facts.ovs.value.map { ovs in
            ovs.externalIDs["system-id"] == name && ovs.bridges.contains { $0.name == "br-\(network)" }
          } ?? false
        let mappings = (text.isEmpty ? "" : text + ",") + "\(network):br-\(network)"
        examination.found(
          Finding(
            "EW-CFG-59", node, parameters: ["network": network, "node": node],
            evidence: [
              Evidence("SB Chassis \(node)", "ovn-bridge-mappings=\(text)"),
              Evidence("NB Logical_Switch_Port \(localnet?.name ?? "")", "network_name=\(network)")
            ],
            steps: [
              RepairStep(command: "kubectl ko vsctl \(node) --may-exist add-br br-\(network)"),
              RepairStep(
                command: "kubectl ko vsctl \(node) set open . external-ids:ovn-bridge-mappings=\(mappings)",
                action: isHere ? .setBridgeMapping(network: network, bridge: "br-\(network)") : nil)
            ], repair: isHere ? .automatic : .manual))
      }
    }
  }

  static let distributedGateway = Check(.configuration, ["EW-CFG-60"]) { facts, examination in
    guard let map = examination.objects(facts, \.externalGatewayConfig, KubeOVNNames.configMap),
      examination.objects(facts, \.nodes, "Nodes") != nil, let cluster = facts.cluster.value
    else { return }
    guard let map, map.data["enable-external-gw"] == "true" else { return }
    let lines = cluster.logLines(LogMessages.noGatewayChassis)
    let candidates =
      cluster.gatewayNodes.map(\.name) + (cluster.isDistributed ? [] : cluster.configuredGatewayNodes)
    guard candidates.isEmpty else { return }
    let ignored = cluster.isDistributed ? cluster.configuredGatewayNodes : []
    examination.found(
      Finding(
        "EW-CFG-60", KubeOVNNames.configMap,
        evidence: [
          Evidence(
            "ConfigMap \(KubeOVNNames.configMap)",
            "type=\(map.data["type"] ?? "centralized") external-gw-nodes=\(map.data["external-gw-nodes"] ?? "")"),
          Evidence("Nodes", "none has the label \(KubeOVNNames.gatewayLabel)=true")
        ] + lines.suffix(1).map(\.evidence),
        steps: ignored.map { RepairStep(command: "kubectl label node \($0) \(KubeOVNNames.gatewayLabel)=true") }))
  }

  static let changedGatewayNodes = Check(.configuration, ["EW-CFG-61"]) { facts, examination in
    guard let map = examination.objects(facts, \.externalGatewayConfig, KubeOVNNames.configMap),
      let north = examination.northbound(facts), let cluster = facts.cluster.value
    else { return }
    let join = OVNJoin(north: north, south: facts.ovn.value?.southbound.value)
    guard let map, map.data["enable-external-gw"] == "true", !cluster.isDistributed,
      let port = join.port("\(KubeOVNNames.defaultVpc)-\(cluster.externalSwitch)")
    else { return }
    let present = join.chassis(of: port).map { join.node(ofChassis: $0.name) }
    let wanted = cluster.configuredGatewayNodes + cluster.gatewayNodes.map(\.name)
    guard !present.isEmpty, Set(present) != Set(wanted) else { return }
    examination.found(
      Finding(
        "EW-CFG-61", port.name, parameters: ["port": port.name],
        evidence: [
          Evidence("ConfigMap \(KubeOVNNames.configMap) and labels", Set(wanted).sorted().joined(separator: ", ")),
          Evidence("NB Gateway_Chassis of \(port.name)", present.sorted().joined(separator: ", "))
        ]))
  }
}

extension OVSFacts {
  func bridge(ofPort port: String) -> String? { bridges.first { $0.ports.contains(port) }?.name }
}

extension NetworkFacts {
  /// The node's own namespace.
  var nodeView: NetworkView? { (node ?? inside).value }
}

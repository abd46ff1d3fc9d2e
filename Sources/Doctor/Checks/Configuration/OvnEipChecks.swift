import Cluster
import Languages

// OvnEips of type lsp: the ports of gateway nodes.
extension Check {
  static let unreadyEips = Check(.configuration, ["EW-CFG-51", "EW-CFG-52"]) { facts, examination in
    guard examination.objects(facts, \.ovnEips, "OvnEips") != nil, let cluster = facts.cluster.value else { return }
    let rows = facts.ovn.value?.northbound.value?.bfd ?? []
    for eip in cluster.lspEips where !eip.isReady {
      let own = Evidence("OvnEip \(eip.name)", "status.ready=\(eip.status?.ready.map { "\($0)" } ?? "")")
      if let row = rows.first(where: { $0.dstIp == eip.v4 && $0.status == "up" }) {
        examination.found(
          Finding(
            "EW-CFG-51", eip.name, parameters: ["eip": eip.name], evidence: [own, row.evidence],
            steps: [
              RepairStep(
                command: "kubectl patch ovn-eip \(eip.name) --subresource=status --type=merge "
                  + "-p '{\"status\":{\"ready\":true}}'",
                action: .patchObject(
                  path: "/apis/kubeovn.io/v1/ovn-eips/\(eip.name)/status", kind: .merge,
                  body: "{\"status\":{\"ready\":true}}")),
              RepairStep(
                command: "kubectl label node \(eip.name) \(KubeOVNNames.speakerLabel)=true --overwrite",
                action: .patchObject(
                  path: "/api/v1/nodes/\(eip.name)", kind: .merge,
                  body: "{\"metadata\":{\"labels\":{\"\(KubeOVNNames.speakerLabel)\":\"true\"}}}"))
            ]))
      }
      let lines = cluster.logLines("\"\(eip.name)\" \(LogMessages.notReady)")
      if !cluster.bfdVpcs.isEmpty || !lines.isEmpty {
        examination.found(
          Finding(
            "EW-CFG-52", eip.name, certainty: lines.isEmpty ? .likely : .certain,
            parameters: ["eip": eip.name, "vpcs": cluster.bfdVpcs.map(\.name).joined(separator: ", ")],
            evidence: [own] + lines.suffix(1).map(\.evidence)))
      }
    }
  }

  static let numberOfEips = Check(.configuration, ["EW-CFG-53"]) { facts, examination in
    guard examination.objects(facts, \.ovnEips, "OvnEips") != nil,
      examination.objects(facts, \.vpcs, "Vpcs") != nil,
      let cluster = facts.cluster.value
    else { return }
    let names = cluster.lspEips.map(\.name)
    for vpc in cluster.bfdVpcs where names.count < 2 {
      examination.found(
        Finding(
          "EW-CFG-53", vpc.name, parameters: ["vpc": vpc.name, "count": "\(names.count)"],
          evidence: [
            Evidence("Vpc \(vpc.name)", "enableBfd=true"),
            Evidence("OvnEips of type lsp", names.isEmpty ? "none" : names.joined(separator: ", "))
          ] + cluster.logLines(LogMessages.tooFewLSPs).suffix(1).map(\.evidence)))
    }
  }

  static let namesOfEips = Check(.configuration, ["EW-CFG-54"]) { facts, examination in
    guard examination.objects(facts, \.ovnEips, "OvnEips") != nil,
      let nodes = examination.objects(facts, \.nodes, "Nodes"), let cluster = facts.cluster.value
    else { return }
    for eip in cluster.lspEips where !nodes.contains(where: { $0.name == eip.name }) {
      examination.found(
        Finding(
          "EW-CFG-54", eip.name, parameters: ["eip": eip.name],
          evidence: [
            Evidence("OvnEip \(eip.name)", "type=lsp"),
            Evidence("Nodes", nodes.map(\.name).joined(separator: ", "))
          ]))
    }
  }

  static let subnetsOfEips = Check(.configuration, ["EW-CFG-55"]) { facts, examination in
    guard examination.objects(facts, \.ovnEips, "OvnEips") != nil,
      examination.objects(facts, \.controller, "kube-ovn-controller") != nil, let cluster = facts.cluster.value
    else { return }
    for eip in cluster.lspEips {
      guard let subnet = eip.spec.externalSubnet, !subnet.isEmpty, subnet != cluster.externalSwitch else {
        continue
      }
      examination.found(
        Finding(
          "EW-CFG-55", eip.name,
          parameters: ["eip": eip.name, "subnet": subnet, "switch": cluster.externalSwitch],
          evidence: [
            Evidence("OvnEip \(eip.name)", "externalSubnet=\(subnet)"),
            Evidence("kube-ovn-controller", "--external-gateway-switch=\(cluster.externalSwitch)")
          ] + cluster.logLines(LogMessages.noPath).suffix(1).map(\.evidence)))
    }
  }
}

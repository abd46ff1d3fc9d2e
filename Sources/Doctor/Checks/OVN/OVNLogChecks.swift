import Cluster
// What only ovn-controller's log tells.
extension Check {
  static let bfdPermission = Check(.ovn, ["EW-OVN-47"]) { facts, examination in
    guard examination.objects(facts, \.logs, "logs") != nil, let cluster = facts.cluster.value else { return }
    guard
      let line = cluster.logLines(LogMessages.permission, "\"BFD").last
        ?? cluster.logLines(LogMessages.permission, "\\\"BFD").last
    else { return }
    examination.found(
      Finding("EW-OVN-47", line.node ?? line.pod, parameters: ["pod": line.pod], evidence: [line.evidence]))
  }
}

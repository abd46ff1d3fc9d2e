import Cluster

// How rows and lines are shown as evidence.
extension ClusterFacts.LogLine {
  var evidence: Evidence { Evidence("log of \(pod)", text) }
}

extension OVNFacts.BFD {
  var evidence: Evidence {
    let timers = [
      minTx.map { "min_tx=\($0)" }, minRx.map { "min_rx=\($0)" }, detectMult.map { "detect_mult=\($0)" }
    ]
    let words =
      ["logical_port=\(logicalPort)", "dst_ip=\(dstIp)", "status=\(status ?? "[]")"] + timers.compactMap { $0 }
    return Evidence("NB BFD \(uuid)", words.joined(separator: " "))
  }
}

extension OVNFacts.StaticRoute {
  var evidence: Evidence {
    var words = [
      "ip_prefix=\(ipPrefix)", "nexthop=\(nexthop)", "policy=\(policy ?? "dst-ip")", "bfd=\(bfd ?? "[]")"
    ]
    if let table = routeTable, !table.isEmpty { words.append("route_table=\(table)") }
    if isSymmetric { words.append("ecmp_symmetric_reply=true") }
    return Evidence("NB Logical_Router_Static_Route \(uuid)", words.joined(separator: " "))
  }
}

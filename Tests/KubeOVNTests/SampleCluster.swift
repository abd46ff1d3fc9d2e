import Cluster

/// Two gateway nodes in external subnet external204, one Vpc with BFD. Tests change one thing of it.
struct SampleCluster {
  var cluster = ClusterFacts()
  var north = OVNFacts.Northbound()
  var south = OVNFacts.Southbound()

  init() {
    cluster.ovnEips = .value([
      Self.eip("node1", "10.204.0.11", mac: "00:00:00:01:02:03"), Self.eip("node2", "10.204.0.12"),
      Self.eip("vpc1-external204", "10.204.0.254", type: "lrp")
    ])
    var external = ClusterFacts.Subnet.Spec()
    external.cidrBlock = "10.204.0.0/24"
    external.gateway = "10.204.0.1"
    external.mtu = 1400
    cluster.subnets = .value([.init(name: "external204", spec: external)])
    addRow("vpc1-external204", "10.204.0.254/24", to: "10.204.0.11", disc: 77)
    addRow("vpc1-external204", "10.204.0.254/24", to: "10.204.0.12", disc: 78)
  }

  var ovn: OVNFacts {
    var ovn = OVNFacts()
    ovn.northbound = .value(north)
    ovn.southbound = .value(south)
    return ovn
  }

  static func eip(
    _ name: String, _ v4: String?, v6: String? = nil, mac: String? = nil, type: String = "lsp",
    subnet: String = "external204"
  ) -> ClusterFacts.OvnEip {
    var status = ClusterFacts.OvnEip.Status()
    status.ready = true
    status.v4Ip = v4
    status.v6Ip = v6
    status.macAddress = mac
    return .init(name: name, spec: .init(externalSubnet: subnet, v4Ip: v4, type: type), status: status)
  }

  /// A row of BFD, on a port that is made when it is not there.
  mutating func addRow(_ port: String, _ network: String, to address: String, disc: UInt32? = nil) {
    if !north.logicalRouterPort.contains(where: { $0.name == port }) {
      var row = OVNFacts.LogicalRouterPort(uuid: "lrp-\(port)", name: port)
      row.networks = [network]
      north.logicalRouterPort.append(row)
    } else if let index = north.logicalRouterPort.firstIndex(where: { $0.name == port }),
      !north.logicalRouterPort[index].networks.contains(network)
    {
      north.logicalRouterPort[index].networks.append(network)
    }
    var row = OVNFacts.BFD(uuid: "bfd-\(port)-\(address)", logicalPort: port, dstIp: address, status: "up")
    row.minTx = 100
    row.minRx = 200
    row.detectMult = 3
    north.bfd.append(row)
    var session = OVNFacts.SouthboundBFD(
      uuid: "sb-\(port)-\(address)", logicalPort: port, dstIp: address, status: "up")
    session.disc = disc
    session.minTx = 100
    session.minRx = 200
    session.detectMult = 3
    south.bfd.append(session)
  }
}

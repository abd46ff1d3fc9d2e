import Cluster
import Addresses

extension SpeakerView {
  /// Routers of OVN that watch this node by BFD: a row whose destination is one of our addresses. A row in admin_down
  /// sends nothing, so nobody is to be expected.
  static func routers(_ facts: Facts, _ speaker: SpeakerFacts) -> [Expectation.Peer] {
    guard let northbound = facts.ovn.value?.northbound.value else { return [] }
    let interfaces = facts.expectation.value?.interfaces ?? []
    let own = Set(interfaces.flatMap(\.addresses).map(\.address) + speaker.addresses)
    return northbound.bfd.compactMap { row in
      guard let destination = IPAddress(row.dstIp), own.contains(destination), row.status != "admin_down",
        let port = northbound.logicalRouterPort.first(where: { $0.name == row.logicalPort }),
        let address = port.networks.compactMap({ IPPrefix($0)?.address })
          .first(where: { $0.family == destination.family })
      else { return nil }
      var peer = Expectation.Peer(address: address, isPassive: true)
      // What OVN can receive at is what we may send at, and the other way round.
      peer.desiredMinTx = UInt32(clamping: (row.minRx ?? 1_000) * 1_000)
      peer.requiredMinRx = UInt32(clamping: (row.minTx ?? 1_000) * 1_000)
      return peer
    }
  }

  /// The chassis where OVN has the router port with this address; nil when that is not known.
  private func chassis(of peer: IPAddress) -> OVNFacts.Chassis? {
    guard let northbound = facts.ovn.value?.northbound.value, let southbound = facts.ovn.value?.southbound.value,
      let port = northbound.logicalRouterPort.first(where: { port in
        port.networks.contains { IPPrefix($0)?.address == peer }
      }),
      let binding = southbound.portBinding.first(where: { $0.logicalPort == "cr-\(port.name)" })
    else { return nil }
    return southbound.chassis.first { $0.uuid == binding.chassis }
  }

  private func isHere(_ chassis: OVNFacts.Chassis) -> Bool {
    chassis.name == facts.subject.node || chassis.hostname == facts.subject.node
  }

  /// Whether what tells this silent peer from those that are Up is the physical network between the nodes; in that
  /// case the peer's node and that of one that is Up.
  func nodesApart(_ peer: IPAddress) -> (silent: String, up: IPAddress)? {
    guard let there = chassis(of: peer), !isHere(there) else { return nil }
    let up = speaker.sessions.filter { $0.state == .up }.map(\.peer)
    guard let near = up.first(where: { chassis(of: $0).map(isHere) ?? false }),
      !up.contains(where: { chassis(of: $0).map { !isHere($0) } ?? false })
    else { return nil }
    return (there.hostname ?? there.name, near)
  }
}

import Addresses
import Cluster
import ConfigurationFile

/// Who speaks BFD with this node: by OVN's rows, and where those cannot be read by Kube-OVN's objects.
struct PeerFinder {
  let cluster: ClusterFacts
  let ovn: OVNFacts
  let ports: [KubeOVNGateway.Port]

  /// A logical router port that is to be spoken to.
  struct Peer: Hashable {
    var name: String
    var address: IPAddress
    var local: IPAddress
    var interface: String
    var timers: GatewayConfiguration.BFDTimers
    var minimumTTL: UInt8
    /// OVN's own, as its southbound database has it.
    var discriminator: UInt32?
  }

  /// Somebody who may speak one day.
  struct Candidate: Hashable {
    var name: String
    var address: IPAddress
    var interface: String
  }

  /// With OVN's northbound database those that have a row towards this node; without it every port of a Vpc that is ready.
  func peers(_ eips: [ClusterFacts.OvnEip]) -> [Peer] {
    guard let north = ovn.northbound.value else {
      return candidates(eips, without: []).compactMap { candidate in
        guard let local = local(towards: candidate.address) else { return nil }
        return Peer(
          name: candidate.name, address: candidate.address, local: local.address, interface: local.interface,
          timers: defaultTimers, minimumTTL: 255)
      }
    }
    let join = OVNJoin(north: north, south: ovn.southbound.value)
    var result: [Peer] = []
    for row in north.bfd.sorted(by: { ($0.logicalPort, $0.dstIp) < ($1.logicalPort, $1.dstIp) }) {
      guard let own = IPAddress(row.dstIp), let port = ports.first(where: { $0.has(own) }),
        let remote = join.port(row.logicalPort),
        let address = remote.prefixes.first(where: { $0.contains(own) })?.address
          ?? remote.prefixes.first(where: { $0.family == own.family })?.address,
        !result.contains(where: { $0.address == address && $0.local == own })
      else { continue }
      let session = ovn.southbound.value?.bfd.first { $0.logicalPort == row.logicalPort && $0.dstIp == row.dstIp }
      result.append(
        Peer(
          name: row.logicalPort, address: address, local: own, interface: port.name, timers: timers(row),
          // OVN's bfd@vpc ports are behind their router.
          minimumTTL: remote.isForBFDOnly ? 254 : 255, discriminator: session?.disc.flatMap { $0 == 0 ? nil : $0 }))
    }
    return result
  }

  /// Ports of Vpcs in our subnets that have no row: they are answered when they begin.
  func candidates(_ eips: [ClusterFacts.OvnEip]) -> [Candidate] {
    guard ovn.northbound.value != nil else { return [] }
    return candidates(eips, without: Set(peers(eips).map(\.address)))
  }

  private func candidates(_ eips: [ClusterFacts.OvnEip], without known: Set<IPAddress>) -> [Candidate] {
    var result: [Candidate] = []
    for eip in eips.sorted(by: { $0.name < $1.name }) where eip.type == "lrp" && eip.isReady {
      for text in [eip.v4, eip.v6].compactMap({ $0 }) {
        guard let address = IPAddress(text), !known.contains(address), let local = local(towards: address) else {
          continue
        }
        result.append(Candidate(name: eip.name, address: address, interface: local.interface))
      }
    }
    return result
  }

  private func local(towards address: IPAddress) -> (address: IPAddress, interface: String)? {
    for port in ports {
      if let own = port.addresses.first(where: { $0.contains(address) && $0.address != address }) {
        return (own.address, port.name)
      }
    }
    return nil
  }

  // MARK: Timers

  /// What OVN asks for is what it gets: its min_rx is how often we may send, its min_tx how often it sends. Ours would
  /// otherwise be the slower end, and detection take seconds.
  private func timers(_ row: OVNFacts.BFD) -> GatewayConfiguration.BFDTimers {
    GatewayConfiguration.BFDTimers(
      transmitInterval: .milliseconds(Self.bounded(row.minRx ?? 1000)),
      receiveInterval: .milliseconds(Self.bounded(row.minTx ?? 1000)),
      detectMultiplier: min(max(row.detectMult ?? 5, 1), 255))
  }

  /// What kube-ovn-controller writes into rows it makes (its flags, cmd/controller).
  var defaultTimers: GatewayConfiguration.BFDTimers {
    func flag(_ name: String, _ standard: Int) -> Int {
      ClusterFacts.flag(name, of: cluster.controller.value).flatMap { Int($0) } ?? standard
    }
    return GatewayConfiguration.BFDTimers(
      transmitInterval: .milliseconds(Self.bounded(flag("bfd-min-rx", 100))),
      receiveInterval: .milliseconds(Self.bounded(flag("bfd-min-tx", 100))),
      detectMultiplier: min(max(flag("detect-mult", 3), 1), 255))
  }

  /// In milliseconds: BFD's intervals have 32 bits of microseconds, and 0 would silence the session for good.
  private static func bounded(_ milliseconds: Int) -> Int { min(max(milliseconds, 1), 4_294_967) }
}

extension KubeOVNGateway.Port {
  func has(_ address: IPAddress) -> Bool { addresses.contains { $0.address == address } }
}

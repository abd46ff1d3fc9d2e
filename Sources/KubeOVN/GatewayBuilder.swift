import Addresses
import Cluster
import ConfigurationFile

/// Puts a gateway together: ports first, then what stands on them.
struct GatewayBuilder {
  let cluster: ClusterFacts
  let ovn: OVNFacts
  let node: String
  let options: KubeOVNOptions

  private(set) var ports: [KubeOVNGateway.Port] = []
  private(set) var problems: [KubeOVNGateway.Problem] = []
  private var configuration: GatewayConfiguration
  private var names: Set<String> = []

  init(cluster: ClusterFacts, ovn: OVNFacts, node: String, options: KubeOVNOptions) {
    self.cluster = cluster
    self.ovn = ovn
    self.node = node
    self.options = options
    configuration = options.base
    configuration.namespace = .named(options.namespace)
    names = Set(
      configuration.bfd.peers.map(\.name) + configuration.bfd.allow.map(\.name) + configuration.paths.map(\.name)
        + configuration.groups.map(\.name))
  }

  // MARK: Ports

  mutating func addPort(_ eip: ClusterFacts.OvnEip, _ subnets: [ClusterFacts.Subnet]) {
    let object = "OvnEip \(eip.name)"
    let subnetName = eip.spec.externalSubnet ?? cluster.externalSwitch
    guard let subnet = subnets.first(where: { $0.name == subnetName }) else {
      return note(object, "it is in subnet \(subnetName), which does not exist", help: "kubectl get subnet")
    }
    let networks = subnet.cidrs.compactMap { IPPrefix($0) }
    var addresses: [IPPrefix] = []
    for text in [eip.v4, eip.v6].compactMap({ $0 }) {
      guard let address = IPAddress(text) else {
        note(object, "\"\(text)\" is no address", help: "kubectl describe ovn-eip \(eip.name)")
        continue
      }
      guard let network = networks.first(where: { $0.contains(address) }),
        let prefix = IPPrefix(address, length: network.length)
      else {
        note(
          object, "\(address) is not in subnet \(subnetName), \(subnet.spec.cidrBlock ?? "which has no cidrBlock")")
        continue
      }
      addresses.append(prefix)
    }
    guard !addresses.isEmpty else {
      return note(
        object, "it has no address yet",
        help: "kube-ovn-controller gives it one: kubectl describe ovn-eip \(eip.name)")
    }
    let families = Set(addresses.map(\.family))
    let gateways = subnet.gateways.compactMap { IPAddress($0) }.filter { families.contains($0.family) }
    for family in families.sorted(by: { "\($0)" < "\($1)" })
    where !gateways.contains(where: { $0.family == family }) {
      note("Subnet \(subnetName)", "it has no gateway for \(family): this node has no way out there")
    }
    let name = ports.isEmpty ? options.interface : interfaceName(ports.count)
    var interface = GatewayConfiguration.Interface(name: name, addresses: addresses)
    interface.mac = [eip.status?.macAddress, eip.spec.macAddress].compactMap { $0.flatMap { MACAddress($0) } }.first
    let least = families.contains(.ipv6) ? 1280 : 68
    interface.mtu = subnet.spec.mtu.flatMap { $0 >= least ? $0 : nil }
    configuration.interfaces.append(interface)
    ports.append(
      KubeOVNGateway.Port(
        name: name, eip: eip.name, subnet: subnetName, addresses: addresses, gateways: gateways,
        externalIDs: [
          "iface-id": eip.name,
          "ip": addresses.map { "\($0.address)" }.joined(separator: ","),
          "pod_netns": "/var/run/netns/\(options.namespace)"
        ]))
  }

  /// `ovnext0`, `ovnext1`, ...
  private func interfaceName(_ number: Int) -> String {
    let stem = options.interface.reversed().drop { $0.isNumber }.reversed()
    return String(stem) + "\(number)"
  }

  // MARK: What stands on them

  mutating func build(_ eips: [ClusterFacts.OvnEip]) -> KubeOVNGateway {
    for (number, port) in ports.enumerated() { addWaysOut(port, table: number == 0 ? nil : UInt32(100 + number)) }
    addPeers(eips)
    addNeighbourNodes(eips)
    addUplinks()
    return KubeOVNGateway(configuration: configuration, ports: ports, problems: problems)
  }

  /// The default routes by the subnet's gateways. Those of further subnets are in tables of their own.
  private mutating func addWaysOut(_ port: KubeOVNGateway.Port, table: UInt32?) {
    if let table {
      configuration.rules.append(.init(incomingInterface: port.name, table: table, priority: 10_000 + table))
      // What is on the link stays there.
      for network in port.addresses.map(\.network) {
        configuration.routes.append(.init(prefix: network, interface: port.name, table: table))
      }
    }
    for gateway in port.gateways {
      let name = unique("gateway-\(port.subnet)", gateway.family)
      configuration.paths.append(
        GatewayConfiguration.Path(
          name: name, via: gateway, interface: port.name, holdDown: .seconds(2), health: health(gateway, name, port)
        ))
      let all = gateway.family == .ipv4 ? IPPrefix(.v4(.any), length: 0) : IPPrefix(.v6(.any), length: 0)
      guard let all else { continue }
      // The route stays when the gateway is lost: what comes here until the peers know must not be refused.
      configuration.groups.append(
        GatewayConfiguration.Group(
          name: name, members: [.init(path: name, weight: 1)], lastPath: .keep,
          routes: [.init(prefix: all, table: table ?? 254)]))
    }
  }

  private mutating func health(
    _ gateway: IPAddress, _ name: String, _ port: KubeOVNGateway.Port
  ) -> GatewayConfiguration.Health {
    switch options.gatewayHealth {
    case .neighbour: return .neighbour(Self.probe)
    case .icmp: return .icmp(address: gateway, Self.probe)
    case .none: return .link
    case .bfd:
      configuration.bfd.peers.append(.init(name: name, address: gateway, interface: port.name))
      return .bfd(peer: name)
    }
  }

  private static let probe = GatewayConfiguration.Probe(
    interval: .milliseconds(300), timeout: .milliseconds(250), downAfter: 3, upAfter: 3)

  /// Everybody who has a row of BFD towards this node in OVN, and who may get one.
  private mutating func addPeers(_ eips: [ClusterFacts.OvnEip]) {
    let finder = PeerFinder(cluster: cluster, ovn: ovn, ports: ports)
    for peer in finder.peers(eips) {
      var entry = GatewayConfiguration.BFDPeer(
        name: unique(peer.name, peer.address.family), address: peer.address, interface: peer.interface,
        localAddress: peer.local, timers: peer.timers, minimumTTL: peer.minimumTTL)
      entry.compatibility = .ovn
      entry.remoteDiscriminator = peer.discriminator
      configuration.bfd.peers.append(entry)
    }
    for candidate in finder.candidates(eips) {
      var entry = GatewayConfiguration.BFDAllow(
        name: unique(candidate.name, candidate.address.family), prefix: IPPrefix(host: candidate.address),
        interface: candidate.interface)
      entry.timers = finder.defaultTimers
      entry.compatibility = .ovn
      configuration.bfd.allow.append(entry)
    }
  }

  /// The other gateway nodes, so that one of them that dies is noticed here: OVN trusts what a dead chassis wrote. Not by
  /// ARP, which OVN answers in the name of every port that it knows.
  private mutating func addNeighbourNodes(_ eips: [ClusterFacts.OvnEip]) {
    guard options.repairsStaleSessions else { return }
    for eip in eips.sorted(by: { $0.name < $1.name }) where eip.type == "lsp" && eip.node != node {
      for text in [eip.v4, eip.v6].compactMap({ $0 }) {
        guard let address = IPAddress(text),
          let port = ports.first(where: { $0.addresses.contains { $0.contains(address) } })
        else { continue }
        configuration.paths.append(
          GatewayConfiguration.Path(
            name: unique(KubeOVN.nodePathPrefix + eip.name, address.family), via: address, interface: port.name,
            holdDown: .zero, health: .icmp(address: address, Self.probe)))
      }
    }
  }

  /// Peers of one port and family hear when the gateways of that port and family are lost.
  private mutating func addUplinks() {
    guard options.gatewayHealth != .none else { return }
    for port in ports {
      for family in Set(port.gateways.map(\.family)).sorted(by: { "\($0)" < "\($1)" }) {
        let watched = configuration.groups.flatMap { group in group.members.map(\.path) }.filter { name in
          configuration.paths.contains { $0.name == name && $0.interface == port.name && $0.family == family }
        }
        let told =
          configuration.bfd.peers.filter { peer in
            peer.compatibility == .ovn && peer.interface == port.name && peer.address.family == family
          }.map(\.name)
          + configuration.bfd.allow.filter { $0.interface == port.name && $0.prefix.address.family == family }.map(
            \.name)
        guard !watched.isEmpty, !told.isEmpty else { continue }
        configuration.uplinks.append(
          GatewayConfiguration.Uplinks(
            watch: watched.map { .path($0) }, lostWhen: .all, tell: .silence, peers: told))
      }
    }
  }

  // MARK: Names

  private mutating func note(_ object: String, _ what: String, help: String? = nil) {
    problems.append(KubeOVNGateway.Problem(object: object, what: what, help: help))
  }

  /// A name as the configuration wants them: 1 to 63 letters, digits, `.`, `_` and `-`, each once.
  private mutating func unique(_ wanted: String, _ family: AddressFamily) -> String {
    let clean = String(wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-" })
    let stem = String(clean.prefix(54)) + (family == .ipv6 ? "-v6" : "")
    var name = stem
    var number = 2
    while !names.insert(name).inserted {
      name = "\(stem)-\(number)"
      number += 1
    }
    return name
  }
}

extension KubeOVN {
  /// Of the paths by which other gateway nodes are watched.
  public static let nodePathPrefix = "node-"
}

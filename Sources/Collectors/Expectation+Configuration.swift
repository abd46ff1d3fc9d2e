import Cluster
import Addresses
public import ConfigurationFile
public import Doctor

extension Expectation {
  /// What everway's own configuration asks of the node.
  public init(_ configuration: GatewayConfiguration, source: String) {
    let name: String? = if case .named(let name) = configuration.namespace { name } else { nil }
    self.init(source: source, namespace: name)
    interfaces = configuration.interfaces.map { interface in
      var expected = Interface(name: interface.name, outsideName: interface.from)
      expected.addresses = interface.addresses
      expected.mac = interface.mac
      expected.mtu = interface.mtu
      return expected
    }
    gateways = Self.gateways(configuration)
    peers =
      configuration.bfd.peers.filter { !$0.shutdown && $0.reach.namespace == nil }.map { peer in
        var expected = Peer(address: peer.address, interface: peer.interface, isPassive: peer.mode == .passive)
        expected.isMultihop = peer.reach.multihop
        expected.setTimers(peer.timers)
        return expected
      }
      + configuration.bfd.allow.filter { $0.prefix.isHost && $0.reach.namespace == nil }.map { allow in
        var expected = Peer(address: allow.prefix.address, interface: allow.interface, isPassive: true)
        expected.isMultihop = allow.reach.multihop
        expected.setTimers(allow.timers)
        return expected
      }
  }

  /// RT_TABLE_MAIN of linux/rtnetlink.h: others are for rules to choose.
  private static let mainTable: UInt32 = 254

  /// Next hops of default routes, each once: of static routes, and of the members of groups.
  private static func gateways(_ configuration: GatewayConfiguration) -> [IPAddress] {
    var result = configuration.routes.filter { $0.prefix.length == 0 && $0.table == mainTable }.compactMap(\.via)
    for group in configuration.groups
    where group.routes.contains(where: { $0.prefix.length == 0 && $0.table == mainTable }) {
      result += configuration.paths.filter { path in group.members.contains { $0.path == path.name } }.map(\.via)
    }
    var seen: Set<IPAddress> = []
    return result.filter { seen.insert($0).inserted }
  }
}

extension Expectation.Peer {
  fileprivate mutating func setTimers(_ timers: GatewayConfiguration.BFDTimers) {
    desiredMinTx = UInt32(clamping: Int64(timers.transmitInterval / .microseconds(1)))
    requiredMinRx = UInt32(clamping: Int64(timers.receiveInterval / .microseconds(1)))
    detectMultiplier = UInt8(clamping: timers.detectMultiplier)
  }
}

import Addresses
import ConfigurationFile
import Glibc
import NamespaceTestSupport
import Netlink
import NetworkNamespaces
import Testing

@testable import Gateway

func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }

/// A machine for a plan: a namespace in the part of the one everway was started in, with the veth `eth1` whose other
/// end is up elsewhere, and the name of a gateway's namespace that is not there yet. Removed when the value goes.
struct PlanLab: ~Copyable {
  let gateway: String
  private let names: [String]
  var sockets: GatewaySockets

  init(_ tag: String, current: Bool = false) throws {
    let base = NamespaceNames.make("pl-\(tag)")
    gateway = "\(base)-gw"
    names = [gateway, "\(base)-home", "\(base)-far"]
    do {
      let far = try NetworkNamespace.create(named: names[2])
      var place = try Place(NetworkNamespace.create(named: names[1]))
      try place.netlink.createVeth("eth1", peer: "far1", in: far)
      var beyond = try NetlinkSocket(in: far)
      let link = try #require(try beyond.link(named: "far1"))
      try beyond.setLink(link.index, up: true)
      sockets = try GatewaySockets(current ? .current : .named(gateway), home: place)
    } catch {
      for name in names { try? NetworkNamespace.remove(named: name) }
      throw error
    }
  }

  deinit { for name in names { try? NetworkNamespace.remove(named: name) } }

  /// A gateway on `eth1`, called net1 inside: both families, one path each, and what a test adds.
  func configuration(_ edit: (inout GatewayConfiguration) throws -> Void = { _ in }) throws -> GatewayConfiguration
  {
    var configuration = GatewayConfiguration(
      namespace: sockets.wanted,
      interfaces: [
        GatewayConfiguration.Interface(
          name: "net1", from: "eth1", addresses: [try prefix("10.9.0.11/24"), try prefix("2001:db8::11/64")],
          mtu: 9000,
          mac: try mac("02:00:00:00:09:11"))
      ],
      paths: [
        GatewayConfiguration.Path(name: "r1", via: try address("10.9.0.1"), interface: "net1"),
        GatewayConfiguration.Path(name: "r6", via: try address("2001:db8::1"), interface: "net1")
      ],
      groups: [
        GatewayConfiguration.Group(
          name: "out", members: [GatewayConfiguration.Member(path: "r1")], lastPath: .keep,
          routes: [GatewayConfiguration.GroupRoute(prefix: try prefix("0.0.0.0/0"))]),
        GatewayConfiguration.Group(
          name: "out6", members: [GatewayConfiguration.Member(path: "r6")],
          type: .resilient(buckets: 32, idleTimer: .seconds(60), unbalancedTimer: .zero), lastPath: .keep,
          routes: [GatewayConfiguration.GroupRoute(prefix: try prefix("::/0"))])
      ],
      routes: [
        GatewayConfiguration.StaticRoute(prefix: try prefix("10.20.0.0/16"), via: try address("10.9.0.2")),
        GatewayConfiguration.StaticRoute(
          prefix: try prefix("2001:db8:20::/48"), via: try address("2001:db8::2"), interface: "net1", table: 700),
        GatewayConfiguration.StaticRoute(
          prefix: try prefix("10.30.0.0/16"), interface: "net1", metric: 50, source: try address("10.9.0.11"))
      ])
    try edit(&configuration)
    return configuration
  }

  mutating func plan(_ configuration: GatewayConfiguration, previous: GatewayConfiguration? = nil) throws -> Plan {
    let desired = DesiredState(configuration)
    return Plan(desired, try Observer.observe(desired, &sockets), previous: previous.map(DesiredState.init))
  }

  /// Makes every change there is, next hops and groups too; returns what was refused.
  mutating func applyAll(
    _ configuration: GatewayConfiguration, previous: GatewayConfiguration? = nil
  ) throws -> [Applier.Failure] {
    Applier.apply(try plan(configuration, previous: previous).changes(), &sockets).failures
  }

  /// One change by hand, as others would make it.
  mutating func inside(_ change: (Int32) throws -> NetlinkChange, on link: String = "net1") throws {
    let index = try #require(try inside { netlink throws(NetlinkError) in try netlink.link(named: link) }).index
    let change = try change(index)
    try inside { netlink throws(NetlinkError) in try netlink.perform(change) }
  }

  mutating func inside<T>(_ body: (inout NetlinkSocket) throws(NetlinkError) -> T) throws(NetlinkError) -> T {
    try sockets.inGateway { (gateway, _) throws(NetlinkError) in try body(&gateway.netlink) }
  }
}

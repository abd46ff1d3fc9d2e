import Cluster
import Addresses
import Testing

@testable import Doctor

/// A gateway as it should be, to be broken by tests.
enum NetworkSample {
  static let mac = MACAddress(bits: 0x0200_0000_000b)
  static let routerMAC = MACAddress(bits: 0x0200_0000_0001)

  static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
  static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

  static func view() throws -> NetworkView {
    var view = NetworkView()
    var loopback = LinkFacts(name: "lo", index: 1, mtu: 65536)
    loopback.isLoopback = true
    view.links = [loopback, LinkFacts(name: "ovnext0", index: 2, mac: mac)]
    view.addresses = [AddressFacts(link: "ovnext0", prefix: try prefix("10.204.0.11/24"))]
    let gateway = try address("10.204.0.1")
    view.routes = [
      RouteFacts(try prefix("0.0.0.0/0"), nextHops: [.init(gateway: gateway, link: "ovnext0")]),
      RouteFacts(try prefix("10.204.0.0/24"), nextHops: [.init(gateway: nil, link: "ovnext0")])
    ]
    view.rules = [(0, 255), (32766, 254), (32767, 253)].map {
      RuleFacts(isIPv6: false, priority: $0.0, table: $0.1, isForAll: true)
    }
    view.neighbours = [NeighbourFacts(link: "ovnext0", address: gateway, mac: routerMAC, state: "REACHABLE")]
    view.sysctls = [
      "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.ovnext0.rp_filter": "2",
      "net.ipv4.conf.all.send_redirects": "0", "net.ipv4.conf.ovnext0.send_redirects": "0",
      "net.ipv4.conf.ovnext0.forwarding": "1", "net.ipv6.conf.ovnext0.disable_ipv6": "0"
    ]
    return view
  }

  static func facts() throws -> Facts {
    var facts = Facts(
      takenAt: 1, everwayVersion: "1", subject: .init(node: "node1", namespace: "ovnext", interface: "ovnext0"))
    var expectation = Doctor.Expectation(source: "OvnEip node1", namespace: "ovnext")
    var interface = Doctor.Expectation.Interface(name: "ovnext0")
    interface.addresses = [try prefix("10.204.0.11/24")]
    interface.mac = mac
    expectation.interfaces = [interface]
    expectation.gateways = [try address("10.204.0.1")]
    facts.expectation = .value(expectation)
    var network = NetworkFacts()
    network.inside = .value(try view())
    network.node = .value(NetworkView())
    network.neighbourProbes = .value([
      NeighbourProbe(
        link: "ovnext0", address: try address("10.204.0.1"), purpose: .gateway, sent: 1, answers: [routerMAC]),
      NeighbourProbe(link: "ovnext0", address: try address("10.204.0.11"), purpose: .duplicate, sent: 3)
    ])
    network.pathProbes = .value([
      PathProbe(
        link: "ovnext0", address: try address("10.204.0.1"), mtu: 1500, sizes: [84, 1400, 1500],
        answered: [84, 1400, 1500])
    ])
    facts.network = .value(network)
    var ovs = OVSFacts()
    var row = OVSFacts.Interface(name: "ovnext0", type: "internal", ofport: 3)
    row.bridge = "br-int"
    row.externalIDs = ["iface-id": "node1", "ip": "10.204.0.11", "pod_netns": "/var/run/netns/ovnext"]
    var own = OVSFacts.Interface(name: "ovn0", type: "internal", ofport: 1)
    own.externalIDs = ["iface-id": "node-node1"]
    ovs.interfaces = [row, own]
    facts.ovs = .value(ovs)
    return facts
  }
}

/// Short ways to what tests change.
extension Facts {
  var net: NetworkFacts {
    get { network.value ?? NetworkFacts() }
    set { network = .value(newValue) }
  }
  var inside: NetworkView {
    get { net.inside.value ?? NetworkView() }
    set { net.inside = .value(newValue) }
  }
  var node: NetworkView {
    get { net.node?.value ?? NetworkView() }
    set { net.node = .value(newValue) }
  }
  var wish: Doctor.Expectation {
    get { expectation.value ?? Doctor.Expectation(source: "", namespace: nil) }
    set { expectation = .value(newValue) }
  }
  var rows: OVSFacts {
    get { ovs.value ?? OVSFacts() }
    set { ovs = .value(newValue) }
  }
}

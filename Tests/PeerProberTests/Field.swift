import Addresses
import Glibc
import Lab
import NetworkNamespaces
import PeerProbe
import Processes
import Testing

@testable import PeerProber

/// We in `a`, the peer in `b` on a wire (10.98.0.11 and .1, fd98::11 and ::1), and behind it `c`, 10.99.0.1.
struct Field {
  let lab: Lab
  let us: LabNamespace
  let peer: LabNamespace
  let far: LabNamespace

  static let own = IPAddress.v4(IPv4Address(10, 98, 0, 11))
  static let near = IPAddress.v4(IPv4Address(10, 98, 0, 1))
  static let nearV6 = IPAddress.v6(IPv6Address(high: 0xfd98 << 48, low: 1))
  static let ownV6 = IPAddress.v6(IPv6Address(high: 0xfd98 << 48, low: 0x11))
  static let behind = IPAddress.v4(IPv4Address(10, 99, 0, 1))

  static func with(_ tag: String, _ body: (Field) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("p\(getpid())\(tag)")
    defer { lab.down() }
    try body(try Field(lab))
  }

  private init(_ lab: Lab) throws {
    self.lab = lab
    us = try lab.makeNamespace("a")
    peer = try lab.makeNamespace("b")
    far = try lab.makeNamespace("c")
    try us.ip("link add w type veth peer name w netns \(peer.name)")
    try peer.ip("link add x type veth peer name x netns \(far.name)")
    try us.ip("addr add 10.98.0.11/24 dev w", "addr add fd98::11/64 dev w nodad", "link set w up", "link set lo up")
    try peer.ip(
      "addr add 10.98.0.1/24 dev w", "addr add fd98::1/64 dev w nodad", "link set w up", "link set lo up",
      "addr add 10.99.0.254/24 dev x", "link set x up")
    try far.ip("addr add 10.99.0.1/24 dev x", "link set x up", "link set lo up")
    try us.waitUntilRunning(["w"])
    try peer.waitUntilRunning(["w", "x"])
    try far.waitUntilRunning(["x"])
    try us.ip("route add 10.99.0.0/24 via 10.98.0.1")
    try far.ip("route add default via 10.99.0.254")
    try peer.sysctl([(name: "ipv4/ip_forward", value: "1")])
  }

  func request(_ address: IPAddress, seconds: Int64 = 20) -> ProbeRequest {
    var request = ProbeRequest(address: address, controlSocket: "\(lab.directory)/no-everway.sock")
    request.namespaceName = us.name
    request.duration = seconds * 1_000_000_000
    return request
  }

  func probe(_ request: ProbeRequest) throws -> (evidence: ProbeEvidence, verdict: ProbeVerdict) {
    let evidence = try PeerProber.run(request, in: try NetworkNamespace(named: us.name))
    return (evidence, judge(evidence))
  }

  func probe(_ address: IPAddress, seconds: Int64 = 20) throws -> (evidence: ProbeEvidence, verdict: ProbeVerdict) {
    try probe(request(address, seconds: seconds))
  }

  func nft(_ namespace: LabNamespace, _ rules: String) throws {
    try namespace.run("nft", "-f", "-", input: rules)
  }

  static func inputChain(_ rule: String, hook: String = "input") -> String {
    "table inet t {\nchain c {\ntype filter hook \(hook) priority 0; policy accept;\n\(rule)\n}\n}\n"
  }

  func frr(_ namespace: LabNamespace, _ peers: [BFDPeer]) throws -> FRRRouter {
    let frr = FRRRouter(lab: lab, namespace: namespace, peers: peers)
    try frr.start()
    return frr
  }
}

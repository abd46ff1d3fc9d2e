import Cluster
import Addresses
import Doctor
import Glibc
import Lab
import NetworkNamespaces
import Testing

@testable import Collectors

/// A gateway's namespace with `ovnext0`, a router with a bridge on the other end, and a namespace that stands for the
/// node's. All as it should be, to be broken by tests.
///
///     gateway: ovnext0 10.204.0.11, fd00:204::11 -- r0, br0 of router: 10.204.0.1, fd00:204::1
struct GatewayLab {
  static let mac = MACAddress(bits: 0x0200_cc00_000b)
  static let routerMAC = MACAddress(bits: 0x0200_cc00_0001)

  let lab: Lab
  let gateway: LabNamespace
  let router: LabNamespace
  let node: LabNamespace
  var subject: Facts.Subject
  var expectation: Doctor.Expectation
  var ovsSocket = "/nonexistent/db.sock"
  var sendsProbes = true

  /// Runs `body` in a lab of its own, gone at the end however it ends.
  static func with(_ tag: String, _ body: (inout GatewayLab) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("c\(getpid())\(tag)")
    defer { lab.down() }
    var field = try GatewayLab(lab)
    try body(&field)
  }

  private init(_ lab: Lab) throws {
    self.lab = lab
    gateway = try lab.makeNamespace("gw")
    router = try lab.makeNamespace("rt")
    node = try lab.makeNamespace("node")
    subject = .init(node: "node1", namespace: gateway.name, interface: "ovnext0")
    expectation = Doctor.Expectation(source: "gateway.yaml", namespace: gateway.name)
    var interface = Doctor.Expectation.Interface(name: "ovnext0")
    interface.addresses = try ["10.204.0.11/24", "fd00:204::11/64"].map { try #require(IPPrefix($0)) }
    interface.mac = Self.mac
    expectation.interfaces = [interface]
    expectation.gateways = try ["10.204.0.1", "fd00:204::1"].map { try #require(IPAddress($0)) }
    try router.ip(
      "link add br0 address \(Self.routerMAC) type bridge", "link set br0 up",
      "link add r0 type veth peer name ovnext0 netns \(gateway.name)", "link set r0 master br0 up",
      "addr add 10.204.0.1/24 dev br0", "addr add fd00:204::1/64 dev br0 nodad")
    try gateway.sysctl([
      ("ipv4.ip_forward", "1"), ("ipv6.conf.all.forwarding", "1"), ("ipv4.conf.all.send_redirects", "0"),
      ("ipv4.conf.default.send_redirects", "0"), ("ipv4.conf.all.rp_filter", "0"),
      ("ipv4.conf.ovnext0.send_redirects", "0"), ("ipv4.conf.ovnext0.rp_filter", "0")
    ])
    try gateway.ip(
      ["link set ovnext0 address \(Self.mac) up"] + Self.addresses.map { "addr add \($0) dev ovnext0" }
        + Self.routes)
    try gateway.waitUntilRunning(["ovnext0"])
    try router.waitUntilRunning(["br0"])
  }

  static let addresses = ["10.204.0.11/24", "fd00:204::11/64 nodad"]
  static let routes = ["route add default via 10.204.0.1", "route add ::/0 via fd00:204::1"]

  // MARK: Doctor

  func facts() -> Facts {
    var facts = Facts(takenAt: 1, everwayVersion: "test", subject: subject)
    facts.expectation = .value(expectation)
    var context = CollectionContext(subject: subject, controlSocket: "/nonexistent")
    context.expectation = facts.expectation
    context.ovsSocket = ovsSocket
    context.sendsProbes = sendsProbes
    facts.ovs = OVSFacts.gather(context)
    do {
      facts.network = .value(NetworkFacts.gather(context, home: try NetworkNamespace(named: node.name)))
    } catch {
      facts.network = .unavailable("\(error)")
    }
    return facts
  }

  static func selection() throws -> Selection { try Selection(["network"]) }

  /// Identifiers of all findings, consequences after their causes.
  func findings() throws -> [String] {
    Diagnosis(facts(), try Self.selection()).all.map(\.id.rawValue)
  }

  /// Expects those findings, causes alone, and nothing else after the repairs.
  func expect(
    _ causes: [String], repaired: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let facts = facts()
    let diagnosis = Diagnosis(facts, try Self.selection())
    #expect(
      diagnosis.findings.map(\.id.rawValue) == causes, "\(diagnosis.all.map { ($0.id, $0.evidence) })",
      sourceLocation: sourceLocation)
    guard repaired else { return }
    let outcomes = try repair(facts)
    #expect(
      outcomes.allSatisfy { $0.result == .repaired } && !outcomes.isEmpty, "\(outcomes)",
      sourceLocation: sourceLocation)
    let after = Diagnosis(self.facts(), try Self.selection()).all
    #expect(after.isEmpty, "\(after.map { ($0.id, $0.evidence) })", sourceLocation: sourceLocation)
  }

  func repair(_ facts: Facts) throws -> [Repairer.Outcome] {
    let (home, socket) = (node.name, ovsSocket)
    let repairer = Repairer(
      try Self.selection(), gather: { self.facts() },
      apply: { (action) throws(RepairError) in
        let place: NetworkNamespace
        do throws(SystemCallError) {
          place = try NetworkNamespace(named: home)
        } catch {
          throw RepairError(error.description)
        }
        switch action {
        case .plugInternalPort, .setOVSExternalID: try OVSRepairs.apply(action, socket: socket)
        default: try NetworkRepairs.apply(action, home: place)
        }
      }, ask: { _ in true })
    return repairer.run(facts).outcomes
  }
}

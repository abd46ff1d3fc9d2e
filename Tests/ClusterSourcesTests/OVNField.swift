import Addresses
import ClusterSources
import Glibc
import Lab
import Testing

/// A real OVN with one chassis: central, Open vSwitch, ovn-controller, a router with a way out.
struct OVNField {
  static let isPossible = geteuid() == 0 && access("/usr/bin/ovn-northd", X_OK) == 0

  var lab: Lab
  var central: OVNCentral
  var chassis: OVNChassis
  var network: OVNNetwork
  var gateway: LabNamespace

  static let gateway1 = OVNNetwork.gatewayAddress(1, .ipv4)

  static func with(_ tag: String, _ body: (OVNField) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("s\(getpid())\(tag)")
    defer { lab.down() }
    let node = try lab.makeNamespace("node1")
    let gateway = try lab.makeNamespace("gw")
    let central = OVNCentral(lab: lab)
    try central.start()
    let chassis = OVNChassis(namespace: node, central: central)
    try chassis.start()
    let network = OVNNetwork(central: central)
    try network.make(.distributed(gateways: [chassis.name]))
    try body(OVNField(lab: lab, central: central, chassis: chassis, network: network, gateway: gateway))
  }

  var ovsSocket: String { "\(lab.directory)/\(chassis.name)/db.sock" }

  /// All that is known is the node's Open_vSwitch, and where the northbound database is.
  var options: ClusterOptions {
    var options = ClusterOptions()
    options.node = "ovnext-1"
    options.ovsSocket = ovsSocket
    options.northbound = central.northbound
    options.environment = [:]
    options.centralDirectory = "/nonexistent"
    options.kinds = [.openVSwitch, .northbound, .southbound]
    return options
  }

  func writer() throws -> NorthboundWriter {
    try NorthboundWriter(
      DatabasePlace(connection: central.northbound, source: "test"),
      southbound: DatabasePlace(connection: central.southbound, source: "test"))
  }

  /// A column of the only row that matches.
  func northbound(_ table: String, _ column: String, _ condition: String...) throws -> String {
    let text = try central.nbctl(["--bare", "--columns=\(column)", "find", table] + condition)
    return text.split(separator: "\n").map(String.init).joined(separator: " ")
  }
}

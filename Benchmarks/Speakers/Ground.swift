import Glibc
import Lab
import NetworkNamespaces
import Processes
import SpeakerLoad

/// Two namespaces and a wire: the daemon's, with one address and a permanent neighbour for each peer, and the
/// generator's, which has no address at all.
struct Ground {
  static let daemon: UInt32 = 10 << 24 | 96 << 16 | 1
  static let base: UInt32 = 10 << 24 | 97 << 16
  static let interface = "bfd0"
  private static let farInterface = "bfd1"
  private static let link = LinkAddresses(
    destination: [0x02, 0xe7, 0, 0, 0, 1], source: [0x02, 0xe7, 0, 0, 0, 2])

  let lab: Lab
  let inside: LabNamespace
  let beyond: LabNamespace
  var plan: LoadPlan

  init(_ lab: Lab, groups: [LoadPlan.Group]) throws {
    self.lab = lab
    plan = LoadPlan(groups: groups, daemon: Self.daemon, base: Self.base, link: Self.link)
    inside = try lab.makeNamespace("near")
    beyond = try lab.makeNamespace("far")
    for namespace in [inside, beyond] {
      // Nothing but BFD on the wire.
      try namespace.sysctl([("ipv6.conf.all.disable_ipv6", "1"), ("ipv6.conf.default.disable_ipv6", "1")])
    }
    func text(_ octets: [UInt8]) -> String {
      octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(separator: ":")
    }
    try inside.ip(
      "link add \(Self.interface) address \(text(Self.link.destination)) type veth peer name \(Self.farInterface) "
        + "address \(text(Self.link.source)) netns \(beyond.name)",
      "addr add \(LoadPlan.text(Self.daemon))/12 dev \(Self.interface)", "link set \(Self.interface) up")
    try beyond.ip("link set \(Self.farInterface) up")
    try inside.waitUntilRunning([Self.interface])
    // The peers answer no ARP. Permanent entries are exempt from the limits of the neighbour table.
    let plan = plan
    try inside.ip(
      (0..<plan.count).map {
        "neigh add \(LoadPlan.text(plan.address($0))) lladdr \(text(Self.link.source)) nud permanent dev \(Self.interface)"
      })
  }

  /// - Parameter spread: seconds over which the peers' first packets are spread.
  func generator(_ place: Generator.Place, spread: Double = 1, seed: UInt64) throws -> Generator {
    var plan = plan
    plan.spread = Int64(spread * 1e9)
    plan.seed = seed
    return try Generator(
      plan, in: NetworkNamespace(named: beyond.name), interface: Self.farInterface, place: place)
  }
}

struct Trouble: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

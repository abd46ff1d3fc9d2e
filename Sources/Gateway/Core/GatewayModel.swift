import Addresses
import BFD
import ConfigurationFile

/// The configuration as the core works with it: names resolved to numbers, durations to nanoseconds.
struct GatewayModel: Sendable {
  struct Path: Hashable, Sendable {
    var name: String
    var interface: Int
    var rule: HealthRule
    /// Nanoseconds.
    var holdDown: Int64
    var configuration: GatewayConfiguration.Path
  }

  struct Group: Hashable, Sendable {
    var name: String
    var members: [GroupMember]
    var lastPath: GatewayConfiguration.LastPath
    var configuration: GatewayConfiguration.Group
  }

  struct Probe: Hashable, Sendable {
    /// The path it is for.
    var path: String
    var kind: GatewayConfiguration.Health
  }

  enum Uplink: Hashable, Sendable {
    case interface(Int)
    case path(Int)
  }

  /// Uplinks that are judged together.
  struct UplinkSet: Hashable, Sendable {
    var watched: [Uplink]
    var peers: [Int]
    var configuration: GatewayConfiguration.Uplinks
  }

  /// Interfaces that paths or uplinks depend on, by name.
  var interfaces: [String] = []
  /// Peers, then allow entries, by name.
  var peers: [String] = []
  /// How many of `peers` are configured by address; the others are allow entries.
  var namedPeers = 0
  var shutdownPeers: Set<Int> = []
  var probes: [Probe] = []
  var paths: [Path] = []
  var groups: [Group] = []
  var uplinks: [UplinkSet] = []
  /// What a peer hears that is drained, by number.
  var drainTells: [GatewayConfiguration.DrainTell] = []
  /// Nanoseconds.
  var startupGrace: Int64 = 0

  init(_ configuration: GatewayConfiguration) {
    startupGrace = configuration.startupGrace.wholeNanoseconds
    peers = configuration.bfd.peers.map(\.name) + configuration.bfd.allow.map(\.name)
    namedPeers = configuration.bfd.peers.count
    shutdownPeers = Set(configuration.bfd.peers.indices.filter { configuration.bfd.peers[$0].shutdown })
    for path in configuration.paths {
      let rule = resolve(path.health, of: path.name)
      paths.append(
        Path(
          name: path.name, interface: interfaceNumber(path.interface), rule: rule,
          holdDown: path.holdDown.wholeNanoseconds, configuration: path))
    }
    for group in configuration.groups {
      let members = group.members.compactMap { member in
        paths.firstIndex { $0.name == member.path }.map { GroupMember(path: $0, weight: member.weight) }
      }
      groups.append(
        Group(name: group.name, members: members, lastPath: group.lastPath, configuration: group))
    }
    let compatibilities =
      configuration.bfd.peers.map(\.compatibility) + configuration.bfd.allow.map(\.compatibility)
    drainTells = compatibilities.map(configuration.drain.tell)
    for entry in configuration.uplinks {
      let watched = entry.watch.compactMap { uplink -> Uplink? in
        switch uplink {
        case .interface(let name): .interface(interfaceNumber(name))
        case .path(let name): paths.firstIndex { $0.name == name }.map(Uplink.path)
        }
      }
      uplinks.append(
        UplinkSet(
          watched: watched, peers: entry.peers.compactMap { peers.firstIndex(of: $0) }, configuration: entry))
    }
  }

  private mutating func interfaceNumber(_ name: String) -> Int {
    if let known = interfaces.firstIndex(of: name) { return known }
    interfaces.append(name)
    return interfaces.count - 1
  }

  private mutating func resolve(_ health: GatewayConfiguration.Health, of path: String) -> HealthRule {
    switch health {
    case .link: return .link
    case .bfd(let peer):
      // A parsed configuration has no unknown references; without the peer there is nothing to go by but the link.
      return peers.firstIndex(of: peer).map(HealthRule.peer) ?? .link
    case .icmp, .neighbour:
      probes.append(Probe(path: path, kind: health))
      return .probe(probes.count - 1)
    case .all(let parts): return .all(parts.map { resolve($0, of: path) })
    case .any(let parts): return .any(parts.map { resolve($0, of: path) })
    }
  }
}

extension Duration {
  /// Nanoseconds; what does not fit stays at the end of the scale.
  var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : product + attoseconds / 1_000_000_000
  }
}

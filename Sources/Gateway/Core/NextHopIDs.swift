import Addresses
import ConfigurationFile
public import Netlink

extension RouteProtocol {
  /// The protocol number that everything Everway puts into the kernel carries, so that it is known again after a
  /// restart and told from what others put there. Not taken in linux/rtnetlink.h nor by FRR or BIRD; `ip` prints 87.
  public static let everway = RouteProtocol(rawValue: 87)
}

/// Kernel next-hop ids, derived from names: the same after a restart, so that what is there can be adopted.
///
/// They start with 0x45; the 24 low bits are a hash (FNV-1a, folded). Two names of one gateway that collide are told
/// apart by `assign`, in the order of their names.
enum NextHopIDs {
  enum Kind: String {
    case path
    case group
    case blackhole
  }

  /// The ids of everything in a configuration, by name.
  static func assign(_ configuration: GatewayConfiguration) -> (paths: [String: UInt32], groups: [String: UInt32]) {
    let keys = configuration.groups.map(groupKey)
    let ids = assign(paths: configuration.paths.map(\.name), groups: keys)
    let byName = zip(configuration.groups, keys).map { ($0.name, ids.groups[$1] ?? 0) }
    return (ids.paths, Dictionary(byName) { first, _ in first })
  }

  /// A group's type and number of buckets cannot be changed in place, so they are part of its identity: another type is
  /// another group, to which the routes move before the old one goes.
  private static func groupKey(_ group: GatewayConfiguration.Group) -> String {
    switch group.type {
    case .plain: group.name
    case .resilient(let buckets, _, _): "\(group.name)/resilient/\(buckets)"
    }
  }

  /// The ids of all names of a kind.
  static func assign(paths: [String], groups: [String]) -> (paths: [String: UInt32], groups: [String: UInt32]) {
    var taken: Set<UInt32> = [blackhole(.ipv4), blackhole(.ipv6)]
    func assign(_ kind: Kind, _ names: [String]) -> [String: UInt32] {
      var ids: [String: UInt32] = [:]
      for name in names.sorted() {
        var id = hash(kind, name)
        while !taken.insert(id).inserted { id = base | (id &+ 1) & mask }
        ids[name] = id
      }
      return ids
    }
    return (assign(.path, paths), assign(.group, groups))
  }

  /// The next hop that drops packets of a family.
  static func blackhole(_ family: AddressFamily) -> UInt32 { hash(.blackhole, family == .ipv4 ? "4" : "6") }

  private static let base: UInt32 = 0x4500_0000
  private static let mask: UInt32 = 0x00ff_ffff

  private static func hash(_ kind: Kind, _ name: String) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    for byte in "\(kind.rawValue):\(name)".utf8 {
      hash ^= UInt32(byte)
      hash = hash &* 0x0100_0193
    }
    return base | (hash >> 24 ^ hash) & mask
  }
}

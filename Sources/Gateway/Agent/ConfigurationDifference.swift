import ConfigurationFile

/// What a reload changes, in words.
enum ConfigurationDifference {
  /// Fields that differ and that a running agent cannot follow.
  static func needsRestart(from old: GatewayConfiguration, to new: GatewayConfiguration) -> [String] {
    var fields: [String] = []
    if old.namespace != new.namespace { fields.append("namespace") }
    if old.bfd.listen != new.bfd.listen { fields.append("bfd.listen") }
    if old.control != new.control { fields.append("control") }
    if old.realtime != new.realtime { fields.append("realtime") }
    return fields
  }

  /// One phrase for each thing that comes, goes or changes.
  static func describe(from old: GatewayConfiguration, to new: GatewayConfiguration) -> [String] {
    var changes: [String] = []
    func compare<T: Hashable>(_ kind: String, _ old: [T], _ new: [T], _ name: (T) -> String) {
      let before = Dictionary(old.map { (name($0), $0) }) { first, _ in first }
      let after = Dictionary(new.map { (name($0), $0) }) { first, _ in first }
      for (name, value) in after.sorted(by: { $0.key < $1.key }) {
        switch before[name] {
        case nil: changes.append("\(kind) \(name) added")
        case value: break
        default: changes.append("\(kind) \(name) changed")
        }
      }
      for name in before.keys.sorted() where after[name] == nil { changes.append("\(kind) \(name) removed") }
    }
    compare("interface", old.interfaces, new.interfaces, \.name)
    compare("peer", old.bfd.peers, new.bfd.peers, \.name)
    compare("allow entry", old.bfd.allow, new.bfd.allow, \.name)
    compare("key chain", old.bfd.keyChains, new.bfd.keyChains, \.name)
    compare("reflector", old.bfd.reflectors, new.bfd.reflectors) { "\($0.discriminator)" }
    compare("path", old.paths, new.paths, \.name)
    compare("group", old.groups, new.groups, \.name)
    compare("route", old.routes, new.routes) { "\($0.prefix) metric \($0.metric) table \($0.table)" }
    compare("rule", old.rules, new.rules) { "\($0.priority) for table \($0.table)" }
    compare("sysctl", old.sysctls, new.sysctls, \.key)
    if old.bfd.openBFDDControl != new.bfd.openBFDDControl { changes.append("bfd.openbfdd-control changed") }
    if old.egressSysctls != new.egressSysctls { changes.append("egress-sysctls changed") }
    if old.uplinks != new.uplinks { changes.append("uplinks changed") }
    if old.capture != new.capture { changes.append("capture changed") }
    if old.observe != new.observe { changes.append("observe changed") }
    if old.drain != new.drain { changes.append("drain changed") }
    if old.startupGrace != new.startupGrace { changes.append("startup-grace changed") }
    return changes
  }
}

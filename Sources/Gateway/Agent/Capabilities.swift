import ConfigurationFile
import Glibc

/// What the process is allowed to do (capabilities(7)).
enum Capabilities {
  private struct Need {
    var bit: UInt64
    var name: String
    var why: String
  }

  /// - Throws: `AgentError` that names every capability that is missing, and why it is needed.
  static func check(for configuration: GatewayConfiguration) throws(AgentError) {
    guard let held = effective() else { return }
    var needs = [
      Need(bit: 12, name: "CAP_NET_ADMIN", why: "links, addresses, routes and next-hop groups")
    ]
    if case .named(let name) = configuration.namespace {
      needs.append(Need(bit: 21, name: "CAP_SYS_ADMIN", why: "entering and pinning the namespace \(name)"))
    }
    if configuration.paths.contains(where: { $0.health.usesProbes }) {
      needs.append(Need(bit: 13, name: "CAP_NET_RAW", why: "ICMP, ARP and neighbour discovery probes"))
    }
    let missing = needs.filter { held >> $0.bit & 1 == 0 }
    guard !missing.isEmpty else { return }
    let list = missing.map { "\($0.name) (\($0.why))" }.joined(separator: ", ")
    throw AgentError(
      .other,
      "missing \(list); run as root, or grant it: AmbientCapabilities= in the systemd unit, "
        + "securityContext.capabilities.add in a pod")
  }

  /// CAP_IPC_LOCK.
  static var mayLockMemory: Bool { effective().map { $0 >> 14 & 1 == 1 } ?? false }

  /// The effective set; nil when /proc cannot be read, and the kernel will have to say no by itself.
  private static func effective() -> UInt64? {
    guard let file = fopen("/proc/self/status", "re") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 512)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
      let line = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard line.hasPrefix("CapEff:") else { continue }
      let digits = line.dropFirst(7).filter { !$0.isWhitespace }
      return UInt64(digits, radix: 16)
    }
    return nil
  }
}

extension GatewayConfiguration.Health {
  /// Whether it needs raw sockets.
  fileprivate var usesProbes: Bool {
    switch self {
    case .link, .bfd: false
    case .icmp, .neighbour: true
    case .all(let parts), .any(let parts): parts.contains(where: \.usesProbes)
    }
  }
}

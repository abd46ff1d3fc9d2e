import Glibc

/// What an nftables rule throws away.
public struct DropRule: Hashable, Sendable {
  /// Where in the namespace's way of a packet.
  public enum Hook: Hashable, Sendable {
    /// Arriving for this namespace's own programs.
    case input
    /// Sent by this namespace's own programs.
    case output
    /// Passing through.
    case forward
    /// Coming in on this interface, before anything else sees it: ARP and neighbour discovery too.
    case ingress(interface: String)
  }

  public var hook: Hook
  /// An nftables match, such as `udp dport 3784`; empty for everything.
  public var match: String

  public init(hook: Hook, match: String = "") {
    self.hook = hook
    self.match = match
  }

  /// BFD's control packets, single hop and multihop, one way: the daemon goes on, half of what it says is lost.
  public static func bfd(_ hook: Hook) -> DropRule { DropRule(hook: hook, match: "udp dport { 3784, 4784 }") }

  /// All that comes in on an interface: for those behind it, this node is gone.
  public static func everything(from interface: String) -> DropRule {
    DropRule(hook: .ingress(interface: interface))
  }

  /// The first and then every n-th datagram to a UDP port: a loss that is known exactly.
  public static func every(_ n: Int, udpPort: UInt16, _ hook: Hook) -> DropRule {
    DropRule(hook: hook, match: "udp dport \(udpPort) numgen inc mod \(n) 0")
  }

  /// The table for `nft -f`; one statement a line, which older versions insist on.
  func ruleset(table: String) -> String {
    let hookLine =
      switch hook {
      case .input: "type filter hook input priority -150"
      case .output: "type filter hook output priority -150"
      case .forward: "type filter hook forward priority -150"
      case .ingress(let interface): "type filter hook ingress device \"\(interface)\" priority -150"
      }
    return """
      table \(family) \(table) {
        chain drops {
          \(hookLine)
          policy accept
          \(match) counter drop
        }
      }

      """
  }

  var family: String { if case .ingress = hook { "netdev" } else { "inet" } }
}

/// A drop rule in force, until it is removed or its namespace goes.
public struct PacketDrop: Sendable {
  public let namespace: LabNamespace
  public let rule: DropRule
  private let table: String

  init(_ rule: DropRule, in namespace: LabNamespace) throws(LabError) {
    self.namespace = namespace
    self.rule = rule
    self.table = "evl\(MonotonicTime.now().nanoseconds)"
    try namespace.run("nft", "-f", "-", input: rule.ruleset(table: table))
  }

  /// How many packets it has thrown away: a test that expects an effect shows with this that there was a cause.
  public func droppedPackets() throws(LabError) -> Int {
    let text = try namespace.run("nft", "list", "table", rule.family, table)
    let words = text.split(whereSeparator: \.isWhitespace)
    for index in words.indices.dropLast(2) where words[index] == "counter" && words[index + 1] == "packets" {
      if let count = Int(words[index + 2]) { return count }
    }
    throw LabError("nft shows no counter in the table \(table)", output: Files.lines(text))
  }

  public func remove() throws(LabError) {
    try namespace.run("nft", "delete", "table", rule.family, table)
  }
}

extension LabNamespace {
  /// Begins to throw packets away here.
  public func drop(_ rule: DropRule) throws(LabError) -> PacketDrop { try PacketDrop(rule, in: self) }

  /// Takes an interface down; its peer at the other end of the wire loses its carrier.
  public func linkDown(_ interface: String) throws(LabError) { try ip("link set \(interface) down") }
  public func linkUp(_ interface: String) throws(LabError) { try ip("link set \(interface) up") }
}

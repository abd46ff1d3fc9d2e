/// What happens to a packet, as far as its rules can be judged from outside of the kernel.
public enum FirewallVerdict: Hashable, Sendable, Codable {
  case accepted
  /// Also when it is answered with a rejection.
  case dropped(RuleReference)
  /// It depends on something that could not be judged; never empty.
  case unknown([FirewallDoubt])
}

/// A rule or a chain's policy, with everything that finds it again.
public struct RuleReference: Hashable, Sendable, Codable, CustomStringConvertible {
  public var source: FirewallSource
  public var family: FirewallFamily
  public var table: String
  public var chain: String
  /// nftables' handle, or the line of iptables-save's text; nil for a chain's policy.
  public var position: Int?
  /// The rule in its program's words.
  public var text: String
  /// How many packets it has met so far; nil when it counts nothing.
  public var packets: UInt64?
  /// It answers with a rejection instead of silence.
  public var rejects = false

  public init(
    source: FirewallSource, family: FirewallFamily, table: String, chain: String, position: Int? = nil,
    text: String,
    packets: UInt64? = nil, rejects: Bool = false
  ) {
    self.source = source
    self.family = family
    self.table = table
    self.chain = chain
    self.position = position
    self.text = text
    self.packets = packets
    self.rejects = rejects
  }

  /// `inet filter input handle 23: udp dport 3784 counter drop (12 packets)`
  public var description: String {
    let place =
      switch (source, position) {
      case (_, nil): ""
      case (.nftables, let handle?): " handle \(handle)"
      case (.iptables, let line?): " line \(line)"
      }
    let program = source == .nftables ? "nftables" : family == .ip6 ? "ip6tables" : "iptables"
    let name = source == .nftables ? "\(family.rawValue) \(table) \(chain)" : "\(table) \(chain)"
    return "\(program) \(name)\(place): \(text)" + (packets.map { " (\($0) packets so far)" } ?? "")
  }
}

/// Why a packet's fate is not known.
public struct FirewallDoubt: Hashable, Sendable, Codable, CustomStringConvertible {
  /// What would happen if the rule applies.
  public enum Consequence: String, Hashable, Sendable, Codable { case accepted, dropped, unknown }

  public var rule: RuleReference
  /// The match or expression that could not be judged.
  public var reason: String
  public var consequence: Consequence

  public init(rule: RuleReference, reason: String, consequence: Consequence) {
    self.rule = rule
    self.reason = reason
    self.consequence = consequence
  }

  public var description: String { "\(rule): cannot judge \(reason)" }
}

/// A text that is no ruleset.
public struct FirewallError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}

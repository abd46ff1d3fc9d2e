import Cluster
public import Firewall

/// The rules of nftables, iptables and firewalld, inside the gateway's namespace and on the node, as their own programs
/// print them: `FirewallTexts.ruleset()` makes one ruleset of them, `Ruleset.verdict(on:at:)` judges a packet.
public struct FirewallFacts: Codable, Hashable, Sendable {
  public var gateway: FirewallTexts
  /// Nil when the gateway is in the node's own namespace.
  public var node: FirewallTexts?

  public init(gateway: FirewallTexts, node: FirewallTexts? = nil) {
    self.gateway = gateway
    self.node = node
  }
}

/// The rules of nftables, iptables and firewalld, inside the gateway's namespace and on the node.
public struct FirewallFacts: Codable, Hashable, Sendable {
  public init() {}
}

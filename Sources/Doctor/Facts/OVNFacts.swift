/// Rows of OVN's northbound and southbound databases that concern gateways.
public struct OVNFacts: Codable, Hashable, Sendable {
  public init() {}
}

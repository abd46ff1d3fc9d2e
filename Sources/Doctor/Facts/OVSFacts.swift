/// The node's Open_vSwitch database: its interfaces, and how OVN is told to use it.
public struct OVSFacts: Codable, Hashable, Sendable {
  public init() {}
}

/// Links, addresses, neighbours, routes and sysctls, inside the gateway's namespace and on the node.
public struct NetworkFacts: Codable, Hashable, Sendable {
  public init() {}
}

/// What was read about one name below /run/netns.
public struct NamespaceFacts: Codable, Hashable, Sendable {
  public var name: String

  public init(name: String) { self.name = name }
}

import Control
import Observation

extension ObserverAPI {
  /// This node in a few words, for the observers of the others.
  func node() throws(Problem) -> Answer {
    guard let summary = NodeSummary(try current(), observer: identity) else {
      throw Self.unreachable(follower.connection)
    }
    return try Answer(json: summary)
  }

  struct ClusterDocument: Encodable {
    struct Entry: Encodable {
      var address: String?
      var isSelf: Bool
      /// Whether `node` is what is so now.
      var heard: Bool
      var heardAt: Timestamp?
      var error: String?
      var share: Double?
      var node: NodeSummary?

      enum CodingKeys: String, CodingKey {
        case address, heard, error, share, node
        case isSelf = "self"
        case heardAt = "heard-at"
      }
    }

    var at: Timestamp
    /// Whether all nodes are heard that there may be.
    var sharesAreSure: Bool
    var nodes: [Entry]

    enum CodingKeys: String, CodingKey {
      case at, nodes
      case sharesAreSure = "shares-are-sure"
    }
  }

  /// This node, and those that the configuration names.
  func clusterNodes() async throws(Problem) -> Answer {
    let others = await cluster?.nodes() ?? []
    let connection = follower.connection
    let own = NodeSummary(follower.gateway, observer: identity)
    return try Answer(json: Self.document(own, connection, others, identity: identity))
  }

  /// Pure.
  static func document(
    _ own: NodeSummary?, _ connection: GatewayFollower.Connection, _ others: [ClusterPoll.Node], identity: String
  ) -> ClusterDocument {
    // A list of all nodes names this one, too.
    let mirror = others.first { $0.summary?.observer == identity }
    var entries = [
      ClusterDocument.Entry(
        address: mirror?.address, isSelf: true, heard: connection.isConnected && own != nil, heardAt: own?.at,
        error: connection.isConnected ? nil : connection.error?.message ?? "the gateway has not been heard yet",
        node: own)
    ]
    for other in others where other.summary?.observer != identity {
      entries.append(
        .init(
          address: other.address, isSelf: false, heard: other.error == nil, heardAt: other.heardAt,
          error: other.error, node: other.summary))
    }
    entries.sort { ($0.node?.name ?? "~", $0.address ?? "") < ($1.node?.name ?? "~", $1.address ?? "") }
    let (shares, isSure) = ClusterShare.of(entries.map { $0.heard ? $0.node : nil })
    for (number, share) in shares.enumerated() { entries[number].share = share }
    return ClusterDocument(at: .now(), sharesAreSure: isSure, nodes: entries)
  }
}

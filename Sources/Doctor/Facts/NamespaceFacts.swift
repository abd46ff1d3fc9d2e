import Cluster
public import NamespaceDiagnosis

/// What was read about one name below /run/netns.
public struct NamespaceFacts: Codable, Hashable, Sendable {
  public var name: String
  /// Nil when nobody looked.
  public var evidence: NamespaceEvidence?

  public init(name: String, evidence: NamespaceEvidence? = nil) {
    self.name = name
    self.evidence = evidence
  }
}

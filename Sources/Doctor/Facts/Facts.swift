public import Cluster

/// Everything that a diagnosis stands on: gathered on a node, or read from a bundle. No secret is ever in it.
///
/// Each part is gathered by itself, and says why when it could not be. A part that this version does not know is
/// ignored, one that an older bundle lacks is `unavailable`.
public struct Facts: Hashable, Sendable {
  /// Of the bundle; raised when a part changes its meaning.
  public static let currentFormat = 1

  public var format = Facts.currentFormat
  /// Seconds since 1970-01-01T00:00:00Z.
  public var takenAt: Int64
  /// Of the everway that gathered them.
  public var everwayVersion: String
  public var subject: Subject
  /// What this node is meant to be.
  public var expectation: Gathered<Expectation> = .notAsked
  public var machine: Gathered<MachineFacts> = .notAsked
  /// One for each namespace looked at, the subject's first.
  public var namespaces: Gathered<[NamespaceFacts]> = .notAsked
  public var network: Gathered<NetworkFacts> = .notAsked
  public var firewall: Gathered<FirewallFacts> = .notAsked
  public var speaker: Gathered<SpeakerFacts> = .notAsked
  /// The node's Open_vSwitch database.
  public var ovs: Gathered<OVSFacts> = .notAsked
  /// OVN's northbound and southbound databases.
  public var ovn: Gathered<OVNFacts> = .notAsked
  /// Kubernetes: nodes, and Kube-OVN's objects.
  public var cluster: Gathered<ClusterFacts> = .notAsked

  public init(takenAt: Int64, everwayVersion: String, subject: Subject) {
    self.takenAt = takenAt
    self.everwayVersion = everwayVersion
    self.subject = subject
  }

  /// What was looked at.
  public struct Subject: Codable, Hashable, Sendable {
    /// As the kernel says it, or Kubernetes where it is asked.
    public var node: String
    /// The gateway's namespace; nil when it is the one the node itself is in.
    public var namespace: String?
    /// The interface towards OVN or the routers: `ovnext0`. Nil when nothing says which.
    public var interface: String?

    public init(node: String, namespace: String? = nil, interface: String? = nil) {
      self.node = node
      self.namespace = namespace
      self.interface = interface
    }
  }
}

extension Facts: Codable {
  private enum CodingKeys: String, CodingKey {
    case format, takenAt, everwayVersion, subject, expectation, machine, namespaces, network, firewall, speaker,
      ovs,
      ovn, cluster
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func part<T>(_ key: CodingKeys) throws -> Gathered<T> {
      try container.decodeIfPresent(Gathered<T>.self, forKey: key) ?? .unavailable("not in the bundle")
    }
    format = try container.decode(Int.self, forKey: .format)
    takenAt = try container.decode(Int64.self, forKey: .takenAt)
    everwayVersion = try container.decode(String.self, forKey: .everwayVersion)
    subject = try container.decode(Subject.self, forKey: .subject)
    expectation = try part(.expectation)
    machine = try part(.machine)
    namespaces = try part(.namespaces)
    network = try part(.network)
    firewall = try part(.firewall)
    speaker = try part(.speaker)
    ovs = try part(.ovs)
    ovn = try part(.ovn)
    cluster = try part(.cluster)
  }
}

/// Which object of a resource.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// nil for objects of the whole cluster.
  public var namespace: String?
  public var name: String

  public init(_ name: String, namespace: String? = nil) {
    self.name = name
    self.namespace = namespace
  }

  public var description: String { namespace.map { "\($0)/\(name)" } ?? name }

  public static func < (a: Self, b: Self) -> Bool {
    (a.namespace ?? "", a.name) < (b.namespace ?? "", b.name)
  }
}

/// What every object has (ObjectMeta), as far as it is used. What is absent in JSON is empty here.
public struct ObjectMetadata: Codable, Hashable, Sendable {
  public var name: String
  public var namespace: String?
  public var uid: String?
  /// Opaque: to be compared for equality alone, and sent back for a write that must not overwrite another's.
  public var resourceVersion: String?
  public var labels: [String: String]
  public var annotations: [String: String]
  /// RFC 3339.
  public var creationTimestamp: String?
  public var deletionTimestamp: String?

  public init(name: String, namespace: String? = nil) {
    self.name = name
    self.namespace = namespace
    labels = [:]
    annotations = [:]
  }

  public var key: ObjectKey { ObjectKey(name, namespace: namespace) }

  private enum Key: String, CodingKey {
    case name, namespace, uid, resourceVersion, labels, annotations, creationTimestamp, deletionTimestamp
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    // A bookmark has no name.
    name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
    namespace = try container.decodeIfPresent(String.self, forKey: .namespace)
    uid = try container.decodeIfPresent(String.self, forKey: .uid)
    resourceVersion = try container.decodeIfPresent(String.self, forKey: .resourceVersion)
    labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
    annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations) ?? [:]
    creationTimestamp = try container.decodeIfPresent(String.self, forKey: .creationTimestamp)
    deletionTimestamp = try container.decodeIfPresent(String.self, forKey: .deletionTimestamp)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encodeIfPresent(namespace, forKey: .namespace)
    try container.encodeIfPresent(uid, forKey: .uid)
    try container.encodeIfPresent(resourceVersion, forKey: .resourceVersion)
    if !labels.isEmpty { try container.encode(labels, forKey: .labels) }
    if !annotations.isEmpty { try container.encode(annotations, forKey: .annotations) }
    try container.encodeIfPresent(creationTimestamp, forKey: .creationTimestamp)
    try container.encodeIfPresent(deletionTimestamp, forKey: .deletionTimestamp)
  }
}

/// An object of which only the metadata is of interest.
public struct ObjectHeader: Codable, Hashable, Sendable {
  public var apiVersion: String?
  public var kind: String?
  public var metadata: ObjectMetadata

  public init(apiVersion: String? = nil, kind: String? = nil, metadata: ObjectMetadata) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.metadata = metadata
  }
}

/// A coordination.k8s.io/v1 Lease: whoever holds it does what only one may do.
public struct Lease: Codable, Hashable, Sendable {
  public var apiVersion = "coordination.k8s.io/v1"
  public var kind = "Lease"
  public var metadata: ObjectMetadata
  public var spec: Spec

  public struct Spec: Codable, Hashable, Sendable {
    public var holderIdentity: String?
    /// Seconds after `renewTime` before others may take it.
    public var leaseDurationSeconds: Int?
    /// RFC 3339 with microseconds: `2026-11-23T03:28:04.000000Z`.
    public var acquireTime: String?
    public var renewTime: String?
    public var leaseTransitions: Int?

    public init(
      holderIdentity: String? = nil, leaseDurationSeconds: Int? = nil, acquireTime: String? = nil,
      renewTime: String? = nil, leaseTransitions: Int? = nil
    ) {
      self.holderIdentity = holderIdentity
      self.leaseDurationSeconds = leaseDurationSeconds
      self.acquireTime = acquireTime
      self.renewTime = renewTime
      self.leaseTransitions = leaseTransitions
    }
  }

  public init(name: String, namespace: String, spec: Spec) {
    metadata = ObjectMetadata(name: name, namespace: namespace)
    self.spec = spec
  }

  private enum CodingKeys: String, CodingKey { case apiVersion, kind, metadata, spec }

  /// Items of lists have no `apiVersion` and no `kind`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try container.decode(ObjectMetadata.self, forKey: .metadata)
    spec = try container.decodeIfPresent(Spec.self, forKey: .spec) ?? Spec()
  }
}

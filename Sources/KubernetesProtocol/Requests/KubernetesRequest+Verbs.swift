/// What of an object a request means.
public enum Subresource: String, Hashable, Sendable {
  case status
}

/// The version of an API server, as /version tells it.
public struct KubernetesVersion: Codable, Hashable, Sendable {
  /// Such as `v1.30.2`.
  public var gitVersion: String
  public var major: String
  /// May have a suffix: `27+`.
  public var minor: String

  public init(gitVersion: String, major: String, minor: String) {
    self.gitVersion = gitVersion
    self.major = major
    self.minor = minor
  }
}

extension KubernetesRequest where Answer: Decodable {
  /// One object.
  public static func get(
    _ type: Answer.Type = Answer.self, _ resource: KubernetesResource, _ key: ObjectKey
  ) -> Self {
    one(APIRequest(.get, resource.path(namespace: key.namespace, name: key.name)), resource, key)
  }

  /// Makes an object; `KubernetesError.alreadyExists` when there is one of its name.
  /// - Parameters:
  ///   - object: with `apiVersion`, `kind` and `metadata.name`.
  ///   - namespace: nil for objects of the whole cluster.
  public static func create(
    _ object: some Encodable, _ resource: KubernetesResource, namespace: String? = nil,
    as type: Answer.Type = Answer.self
  ) throws(KubernetesError) -> Self {
    let body = try JSONText.encode(object, what: "the new object of \(resource)")
    let http = APIRequest(.post, resource.path(namespace: namespace), body: body)
    return KubernetesRequest(http) { body throws(KubernetesError) in
      try JSONText.decode(Answer.self, body, what: "the answer to \(http)")
    }
  }

  /// Puts an object in the place of what is there. With `metadata.resourceVersion` it is `KubernetesError.conflict` when
  /// somebody else was faster; without, theirs is overwritten.
  public static func update(
    _ object: some Encodable, _ resource: KubernetesResource, _ key: ObjectKey, subresource: Subresource? = nil,
    as type: Answer.Type = Answer.self
  ) throws(KubernetesError) -> Self {
    let body = try JSONText.encode(object, what: "\(resource) \(key)")
    let path = resource.path(namespace: key.namespace, name: key.name, subresource: subresource?.rawValue)
    return one(APIRequest(.put, path, body: body), resource, key)
  }

  /// Changes some fields of an object (RFC 7396): a value sets, null removes, the rest stays. A `metadata.resourceVersion` in
  /// it makes it fail with `KubernetesError.conflict` when somebody else was faster.
  public static func patch(
    _ changes: some Encodable, _ resource: KubernetesResource, _ key: ObjectKey, subresource: Subresource? = nil,
    as type: Answer.Type = Answer.self
  ) throws(KubernetesError) -> Self {
    let body = try JSONText.encode(changes, what: "the change of \(resource) \(key)")
    let path = resource.path(namespace: key.namespace, name: key.name, subresource: subresource?.rawValue)
    return one(APIRequest(.patch, path, body: body, contentType: "application/merge-patch+json"), resource, key)
  }

  private static func one(_ http: APIRequest, _ resource: KubernetesResource, _ key: ObjectKey) -> Self {
    KubernetesRequest(http) { body throws(KubernetesError) in
      try JSONText.decode(Answer.self, body, what: "\(resource) \(key)")
    }
  }
}

extension KubernetesRequest where Answer == ObjectHeader {
  /// Sets labels, and removes those whose value is nil; the others stay.
  public static func label(
    _ labels: [String: String?], _ resource: KubernetesResource, _ key: ObjectKey
  ) throws(KubernetesError) -> Self {
    let values = labels.mapValues { value in value.map { KubernetesJSON.string($0) } ?? .null }
    return try patch(["metadata": ["labels": KubernetesJSON.object(values)]] as KubernetesJSON, resource, key)
  }

  /// Sets annotations, and removes those whose value is nil; the others stay.
  public static func annotate(
    _ annotations: [String: String?], _ resource: KubernetesResource, _ key: ObjectKey
  ) throws(KubernetesError) -> Self {
    let values = annotations.mapValues { value in value.map { KubernetesJSON.string($0) } ?? .null }
    return try patch(
      ["metadata": ["annotations": KubernetesJSON.object(values)]] as KubernetesJSON, resource, key)
  }
}

extension KubernetesRequest where Answer == Void {
  /// Removes an object; finalizers may keep it for a while.
  public static func delete(_ resource: KubernetesResource, _ key: ObjectKey) -> Self {
    KubernetesRequest(APIRequest(.delete, resource.path(namespace: key.namespace, name: key.name))) {
      _ throws(KubernetesError) in
    }
  }
}

extension KubernetesRequest where Answer == String {
  /// What a container has written, the newest lines.
  /// - Parameters:
  ///   - container: nil for a pod with one.
  ///   - lines: at most so many, from the end.
  ///   - since: nothing older than that; whole seconds.
  ///   - isPrevious: of the container before this one, which has ended.
  ///   - limit: octets at most.
  public static func log(
    pod: ObjectKey, container: String? = nil, lines: Int? = nil, since: Duration? = nil, isPrevious: Bool = false,
    limit: Int = 4 << 20
  ) -> Self {
    let path = KubernetesResource.pods.path(
      namespace: pod.namespace ?? "default", name: pod.name, subresource: "log")
    let http = APIRequest(
      .get, path,
      query: [
        "container": container, "tailLines": lines.map(String.init),
        "sinceSeconds": since.map { String(max(1, $0.components.seconds)) },
        "previous": isPrevious ? "true" : nil, "limitBytes": String(limit)
      ])
    return KubernetesRequest(http) { body throws(KubernetesError) in String(decoding: body, as: UTF8.self) }
  }
}

extension KubernetesRequest where Answer == KubernetesVersion {
  /// Which version the server is.
  public static var version: Self {
    KubernetesRequest(APIRequest(.get, "/version")) { body throws(KubernetesError) in
      try JSONText.decode(KubernetesVersion.self, body, what: "the server's version")
    }
  }
}

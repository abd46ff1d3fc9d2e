/// One HTTP request to an API server, without where that is and who asks.
public struct APIRequest: Hashable, Sendable, CustomStringConvertible {
  public enum Method: String, Hashable, Sendable {
    case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
  }

  public var method: Method
  /// Percent-encoded, from the root of the API.
  public var path: String
  public var query: [QueryItem]
  public var body: [UInt8]?
  public var contentType: String

  public struct QueryItem: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  public init(
    _ method: Method, _ path: String, query: KeyValuePairs<String, String?> = [:], body: [UInt8]? = nil,
    contentType: String = "application/json"
  ) {
    self.method = method
    self.path = path
    self.query = query.compactMap { name, value in value.map { QueryItem(name: name, value: $0) } }
    self.body = body
    self.contentType = contentType
  }

  /// Path and query, as they stand in HTTP's request line.
  public var target: String {
    query.isEmpty
      ? path
      : path + "?" + query.map { "\(URLText.encoded($0.name))=\(URLText.encoded($0.value))" }.joined(separator: "&")
  }

  /// For messages: `GET /api/v1/nodes/gw1`.
  public var description: String { "\(method.rawValue) \(path)" }
}

/// What an API server is asked for, and how its answer is read; some take several HTTP requests, one after the other.
///
/// A value: carried out by `KubernetesClient` in its three forms.
public struct KubernetesRequest<Answer: Sendable>: Sendable {
  package enum Next: Sendable {
    case done(Result<Answer, KubernetesError>)
    /// Goes on with another HTTP request.
    case request(KubernetesRequest<Answer>)
  }

  package var http: APIRequest
  package var next: @Sendable (Result<[UInt8], KubernetesError>) -> Next

  package init(_ http: APIRequest, next: @escaping @Sendable (Result<[UInt8], KubernetesError>) -> Next) {
    self.http = http
    self.next = next
  }

  /// One HTTP request with one answer.
  init(_ http: APIRequest, decode: @escaping @Sendable ([UInt8]) throws(KubernetesError) -> Answer) {
    self.init(http) { result in
      .done(result.flatMap { body in Result { () throws(KubernetesError) in try decode(body) } })
    }
  }
}

extension APIRequest {
  /// A watch, with bookmarks, that the server ends by itself.
  package static func watch(
    _ resource: KubernetesResource, _ selection: ObjectSelection, resourceVersion: String, seconds: Int
  ) -> APIRequest {
    APIRequest(
      .get, resource.path(namespace: selection.namespace),
      query: [
        "labelSelector": selection.labels, "fieldSelector": selection.fields, "watch": "true",
        "allowWatchBookmarks": "true", "resourceVersion": resourceVersion, "timeoutSeconds": String(seconds)
      ])
  }
}

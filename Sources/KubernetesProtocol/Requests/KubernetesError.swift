/// The API server's own words for a refusal (`Status`, Kubernetes API reference), with the request that it refused.
public struct ServerRefusal: Hashable, Sendable, CustomStringConvertible {
  /// HTTP's.
  public var code: Int
  /// One word, such as `NotFound`; `""` when a proxy answered and not the API server.
  public var reason: String
  /// The server's sentence.
  public var message: String
  /// What was asked: `GET /api/v1/nodes/gw1`, or `watch nodes`.
  public var request: String

  public init(code: Int, reason: String, message: String, request: String) {
    self.code = code
    self.reason = reason
    self.message = message
    self.request = request
  }

  public var description: String { "\(request): \(message) (\(code)\(reason.isEmpty ? "" : " \(reason)"))" }
}

/// What can go wrong between a caller and an API server. `description` is a plain sentence, `hint` says what to do.
public enum KubernetesError: Error, Hashable, Sendable {
  /// No way to the API server could be read from the files or the environment.
  case configuration(KubernetesConfigurationProblem)
  /// The credentials cannot be had: a token file that is gone, an exec plugin that failed.
  case credentials(reason: String)
  /// 404: no such object, or no such kind of object (its CRD is not installed).
  case notFound(ServerRefusal)
  /// 409: somebody else has changed the object since it was read. Read it again, then decide.
  case conflict(ServerRefusal)
  /// 409 for a create: the object is there.
  case alreadyExists(ServerRefusal)
  /// 400, 422 and the like: the request makes no sense to this server.
  case invalid(ServerRefusal)
  /// 403: the role of whoever we are does not allow it.
  case forbidden(ServerRefusal)
  /// 401: the server does not know who we are.
  case unauthorized(ServerRefusal)
  /// 429: ask again later, after `retryAfter` when the server said so.
  case throttled(ServerRefusal, retryAfter: Duration?)
  /// 410: what is asked to go on from is too old. List anew.
  case expired(ServerRefusal)
  /// 5xx: the server itself failed.
  case server(ServerRefusal, retryAfter: Duration?)
  /// No connection, or it broke. A write may have been done or not.
  case transport(server: String, reason: String)
  /// TLS: a certificate that is not accepted, files that cannot be used.
  case tls(server: String, reason: String)
  /// No whole answer in time. A write may have been done or not.
  case timedOut(server: String, request: String, after: Duration)
  /// The answer is no JSON, or not of the form that the program expects.
  case decoding(what: String, reason: String)
  /// The answer has more octets than are taken.
  case tooLarge(what: String, limit: Int)
  /// A value that cannot be written as JSON.
  case encoding(what: String, reason: String)
  /// The client was closed.
  case closed
}

extension KubernetesError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .configuration(let problem): problem.description
    case .credentials(let reason): "no credentials for the Kubernetes API: \(reason)"
    case .notFound(let refusal): "not found: \(refusal)"
    case .conflict(let refusal): "somebody else changed it first: \(refusal)"
    case .alreadyExists(let refusal): "it exists already: \(refusal)"
    case .invalid(let refusal): "the API server does not accept the request: \(refusal)"
    case .forbidden(let refusal): "not allowed: \(refusal)"
    case .unauthorized(let refusal): "the API server does not accept our credentials: \(refusal)"
    case .throttled(let refusal, let after):
      "the API server asks us to slow down\(after.map { ", for \($0)" } ?? ""): \(refusal)"
    case .expired(let refusal): "too old to go on from: \(refusal)"
    case .server(let refusal, _): "the API server failed: \(refusal)"
    case .transport(let server, let reason): "no connection to the API server \(server): \(reason)"
    case .tls(let server, let reason): "no TLS connection to the API server \(server): \(reason)"
    case .timedOut(let server, let request, let after):
      "the API server \(server) did not answer `\(request)` within \(after)"
    case .decoding(let what, let reason): "\(what) does not have the form that is expected: \(reason)"
    case .tooLarge(let what, let limit): "\(what) has more than \(limit) octets"
    case .encoding(let what, let reason): "\(what) cannot be written as JSON: \(reason)"
    case .closed: "the client is closed"
    }
  }

  /// What to do about it, in one sentence without a full stop; nil where there is nothing to say.
  public var hint: String? {
    switch self {
    case .configuration(let problem): problem.help
    case .credentials: "look at the user's entry in the kubeconfig, or at the service account's files"
    case .notFound(let refusal):
      refusal.message.contains("could not find the requested resource")
        || refusal.message.contains("page not found")
        ? "this kind of object is not installed; is Kube-OVN installed, and in a version that has it?" : nil
    case .forbidden: "give this right to the role of the service account; deploy/kubernetes has the whole list"
    case .unauthorized: "look whether the token or the certificate has expired, or belongs to another cluster"
    case .server: "look at the logs of kube-apiserver and at etcd's health"
    case .transport, .timedOut: "is this the right address, does kube-apiserver run, and may packets pass?"
    case .tls: "is this the right CA for this cluster?"
    case .conflict, .expired, .throttled, .alreadyExists, .invalid, .decoding, .tooLarge, .encoding, .closed: nil
    }
  }

  /// Whether the server, and not the way to it, has spoken.
  public var refusal: ServerRefusal? {
    switch self {
    case .notFound(let refusal), .conflict(let refusal), .alreadyExists(let refusal), .invalid(let refusal),
      .forbidden(let refusal), .unauthorized(let refusal), .throttled(let refusal, _), .expired(let refusal),
      .server(let refusal, _):
      refusal
    default: nil
    }
  }

  /// How long the server asks us to stay away.
  public var retryAfter: Duration? {
    switch self {
    case .throttled(_, let after), .server(_, let after): after
    default: nil
    }
  }
}

public import Kubernetes
import KubernetesProtocol

/// Changes the cluster's objects. Each call blocks, for 10 s at most.
public struct ObjectWriter: Sendable {
  private let client: KubernetesClient

  public init(_ client: KubernetesClient) { self.client = client }

  /// - Parameters:
  ///   - path: from the root of the API: `/apis/kubeovn.io/v1/ovn-eips/node1/status`.
  ///   - body: JSON: a merge patch (RFC 7386), or with `isJSONPatch` one of RFC 6902, whose `test` operations guard it.
  public func patch(_ path: String, _ body: String, isJSONPatch: Bool) throws(ClusterWriteError) {
    let request = APIRequest(
      .patch, path, body: Array(body.utf8),
      contentType: isJSONPatch ? "application/json-patch+json" : "application/merge-patch+json")
    do throws(KubernetesError) {
      try client.performAndWait(KubernetesRequest<Void>(request) { .done($0.map { _ in }) }, timeout: .seconds(10))
    } catch {
      let hint = error.hint.map { "; \($0)" } ?? ""
      let kind: ClusterWriteError.Kind =
        switch error {
        case .conflict, .alreadyExists: .conflict
        // What a `test` of RFC 6902 that fails is answered with.
        case .invalid where isJSONPatch: .conflict
        case .notFound: .notFound
        case .transport, .timedOut: .outcomeUnknown
        default: .failed
        }
      throw ClusterWriteError("\(error)\(hint)", kind)
    }
  }
}

import Cluster
import Glibc
import Kubernetes
import KubernetesProtocol
import Synchronization

/// An object of the API, as far as it is kept.
protocol ClusterObject: Codable, Hashable, Sendable {
  var metadata: ClusterFacts.Metadata { get set }
}

extension ClusterFacts.Node: ClusterObject {}
extension ClusterFacts.OvnEip: ClusterObject {}
extension ClusterFacts.Vpc: ClusterObject {}
extension ClusterFacts.Subnet: ClusterObject {}
extension ClusterFacts.Vlan: ClusterObject {}
extension ClusterFacts.ProviderNetwork: ClusterObject {}
extension ClusterFacts.VpcEgressGateway: ClusterObject {}
extension ClusterFacts.ConfigMap: ClusterObject {}
extension ClusterFacts.Workload: ClusterObject {}
extension ClusterFacts.Pod: ClusterObject {}

extension ClusterObject {
  /// What `kubectl apply` keeps of the whole object, environment variables and all: nothing for a bundle.
  static var wholeObject: String { "kubectl.kubernetes.io/last-applied-configuration" }

  fileprivate var kept: Self {
    guard metadata.annotations[Self.wholeObject] != nil else { return self }
    var result = self
    result.metadata.annotations[Self.wholeObject] = nil
    return result
  }
}

/// One kind of the cluster's objects, followed.
final class LiveKind<T: ClusterObject>: Sendable {
  private let name: String
  private let observation: KubernetesObservation<T>
  private let status: Status

  private final class Status: Sendable {
    struct State {
      var problem: KubernetesError?
      /// Seconds since 1970-01-01T00:00:00Z.
      var brokenSince: Int64?
      /// By their names.
      var objects: [ObjectKey: T] = [:]
      var isListed = false
    }
    let state = Mutex(State())
  }

  /// - Parameter onChange: on the client's event loop.
  init(
    _ client: KubernetesClient, _ resource: KubernetesResource, _ selection: ObjectSelection = .all,
    onChange: @escaping @Sendable () -> Void
  ) {
    name = "\(resource)"
    let status = Status()
    observation = client.observe(T.self, resource, selection) { news in
      let isNews = status.state.withLock { state in
        switch news {
        case .changes(let changes):
          for change in changes { state.objects[change.key] = change.new?.kept }
          state.isListed = true
          return true
        case .state(.failing(let error, _)):
          // A failure that goes on is told again and again, and changes nothing.
          let isFirst = state.brokenSince == nil || state.problem != error
          state.problem = error
          if state.brokenSince == nil { state.brokenSince = Int64(time(nil)) }
          return isFirst
        case .state(.listed):
          let isNew = state.brokenSince != nil || !state.isListed
          state.isListed = true
          state.problem = nil
          state.brokenSince = nil
          return isNew
        case .state(.notListed), .undecodable: return false
        }
      }
      if isNews { onChange() }
    }
    self.status = status
  }

  /// Whether it was listed, or could not be.
  var isSettled: Bool { status.state.withLock { $0.isListed || $0.problem != nil } }

  /// In the order of their names.
  /// - Parameter isOptional: a cluster may not know this kind: it has none then.
  func view(isOptional: Bool = false) -> Gathered<[T]> {
    status.state.withLock { state in
      if state.isListed { return .value(state.objects.sorted { $0.key < $1.key }.map(\.value)) }
      guard let problem = state.problem else { return .unavailable("\(name): no answer of the API server yet") }
      if isOptional, case .notFound = problem { return .value([]) }
      return .unavailable("\(problem)")
    }
  }

  /// The first of them, for a selection of one.
  func only(_ what: String) -> Gathered<T> {
    switch view() {
    case .unavailable(let reason): .unavailable(reason)
    case .value(let objects): objects.first.map { .value($0) } ?? .unavailable("there is no \(what)")
    }
  }

  var staleness: LiveCluster.Staleness? {
    status.state.withLock { state in
      guard state.isListed, let since = state.brokenSince, let problem = state.problem else { return nil }
      return LiveCluster.Staleness(part: name, since: since, reason: problem.description)
    }
  }

  func close() { observation.cancel() }
}

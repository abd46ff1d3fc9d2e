import ClusterSources
import Control
import KubeOVN
import Kubernetes
import KubernetesProtocol

/// What the agent writes to Kubernetes. Each call blocks, for a few seconds at most.
struct KubernetesWriter {
  private let client: KubernetesClient
  /// An API server that hangs must not hold up what OVN has to say.
  private static let patience = Duration.seconds(3)

  init(_ options: ClusterOptions) throws(ClusterWriteError) {
    do throws(KubernetesError) {
      client = KubernetesClient(
        try .load(
          kubeconfig: options.kubeconfig, context: options.context, environment: options.environment,
          serviceAccount: options.serviceAccount))
    } catch {
      throw ClusterWriteError("Kubernetes cannot be reached: \(error)")
    }
  }

  func setNodeLabel(_ node: String, key: String, value: String) throws(ClusterWriteError) {
    _ = try perform { () throws(KubernetesError) in try .label([key: value], .nodes, ObjectKey(node)) }
  }

  func setReady(ovnEip: String) throws(ClusterWriteError) {
    _ = try perform { () throws(KubernetesError) in
      try .patch(
        ["status": ["ready": true]] as KubernetesJSON, .ovnEips, ObjectKey(ovnEip), subresource: .status,
        as: ObjectHeader.self)
    }
  }

  // MARK: The lease

  /// - Returns: nil when there is none.
  func readLease(_ name: LeaseName) throws(ClusterWriteError) -> LeaseElection.Record? {
    do throws(KubernetesError) {
      let lease = try client.performAndWait(
        .get(Lease.self, .leases, ObjectKey(name.name, namespace: name.namespace)), timeout: Self.patience)
      return LeaseElection.Record(lease)
    } catch {
      if case .notFound = error { return nil }
      throw ClusterWriteError(error)
    }
  }

  /// - Parameter record: its version is the one that is written over; empty: the lease is made.
  /// - Returns: what stands there now; nil when another one was faster.
  func writeLease(
    _ name: LeaseName, _ record: LeaseElection.Record
  ) throws(ClusterWriteError) -> LeaseElection.Record? {
    let now = "\(Timestamp.now())"
    var lease = Lease(
      name: name.name, namespace: name.namespace,
      spec: .init(
        holderIdentity: record.holder, leaseDurationSeconds: record.duration, acquireTime: now, renewTime: now,
        leaseTransitions: record.transitions))
    do throws(KubernetesError) {
      let written: Lease
      if record.version.isEmpty {
        written = try client.performAndWait(
          try .create(lease, .leases, namespace: name.namespace), timeout: Self.patience)
      } else {
        lease.metadata.resourceVersion = record.version
        written = try client.performAndWait(
          try .update(lease, .leases, ObjectKey(name.name, namespace: name.namespace)), timeout: Self.patience)
      }
      return LeaseElection.Record(written)
    } catch {
      switch error {
      case .conflict, .alreadyExists: return nil
      default: throw ClusterWriteError(error)
      }
    }
  }

  private func perform(
    _ request: () throws(KubernetesError) -> KubernetesRequest<ObjectHeader>
  ) throws(ClusterWriteError) -> ObjectHeader {
    do throws(KubernetesError) {
      return try client.performAndWait(try request(), timeout: Self.patience)
    } catch {
      throw ClusterWriteError(error)
    }
  }
}

extension LeaseElection.Record {
  fileprivate init(_ lease: Lease) {
    self.init(
      holder: lease.spec.holderIdentity ?? "", duration: lease.spec.leaseDurationSeconds ?? 15,
      version: lease.metadata.resourceVersion ?? "", transitions: lease.spec.leaseTransitions ?? 0)
  }
}

extension ClusterWriteError {
  fileprivate init(_ error: KubernetesError) { self.init("\(error)") }
}

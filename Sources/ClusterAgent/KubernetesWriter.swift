import ClusterSources
import KubeOVN

struct KubernetesWriter {
  init(_ options: ClusterOptions) throws(ClusterWriteError) { throw ClusterWriteError("TODO") }
  func setNodeLabel(_ node: String, key: String, value: String) throws(ClusterWriteError) {}
  func setReady(ovnEip: String) throws(ClusterWriteError) {}
  func readLease(_ name: LeaseName) throws(ClusterWriteError) -> LeaseElection.Record? { nil }
  func writeLease(_ name: LeaseName, _ record: LeaseElection.Record) throws(ClusterWriteError) -> LeaseElection
    .Record?
  { nil }
}

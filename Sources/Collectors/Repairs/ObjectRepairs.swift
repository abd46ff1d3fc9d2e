import ClusterSources
import Doctor

/// Repairs of the cluster's objects.
enum ObjectRepairs {
  static func patch(
    _ path: String, _ kind: PatchKind, _ body: String, _ options: ClusterOptions
  ) throws(RepairError) {
    var options = options
    options.kinds = .kubernetes
    do throws(ClusterWriteError) {
      try LiveCluster.once(options, timeout: .zero) { (live) throws(ClusterWriteError) in
        try live.objectWriter().patch(path, body, isJSONPatch: kind == .json)
      }
    } catch {
      throw RepairError(error.message)
    }
  }
}

import Addresses
import Control
import Glibc
import Lab
import Testing

/// A Kube-OVN network of three nodes, up once for a whole suite: see `OVNClusterPlan`.
struct OVNClusterField: Sendable {
  let cluster: OVNCluster
  let drill: OVNDrill

  @TaskLocal static var current: OVNClusterField?

  /// The field of the suite that runs.
  static func get() throws -> OVNClusterField {
    let field = try #require(current)
    field.hurry()
    return field
  }

  /// Puts what carries OVN's packets ahead of ordinary work.
  func hurry() {
    for chassis in cluster.gateways.map(\.name) + [cluster.compute.name] {
      for name in ["vswitchd", "controller"] {
        InteropTests.hurry(cluster.lab.runningProcess("\(chassis)/\(name)"))
      }
    }
  }

  /// What everway says of itself, by its control socket.
  @Sendable static func report(_ node: OVNGatewayNode) -> StatusReport? {
    guard var client = try? ControlClient(path: node.controlSocketPath),
      case .status(let report)? = try? client.send(.status)
    else { return nil }
    return report
  }

  /// Everway's session with OVN's router port on a node.
  @Sendable static func session(_ node: OVNGatewayNode) -> StatusReport.Session? { report(node)?.sessions.first }

  /// A suite with it stands on such a network, which is gone when the suite ends.
  struct Provided: SuiteTrait, TestScoping {
    var tag: String
    var plan = OVNClusterPlan()
    var launch = GatewayLaunch.configurationFile(Product.program)

    @concurrent func provideScope(
      for test: Test, testCase: Test.Case?, performing body: @Sendable @concurrent () async throws -> Void
    ) async throws {
      Lab.sweep()
      let cluster = try OVNCluster.up("i\(getpid())\(tag)", plan: plan, launch: launch)
      defer { cluster.down() }
      let drill = OVNDrill(cluster) { node in
        OVNClusterField.session(node).map {
          OVNDrill.Session(isUp: $0.sessionState == .up, timesDown: Int($0.downCount))
        }
      }
      try await OVNClusterField.$current.withValue(OVNClusterField(cluster: cluster, drill: drill)) {
        try await body()
      }
    }
  }
}

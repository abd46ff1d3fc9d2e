import Addresses
import Control
import Glibc
import Lab
import Testing

extension Interop {
  /// `everway run --kube-ovn` on both gateway nodes of a real OVN, with a real Kubernetes API: nobody has written a file, nobody
  /// has plugged `ovnext0`.
  @Suite(.enabled(if: OVNClusterAPI.obstacle == nil, Comment(rawValue: OVNClusterAPI.obstacle ?? "")))
  struct KubeOVNGateways {
    @Test("From objects alone both nodes come up, leave and return by themselves, and the dead one is repaired")
    func fromObjectsAlone() throws {
      Lab.sweep()
      let field = OVNClusterAPI()
      let launch = field.launch(Product.program, ["--own-status", "--repair-stale-sessions"])
      let cluster = try OVNCluster.up("i\(getpid())ko", launch: launch) { field.standIn($0) }
      defer { cluster.down() }
      let drill = OVNDrill(cluster) { node in
        OVNClusterField.session(node).map {
          OVNDrill.Session(isUp: $0.sessionState == .up, timesDown: Int($0.downCount))
        }
      }
      do {
        try drill.waitUntilUp()
        try comeUp(cluster, field)
        try loseTheUplink(drill)
        try loseTheAPI(cluster, field)
        try loseTheActiveNode(drill)
      } catch {
        for node in cluster.gateways {
          print("\(node.name):", node.everway?.lastLines(40).joined(separator: "\n") ?? "does not run")
        }
        throw error
      }
    }

    private func comeUp(_ cluster: OVNCluster, _ field: OVNClusterAPI) throws {
      for node in cluster.gateways {
        let session = try #require(OVNClusterField.session(node))
        // OVN's row says 100 ms x 3; nobody else does.
        #expect(session.desiredMinTxInterval == 100_000)
        #expect(session.requiredMinRxInterval == 100_000)
        #expect(session.peerAddress == "\(OVNClusterPlan.routerAddress)")
        let isWritten = waitUntil(timeout: .seconds(30), every: .milliseconds(100)) {
          ((try? field.object("/apis/kubeovn.io/v1/ovn-eips/\(node.name)")) ?? "").filter { $0 != " " }.contains(
            "\"ready\":true")
            && ((try? field.object("/api/v1/nodes/\(node.name)")) ?? "")
              .filter { $0 != " " }.contains("\"ovn.kubernetes.io/node-ext-gw\":\"true\"")
        }
        #expect(isWritten, "\(node.name) is not said to be ready")
        let ids = try node.chassis.vsctl("get", "interface", "ovnext0", "external_ids")
        #expect(ids.contains("iface-id=\(node.name)") && ids.contains("ip=\"\(node.gateway.address)\""))
      }
      #expect(try field.object("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/everway").contains("gw"))
    }

    /// Silence: OVN writes its own timeout at once, whenever it last wrote.
    private func loseTheUplink(_ drill: OVNDrill) throws {
      let outcome = try drill.uplinkLost(2)
      print(outcome)
      #expect(try #require(outcome.rules) < .seconds(6))
      #expect(outcome.lost.perFlow.count >= 4, "the fault was none")
      #expect(outcome.lost.unhealed == 0)
      #expect(try #require(outcome.returned) < .seconds(30))
    }

    /// A cluster that cannot be asked changes nothing, and what it says afterwards is taken up.
    private func loseTheAPI(_ cluster: OVNCluster, _ field: OVNClusterAPI) throws {
      let downs = cluster.gateways.map { OVNClusterField.session($0)?.downCount }
      field.killServer()
      (MonotonicTime.now() + .seconds(3)).sleep()
      #expect(cluster.gateways.map { OVNClusterField.session($0)?.downCount } == downs)
      #expect(cluster.gateways.allSatisfy { OVNClusterField.session($0)?.sessionState == .up })
      try field.startServer()
    }

    /// Without everway half the flows would never recover: the other chassis trusts the `up` that the dead one wrote.
    private func loseTheActiveNode(_ drill: OVNDrill) throws {
      let outcome = try drill.chassisDead(1, lasts: .seconds(15))
      print(outcome)
      #expect(try #require(outcome.portMoved) < .seconds(15))
      #expect(outcome.states == ["down", "up"])
      #expect(outcome.lost.perFlow.count == 32)
      #expect(outcome.lost.unhealed == 0, "some flows never recovered")
      #expect(try #require(outcome.returned) < .seconds(60))
    }
  }
}

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
        try killTheSpeaker(drill)
        try restartTheController(drill)
        try restartTheDatabases(cluster, drill)
        try restartTheSwitch(drill)
        try loseTheUplink(drill)
        try loseTheAPI(cluster, field)
        try rebootTheStandbyNode(drill)
        try loseTheActiveNode(drill)
      } catch {
        for node in cluster.gateways {
          print("\(node.name):", node.everway?.lastLines(40).joined(separator: "\n") ?? "does not run")
        }
        throw error
      }
    }

    @Test("IPv6 and a second external subnet come up from objects alone, and each leaves by itself")
    func familiesAndSubnetsApart() throws {
      Lab.sweep()
      let field = OVNClusterAPI()
      var plan = OVNClusterPlan()
      plan.hasIPv6 = true
      plan.hasSecondSubnet = true
      let launch = field.launch(Product.program, ["--own-status", "--repair-stale-sessions"])
      let cluster = try OVNCluster.up("i\(getpid())k6", plan: plan, launch: launch) { field.standIn($0) }
      defer { cluster.down() }
      do {
        try cluster.waitUntilUp(timeout: .seconds(90))
        let sessions = plan.sessions
        for node in cluster.gateways {
          // What OVN writes of a session it may have seen before everway's word of it.
          let isUp = waitUntil(timeout: .seconds(30)) {
            OVNClusterField.report(node)?.sessions.allSatisfy { $0.sessionState == .up } ?? false
          }
          #expect(isUp)
          let report = try #require(OVNClusterField.report(node))
          let peers = sessions.filter { $0.gateway == node.gateway }.map {
            "\($0.external.routerAddress($0.family))"
          }
          #expect(Set(report.sessions.map(\.peerAddress)) == Set(peers))
          #expect(report.uplinks.count == peers.count && report.uplinks.allSatisfy { !$0.lost })
        }
        // Of the second node: one way out after the other is lost, and back.
        let second = try cluster.gateway(2)
        for lost in sessions where lost.gateway == second.gateway {
          let family = lost.family == .ipv4 ? "meta protocol { ip, arp }" : "meta protocol ip6"
          let rule = DropRule(
            hook: .ingress(interface: "brext"),
            match: "ether saddr \(lost.external.mac(of: lost.gateway)) \(family)")
          let drop = try cluster.router.drop(rule)
          let wanted = sessions.map { $0 == lost ? "down" : "up" }
          let isApart = waitUntil(timeout: .seconds(30), every: .milliseconds(50)) {
            (try? cluster.northboundStates()) == wanted
          }
          let states = try cluster.northboundStates()
          #expect(isApart, "\(lost.address): \(states)")
          try drop.remove()
          try cluster.waitUntilUp(timeout: .seconds(60))
        }
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

    /// Its namespace forwards on, and the one that comes after it takes all of it over.
    private func killTheSpeaker(_ drill: OVNDrill) throws {
      let outcome = try measure(drill) { drill throws(LabError) in try drill.speakerKilled(2) }
      #expect(try #require(outcome.rules) < .seconds(5))
      #expect(outcome.spread.count == 3 && outcome.spread[1] == [32, 0], "\(outcome.spread)")
      #expect(outcome.lost.most < 15)
      #expect(outcome.lostReturning.most < 15)
      #expect(try #require(outcome.returned) < .seconds(30))
    }

    private func restartTheController(_ drill: OVNDrill) throws {
      let outcome = try measure(drill) { drill throws(LabError) in try drill.controllerRestarted() }
      #expect(outcome.states == ["up", "up"])
      #expect(outcome.lost.unhealed == 0)
      // It empties and fills the switch's tables.
      #expect(outcome.lost.most < 300)
      #expect(try #require(outcome.returned) < .seconds(30))
    }

    /// Everway reads both databases; it stays what it is while they are away, and its sessions do not notice.
    private func restartTheDatabases(_ cluster: OVNCluster, _ drill: OVNDrill) throws {
      let downs = cluster.gateways.map { OVNClusterField.session($0)?.downCount }
      let outcome = try measure(drill) { drill throws(LabError) in try drill.databasesRestarted() }
      #expect(cluster.gateways.map { OVNClusterField.session($0)?.downCount } == downs)
      #expect(outcome.lost.unhealed == 0)
      #expect(outcome.lost.most < 15)
      #expect(try #require(outcome.returned) < .seconds(30))
    }

    /// Where the datapath is a program of its own, everway finds its port dead, and takes the new one in.
    private func restartTheSwitch(_ drill: OVNDrill) throws {
      let outcome = try measure(drill) { drill throws(LabError) in try drill.switchRestarted(2) }
      #expect(outcome.lost.unhealed + outcome.lostReturning.unhealed == 0)
      #expect(try #require(outcome.returned) < .seconds(60))
    }

    /// It takes no flow before its own way out has shown that it works.
    private func rebootTheStandbyNode(_ drill: OVNDrill) throws {
      let outcome = try measure(drill) { drill throws(LabError) in try drill.chassisDead(2) }
      #expect(try #require(outcome.rules) < .seconds(5))
      #expect(outcome.lost.unhealed == 0)
      #expect(outcome.lostReturning.most < 30)
      #expect(try #require(outcome.returned) < .seconds(60))
    }

    private func measure(
      _ drill: OVNDrill, _ body: (OVNDrill) throws(LabError) -> OVNOutcome
    ) throws(LabError) -> OVNOutcome {
      OVNClusterField(cluster: drill.cluster, drill: drill).hurry()
      let outcome = try body(drill)
      print(outcome)
      return outcome
    }

    /// Silence: OVN writes its own timeout at once, whenever it last wrote.
    private func loseTheUplink(_ drill: OVNDrill) throws {
      let outcome = try measure(drill) { drill throws(LabError) in try drill.uplinkLost(2) }
      #expect(try #require(outcome.rules) < .seconds(6))
      #expect(outcome.lost.perFlow.count >= 4, "the fault was none")
      #expect(outcome.lost.unhealed == 0)
      #expect(try #require(outcome.returned) < .seconds(30))
      // Who is cut off hears no other node, and must not take theirs for dead: their rows are right.
      for node in drill.cluster.gateways {
        let said = node.everway?.lastLines(1000) ?? []
        #expect(!said.isEmpty && !said.contains { $0.contains("but no node answers there") })
      }
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
      let outcome = try measure(drill) { drill throws(LabError) in
        try drill.chassisDead(1, lasts: .seconds(15))
      }
      #expect(try #require(outcome.portMoved) < .seconds(15))
      #expect(outcome.states == ["down", "up"])
      #expect(outcome.lost.perFlow.count == 32)
      #expect(outcome.lost.unhealed == 0, "some flows never recovered")
      #expect(try #require(outcome.returned) < .seconds(60))
    }
  }
}

import Addresses
import BFD
import Cluster
import ConfigurationFile
import Testing

@testable import KubeOVN

@Suite struct TheAgentOfACluster {
  private var sample = SampleCluster()
  private var ovs = OVSFacts()
  private var options = KubeOVNOptions()

  init() {
    options.ownsStatus = true
    var port = OVSFacts.Interface(name: "ovnext0", type: "internal", ofport: 7)
    port.bridge = "br-int"
    port.externalIDs = ["iface-id": "node1", "ip": "10.204.0.11", "pod_netns": "/var/run/netns/ovnext"]
    ovs.interfaces = [port]
  }

  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

  private func input(_ gateway: GatewayView? = nil, isLeader: Bool = false) -> ClusterCore.Input {
    ClusterCore.Input(
      ovs: .value(ovs), ovn: sample.ovn, cluster: sample.cluster, gateway: gateway, isLeader: isLeader)
  }

  private func core(_ node: String = "node1") -> ClusterCore { ClusterCore(node: node, options: options) }

  private func running(_ state: String = "up") throws -> GatewayView {
    GatewayView(
      isRunning: true, goodPaths: ["gateway-external204"],
      sessions: [.init(peer: try #require(IPAddress("10.204.0.254")), state: state)])
  }

  @Test func publishesTheGatewayOnceAndAgainWhenItChanges() throws {
    var core = core()
    guard case .publish(let first) = core.look(input(), now: at(1)).first else {
      Issue.record("nothing was published")
      return
    }
    #expect(first.bfd.peers.count == 1)
    #expect(core.look(input(), now: at(2)).isEmpty)
    var test = self
    test.sample.addRow("vpc2-external204", "10.204.0.253/24", to: "10.204.0.11")
    guard case .publish(let second) = core.look(test.input(), now: at(3)).first else {
      Issue.record("the new peer was not published")
      return
    }
    #expect(second.bfd.peers.count == 2)
  }

  @Test func plugsAPortThatIsNotThereAndTriesAgainOnlyAfterAWhile() {
    var test = self
    test.ovs.interfaces = []
    var core = core()
    let first = core.look(test.input(), now: at(1))
    #expect(
      first.first
        == .ensurePort(
          name: "ovnext0", bridge: "br-int",
          externalIDs: [
            "iface-id": "node1", "ip": "10.204.0.11", "pod_netns": "/var/run/netns/ovnext", "everway": "kube-ovn"
          ], anew: false))
    #expect(core.look(test.input(), now: at(2)).isEmpty)
    #expect(core.look(test.input(), now: at(7)).count == 1)
  }

  @Test func leavesAPortAloneThatKubeOVNHasMade() {
    var core = core()
    let effects = core.look(input(), now: at(1))
    #expect(!effects.contains { if case .ensurePort = $0 { true } else { false } })
  }

  @Test func plugsAPortAnewThatVswitchdCouldNotMake() {
    var test = self
    test.ovs.interfaces[0].ofport = -1
    var core = core()
    func isPlugged(_ time: Double) -> Bool {
      core.look(test.input(), now: at(time)).contains {
        if case .ensurePort(_, _, _, true) = $0 { true } else { false }
      }
    }
    #expect(!isPlugged(1))
    #expect(!isPlugged(9))
    #expect(isPlugged(11.5))
    #expect(!isPlugged(17))
  }

  @Test func saysThatTheOvnEipIsReadyOnceTheGatewayWorks() throws {
    var test = self
    var eip = SampleCluster.eip("node1", "10.204.0.11")
    eip.status?.ready = false
    test.sample.cluster.ovnEips = .value([eip])
    test.sample.cluster.nodes = .value([.init(name: "node1")])
    var core = core()
    let silent = GatewayView(isRunning: true, goodPaths: [])
    #expect(!core.look(test.input(silent), now: at(1)).contains(.setReady(ovnEip: "node1")))
    let effects = core.look(test.input(try running()), now: at(2))
    #expect(effects.contains(.setReady(ovnEip: "node1")))
    #expect(effects.contains(.setNodeLabel(key: "ovn.kubernetes.io/node-ext-gw", value: "true")))
  }

  @Test func writesNoStatusThatIsNotItsOwn() throws {
    var test = self
    test.options.ownsStatus = false
    test.sample.cluster.nodes = .value([.init(name: "node1")])
    var core = test.core()
    let effects = core.look(test.input(try running()), now: at(2))
    #expect(!effects.contains { if case .setNodeLabel = $0 { true } else { false } })
  }

  @Test func takesItsOwnPortAndLabelBackWhenTheOvnEipGoes() {
    var test = self
    test.sample.cluster.ovnEips = .value([])
    test.sample.cluster.nodes = .value([
      .init(name: "node1", labels: ["ovn.kubernetes.io/node-ext-gw": "true"])
    ])
    test.ovs.interfaces[0].externalIDs["everway"] = "kube-ovn"
    var foreign = OVSFacts.Interface(name: "pod1", type: "internal", ofport: 3)
    foreign.bridge = "br-int"
    test.ovs.interfaces.append(foreign)
    var core = core()
    let effects = core.look(test.input(), now: at(1))
    #expect(
      effects == [
        .publishNothing(reason: "no OvnEip of type lsp is called node1"), .removePort(name: "ovnext0"),
        .setNodeLabel(key: "ovn.kubernetes.io/node-ext-gw", value: "false")
      ])
    #expect(core.look(test.input(), now: at(2)).isEmpty)
  }

  @Test func staysWhatItIsWhileTheClusterIsAway() throws {
    var test = self
    var core = core()
    _ = core.look(input(), now: at(1))
    test.sample.cluster.ovnEips = .unavailable("connection refused")
    let effects = core.look(test.input(), now: at(2))
    #expect(effects == [.tell([.init(object: "cluster", what: "connection refused")])])
  }

  @Test func tellsOfAStaleSessionOnceAndOfItsEnd() throws {
    var core = core()
    _ = core.look(input(try running("down")), now: at(0))
    let found = core.look(input(try running("down")), now: at(7))
    guard case .foundStale(let stale, let isRepaired) = found.first else {
      Issue.record("\(found)")
      return
    }
    #expect(stale.reason == .ownSession("down"))
    #expect(!isRepaired)
    #expect(core.look(input(try running("down")), now: at(8)).isEmpty)
    #expect(core.look(input(try running()), now: at(9)) == [.staleIsOver(stale.row)])
  }

  @Test func repairsTheSessionsOfADeadNodeWhereAllowedAndElected() throws {
    var test = self
    test.options.repairsStaleSessions = true
    var core = test.core()
    var view = try running()
    view.deadPaths = ["node-node2"]
    _ = core.look(test.input(view, isLeader: false), now: at(0))
    let follower = core.look(test.input(view, isLeader: false), now: at(3))
    #expect(!follower.contains { if case .renew = $0 { true } else { false } })
    let leader = core.look(test.input(view, isLeader: true), now: at(4))
    guard case .renew(let bfd, let row) = leader.first else {
      Issue.record("\(leader)")
      return
    }
    #expect(bfd == "bfd-vpc1-external204-10.204.0.12")
    core.didRenew(row, at: at(4))
    #expect(core.look(test.input(view, isLeader: true), now: at(5)).isEmpty)
  }

  @Test func accusesNobodyWhenItIsItselfCutOff() throws {
    var test = self
    test.options.repairsStaleSessions = true
    var core = test.core()
    var view = try running()
    view.goodPaths = []
    view.deadPaths = ["gateway-external204", "node-node2"]
    for second in 0..<20 {
      let effects = core.look(test.input(view, isLeader: true), now: at(Double(second)))
      #expect(!effects.contains { if case .foundStale = $0 { true } else { false } })
    }
    guard case .gateway(let gateway) = core.role else { return #expect(Bool(false), "no gateway") }
    #expect(!view.hearsSomebody(of: gateway))
    #expect(try running().hearsSomebody(of: gateway))
  }

  @Test func watchesTheOtherGatewayNodesOnlyWhereItMayRepair() throws {
    #expect(try pathNames(options).filter { $0.hasPrefix("node-") }.isEmpty)
    var options = options
    options.repairsStaleSessions = true
    #expect(try pathNames(options).filter { $0.hasPrefix("node-") } == ["node-node2"])
  }

  private func pathNames(_ options: KubeOVNOptions) throws -> [String] {
    guard
      case .gateway(let gateway) = KubeOVN.desiredGateway(
        sample.cluster, sample.ovn, node: "node1", options: options)
    else { return [] }
    return gateway.configuration.paths.map(\.name)
  }
}

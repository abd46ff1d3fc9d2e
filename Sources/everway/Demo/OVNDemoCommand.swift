import ArgumentParser
import Control
import Glibc
import Lab

extension LabCommand {
  struct DemoOVN: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "demo-ovn",
      abstract:
        "Show Everway in a Kube-OVN network: real OVN, three nodes, faults under traffic, a table, clean up.",
      discussion: """
        Two gateway nodes and one with a pod, each a real OVN chassis in a namespace, with OVN's databases; a virtual \
        router with an ECMP route over both gateways, held up by BFD between OVN and everway. Then everway is killed, \
        drained, an uplink is lost, ovn-controller and the databases are restarted, each gateway node loses power; all comes back. \
        The pod sends one datagram in 10 ms for each flow, and each one that is missing is counted. Takes about two \
        minutes. Needs root, and the packages ovn-central, ovn-host and openvswitch-switch.

        With a kube-apiserver (Scripts/kube-apiserver builds one) and etcd there is a real Kubernetes API too, and \
        everway run --kube-ovn on both nodes has no file; it repairs what a dead node leaves in OVN. Without them \
        everway has a file each, and what a dead node leaves is shown unrepaired.

        EXIT CODES
          0  shown
          1  something did not work: what, and where its log is
          2  the command line is wrong
        """)

    @Option(help: ArgumentHelp("How many flows, 2 to 200.", valueName: "number"))
    var flows = 32

    @Option(help: ArgumentHelp("BFD's transmit and receive interval, 50 to 1000.", valueName: "ms"))
    var interval = 100

    @Option(help: ArgumentHelp("How often to do it all, 1 to 20.", valueName: "number"))
    var rounds = 1

    func validate() throws {
      guard (1...20).contains(rounds) else { throw ValidationError("--rounds is 1 to 20") }
      guard (2...200).contains(flows) else { throw ValidationError("--flows is 2 to 200") }
      guard (50...1_000).contains(interval) else {
        throw ValidationError("--interval is 50 to 1000 (milliseconds)")
      }
    }

    func run() throws {
      let name = "ovn\(getpid())"
      Interruption.handle { Lab.existing(name)?.down() }
      do throws(LabError) {
        try show(name)
      } catch {
        Interruption.waitIfRequested()
        throw CommandError(message: "\(error)")
      }
    }

    private func show(_ name: String) throws(LabError) {
      Self.say("putting up OVN's databases, two gateway nodes, a node with a pod, a router and a host outside")
      let plan = OVNClusterPlan(timers: BFDTimers(milliseconds: interval))
      let obstacle = OVNClusterAPI.obstacle
      let isFromObjects = obstacle == nil
      let executable = try LabCommand.Up.executable()
      let field = OVNClusterAPI()
      let launch =
        isFromObjects
        ? field.launch(executable, ["--own-status", "--repair-stale-sessions"]) : .configurationFile(executable)
      if let obstacle {
        Self.say("everway gets a file on each node, since there can be no Kubernetes API here: \(obstacle)")
      } else {
        Self.say("with a Kubernetes API and Kube-OVN's objects: everway run --kube-ovn has no file")
      }
      let cluster = try OVNCluster.up(name, plan: plan, launch: launch) { field.standIn($0) }
      defer { cluster.down() }
      let drill = OVNDrill(cluster, flows: flows, session: Self.session)
      try drill.waitUntilUp()
      Self.say("OVN and everway are up with each other on both gateways")
      var outcomes: [OVNOutcome] = []
      func show(_ what: String, _ drill: () throws(LabError) -> OVNOutcome) throws(LabError) {
        Self.say(what)
        let outcome = try drill()
        outcomes.append(outcome)
        Self.say("  \(OVNDemoTable.line(outcome))")
      }
      for round in 1...rounds {
        if rounds > 1 { Self.say("round \(round) of \(rounds)") }
        try show("everway on gw2 is killed (SIGKILL), and started again") { () throws(LabError) in
          try drill.speakerKilled(2)
        }
        try show("everway drain on gw2, and undrain") { () throws(LabError) in try drill.drained(2, Self.drain) }
        try show("the physical gateway does not hear gw2 any more, and then does") { () throws(LabError) in
          try drill.uplinkLost(2)
        }
        try show("ovn-controller on gw1, which has the router's port, is killed and started again") {
          () throws(LabError) in try drill.controllerRestarted()
        }
        try show("the servers of OVN's databases are killed, and started again") { () throws(LabError) in
          try drill.databasesRestarted()
        }
        try show("gw2 loses power, and boots") { () throws(LabError) in try drill.chassisDead(2) }
        try show("gw1, which has the router's port, loses power, and boots") { () throws(LabError) in
          // Who repairs must first have won the Lease, if the dead node had it.
          try drill.chassisDead(1, lasts: isFromObjects ? .seconds(20) : .seconds(4))
        }
      }
      let table = OVNDemoTable(outcomes: outcomes, timers: plan.timers, isRepaired: isFromObjects)
      writeAll(STDOUT_FILENO, "\n" + table.rendered(coloured: TextTable.isTerminal()))
    }

    /// Everway's own word of its session with OVN.
    @Sendable static func session(_ node: OVNGatewayNode) -> OVNDrill.Session? {
      guard var client = try? ControlClient(path: node.controlSocketPath),
        case .status(let report)? = try? client.send(.status), let session = report.sessions.first
      else { return nil }
      return OVNDrill.Session(isUp: session.sessionState == .up, timesDown: Int(session.downCount))
    }

    private static func drain(_ node: OVNGatewayNode, _ out: Bool) throws(LabError) {
      let response: ControlResponse
      do throws(ControlSocketError) {
        var client = try ControlClient(path: node.controlSocketPath)
        response = try client.send(out ? .drain(target: nil) : .undrain(target: nil))
      } catch {
        throw LabError("\(error)")
      }
      if case .failure(let failure) = response { throw LabError(failure.message) }
    }

    private static func say(_ text: String) { writeAll(STDOUT_FILENO, "  \(text)\n") }
  }
}

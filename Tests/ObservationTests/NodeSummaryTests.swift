import Control
import Observation
import Testing

@Suite("A node in a few words") struct NodeSummaryTests {
  private func session(_ name: String, _ state: StatusReport.SessionState, rule: String? = nil)
    -> StatusReport.Session
  {
    var session = StatusReport.Session(
      name: name, peerAddress: "192.0.2.1", role: .passive,
      localDiscriminator: UInt32(name.utf8.reduce(1) { $0 + Int($1) }),
      remoteDiscriminator: 9, sessionState: state, remoteSessionState: state, localDiagnostic: .none,
      remoteDiagnostic: .none, localMultiplier: 3, desiredMinTxInterval: 100_000, requiredMinRxInterval: 100_000,
      negotiatedTransmissionInterval: 100_000, detectionTime: 300_000, secondsInState: 1)
    session.rule = rule
    return session
  }

  private func summary(
    _ sessions: [StatusReport.Session], _ change: (inout StatusReport) -> Void = { _ in }
  ) -> NodeSummary? {
    let time = Timestamp(microseconds: 1_780_000_000_000_000)
    var report = StatusReport(
      version: "1", pid: 7, hostName: "node-a", startedAt: time, uptimeSeconds: 1, generatedAt: time,
      configuration: .init(file: "gateway.yaml", loadedAt: time), namespace: .init(name: "ovnext", state: .healthy),
      speaker: .init(schedulingPolicy: "x", schedulingPriority: 0, receivePacketCount: 1, sendPacketCount: 1))
    report.sessions = sessions
    change(&report)
    var gateway = ObservedGateway()
    gateway.apply(.status(report))
    return NodeSummary(gateway, observer: "1")
  }

  @Test func itCountsAndNames() throws {
    let sessions = [session("a", .up, rule: "lan"), session("b", .down, rule: "lan"), session("c", .up)]
    let told = try #require(summary(sessions))
    #expect(told.sessions.text == "2/3" && told.towardsOVN.text == "1/2")
    #expect(told.down == ["b"] && told.state == .trouble)
  }

  @Test("An operator's word goes before trouble, and a lost uplink before a session")
  func order() {
    let down = [session("b", .down)]
    #expect(summary(down) { $0.drain.state = .drained }?.state == .drained)
    #expect(summary([session("a", .up)])?.state == .good)
    #expect(summary([session("a", .up)]) { $0.namespace.state = .absent }?.state == .trouble)
  }

  @Test("A node that is not meant to be a gateway rests, whatever its namespace; but not with a problem")
  func resting() {
    let rest: (inout StatusReport) -> Void = {
      $0.configuration.atRest = "no VpcEgressGateway names it"
      $0.namespace.state = .absent
    }
    #expect(summary([], rest)?.state == .resting)
    #expect(summary([]) { $0.namespace.state = .absent }?.state == .trouble)
    let told = summary([]) {
      rest(&$0)
      $0.problems = [.init(what: "the API server does not answer", since: $0.startedAt)]
    }
    #expect(told?.state == .trouble)
    // Sessions that are still there are to be known.
    #expect(summary([session("a", .down)], rest)?.state == .trouble)
  }

  @Test func thousandsThatAreDownAreNotAllNamed() {
    let many = (0..<1_000).map { session("s\($0)", .down) }
    #expect(summary(many)?.down.count == NodeSummary.namedSessions)
  }

  @Test func ofNothingHeardThereIsNone() { #expect(NodeSummary(ObservedGateway(), observer: "1") == nil) }

  @Test(
    "Gateways that are Up for the cluster share its traffic evenly, and one that is not heard makes that unsure")
  func shares() throws {
    let up = try #require(summary([session("a", .up, rule: "lan")]))
    let down = try #require(summary([session("a", .down, rule: "lan")]))
    let outside = try #require(summary([session("a", .up)]))
    let sure = ClusterShare.of([up, down, outside, up])
    #expect(sure.shares == [0.5, 0, nil, 0.5] && sure.isSure)
    let unsure = ClusterShare.of([up, nil])
    #expect(unsure.shares == [1, nil] && !unsure.isSure)
  }
}

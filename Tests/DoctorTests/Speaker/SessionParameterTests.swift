import Cluster
import Addresses
import Testing

@testable import Doctor

@Suite struct ParametersOfASession {
  @Test func thatAreSlowerThanAskedForAreSetInTheBeacon() throws {
    var made = SpeakerCase.healthy()
    made.expectation.peers[0].desiredMinTx = 100_000
    made.expectation.peers[0].requiredMinRx = 100_000
    made.setSession { $0.remoteMinTx = 100_000 }
    let finding = try #require(made.diagnosis.findings.first)
    #expect(made.found == [.slowDetection])
    #expect(finding.parameters["detection"] == "3 s")
    #expect(finding.parameters["promised"] == "300 ms")
    #expect(
      finding.remedy.actions.first
        == .controlBeacon(
          namespace: "ovnext", arguments: ["session", "all", "set", "mintx", "100000", "us"]))
    #expect(finding.remedy.actions.count == 4)
  }

  @Test func thatAreOpenBFDDsDefaultsToAFastPeerAreNamedWithoutAnExpectation() {
    var made = SpeakerCase.healthy()
    made.setSession { session in
      session.remoteMinTx = 100_000
      session.remoteMinRx = 100_000
    }
    #expect(made.found == [.slowDetection])
  }

  @Test func ofAPeerThatIsSlowAreThePeers() {
    var made = SpeakerCase.healthy()
    made.setSession { session in
      session.requiredMinRx = 100_000
      session.desiredMinTx = 100_000
    }
    #expect(made.found == [.slowPeer])
    #expect(made.diagnosis.worst == .info)
  }

  @Test func announcedAndNotKeptAreNamed() throws {
    var made = SpeakerCase.healthy()
    made.setSession { session in
      session.state = .down
      session.diagnostic = 1
      session.remoteState = .down
      session.requiredMinRx = 100_000
    }
    var flow = SpeakerCase.incoming(.down)
    flow.packet?.desiredMinTx = 100_000
    var sent = SpeakerCase.outgoing()
    sent.packet?.requiredMinRx = 100_000
    made.setFlows(flow, sent)
    let finding = try #require(made.diagnosis.findings.first)
    #expect(finding.id == .slowerThanAnnounced)
    #expect(finding.consequences.map(\.id) == [.detectionExpired])
    #expect(
      finding.remedy.actions.first
        == .controlBeacon(namespace: "ovnext", arguments: ["session", "all", "set", "minrx", "901", "ms"]))
  }

  @Test(arguments: [(2_000_000, []), (2_200_000, [FindingID.tightDetection])] as [(UInt64, [FindingID])])
  func thatLeaveNoRoomAreNamed(_ gap: UInt64, _ found: [FindingID]) {
    var made = SpeakerCase.healthy()
    var flow = SpeakerCase.incoming()
    flow.count = 8
    flow.longestGap = gap
    made.setFlows(flow, SpeakerCase.outgoing())
    #expect(made.found == found)
  }

  @Test(arguments: [true, false]) func withAMultiplierOfOneAreNamed(_ isOurs: Bool) {
    var made = SpeakerCase.healthy()
    made.setSession { session in
      if isOurs { session.multiplier = 1 } else { session.remoteMultiplier = 1 }
    }
    #expect(made.found == [.multiplierOne])
    #expect(made.diagnosis.findings.first?.remedy.repair == (isOurs ? .automatic : .manual))
  }

  @Test(arguments: [(5_000, false, true), (50_000, false, false), (5_000, true, false)] as [(UInt64, Bool, Bool)])
  func shorterThanAStallOfTheCPUQuotaAreNamed(_ quota: UInt64, _ isRealTime: Bool, _ isFound: Bool) {
    var made = SpeakerCase.healthy()
    made.speaker.limits = .value([
      .init(
        pid: 812, program: "bfdd-beacon", path: "/sys/fs/cgroup/cpu/pod", quota: quota, period: 100_000,
        periods: 10, throttled: 0, throttledMeanwhile: 0, window: 2_000, isRealTime: isRealTime)
    ])
    made.setSession { session in
      session.desiredMinTx = 30_000
      session.requiredMinRx = 30_000
      session.remoteMinTx = 30_000
      session.remoteMinRx = 30_000
      session.detectionTime = 90_000
    }
    #expect(made.found == (isFound ? [.tooFast] : []))
  }

  @Test(arguments: [("SCHED_OTHER", [FindingID.tooFast]), ("SCHED_FIFO", [])] as [(String, [FindingID])])
  func shorterThanOrdinarySchedulingHoldsAreNamed(_ policy: String, _ found: [FindingID]) {
    var made = SpeakerCase.healthy()
    made.setGateway { session in
      session.desiredMinTx = 10_000
      session.requiredMinRx = 10_000
      session.remoteMinTx = 10_000
      session.remoteMinRx = 10_000
      session.detectionTime = 30_000
    }
    if case .value(var gateway) = made.speaker.gateway {
      gateway.schedulingPolicy = policy
      made.speaker.gateway = .value(gateway)
    }
    #expect(made.found == found)
  }

  /// OVN's row says what its end can do; a row in admin_down asks for nothing.
  @Test(arguments: [("up", [FindingID.slowDetection]), ("admin_down", [])] as [(String, [FindingID])])
  func areComparedWithOVNsRow(_ status: String, _ found: [FindingID]) {
    var made = SpeakerCase.healthy()
    made.expectation.peers = []
    var northbound = OVNFacts.Northbound()
    var port = OVNFacts.LogicalRouterPort(uuid: "p", name: "vpc1-external")
    port.networks = ["10.204.0.1/24"]
    northbound.logicalRouterPort = [port]
    var row = OVNFacts.BFD(uuid: "b", logicalPort: "vpc1-external", dstIp: "10.204.0.11", status: status)
    row.minTx = 100
    row.minRx = 100
    northbound.bfd = [row]
    var ovn = OVNFacts()
    ovn.northbound = .value(northbound)
    made.ovn = .value(ovn)
    made.setSession { $0.remoteMinTx = 500_000 }
    #expect(made.found == found)
  }
}

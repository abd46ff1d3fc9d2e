import Cluster
import Addresses
import Testing

@testable import Doctor

@Suite struct ASpeaker {
  @Test func thatIsHealthyGivesNoFindingAndNoGap() {
    let diagnosis = SpeakerCase.healthy().diagnosis
    #expect(diagnosis.findings.isEmpty, "\(diagnosis.findings)")
    #expect(diagnosis.areas.flatMap(\.gaps).isEmpty)
    #expect(diagnosis.areas.contains { $0.area == .speaker && $0.checks > 0 })
  }

  @Test func thatNobodyExpectsIsNotMissed() {
    var made = SpeakerCase()
    made.speaker.sockets = .value([])
    #expect(made.found.isEmpty)
    #expect(made.diagnosis.areas.allSatisfy { $0.checks == 0 })
  }

  private func missing() -> SpeakerCase {
    var made = SpeakerCase.healthy()
    made.speaker.sockets = .value([])
    made.speaker.beacon = .unavailable("Error connecting to beacon on 127.0.0.1:957: Connection refused")
    made.setFlows()
    return made
  }

  @Test func thatIsNotThereIsNamedWithTheWordsOfTheProbe() throws {
    let finding = try #require(missing().diagnosis.findings.first)
    #expect(missing().found == [.nobodySpeaks])
    #expect(finding.remedy.repair == .manual)
    #expect(finding.evidence.contains { $0.value.hasSuffix("957: Connection refused") })
    #expect(finding.remedy.steps.last?.command == "ip netns exec ovnext bfdd-beacon --listen=0.0.0.0")
  }

  @Test func thatIsAnInstalledServiceIsStarted() throws {
    var made = missing()
    made.speaker.unit = .value(.init(name: "everway", isInstalled: true, state: "failed"))
    let finding = try #require(made.diagnosis.findings.first)
    #expect(finding.remedy.repair == .automatic)
    #expect(finding.remedy.actions == [.startService(name: "everway")])
  }

  @Test func inTheNodesOwnNamespaceIsToldApart() throws {
    var made = missing()
    made.speaker.nodeSockets = .value([.init(.udp, .any(.ipv4), port: 3784, pid: 5, program: "bfdd-beacon")])
    let finding = try #require(made.diagnosis.findings.first)
    #expect(finding.id == .nobodySpeaks)
    #expect(
      finding.remedy.steps.map(\.command) == [
        "bfdd-control stop", "ip netns exec ovnext bfdd-beacon --listen=0.0.0.0"
      ])
    #expect(finding.evidence.contains { $0.value.contains("bfdd-beacon (pid 5)") })
  }

  @Test func whoseControlPortIsMuteIsToldFromOneThatIsGone() {
    var made = SpeakerCase.healthy()
    made.speaker.beacon = .unavailable("Error connecting to beacon on 127.0.0.1:957: Network is unreachable")
    #expect(made.found == [.beaconMute])
  }

  @Test(arguments: [("bird", 7), ("bfdd", 8)] as [(String, Int32)])
  func whosePortAnotherHasIsNamed(_ program: String, _ pid: Int32) throws {
    var made = missing()
    made.speaker.sockets = .value([.init(.udp, .any(.ipv4), port: 3784, pid: pid, program: program)])
    let finding = try #require(made.diagnosis.findings.first)
    #expect(made.found == [.portTaken])
    #expect(finding.parameters["holder"] == "\(program) (pid \(pid))")
    #expect(made.diagnosis.areas.flatMap(\.gaps).contains { $0.reason.contains("vtysh") })
  }

  @Test func thatIsEverwayWithoutItsPortIsNamed() {
    var made = SpeakerCase.healthy()
    made.setGateway { $0.secondsInState = 1 }
    made.speaker.sockets = .value([.init(.udp, .any(.ipv4), port: 3784, pid: 7, program: "bird")])
    #expect(made.found.contains(.portTaken))
  }

  @Test func boundToAnAddressThatIsNotOursIsNamed() throws {
    var made = SpeakerCase.healthy()
    let other = IPAddress.v4(IPv4Address(10, 16, 0, 7))
    made.speaker.sockets = .value([.init(.udp, other, port: 3784, pid: 812, program: "bfdd-beacon")])
    #expect(made.found == [.wrongAddress])
  }

  @Test func boundToOurAddressIsFine() {
    var made = SpeakerCase.healthy()
    made.speaker.sockets = .value([.init(.udp, SpeakerCase.us, port: 3784, pid: 812, program: "bfdd-beacon")])
    #expect(made.found.isEmpty)
  }

  @Test func withoutIPv6ForAnIPv6PeerIsNamed() throws {
    var made = SpeakerCase.healthy()
    let peer = try #require(IPAddress("fd00:204::1"))
    made.expectation.peers.append(.init(address: peer, isPassive: true))
    #expect(made.found.first == .noIPv6)
    #expect(made.diagnosis.all.map(\.id) == [.noIPv6, .neverHeard], "\(made.diagnosis.all.map(\.id))")
  }

  @Test func thatHasNoSessionIsNamedBelowTheReason() {
    var made = SpeakerCase.healthy()
    made.setNoSession()
    made.setFlows(SpeakerCase.incoming(.down, your: 0))
    #expect(made.found == [.notAllowed])
    #expect(made.diagnosis.findings.first?.consequences.map(\.id) == [.noSessions])
  }

  @Test func whoseProbeIsKilledIsNamed() throws {
    var made = SpeakerCase.healthy()
    made.speaker.probe = .value(.init(command: "bfdd-control status", exitCode: 141, said: ""))
    #expect(made.found == [.probeKilled])
  }

  @Test(arguments: [(0, 0, false), (3, 3, true), (0, 50, false), (0, 200, true)] as [(UInt64, UInt64, Bool)])
  func thatIsThrottledIsNamed(_ now: UInt64, _ ever: UInt64, _ isFound: Bool) throws {
    var made = SpeakerCase.healthy()
    made.speaker.limits = .value([
      .init(
        pid: 812, program: "bfdd-beacon", path: "/sys/fs/cgroup/cpu/pod", quota: 5_000, period: 100_000,
        periods: 1_000, throttled: ever, throttledMeanwhile: now, window: 2_000)
    ])
    #expect(made.found == (isFound ? [.throttled] : []))
    guard isFound else { return }
    #expect(made.diagnosis.findings.first?.remedy.actions == [.liftCPULimit(path: "/sys/fs/cgroup/cpu/pod")])
    #expect(made.diagnosis.findings.first?.parameters["millicores"] == "50m")
  }

  @Test func thatCouldNotBeLookedAtIsAGap() {
    var facts = SpeakerCase.healthy().facts
    facts.speaker = .unavailable("open network namespace ovnext: Invalid argument")
    let diagnosis = Diagnosis(facts, checks: Check.speaker)
    #expect(diagnosis.findings.isEmpty)
    #expect(
      diagnosis.areas.flatMap(\.gaps).map(\.reason).contains("open network namespace ovnext: Invalid argument"))
  }

  @Test func whoseWireCouldNotBeHeardIsAGap() {
    var made = SpeakerCase.healthy()
    made.speaker.wire = .unavailable("open a packet socket: Operation not permitted")
    #expect(made.found.isEmpty)
    #expect(made.diagnosis.areas.flatMap(\.gaps).map(\.reason) == ["open a packet socket: Operation not permitted"])
  }
}

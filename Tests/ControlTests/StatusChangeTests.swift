import Testing

@testable import Control

@Suite struct StatusChangeTests {
  @Test func timeThatRunsOnAndPacketsThatAreCountedAreNoChange() {
    let old = StatusReport.sample
    var new = old
    new.generatedAt = Timestamp(microseconds: old.generatedAt.microseconds + 5_000_000)
    new.uptimeSeconds += 5
    new.speaker.receivePacketCount += 100
    new.speaker.discards = []
    for number in new.paths.indices { new.paths[number].secondsInState += 5 }
    #expect(StatusChange(from: old, to: new).isEmpty)
  }

  @Test func whatDiffersIsToldWholeAndNothingElse() {
    let old = StatusReport.sample
    var new = old
    new.paths[0].state = .up
    new.findings = [.init(id: "EW-NS-01", severity: "error", symptom: "s", since: old.startedAt)]
    let change = StatusChange(from: old, to: new)
    #expect(change.paths == new.paths && change.findings == new.findings)
    #expect(change.groups == nil && change.problems == nil && change.namespace == nil && change.speaker == nil)
    var applied = old
    applied.apply(change)
    #expect(applied.paths == new.paths && applied.findings == new.findings)
  }
}

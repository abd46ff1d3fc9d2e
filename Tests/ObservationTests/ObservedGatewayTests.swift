import Control
import Testing

@testable import Observation

@Suite struct ObservedGatewayTests {
  private static let start = Timestamp(microseconds: 1_700_000_000_000_000)

  private func report(startedAt: Timestamp = start) -> StatusReport {
    StatusReport(
      version: "1", pid: 1, startedAt: startedAt, uptimeSeconds: 1, generatedAt: startedAt,
      configuration: .init(file: "f", loadedAt: startedAt), namespace: .init(state: .healthy),
      speaker: .init(
        schedulingPolicy: "SCHED_OTHER", schedulingPriority: 0, receivePacketCount: 0, sendPacketCount: 0))
  }

  private func samples(_ gaps: [UInt32: UInt64]) -> ObservationMessage {
    .samples(
      Samples(
        at: Self.start, speaker: SpeakerSample(),
        sessions: gaps.map { SessionSample(session: $0.key, worstGap: $0.value) }))
  }

  private func event(_ sequence: UInt64, latency: UInt64? = nil) -> ObservationMessage {
    var event = Event(sequence: sequence, at: Self.start, kind: .group, name: "g", "moved")
    event.latency = latency
    return .event(event)
  }

  @Test func keepsTheLastGapsOfEachSessionInOrder() {
    var gateway = ObservedGateway()
    for gap in 1...UInt64(SessionRhythm.depth + 5) { gateway.apply(samples([9: gap])) }
    let rhythm = gateway.rhythms[9]
    #expect(rhythm?.gaps().first == 6)
    #expect(rhythm?.gaps(last: 3) == [123, 124, 125])
    #expect(rhythm?.worstGap(samples: 60) == 125)
    #expect(rhythm?.gaps().count == SessionRhythm.depth)
  }

  @Test func takesAnEventThatIsToldAgainOnce() {
    var gateway = ObservedGateway()
    gateway.apply(.status(report()))
    for sequence: UInt64 in [1, 2, 2, 1, 3] { gateway.apply(event(sequence, latency: 300)) }
    #expect(gateway.events.map(\.sequence) == [1, 2, 3])
    #expect(gateway.latencies.count == 3)
    #expect(gateway.latencies.counts[1] == 3, "300 us are more than 250 and at most 500")
    #expect(gateway.cursor == EventCursor(run: Self.start, sequence: 3))
  }

  @Test func keepsABoundedNumberOfEvents() {
    var gateway = ObservedGateway()
    for sequence in 1...5_000 { gateway.apply(event(UInt64(sequence))) }
    #expect(gateway.events.last?.sequence == 5_000)
    #expect((ObservedGateway.keptEvents...ObservedGateway.keptEvents * 5 / 4).contains(gateway.events.count))
  }

  @Test func beginsAnewWithAnotherRun() {
    var gateway = ObservedGateway()
    gateway.apply(.status(report()))
    gateway.apply(event(9))
    gateway.apply(samples([1: 5]))
    gateway.apply(.status(report(startedAt: Timestamp(microseconds: Self.start.microseconds + 1))))
    gateway.apply(event(1))
    #expect(gateway.events.map(\.sequence) == [1])
    #expect(gateway.rhythms.isEmpty)
  }

  @Test func forgetsSessionsThatAreGone() {
    var gateway = ObservedGateway()
    gateway.apply(.status(report()))
    gateway.apply(samples([1: 5, 2: 5]))
    var change = StatusChange(at: Self.start)
    change.removedSessions = [1]
    gateway.apply(.change(change))
    #expect(gateway.rhythms.keys.sorted() == [2])
  }
}

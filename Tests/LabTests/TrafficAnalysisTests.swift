import Testing

@testable import Lab

@Suite struct JudgingTraffic {
  typealias Arrival = TrafficRecording.Arrival

  /// One flow that sends each millisecond; `arrived` as (sequence, path).
  private func judge(
    _ count: Int, _ arrived: [(UInt32, UInt8)], unsent: [UInt32] = [], marks: [TrafficRecording.Mark] = []
  ) -> TrafficReport {
    TrafficRecording(
      flowCount: 1, pathNames: ["r1", "r2"], sendTimes: (0..<count).map { Int64($0) * 1_000_000 },
      unsent: unsent.map { .init(sequence: $0, flow: 0) },
      arrivals: arrived.map { Arrival(sequence: $0.0, flow: 0, path: $0.1) }, marks: marks
    ).report(shareMilliseconds: 10)
  }

  @Test func whatArrivedOnceInOrderIsFine() {
    let report = judge(20, (0..<20).map { ($0, 0) })
    #expect(report.sent == 20)
    #expect(report.received == 20)
    #expect(report.lost == 0)
    #expect(report.gaps.isEmpty)
    #expect(report.longestGap == nil)
    #expect(report.duration == .milliseconds(19))
  }

  @Test func aGapReachesFromTheLastArrivalToTheNext() {
    let report = judge(20, (0..<20).filter { $0 < 5 || $0 > 9 }.map { ($0, 0) })
    #expect(report.lost == 5)
    #expect(report.longestGap == .init(start: .milliseconds(4), end: .milliseconds(10), packets: 5))
    #expect(report.gaps.count == 1)
  }

  @Test func theLongestOfSeveralGapsIsTold() {
    let lost: Set<UInt32> = [2, 6, 7, 8, 12, 13]
    let report = judge(20, (0..<20).filter { !lost.contains($0) }.map { ($0, 0) })
    #expect(report.gaps.map(\.gap.packets) == [1, 3, 2])
    #expect(report.longestGap?.packets == 3)
  }

  @Test func aGapThatNeverEndsReachesToTheEnd() {
    let report = judge(20, (0..<15).map { ($0, 0) })
    #expect(report.longestGap == .init(start: .milliseconds(14), end: .milliseconds(19), packets: 5))
  }

  @Test func nothingAtAllIsOneGap() {
    let report = judge(10, [])
    #expect(report.lost == 10)
    #expect(report.longestGap?.packets == 10)
    #expect(report.flows.first?.firstPath == nil)
    #expect(report.paths(at: .seconds(1)) == [nil])
  }

  @Test func aSecondCopyIsADuplicateAndNothingElse() {
    let report = judge(4, [(0, 0), (1, 0), (1, 1), (2, 0), (3, 0), (0, 0)])
    #expect(report.duplicated == 2)
    #expect(report.reordered == 0)
    #expect(report.received == 4)
    #expect(report.moves.isEmpty)
  }

  @Test func whatComesAfterALaterOneIsReordered() {
    // RFC 4737 section 3.4: 2 arrives before 0 and 1, which are the reordered ones.
    let report = judge(4, [(2, 0), (0, 0), (1, 0), (3, 0)])
    #expect(report.reordered == 2)
    #expect(report.lost == 0)
  }

  @Test func aChangeOfPathIsAMove() {
    let report = judge(10, [(0, 0), (1, 0), (2, 0), (5, 1), (6, 1), (7, 255), (8, 0), (9, 0)])
    #expect(report.moves.map(\.time) == [.milliseconds(5), .milliseconds(7), .milliseconds(8)])
    #expect(report.moves.map(\.from) == [0, 1, nil])
    #expect(report.moves.map(\.to) == [1, nil, 0])
    #expect(report.paths(at: .milliseconds(6)) == [1])
    #expect(report.spread(at: .milliseconds(1)) == [1, 0])
    #expect(report.spread(at: .milliseconds(7)) == [0, 0])
  }

  @Test func whatWasNeverSentIsNotLost() {
    let report = judge(6, [(0, 0), (1, 0), (5, 0)], unsent: [2, 3])
    #expect(report.sent == 4)
    #expect(report.lost == 1)
    #expect(report.longestGap?.packets == 1)
  }

  @Test func sharesCountBySendTime() {
    let report = judge(25, (0..<25).filter { $0 != 12 }.map { ($0, $0 < 20 ? 0 : 1) })
    #expect(report.shares.map(\.received) == [[10, 0], [9, 0], [0, 5]])
    #expect(report.shares.map(\.lost) == [0, 1, 0])
    #expect(report.shares.map(\.start) == [.zero, .milliseconds(10), .milliseconds(20)])
  }

  @Test func aStarvedSenderIsTold() {
    let recording = TrafficRecording(
      flowCount: 1, pathNames: ["r1"], sendTimes: [0, 1_000_000, 9_000_000, 10_000_000],
      arrivals: (0..<4).map { Arrival(sequence: $0, flow: 0, path: 0) })
    let report = recording.report()
    #expect(report.worstSendGap == .milliseconds(8))
    #expect(report.worstSendGapTime == .milliseconds(9))
  }

  @Test func whatIsOutOfRangeIsLeftOut() {
    let report = judge(2, [(0, 0), (1, 0), (7, 0)])
    #expect(report.received == 2)
    let none = TrafficRecording(flowCount: 0, pathNames: [], sendTimes: [], arrivals: [])
    #expect(none.report().sent == 0)
  }

  @Test func anEffectCountsFromItsMarkToTheNext() throws {
    let lost: Set<UInt32> = [20, 21, 22, 60]
    let report = judge(
      100, (0..<100).filter { !lost.contains($0) }.map { ($0, (23..<80).contains($0) ? 1 : 0) },
      marks: [.init(name: "r1 killed", nanoseconds: 20_500_000), .init(name: "r1 back", nanoseconds: 70_000_000)])
    let effects = report.effects()
    #expect(effects.map(\.mark.name) == ["r1 killed", "r1 back"])
    let killed = try #require(effects.first)
    #expect(killed.lost == 4)
    #expect(killed.flowsWithLoss == 1)
    #expect(killed.longestGap?.length == .milliseconds(4))
    #expect(killed.healed == .milliseconds(61))
    #expect(killed.flowsMoved == 1)
    #expect(killed.flowsBefore == [1, 0])
    #expect(killed.flowsAfter == [0, 1])
    let back = try #require(effects.last)
    #expect(back.lost == 0)
    #expect(back.healed == nil)
    #expect(back.until == report.duration)
    #expect(back.flowsAfter == [1, 0])
  }

  @Test func flowsAreJudgedApart() {
    let report = TrafficRecording(
      flowCount: 2, pathNames: ["r1", "r2"], sendTimes: [0, 1_000_000, 2_000_000],
      arrivals: [
        Arrival(sequence: 0, flow: 1, path: 1), Arrival(sequence: 0, flow: 0, path: 0),
        Arrival(sequence: 2, flow: 1, path: 1), Arrival(sequence: 1, flow: 0, path: 0),
        Arrival(sequence: 2, flow: 0, path: 0)
      ]
    ).report()
    #expect(report.flows.map(\.lost) == [0, 1])
    #expect(report.flows.map(\.firstPath) == [0, 1])
    #expect(report.gaps.map(\.flow) == [1])
    #expect(report.reordered == 0)
  }
}

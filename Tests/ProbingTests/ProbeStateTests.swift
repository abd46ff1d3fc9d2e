import BFD
import Testing

@testable import Probing

@Suite struct ProbeStateTests {
  static let settings = ProbeSettings(
    interval: .milliseconds(100), timeout: .milliseconds(40), downAfter: 3, upAfter: 2)

  /// One question each 100 ms; `A` answers it after 10 ms, `-` does not, `l` answers 40 ms after: too late.
  static func play(_ script: String, _ settings: ProbeSettings = settings) -> (ProbeState, [Verdict]) {
    var state = ProbeState(settings, firstSequence: 65_534, at: at(0))
    var verdicts: [Verdict] = []
    for (number, step) in script.enumerated() {
      let start = Int64(number) * 100
      guard let question = state.due(at: at(start)) else { continue }
      if step != "-" {
        let answer = state.answered(sequence: question.sequence, at: at(start + (step == "A" ? 10 : 40)))
        if case .counted(let verdict?) = answer { verdicts.append(verdict) }
      }
      if let verdict = state.expire(at: at(start + 41)) { verdicts.append(verdict) }
    }
    return (state, verdicts)
  }

  @Test(
    arguments: [
      ("", []), ("A", []), ("AA", [.up]), ("AAAAA", [.up]), ("--", []), ("---", [.down]), ("-----", [.down]),
      ("A-A-A-", []), ("AA--AA", [.up]), ("AA---", [.up, .down]), ("AA---A", [.up, .down]),
      ("AA---AA", [.up, .down, .up]), ("AA--A--A--", [.up]), ("---A-A-AA", [.down, .up]), ("lll", [.down]),
      ("AlAlAl", []), ("AAlll", [.up, .down])
    ] as [(String, [Verdict])])
  func verdictsFollowAnswersAndSilencesInARow(script: String, expected: [Verdict]) {
    let (state, verdicts) = Self.play(script)
    #expect(verdicts == expected)
    #expect(state.verdict == expected.last ?? .pending)
    #expect(state.counters.sent == UInt64(script.count))
    #expect(state.counters.answered + state.counters.unanswered == state.counters.sent)
  }

  @Test func oneAnswerOrOneSilenceIsEnoughWhenAskedFor() {
    let quick = ProbeSettings(interval: .milliseconds(100), timeout: .milliseconds(40), downAfter: 1, upAfter: 1)
    #expect(Self.play("A-A", quick).1 == [.up, .down, .up])
  }

  @Test func aVerdictLastsSinceTheAnswerOrTheSilenceThatMadeIt() {
    #expect(Self.play("AAA").0.since == at(110))
    #expect(Self.play("----").0.since == at(241))
  }

  @Test func anAnswerAtTheDeadlineIsLateAndOneBeforeItCounts() throws {
    var state = ProbeState(Self.settings, at: at(0))
    let question = try state.ask(at(0))
    #expect(question.deadline == at(40))
    var other = state
    #expect(state.answered(sequence: question.sequence, at: at(40)) == .late)
    #expect(other.answered(sequence: question.sequence, at: at(40) + -1) == .counted(nil))
  }

  @Test func anAnswerReadLongAfterItArrivedCountsByItsArrival() throws {
    var state = ProbeState(Self.settings, at: at(0))
    let question = try state.ask(at(0))
    // The process was away for ten seconds; it reads first, then expires.
    #expect(state.answered(sequence: question.sequence, at: at(5)) == .counted(nil))
    #expect(state.expire(at: at(10_000)) == nil)
    #expect(state.counters.unanswered == 0)
    #expect(state.lastRoundTrip == .milliseconds(5))
  }

  @Test func anAbsenceOfTheProberCostsAtMostTheOpenQuestion() throws {
    var state = ProbeState(Self.settings, at: at(0))
    _ = state.due(at: at(0))
    #expect(state.expire(at: at(60_000)) == nil)
    #expect(state.counters.unanswered == 1)
    #expect(state.due(at: at(60_000)) != nil)
    #expect(state.counters.sent == 2)
    #expect(state.due(at: at(60_000)) == nil)
  }

  @Test func duplicatesReplaysAndGuessesDoNotCount() throws {
    var state = ProbeState(Self.settings, at: at(0))
    let first = try state.ask(at(0)).sequence
    #expect(state.answered(sequence: first &+ 7, at: at(1)) == .unexpected)
    #expect(state.answered(sequence: first, at: at(1)) == .counted(nil))
    #expect(state.answered(sequence: first, at: at(2)) == .duplicate)
    let second = try state.ask(at(100)).sequence
    #expect(state.answered(sequence: first, at: at(101)) == .duplicate)
    #expect(state.expire(at: at(140)) == nil)
    #expect(state.answered(sequence: second, at: at(141)) == .late)
    _ = try state.ask(at(200))
    #expect(state.answered(sequence: second, at: at(201)) == .late)
    #expect(state.counters.answered == 1)
    #expect(state.verdict == .pending)
    #expect(state.counters.duplicate == 2)
    #expect(state.counters.late == 2)
    #expect(state.counters.unexpected == 1)
  }

  @Test func lateTurnsDoNotShiftTheGrid() throws {
    var state = ProbeState(Self.settings, at: at(0))
    for number in 0..<1000 {
      let due = state.nextDeadline
      #expect(due == at(Int64(number) * 100))
      // Each turn comes up to 30 ms late.
      let turn = due + Int64(number % 31) * 1_000_000
      let question = try state.ask(turn)
      _ = state.answered(sequence: question.sequence, at: turn + 1000)
    }
  }

  @Test func noQuestionGoesOutBesideAnOpenOne() throws {
    let tight = ProbeSettings(interval: .milliseconds(100), timeout: .milliseconds(100))
    var state = ProbeState(tight, at: at(0))
    _ = try state.ask(at(5))
    #expect(state.due(at: at(100)) == nil)
    #expect(state.nextDeadline == at(105))
    _ = state.expire(at: at(105))
    #expect(state.due(at: at(105)) != nil)
    #expect(state.counters.sent == 2)
  }

  @Test func lossCountsTheLastSixtyFourQuestions() {
    #expect(Self.play("").0.recentLoss == RecentLoss(unanswered: 0, asked: 0))
    #expect(Self.play("A-A-").0.recentLoss == RecentLoss(unanswered: 2, asked: 4))
    let long = Self.play(String(repeating: "-", count: 100) + String(repeating: "A", count: 63)).0.recentLoss
    #expect(long == RecentLoss(unanswered: 1, asked: 64))
    #expect(long.fraction == 1.0 / 64)
  }

  @Test func newSettingsKeepTheVerdictAndHastenTheNextQuestion() {
    var (state, _) = Self.play("AA")
    let quick = ProbeSettings(interval: .milliseconds(10), timeout: .milliseconds(5), downAfter: 1, upAfter: 1)
    state.configure(quick, at: at(120))
    #expect(state.verdict == .up)
    #expect(state.nextDeadline == at(130))
  }

  @Test func settingsOutOfRangeAreMovedIntoIt() {
    let settings = ProbeSettings(interval: .zero, timeout: .seconds(9), downAfter: 0, upAfter: -1)
    #expect(
      settings
        == ProbeSettings(
          interval: .milliseconds(1), timeout: .milliseconds(1), downAfter: 1, upAfter: 1))
  }

  @Test func onlyQuestionsOfTheCurrentSilenceAreSilent() throws {
    var (state, _) = Self.play("AA--")
    // 65534, 65535 were answered, 0 and 1 not.
    #expect([0, 1].allSatisfy { state.isSilent($0) })
    #expect([65_534, 65_535, 2].allSatisfy { !state.isSilent($0) })
    _ = try state.ask(at(400))
    #expect(state.isSilent(2))
  }
}

extension ProbeState {
  /// A question that must be due.
  fileprivate mutating func ask(_ now: Instant) throws -> Probe {
    let question = due(at: now)
    return try #require(question)
  }
}

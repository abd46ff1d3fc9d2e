import Testing

@testable import Control

@Suite struct ObservationMessageTests {
  private static let now = Timestamp(microseconds: 1_700_000_000_123_456)

  private static var event: Event {
    var event = Event(
      sequence: 7, at: now, level: .warning, kind: .session, name: "r1", from: "up", to: "down",
      "BFD r1: up -> down")
    event.session = 4_294_967_295
    event.cause = .detectionTimeExpired
    event.localDiagnostic = StatusReport.Diagnostic(code: 1)
    event.silence = 151_000
    event.packets = [Event.Packet(before: 50_123, isSent: false, octets: "20c00318")]
    return event
  }

  private static var samples: Samples {
    var speaker = SpeakerSample()
    speaker.received = 12
    speaker.lateness = [1, 2, 3]
    speaker.discards = [StatusReport.Discard(reason: "time-to-live", count: 3)]
    return Samples(
      at: now, speaker: speaker,
      sessions: [
        SessionSample(session: 1, received: 2, sent: 3, worstGap: 4, worstLateness: 5, age: 6),
        SessionSample(session: 4_294_967_295),
        SessionSample(session: 10, received: 1_000_000, sent: UInt64(Int64.max), worstGap: 99, worstLateness: 100)
      ])
  }

  static let messages: [ObservationMessage] = [
    .status(StatusReport.sample), .event(event), .samples(samples), .change(StatusChange(at: now))
  ]

  @Test(arguments: messages) func comesBackFromItsLineAsItWas(_ message: ObservationMessage) throws {
    let line = message.line
    #expect(line.last == UInt8(ascii: "\n") && !line.dropLast().contains(UInt8(ascii: "\n")))
    #expect(ObservationMessage(line.dropLast()) == message)
  }

  @Test(arguments: ["", "{}", "[1]", #"{"weather":{"rain":true}}"#, #"{"samples":{"sessions":[1,2]}}"#])
  func isNoneForWhatIsNotKnown(_ line: String) {
    #expect(ObservationMessage(Array(line.utf8)) == nil)
  }

  @Test func linesAreCutHoweverTheOctetsCome() {
    let text = Array("one\ntwo\n\nthree\nfo".utf8)
    for size in 1...text.count {
      var cutter = LineCutter()
      var found: [String] = []
      for start in stride(from: 0, to: text.count, by: size) {
        cutter.append(Array(text[start..<min(start + size, text.count)]))
        found += cutter.lines().map { String(decoding: $0, as: UTF8.self) }
      }
      #expect(found == ["one", "two", "", "three"], "in pieces of \(size)")
    }
  }

  @Test func aChangeReplacesWhatItNamesAndLeavesTheRest() throws {
    var report = StatusReport.sample
    let before = report  // one session
    var changed = try #require(report.sessions.first)
    changed.sessionState = .adminDown
    var new = changed
    new.localDiscriminator = 77
    new.name = "0-first"
    var change = StatusChange(at: Self.now)
    change.sessions = [changed, new]
    report.sessions.append(StatusReport.fullSession)
    change.removedSessions = [StatusReport.fullSession.localDiscriminator]
    change.problems = []
    report.apply(change)
    #expect(report.sessions.count == before.sessions.count + 1)
    #expect(report.sessions.first == new)
    #expect(report.sessions.contains(changed))
    #expect(report.problems.isEmpty)
    #expect(report.paths == before.paths && report.groups == before.groups)
    #expect(report.generatedAt == Self.now)
  }
}

import BFD
import CLinux
import Control
import Glibc
import Testing

@testable import Gateway

@Suite("Who watches is told") struct ObservationFeedTests {
  private static let run = Timestamp(microseconds: 1_780_000_000_000_000)

  private func feed(of count: Int) -> ObservationFeed {
    var feed = ObservationFeed()
    for number in 0..<count {
      feed.take(Event(at: Self.run, kind: .program, "event \(number)"))
    }
    return feed
  }

  @Test func eventsAreNumberedFromOne() {
    #expect(feed(of: 3).events.map(\.sequence) == [1, 2, 3])
  }

  @Test func whoComesAgainGetsWhatItMissed() {
    let feed = feed(of: 5)
    #expect(feed.events(after: EventCursor(run: Self.run, sequence: 3), run: Self.run).map(\.sequence) == [4, 5])
    #expect(feed.events(after: EventCursor(run: Self.run, sequence: 5), run: Self.run).isEmpty)
    #expect(feed.events(after: nil, run: Self.run).count == 5)
  }

  @Test func anotherRunsCursorMeansNothing() {
    let other = EventCursor(run: Timestamp(microseconds: 1), sequence: 4)
    #expect(feed(of: 5).events(after: other, run: Self.run).count == 5)
  }

  @Test func theOldestEventsGo() {
    let feed = feed(of: 10_000)
    #expect((4_096...5_120).contains(feed.events.count))
    #expect(feed.events.last?.sequence == 10_000)
    let numbers = feed.events.map(\.sequence)
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
  }

  @Test func aReaderThatIsGoneIsLetGoAndNobodyIsToldAnything() {
    var ends: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    var feed = feed(of: 1)
    feed.streams = [ObservationStream(ends[0])]
    feed.lookAt = .init(nanoseconds: 5)
    feed.runStreams()
    #expect(feed.streams.count == 1)
    close(ends[1])
    feed.runStreams()
    #expect(feed.streams.isEmpty && feed.lookAt == .distantFuture)
  }

  @Test func aReaderThatTakesNothingIsLetGoBeforeItFillsTheMemory() {
    var ends: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK, 0, &ends) == 0)
    defer { close(ends[1]) }
    let stream = ObservationStream(ends[0])
    let line = [UInt8](repeating: 0x20, count: 1 << 20)
    for _ in 0..<16 { stream.send(line) }
    #expect(!stream.isFinished && stream.isSending)
    for _ in 0..<2 { stream.send(line) }
    #expect(stream.isFinished)
  }
}

@Suite("What a doctor wrote") struct DoctorFindingsTests {
  private let now = Timestamp(microseconds: 2_000_000)

  private func text(_ findings: String) -> [UInt8] { Array("{\"findings\": [\(findings)]}".utf8) }

  private func item(_ id: String, repair: String = "null", steps: String = "[]", consequences: String = "[]")
    -> String
  {
    """
    {"id": "\(id)", "severity": "error", "symptom": "s", "repair": \(repair), "steps": \(steps), "consequences": \(consequences)}
    """
  }

  @Test func consequencesCountAndWhatIsStillThereKeepsItsTime() throws {
    let since = Timestamp(microseconds: 1)
    let before = [StatusReport.Finding(id: "EW1", severity: "error", symptom: "s", since: since, repair: nil)]
    let found = DoctorFindings(text(item("EW1", consequences: "[\(item("EW2"))]")), before: before, at: now)
    #expect(try #require(found).findings.map(\.id) == ["EW1", "EW2"])
    #expect(found?.findings.map(\.since) == [since, now])
  }

  @Test func onlyWhatFixWouldDoIsOffered() {
    let steps = #"[{"text": "by hand", "isDoneByFix": false}, {"command": "ip link set up", "isDoneByFix": true}]"#
    let found = DoctorFindings(
      text(
        item("EW1", repair: "\"automatic\"", steps: steps) + "," + item("EW2", repair: "\"manual\"", steps: steps)),
      before: [], at: now)
    #expect(found?.findings.map(\.repair) == [["ip link set up"], nil])
  }

  @Test(arguments: ["", "{}", "everway: cannot", "{\"findings\": 3}"]) func whatIsNoReportIsNone(_ said: String) {
    #expect(DoctorFindings(Array(said.utf8), before: [], at: now) == nil)
  }
}

@Suite("The processes beside the agent") struct CompanionsTests {
  private let second: Int64 = 1_000_000_000

  @Test func whereNoObserverRunsNobodyIsEndedAndTheNextStartsAtOnce() {
    var companions = Companions(at: .init(nanoseconds: 0))
    companions.backoff = Companions.longestBackoff
    companions.startObserverAt = .distantFuture
    companions.renewObserver(at: .init(nanoseconds: 7 * second))
    #expect(companions.killObserverAt == .distantFuture)
    #expect(companions.startObserverAt == .init(nanoseconds: 7 * second))
    #expect(companions.backoff == Companions.firstBackoff)
  }
}

import Control
import Glibc
import History
import JournalTestSupport
import Testing

@testable import Journal

/// A journal that is written and read in this process.
@Suite struct RecorderTests {
  let directory = Directory()

  func records(_ change: (inout HistoryQuery) -> Void = { _ in }) throws -> [HistoryRecord] {
    var query = HistoryQuery()
    query.limit = 1_000_000
    change(&query)
    return try JournalReader(path: directory.journal).records(query)
  }

  func report(_ from: Double, _ to: Double) throws -> HistoryReport {
    try JournalReader(path: directory.journal).report(Span(from: Made.at(from), to: Made.at(to)))
  }

  /// Takes messages and ends, as one run of a recorder does.
  func record(_ messages: [ObservationMessage], ends: Bool = true, limits: JournalLimits = .init()) {
    var recorder = Recorder(directory: directory.path, limits: limits, now: Made.at(0))
    var report: StatusReport?
    var now = Made.at(0)
    for message in messages {
      if case .status(let new) = message { report = new }
      switch message {
      case .status(let new): now = new.generatedAt
      case .event(let event): now = event.at
      case .samples(let samples): now = samples.at
      case .change(let change): now = change.at
      }
      recorder.take(message)
      recorder.turn(now: now, report: report)
    }
    if ends { recorder.streamEnded() }
    recorder.close(now: now, report: report)
  }

  @Test func `An event comes back as it was, with its run and its packets`() throws {
    var event = Made.event(1, at: 3, "up", "down")
    event.packets = [
      .init(before: 1_200, isSent: false, octets: Made.packet), .init(before: 300, isSent: true, octets: "20")
    ]
    event.remoteDiagnostic = .init(code: 3)
    var group = Event(
      sequence: 2, at: Made.at(4), kind: .group, name: "internet", to: "normal", "group internet uses p1")
    group.latency = 412
    group.membersBefore = ["p1", "p2"]
    group.membersAfter = ["p1"]
    record([.status(Made.report(at: 2)), .event(event), .event(group)])
    let reader = try JournalReader(path: directory.journal)
    let records = try reader.records(HistoryQuery())
    #expect(try reader.packets(of: records[0].id) == event.packets)
    #expect(try reader.localAddress(of: 1_001, at: event.at) == "10.0.255.1")
    event.packets = nil
    #expect(records.map(\.event) == [event, group])
    #expect(records.map(\.hasPackets) == [true, false])
    #expect(records[0].run == RunInfo(startedAt: Made.at(0), version: "1.2.3", hostName: "gw1"))
  }

  @Test func `Events that are told again are there once`() throws {
    let events: [ObservationMessage] = (1...5).map {
      .event(Made.event(UInt64($0), at: Double($0), "up", "down"))
    }
    record([.status(Made.report(at: 0.5))] + events)
    record([.status(Made.report(at: 6))] + events + [.event(Made.event(6, at: 7, "down", "up"))])
    #expect(try records().map(\.event.sequence) == [1, 2, 3, 4, 5, 6])
  }

  @Test func `A stream that goes on where the journal ended leaves no gap`() throws {
    record([
      .status(Made.report(at: 1)), .event(Made.event(1, at: 2, "down", "up", .handshake)), Made.samples(at: 10)
    ])
    // Nobody watched from 10 to 60, but the gateway still had what happened.
    record([
      .status(Made.report(at: 60)), .event(Made.event(2, at: 30, "up", "down")),
      .event(Made.event(3, at: 40, "down", "up", .handshake)), Made.samples(at: 100)
    ])
    let report = try report(0, 100)
    #expect(report.unwatched == [])
    #expect(report.sessions[0].down == 10_000_000)
    #expect(report.starts == 1)
  }

  @Test func `Events that are no longer to be had make the time before them unknown`() throws {
    record([
      .status(Made.report(at: 1)), .event(Made.event(1, at: 2, "down", "up", .handshake)), Made.samples(at: 10)
    ])
    record([.status(Made.report(at: 60)), .event(Made.event(9, at: 50, "up", "down")), Made.samples(at: 100)])
    #expect(try report(0, 100).unwatched == [Span(from: Made.at(10), to: Made.at(50))])
  }

  @Test func `Another run is another watch`() throws {
    record([
      .status(Made.report(at: 1)), .event(Made.event(1, at: 2, "down", "up", .handshake)), Made.samples(at: 10)
    ])
    record([
      .status(Made.report(at: 31, run: 30)), .event(Made.event(1, at: 32, "down", "up", .handshake)),
      Made.samples(at: 100)
    ])
    let report = try report(0, 100)
    #expect(report.unwatched == [Span(from: Made.at(10), to: Made.at(30))])
    #expect(report.starts == 2)
    #expect(try records().map(\.event.sequence) == [1, 1])
  }

  @Test func `A cursor tells where the journal ends, also one that is opened anew`() {
    record([
      .status(Made.report(at: 1)), .event(Made.event(1, at: 2, "up", "down")),
      .event(Made.event(2, at: 3, "down", "up"))
    ])
    let recorder = Recorder(directory: directory.path, now: Made.at(4))
    #expect(recorder.cursor == EventCursor(run: Made.at(0), sequence: 2))
  }

  @Test func `Queries choose by name, address, kind, level, time and number`() throws {
    var events: [Event] = []
    for number in 1...20 {
      let sequence = UInt64(number * 2)
      events.append(Made.event(sequence - 1, at: Double(number), session: number % 4, "up", "down"))
      events.append(Made.path(sequence, at: Double(number) + 0.5, "p\(number % 2)", to: "up"))
    }
    record([.status(Made.report(at: 0))] + events.map { .event($0) })
    #expect(try records { $0.sessions = ["r3"] }.count == 5)
    #expect(try records { $0.sessions = ["10.0.0.3"] }.count == 5)
    #expect(try records { $0.paths = ["p0"] }.count == 10)
    #expect(try records { ($0.sessions, $0.paths) = (["r3"], ["p0"]) }.count == 15)
    #expect(try records { $0.sessions = ["p0"] }.count == 0)
    #expect(try records { $0.kinds = [.path, .drain] }.count == 20)
    #expect(try records { $0.level = .warning }.count == 20)
    #expect(try records { ($0.since, $0.until) = (Made.at(3), Made.at(5)) }.map(\.event.sequence) == [5, 6, 7, 8])
    #expect(try records { $0.limit = 3 }.map(\.event.sequence) == [38, 39, 40])
    let ids = try records().map(\.id)
    #expect(try records { ($0.after, $0.limit) = (ids[9], 2) }.map(\.id) == [ids[10], ids[11]])
  }

  @Test func `A reader that stays does not hinder the writer, and sees one moment`() throws {
    record([.status(Made.report(at: 1)), .event(Made.event(1, at: 2, "up", "down"))])
    let database = try Database(path: directory.journal, mode: .readOnly)
    try database.execute("BEGIN")
    #expect(try database.number("SELECT count(*) FROM event") == 1)
    var recorder = Recorder(directory: directory.path, now: Made.at(3))
    recorder.take(.status(Made.report(at: 3)))
    for sequence in 2...5_000 {
      recorder.take(.event(Made.event(UInt64(sequence), at: Double(sequence), "up", "down")))
    }
    recorder.turn(now: Made.at(6_000), report: nil)
    #expect(recorder.health.problem == nil)
    #expect(recorder.health.recorded == 4_999)
    #expect(try database.number("SELECT count(*) FROM event") == 1)
    try database.execute("COMMIT")
    #expect(try database.number("SELECT count(*) FROM event") == 5_000)
  }

  @Test func `The journal stays within its size, and the newest stays`() throws {
    var recorder = Recorder(
      directory: directory.path, limits: JournalLimits(size: 1 << 20), now: Made.at(0))
    recorder.take(.status(Made.report(at: 0)))
    for sequence in 1...20_000 {
      recorder.take(.event(Made.event(UInt64(sequence), at: Double(sequence), "up", "down")))
      if sequence % 500 == 0 {
        recorder.turn(now: Made.at(Double(sequence)), report: Made.report(at: Double(sequence)))
      }
    }
    for turn in 1...200 { recorder.turn(now: Made.at(20_000 + Double(turn) * 61), report: nil) }
    recorder.close(now: Made.at(40_000), report: nil)
    var entry = stat()
    stat(directory.journal, &entry)
    #expect(entry.st_size <= 1_200_000)
    let kept = try records()
    #expect(kept.count > 500)
    #expect(kept.last?.event.sequence == 20_000)
    #expect(kept.first?.event.sequence == 20_000 - UInt64(kept.count) + 1)
  }

  @Test func `What is too old goes`() throws {
    record([.status(Made.report(at: 0))] + (1...10).map { .event(Made.event($0, at: Double($0), "up", "down")) })
    var recorder = Recorder(
      directory: directory.path, limits: JournalLimits(age: 1_000_000_000), now: Made.at(1_005))
    recorder.turn(now: Made.at(1_005), report: nil)
    #expect(try records().map(\.event.sequence) == [5, 6, 7, 8, 9, 10])
  }

  @Test(
    "A file that is no journal is moved aside, and that is told",
    arguments: ["this is no database, and never was one, however long it may be", "damaged page", "other program"])
  func aside(what: String) throws {
    record([.status(Made.report(at: 0))] + (1...2_000).map { .event(Made.event($0, at: Double($0), "up", "down")) })
    switch what {
    case "damaged page":
      let file = open(directory.journal, O_RDWR)
      let junk = [UInt8](repeating: 0xa5, count: 3 * 4_096)
      #expect(pwrite(file, junk, junk.count, 5 * 4_096) == junk.count)
      close(file)
    case "other program":
      unlink(directory.journal)
      try Database(path: directory.journal, mode: .readWrite).execute("CREATE TABLE notes (text)")
    default:
      let file = open(directory.journal, O_WRONLY | O_TRUNC)
      write(file, what, what.utf8.count)
      close(file)
    }
    record([.status(Made.report(at: 3_000)), .event(Made.event(3_000, at: 3_001, "up", "down"))])
    let told = try records()
    #expect(told.map(\.event.kind) == [.program, .session])
    #expect(told[0].event.text.contains("it is kept as \(directory.journal)."))
    let word = what == "other program" ? "foreign" : "damaged"
    #expect(directory.names.contains("journal.sqlite.\(word)-20261120T000000.000000Z"))
  }

  @Test func `Only the newest files that were moved aside are kept`() throws {
    for second in 1...4 {
      let file = open(directory.journal, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      write(file, "nonsense, all of it, again and again and again", 40)
      close(file)
      _ = try JournalWriter(directory: directory.path, now: Made.at(Double(second)))
    }
    #expect(directory.names.filter { $0.contains("damaged") && !$0.hasSuffix("-wal") }.count == 2)
    #expect(directory.names.contains("journal.sqlite.damaged-20261120T000004.000000Z"))
  }

  @Test func `A journal of a later version is not written over, but moved aside`() throws {
    record([.status(Made.report(at: 0))])
    try Database(path: directory.journal, mode: .readWrite).execute("PRAGMA user_version = 99")
    let error = #expect(throws: JournalError.self) { _ = try JournalReader(path: directory.journal) }
    #expect(error?.kind == .foreign)
    record([.status(Made.report(at: 1)), .event(Made.event(1, at: 2, "up", "down"))])
    #expect(try records().count == 2)
  }

  @Test func `A journal that is removed while it is written is made anew`() throws {
    var recorder = Recorder(directory: directory.path, now: Made.at(0))
    recorder.take(.status(Made.report(at: 0)))
    recorder.take(.event(Made.event(1, at: 1, "up", "down")))
    recorder.turn(now: Made.at(1), report: Made.report(at: 1))
    for name in directory.names { unlink("\(directory.path)/\(name)") }
    recorder.take(.event(Made.event(2, at: 20, "down", "up", .handshake)))
    recorder.turn(now: Made.at(20), report: Made.report(at: 20))
    recorder.close(now: Made.at(21), report: nil)
    let told = try records()
    #expect(told.map(\.event.sequence) == [2])
    #expect(told[0].run?.hostName == "gw1")
  }

  @Test func `Without a directory that can be written the recorder goes on, and says why`() {
    var recorder = Recorder(directory: "/proc/everway", now: Made.at(0))
    recorder.take(.status(Made.report(at: 0)))
    for sequence in 1...9_000 {
      recorder.take(.event(Made.event(UInt64(sequence), at: Double(sequence), "up", "down")))
    }
    recorder.turn(now: Made.at(10_000), report: nil)
    #expect(recorder.health.problem?.contains("/proc/everway/journal.sqlite cannot be opened") == true)
    #expect(recorder.health.missing > 0)
  }

  @Test func `A reader is told that there is no journal`() {
    let error = #expect(throws: JournalError.self) { _ = try JournalReader(path: directory.journal) }
    #expect(error?.kind == .missing)
    #expect(error?.message.hasPrefix("there is no journal at \(directory.journal)") == true)
  }

  @Test func `Packets survive their blob, and a blob cut short gives what is whole`() {
    let packets: [Event.Packet] = [
      .init(before: .max, isSent: true, octets: Made.packet), .init(before: 0, isSent: false, octets: "")
    ]
    let blob = PacketBlob.encode(packets)
    #expect(PacketBlob.decode(blob) == packets)
    #expect(PacketBlob.decode(Array(blob.dropLast())) == [packets[0]])
    #expect(PacketBlob.octets("20zz") == [0x20])
  }
}

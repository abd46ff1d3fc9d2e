import Control
import FoundationEssentials
import Glibc
import History
import Journal
import JournalTestSupport
import Testing

@testable import everway

/// `everway history` and `everway report` on a journal made here.
@Suite struct HistoryCommandTests {
  let directory = JournalDirectory()

  init() {
    var down = Made.event(2, at: 600, "up", "down", silence: 903_000)
    down.packets = [
      .init(before: 1_203_000, isSent: true, octets: Made.packet),
      .init(before: 903_000, isSent: false, octets: Made.packet)
    ]
    directory.record([
      .status(Made.report(at: 1, sessions: [.down, .up], paths: [.up])),
      .event(Made.event(1, at: 2, "down", "up", .handshake)), .event(down),
      .event(Made.path(3, at: 600.001, to: "down")),
      .event(Made.event(4, at: 660, "down", "up", .handshake)), .event(Made.path(5, at: 665, to: "up")),
      Made.samples(at: 3_600)
    ])
  }

  func everway(_ arguments: String...) -> Binary.Result {
    Binary.run(arguments + ["--journal", directory.journal], in: directory.path)
  }

  @Test func `History shows events in order, with what there is to say about them`() {
    let result = everway("history")
    #expect(result.status == 0)
    #expect(result.errors == "")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(
      lines[1]
        == "2026-11-20T00:10:00.000Z warning BFD r1: up -> down  [last packet 903ms before; packets: --packets 2]")
    #expect(lines[2] == "2026-11-20T00:10:00.001Z warning path p1 is down")
    #expect(lines[4] == "2026-11-20T00:11:05.000Z info    path p1 is up")
  }

  @Test(
    "History is narrowed by what is asked for",
    arguments: [
      (["--session", "r1"], 3), (["--session", "10.0.0.1", "--level", "warning"], 1), (["--path", "p1"], 2),
      (["--path", "p1", "--session", "r1"], 5), (["--kind", "path", "--kind", "drain"], 2), (["--limit", "2"], 2),
      (["--since", "2026-11-20T00:11:00Z"], 2), (["--until", "2026-11-20T00:10"], 1), (["--since", "1h"], 0)
    ])
  func narrowed(arguments: [String], count: Int) {
    let result = Binary.run(["history", "--journal", directory.journal] + arguments, in: directory.path)
    #expect(result.status == 0)
    #expect(result.output.split(separator: "\n").count == count)
  }

  @Test func `History as JSON is one record a line`() throws {
    let lines = everway("history", "--json").output.split(separator: "\n")
    let records = try lines.map { try JSONDecoder().decode(HistoryRecord.self, from: Data($0.utf8)) }
    #expect(records.map(\.event.sequence) == [1, 2, 3, 4, 5])
    #expect(records[1].event.silence == 903_000)
    #expect(records[1].event.cause == .detectionTimeExpired)
    #expect(records[1].hasPackets)
    #expect(records[1].run?.hostName == "gw1")
  }

  @Test func `Packets of an event are a capture file`() throws {
    let file = directory.path + "/p.pcapng"
    #expect(everway("history", "--packets", "2", "-o", file).status == 0)
    let octets = try #require(directory.contents(file))
    #expect(octets.prefix(4) == [0x0a, 0x0d, 0x0d, 0x0a])
    // Sent from this end's address, which a snapshot knows, to the peer's, and the other way round.
    #expect(octets.contains([10, 0, 255, 1, 10, 0, 0, 1]))
    #expect(octets.contains([10, 0, 0, 1, 10, 0, 255, 1]))
    let none = everway("history", "--packets", "1", "-o", file)
    #expect(none.status == 1)
    #expect(none.errors.hasPrefix("everway: no packets were kept with event 1\n"))
    #expect(everway("history", "--packets", "99", "-o", file).errors.hasPrefix("everway: there is no event 99\n"))
  }

  @Test func `Following shows what comes, also in a journal that was made anew`() {
    let (pid, output) = Binary.start(onPipe: ["history", "--follow", "--limit", "1", "--journal", directory.journal]
    )
    #expect(Binary.read(output) { $0.contains("path p1 is up") }.split(separator: "\n").count == 1)
    directory.record([.status(Made.report(at: 3_700)), .event(Made.event(6, at: 3_701, "up", "down"))])
    #expect(Binary.read(output) { $0.contains("up -> down") }.contains("01:01:41.000Z warning BFD r1: up -> down"))
    directory.clear()
    directory.record([
      .status(Made.report(at: 5_001, run: 5_000)), .event(Made.path(1, at: 5_002, "p9", to: "down"))
    ])
    #expect(Binary.read(output) { $0.contains("path p9 is down") }.contains("path p9 is down"))
    kill(pid, SIGTERM)
    #expect(Binary.wait(for: pid) == -SIGTERM)
    close(output)
  }

  @Test func `Without a journal both say so and end with 1`() {
    directory.clear()
    for command in ["history", "report"] {
      let result = everway(command)
      #expect(result.status == 1)
      #expect(result.errors.hasPrefix("everway: there is no journal at \(directory.journal)"))
      #expect(result.errors.contains("help: "))
    }
  }

  @Test(
    "A wrong command line ends with 2",
    arguments: [
      ["history", "--since", "yesterday"], ["history", "--kind", "nonsense"], ["history", "--limit", "0"],
      ["history", "-o", "x"], ["history", "--follow", "--until", "1h"], ["report", "--format", "pdf"],
      ["report", "--since", "1h", "--until", "2h"]
    ])
  func usage(arguments: [String]) {
    #expect(Binary.run(arguments + ["--journal", directory.journal], in: directory.path).status == 2)
  }

  @Test func `The report adds up what happened`() {
    let result = everway("report", "--since", "2026-11-20", "--until", "2026-11-20T01:00", "--lang", "en")
    #expect(result.status == 0)
    #expect(result.errors == "")
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines[0] == "gw1, 2026-11-20T00:00:00Z to 2026-11-20T01:00:00Z (1h00m)")
    #expect(lines[1] == "watched 100% of the time; everway was started once in it")
    // 61 of 3599 s: it was Down in the first second too, which is no flap.
    #expect(lines.contains("r1 10.0.0.1 98.305% 1m01s 1 1m00s 2026-11-20T00:10:00Z 1 903ms 903ms"), "\(lines)")
    #expect(lines.contains { $0.hasPrefix("p1 98.193% 1m04s 1 1m04s") }, "\(lines)")
  }

  @Test func `The report as JSON has numbers`() throws {
    struct Report: Decodable {
      struct Row: Decodable {
        var name: String
        var availability: Double?
        var flaps: Int
      }
      var paths: [Row]
      var sessions: [Row]
    }
    let text = everway(
      "report", "--since", "2026-11-20", "--until", "2026-11-20T01:00", "--format", "json"
    ).output
    let report = try JSONDecoder().decode(Report.self, from: Data(text.utf8))
    #expect(report.paths.map(\.name) == ["p1"])
    #expect(report.sessions.map(\.name) == ["r1", "r2"])
    #expect(report.sessions.map(\.flaps) == [1, 0])
    #expect(report.sessions[1].availability == 1)
  }

  @Test("The page needs nothing else, and speaks the language asked for", arguments: ["en", "zh"])
  func page(language: String) throws {
    let file = directory.path + "/r.html"
    let result = everway(
      "report", "--since", "2026-11-20", "--until", "2026-11-20T01:00", "--format", "html", "--lang", language,
      "-o",
      file)
    #expect(result.status == 0)
    let html = String(decoding: try #require(directory.contents(file)), as: UTF8.self)
    #expect(html.contains("<svg"))
    #expect(html.contains("98.305%"))
    #expect(html.contains(language == "zh" ? "最长中断" : "Longest outage"))
    for outside in ["http:", "https:", "src=", "href=", "<script", "url("] { #expect(!html.contains(outside)) }
    #expect(html.contains("prefers-color-scheme:dark"))
  }

  @Test(
    "Times are read as they are written",
    arguments: [
      ("2026-11-20T00:10:00Z", 600.0), ("2026-11-20T01:10:00+01:00", 600), ("2026-11-19T23:10:00.5-01:00", 600.5),
      ("2026-11-20T00:10:00.123Z", 600.123)
    ])
  func moments(text: String, seconds: Double) {
    #expect(Moment(argument: text) == .at(Made.at(seconds)))
  }

  @Test(
    "Spans of time are read",
    arguments: [("90s", 90), ("30m", 1_800), ("2h", 7_200), ("30d", 2_592_000), ("1w", 604_800)])
  func ago(text: String, seconds: Int64) {
    #expect(Moment(argument: text) == .ago(seconds * 1_000_000))
  }

  @Test(
    "What is no time is refused",
    arguments: ["", "h", "2x", "2026-13-01", "2026-11-20T25:00", "-1h", "2026-11-20T00:10:00+1"])
  func noMoment(text: String) {
    #expect(Moment(argument: text) == nil)
  }
}

/// A directory with a journal, gone with all that is in it when the value is.
final class JournalDirectory {
  let path: String
  var journal: String { path + "/journal.sqlite" }

  init() {
    var template = Array("/tmp/ewt-\(getpid())-history-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "no temporary directory")
  }

  deinit {
    clear()
    for name in ["in", "out", "err", "p.pcapng", "r.html"] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  func clear() { for end in ["", "-wal", "-shm"] { unlink(journal + end) } }

  func record(_ messages: [ObservationMessage]) {
    var recorder = Recorder(directory: path, now: Made.at(0))
    var report: StatusReport?
    for message in messages {
      if case .status(let new) = message { report = new }
      recorder.take(message)
    }
    recorder.turn(now: Made.at(3_600), report: report)
    recorder.streamEnded()
    recorder.close(now: Made.at(3_601), report: nil)
  }

  func contents(_ file: String) -> [UInt8]? {
    let fd = open(file, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(fd, &chunk, chunk.count)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }
}

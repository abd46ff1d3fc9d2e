import Control
import Glibc
import History
import Journal
import JournalTestSupport

// A program that keeps a journal, for tests that kill it, fill its disk or measure it.
//   JournalHost append DIRECTORY        appends for ever; prints the last sequence after each turn
//   JournalHost full DIRECTORY          fills the disk, makes room, goes on; prints what it saw
//   JournalHost measure DIRECTORY N     appends N events; prints events in a second

/// At once, whatever standard output is.
func say(_ text: String) {
  let octets = Array((text + "\n").utf8)
  _ = write(1, octets, octets.count)
}

// A file that may not grow (RLIMIT_FSIZE) is an error to handle, not the end.
signal(SIGXFSZ, SIG_IGN)
let arguments = CommandLine.arguments
guard arguments.count >= 3 else { exit(2) }
let directory = arguments[2]

switch arguments[1] {
case "append":
  var sequence: UInt64 = 0
  var recorder = Recorder(directory: directory, now: .now())
  // The run of the one that was killed goes on.
  sequence = recorder.cursor?.sequence ?? 0
  let report = Made.report(at: Double(sequence) + 1)
  recorder.take(.status(report))
  while true {
    for _ in 0..<7 {
      sequence += 1
      var event = Made.event(sequence, at: Double(sequence), "up", "down")
      event.packets = [.init(before: 1, isSent: false, octets: Made.packet)]
      recorder.take(.event(event))
    }
    recorder.turn(now: Made.at(Double(sequence)), report: report)
    if let problem = recorder.health.problem { say("problem \(problem)") }
    say("\(sequence)")
  }

case "full":
  var recorder = Recorder(directory: directory, now: Made.at(0))
  let report = Made.report(at: 1)
  recorder.take(.status(report))
  // Takes nearly all the room there is.
  let ballast = "\(directory)/ballast"
  let file = open(ballast, O_WRONLY | O_CREAT, 0o600)
  let block = [UInt8](repeating: 1, count: 4_096)
  recorder.take(.event(Made.event(1, at: 2, "up", "down")))
  recorder.turn(now: Made.at(2), report: report)
  while write(file, block, block.count) > 0 {}
  var second = 3.0
  for sequence in 2...20_000 {
    second = Double(sequence) + 1
    recorder.take(.event(Made.event(UInt64(sequence), at: second, "up", "down")))
    if sequence % 100 == 0 { recorder.turn(now: Made.at(second), report: report) }
  }
  say("full: \(recorder.health.problem ?? "none"), missing \(recorder.health.missing)")
  unlink(ballast)
  close(file)
  for _ in 0..<3 {
    second += 10
    recorder.turn(now: Made.at(second), report: Made.report(at: second))
  }
  recorder.take(.event(Made.event(20_001, at: second + 1, "down", "up")))
  recorder.turn(now: Made.at(second + 10), report: Made.report(at: second))
  say("room: \(recorder.health.problem ?? "none"), recorded \(recorder.health.recorded)")
  recorder.close(now: Made.at(second + 11), report: nil)
  // What the file holds, while it is there: the test's mount ends with this process.
  do {
    let reader = try JournalReader(path: "\(directory)/journal.sqlite")
    var query = HistoryQuery()
    query.limit = 100_000
    let records = try reader.records(query)
    say("events: \(records.count)")
    for record in records where record.event.kind == .program {
      say("gap: \(record.missingEvents ?? -1) \(record.event.text)")
    }
  } catch {
    say("cannot read: \(error)")
  }

case "measure":
  let count = arguments.count > 3 ? Int(arguments[3]) ?? 0 : 100_000
  let batch = arguments.count > 4 ? Int(arguments[4]) ?? 100 : 100
  let sessions = 4_000
  // Over 30 days.
  let step = 30 * 86_400 / Double(max(1, count))
  var report = Made.report(at: 0, sessions: [StatusReport.SessionState](repeating: .up, count: sessions), since: 0)
  var recorder = Recorder(
    directory: directory, limits: JournalLimits(size: 4 << 30, age: .max / 2), now: Made.at(0))
  recorder.take(.status(report))
  let clock = ContinuousClock()
  var isDown = [Bool](repeating: false, count: sessions + 1)
  let time = clock.measure {
    for sequence in 1...count {
      let second = Double(sequence) * step
      let session = sequence * 7 % sessions + 1
      var event =
        isDown[session]
        ? Made.event(UInt64(sequence), at: second, session: session, "down", "up", .handshake)
        : Made.event(UInt64(sequence), at: second, session: session, "up", "down")
      isDown[session].toggle()
      // The made-up report must not contradict the events.
      report.sessions[session - 1].sessionState = isDown[session] ? .down : .up
      if sequence % 20 == 0 {
        event.packets = (0..<16).map { .init(before: UInt64($0), isSent: false, octets: Made.packet) }
      }
      recorder.take(.event(event))
      if sequence % batch == 0 {
        report.generatedAt = Made.at(second)
        recorder.turn(now: Made.at(second), report: report)
      }
    }
    recorder.close(now: Made.at(30 * 86_400), report: report)
  }
  let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  say(
    "\(Int(Double(count) / seconds)) events/s, \(recorder.health.octets) octets, problem \(recorder.health.problem ?? "none")"
  )

default: exit(2)
}

public import ArgumentParser
public import Control
import Glibc
import History
import Journal

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show what happened: every change of a session, path or group, and why.",
    discussion: """
      Reads the journal that the running everway keeps, also while nothing runs. The last events come last. Of a \
      session that left Up the last packets were kept: their number stands behind it, for --packets.

      A time is so long ago (90s, 30m, 2h, 7d, 4w) or a date (2026-11-20, 2026-11-20T03:12, 2026-11-20T03:12:04Z), in \
      this machine's time zone unless it names another.

      EXAMPLES
        everway history --since 2h
        everway history --since 2026-11-20T03:00 --until 2026-11-20T03:30
        everway history --session r1 --path p1 --level warning
        everway history --follow --json | jq -r .event.text
        everway history --packets 1234 | tshark -V -r -

      EXIT CODES
        0  shown, also if there was nothing to show
        1  the journal cannot be read, or there is no such event
        2  the command line is wrong

      FILES
        \(JournalOption.defaultFile)
      """)

  @Option(help: ArgumentHelp("Only what happened at this time or later.", valueName: "time"))
  var since: Moment?

  @Option(help: ArgumentHelp("Only what happened before this time.", valueName: "time"))
  var until: Moment?

  @Option(
    help: ArgumentHelp("Only this session, by its peer's name or address; may be repeated.", valueName: "name"))
  var session: [String] = []

  @Option(help: ArgumentHelp("Only this path; may be repeated, and beside --session.", valueName: "name"))
  var path: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only events of this kind; may be repeated.",
      discussion: "\(Event.Kind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "kind"))
  var kind: [Event.Kind] = []

  @Option(help: ArgumentHelp("info: everything; warning: only what is bad.", valueName: "level"))
  var level = Event.Level.info

  @Option(
    help: ArgumentHelp("At most so many, the last ones; 10 before those that --follow shows.", valueName: "number"))
  var limit: Int?

  @Flag(help: "One JSON object a line; times are UTC, intervals microseconds.")
  var json = false

  @Flag(name: .shortAndLong, help: "Go on with what happens, until Ctrl-C.")
  var follow = false

  @Option(
    help: ArgumentHelp(
      "Write the last packets before this event as pcapng, and nothing else.", valueName: "number"))
  var packets: Int64?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where --packets writes to; standard output if left out.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "When to use colour.", discussion: "auto: on a terminal, unless NO_COLOR is set or TERM is dumb.",
      valueName: "when"))
  var color = ColorChoice.auto

  @OptionGroup var file: JournalOption

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
    if output != nil, packets == nil { throw ValidationError("-o belongs to --packets.") }
    if follow, until != nil { throw ValidationError("--follow has no end: leave out --until.") }
    if packets != nil, output == nil, isatty(STDOUT_FILENO) == 1 {
      throw ValidationError("pcapng is not for a terminal: name a file with -o, or pipe it into wireshark -k -i -.")
    }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let reader = try file.open()
    if let packets { return try EventPackets(reader, id: packets).write(to: output) }
    do throws(JournalError) {
      // Before the events: what comes meanwhile is shown then.
      let last = try reader.lastID()
      let records = try reader.records(query)
      show(records)
      if follow { followFrom(max(last, records.last?.id ?? 0), reader) }
      if records.count == query.limit, limit == nil, !json {
        standardError("only the last \(records.count) are shown: --limit shows more, --since says from when on")
      } else if records.isEmpty, isatty(STDOUT_FILENO) == 1 {
        standardError("nothing was recorded of that; the journal begins \(try beginning(reader))")
      }
    } catch {
      throw CommandError(error)
    }
  }

  private var query: HistoryQuery {
    var query = HistoryQuery()
    let now = Timestamp.now()
    query.since = since?.timestamp(now: now)
    query.until = until?.timestamp(now: now)
    query.sessions = session
    query.paths = path
    query.kinds = kind
    query.level = level
    query.limit = limit ?? (follow ? 10 : 200)
    return query
  }

  private func beginning(_ reader: borrowing JournalReader) throws(JournalError) -> String {
    try reader.oldest().map { "at \(LocalTime.brief($0))" } ?? "with the next event"
  }

  @discardableResult private func show(_ records: [HistoryRecord]) -> Bool {
    guard !records.isEmpty else { return true }
    let text = HistoryText(color: Terminal.usesColor(color))
    return writeWhole(records.map { json ? $0.json + "\n" : text.line($0) + "\n" }.joined())
  }

  /// Looks again four times a second; goes on with a journal that is made anew.
  private func followFrom(_ last: Int64, _ first: consuming JournalReader) -> Never {
    var last = last
    var reader: JournalReader? = consume first
    var complaint: String?
    while true {
      usleep(250_000)
      do throws(JournalError) {
        if reader?.isInPlace != true {
          reader = try JournalReader(path: file.journal)
          // A new one counts from 1.
          if try reader?.lastID() ?? 0 < last { last = 0 }
        }
        var next = query
        next.after = last
        next.limit = 10_000
        next.since = nil
        let newest = try reader?.lastID() ?? last
        let records = try reader?.records(next) ?? []
        if !show(records) { Glibc.exit(ExitStatus.good) }
        last = records.count == next.limit ? records.last?.id ?? last : max(newest, records.last?.id ?? last)
        complaint = nil
      } catch {
        reader = nil
        if complaint != error.message { standardError(CommandError(error).rendered) }
        complaint = error.message
      }
    }
  }
}

extension Event.Kind: ExpressibleByArgument {}
extension Event.Level: ExpressibleByArgument {}

/// False when the reader has gone.
func writeWhole(_ text: String) -> Bool {
  let bytes = Array(text.utf8)
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes {
      write(STDOUT_FILENO, $0.baseAddress?.advanced(by: written), $0.count - written)
    }
    guard count > 0 || errno == EINTR || errno == EAGAIN else { return false }
    written += max(0, count)
  }
  return true
}

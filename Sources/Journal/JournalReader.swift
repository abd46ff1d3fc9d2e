public import Control
import CSQLite
import FoundationEssentials
import Glibc
public import History

/// Reads a journal, also while it is being written, and never keeps the writer waiting.
///
/// Noncopyable: it owns its connection. On one thread.
public struct JournalReader: ~Copyable {
  private let database: Database
  private let path: String
  private let identity: UInt64

  /// - Parameter path: `/var/lib/everway/journal.sqlite`.
  /// - Throws: ``JournalError``.
  public init(path: String) throws(JournalError) {
    guard access(path, F_OK) == 0 else {
      throw JournalError(
        errno == ENOENT ? .missing : .unreachable,
        "there is no journal at \(path): \(String(cString: strerror(errno)))",
        help: "`everway run` begins one; --journal names another file")
    }
    guard access(path, R_OK) == 0 else {
      throw JournalError(
        .unreachable, "\(path) cannot be read: \(String(cString: strerror(errno)))", help: "use sudo")
    }
    database = try Self.opened(path)
    self.path = path
    identity = JournalWriter.identity(of: path)
  }

  /// Whether the file at the path still is the one that is read: false once it was moved aside or removed.
  public var isInPlace: Bool { JournalWriter.identity(of: path) == identity }

  private static func opened(_ path: String) throws(JournalError) -> Database {
    do throws(JournalError) {
      let database = try Database(path: path, mode: .readOnly)
      database.setPatience(2_000)
      try database.checkSchema()
      return database
    } catch {
      // Without a log nobody writes, and in a directory that may not be written SQLite cannot say that it reads.
      guard error.kind == .unreachable, access(path + "-wal", F_OK) != 0 else { throw error.readable }
      do throws(JournalError) {
        let database = try Database(path: path, mode: .immutable)
        try database.checkSchema()
        return database
      } catch {
        throw error.readable
      }
    }
  }

  /// The greatest id; 0 in an empty journal.
  public func lastID() throws(JournalError) -> Int64 { try database.number("SELECT max(id) FROM event") ?? 0 }

  /// When the first event happened that is still there; nil: there is none.
  public func oldest() throws(JournalError) -> Timestamp? {
    try database.number("SELECT min(at) FROM event").map { Timestamp(microseconds: $0) }
  }

  // MARK: Events

  /// Events in the order of their times; with `after` in that of the journal.
  public func records(_ query: HistoryQuery) throws(JournalError) -> [HistoryRecord] {
    var found: [HistoryRecord] = []
    let order = query.after == nil ? "event.at DESC, event.id DESC" : "event.id"
    let statement = try database.prepare(
      Self.selection + " WHERE \(Self.conditions(query)) ORDER BY \(order) LIMIT \(max(0, query.limit))")
    var index: Int32 = 1
    for name in query.sessions + query.sessions + query.paths {
      statement.bind(index, name)
      index += 1
    }
    while try statement.step() { found.append(Self.record(statement)) }
    return query.after == nil ? found.reversed() : found
  }

  /// Nil: there is no such event.
  public func record(id: Int64) throws(JournalError) -> HistoryRecord? {
    let statement = try database.prepare(Self.selection + " WHERE event.id = \(id)")
    return try statement.step() ? Self.record(statement) : nil
  }

  /// The packets of an event, the oldest first.
  public func packets(of id: Int64) throws(JournalError) -> [Event.Packet] {
    let statement = try database.prepare("SELECT octets FROM packets WHERE event = \(id)")
    return try statement.step() ? PacketBlob.decode(statement.octets(0)) : []
  }

  /// This end's address of a session, by the last snapshot that knows it.
  public func localAddress(of session: UInt32, at time: Timestamp) throws(JournalError) -> String? {
    let statement = try database.prepare(
      "SELECT at, standings FROM snapshot ORDER BY at > \(time.microseconds), abs(at - \(time.microseconds)) LIMIT 3"
    )
    while try statement.step() {
      if let known = Self.snapshot(statement).standings.first(where: { $0.session == session })?.localAddress {
        return known
      }
    }
    return nil
  }

  private static func conditions(_ query: HistoryQuery) -> String {
    var parts = ["1"]
    if let since = query.since { parts.append("event.at >= \(since.microseconds)") }
    if let until = query.until { parts.append("event.at < \(until.microseconds)") }
    if let after = query.after { parts.append("event.id > \(after)") }
    if query.level == .warning { parts.append("event.level > 0") }
    // Words of an enumeration: nothing in them needs to be quoted.
    if !query.kinds.isEmpty {
      parts.append("event.kind IN (\(query.kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")))")
    }
    func marks(_ names: [String]) -> String { names.map { _ in "?" }.joined(separator: ", ") }
    var named: [String] = []
    if !query.sessions.isEmpty {
      let list = marks(query.sessions)
      named.append(
        "event.subject IN (SELECT id FROM subject WHERE kind = 'session' AND (name IN (\(list)) OR peer IN (\(list))))"
      )
    }
    if !query.paths.isEmpty {
      named.append(
        "event.subject IN (SELECT id FROM subject WHERE kind = 'path' AND name IN (\(marks(query.paths))))")
    }
    if !named.isEmpty { parts.append("(\(named.joined(separator: " OR ")))") }
    return parts.joined(separator: " AND ")
  }

  private static let selection = """
    SELECT event.id, sequence, at, level, event.kind, subject.name, subject.session, subject.peer, before, after, cause,
      local_diagnostic, remote_diagnostic, silence, detection_time, latency, members_before, members_after, missing, text,
      run.started, run.version, run.host, EXISTS (SELECT 1 FROM packets WHERE packets.event = event.id)
    FROM event LEFT JOIN subject ON subject.id = event.subject LEFT JOIN run ON run.id = event.run
    """

  private static func record(_ row: borrowing Statement) -> HistoryRecord {
    var event = Event(
      sequence: row.count(1) ?? 0, at: Timestamp(microseconds: row.integer(2)),
      level: row.integer(3) > 0 ? .warning : .info,
      // A word of a later version.
      kind: row.text(4).flatMap { Event.Kind(rawValue: $0) } ?? .program, name: row.text(5), from: row.text(8),
      to: row.text(9), row.text(19) ?? "")
    event.session = row.count(6).flatMap { UInt32(exactly: $0) }
    event.peerAddress = row.text(7)
    event.cause = row.text(10).flatMap { StatusReport.TransitionCause(rawValue: $0) }
    event.localDiagnostic = row.text(11).map { StatusReport.Diagnostic(rawValue: $0) }
    event.remoteDiagnostic = row.text(12).map { StatusReport.Diagnostic(rawValue: $0) }
    event.silence = row.count(13)
    event.detectionTime = row.count(14)
    event.latency = row.count(15)
    event.membersBefore = row.text(16).map { $0.split(separator: "\n").map(String.init) }
    event.membersAfter = row.text(17).map { $0.split(separator: "\n").map(String.init) }
    let host = row.text(22) ?? ""
    let run =
      row.isNull(20)
      ? nil
      : RunInfo(
        startedAt: Timestamp(microseconds: row.integer(20)), version: row.text(21) ?? "",
        hostName: host.isEmpty ? nil : host)
    return HistoryRecord(
      id: row.integer(0), run: run, event: event, hasPackets: row.integer(23) > 0,
      missingEvents: row.count(18).map { Int(clamping: $0) })
  }

  // MARK: Report

  /// How everything did over a window.
  public func report(_ asked: Span) throws(JournalError) -> HistoryReport {
    // One view of the file, whatever is written meanwhile.
    try database.execute("BEGIN")
    defer { try? database.execute("COMMIT") }
    let watches = try self.watches(asked)
    var window = asked
    // Who watches says so every few seconds only.
    if let last = watches.map(\.to).max(), last < window.to, window.to.seconds(since: last) < 20, last > window.from
    {
      window.to = last
    }
    var accounting = Accounting(window: window, watches: watches)
    let snapshot = try database.number("SELECT max(at) FROM snapshot WHERE at <= \(window.from.microseconds)")
    let watch = watches.first { $0.from <= window.from && window.from < $0.to }?.from.microseconds
    let begin = snapshot ?? watch ?? window.from.microseconds
    try account(&accounting, from: begin, to: window.to.microseconds)
    let missing = try database.number(
      "SELECT sum(missing) FROM event WHERE missing > 0 AND \(Self.within(window, "at"))")
    let host = try database.prepare("SELECT host FROM run ORDER BY started DESC LIMIT 1")
    let name = try host.step() ? host.text(0) ?? "" : ""
    return HistoryReport(
      accounting, hostName: name.isEmpty ? nil : name,
      starts: Int(try database.number("SELECT count(*) FROM run WHERE \(Self.within(window, "started"))") ?? 0),
      missingEvents: Int(missing ?? 0))
  }

  private static func within(_ window: Span, _ column: String) -> String {
    "\(column) >= \(window.from.microseconds) AND \(column) < \(window.to.microseconds)"
  }

  private func watches(_ window: Span) throws(JournalError) -> [Span] {
    // One that began before the window may be needed whole: states are followed from its snapshot on.
    let statement = try database.prepare(
      "SELECT since, until FROM watch WHERE until >= \(window.from.microseconds) AND since < \(window.to.microseconds)"
    )
    var watches: [Span] = []
    while try statement.step() {
      watches.append(
        Span(from: Timestamp(microseconds: statement.integer(0)), to: Timestamp(microseconds: statement.integer(1)))
      )
    }
    return watches
  }

  private func account(_ accounting: inout Accounting, from: Int64, to: Int64) throws(JournalError) {
    let snapshots = try database.prepare(
      "SELECT at, standings FROM snapshot WHERE at >= \(from) AND at < \(to) ORDER BY at, id")
    var isSnapshot = try snapshots.step()
    let changes = try database.prepare(
      """
      SELECT at, subject, kind, before, after, cause, silence, latency FROM event
      WHERE at >= \(from) AND at < \(to) AND after IS NOT NULL AND subject IS NOT NULL
        AND kind IN ('session', 'path', 'group')
      ORDER BY at, id
      """)
    let numbers = try subjects(&accounting)
    while try changes.step() {
      let at = changes.integer(0)
      while isSnapshot, snapshots.integer(0) < at {
        accounting.take(Self.snapshot(snapshots))
        isSnapshot = try snapshots.step()
      }
      let subject = changes.integer(1)
      guard let number = numbers[subject], let kind = changes.text(2).flatMap({ Event.Kind(rawValue: $0) }),
        let after = changes.text(4)
      else { continue }
      accounting.take(
        StateChange(
          at: Timestamp(microseconds: at), kind: kind, from: changes.text(3), to: after,
          cause: changes.text(5).flatMap { StatusReport.TransitionCause(rawValue: $0) },
          silence: changes.count(6), latency: changes.count(7)),
        of: number)
    }
    while isSnapshot {
      accounting.take(Self.snapshot(snapshots))
      isSnapshot = try snapshots.step()
    }
  }

  private func subjects(_ accounting: inout Accounting) throws(JournalError) -> [Int64: Int] {
    let statement = try database.prepare(
      "SELECT id, kind, name, session, peer FROM subject WHERE kind IN ('session', 'path', 'group')")
    var numbers: [Int64: Int] = [:]
    while try statement.step() {
      guard let kind = statement.text(1).flatMap({ Event.Kind(rawValue: $0) }) else { continue }
      let subject = Subject(
        kind: kind, name: statement.text(2) ?? "", session: statement.count(3).flatMap { UInt32(exactly: $0) },
        peerAddress: statement.text(4))
      numbers[statement.integer(0)] = accounting.number(of: subject)
    }
    return numbers
  }

  private static func snapshot(_ row: borrowing Statement) -> Snapshot {
    let standings = try? JSONDecoder().decode([Standing].self, from: Data(row.octets(1)))
    return Snapshot(at: Timestamp(microseconds: row.integer(0)), standings: standings ?? [])
  }
}

extension JournalError {
  /// What a reader can do about it.
  fileprivate var readable: JournalError {
    guard kind == .corrupt else { return self }
    var error = self
    error.help =
      "the running everway moves it aside when it next opens it; `sqlite3 FILE .recover` may save what is in it"
    return error
  }
}

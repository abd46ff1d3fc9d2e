import CLinux
import Control
import FoundationEssentials
import Glibc
import History

/// What is written, in order.
enum Entry {
  /// What follows belongs to this run.
  case run(RunInfo)
  /// From here on the run is watched without a break.
  case watch(from: Timestamp)
  /// ... until here at least.
  case watched(until: Timestamp)
  case event(Event)
  /// Some events before are not here.
  case gap(Event, missing: Int)
  case snapshot(Snapshot)
}

/// Writes the journal's file, on one thread. Whatever fails leaves the file as it was.
struct JournalWriter: ~Copyable {
  static let fileName = "journal.sqlite"
  /// Damaged files that are kept beside the journal.
  static let keptAside = 2

  let path: String
  let database: Database
  /// What was found and done while opening, for people.
  let news: String?
  private let statements: Statements
  private var run: Int64?
  private var watch: Int64?
  /// Row numbers by subject; forgotten when there are too many, and after an error.
  private var subjects: [Subject: Int64] = [:]
  /// Tells whether the file still is the one at `path`.
  private let identity: UInt64

  /// Opens the journal, or makes one. A damaged one is moved aside.
  /// - Parameters:
  ///   - directory: made if it is not there.
  ///   - now: names a damaged file.
  init(directory: String, now: Timestamp) throws(JournalError) {
    Self.makeDirectory(directory)
    let path = "\(directory)/\(Self.fileName)"
    let database: Database
    var news: String?
    do {
      database = try Self.opened(path, isThorough: true)
    } catch {
      guard error.kind == .corrupt || error.kind == .foreign else { throw error }
      let aside = try Self.moveAside(path, error.kind == .corrupt ? "damaged" : "foreign", now)
      database = try Self.opened(path, isThorough: false)
      news = "\(error.message); it is kept as \(aside), and a new journal begins"
    }
    let statements = try Statements(database)
    self.path = path
    self.database = consume database
    self.statements = consume statements
    self.news = news
    identity = Self.identity(of: path)
  }

  private static func opened(_ path: String, isThorough: Bool) throws(JournalError) -> Database {
    // Readable for a group; SQLite gives the files beside it the same mode.
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    if file >= 0 { close(file) }
    let database = try Database(path: path, mode: .readWrite)
    database.setPatience(2_000)
    try database.prepareSchema()
    if isThorough {
      let check = try database.prepare("PRAGMA quick_check(1)")
      if try check.step(), let answer = check.text(0), answer != "ok" {
        throw JournalError(.corrupt, "\(path) is damaged: \(answer)")
      }
    }
    return database
  }

  /// Whether the file at the journal's path still is the open one.
  var isInPlace: Bool { Self.identity(of: path) == identity }

  static func identity(of path: String) -> UInt64 {
    var entry = stat()
    guard stat(path, &entry) == 0 else { return 0 }
    return UInt64(entry.st_ino)
  }

  private static func makeDirectory(_ path: String) {
    if mkdir(path, 0o755) == 0 || errno != ENOENT { return }
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    makeDirectory(String(path[..<slash]))
    mkdir(path, 0o755)
  }

  /// - Returns: the new name.
  static func moveAside(_ path: String, _ word: String, _ now: Timestamp) throws(JournalError) -> String {
    // 2026-11-22T17:00:04.123456Z becomes 20261122T170004.123456Z: no colons in names of files.
    let time = "\(now)".filter { $0 != "-" && $0 != ":" }
    let aside = "\(path).\(word)-\(time)"
    guard rename(path, aside) == 0 else {
      throw JournalError(
        .unreachable, "\(path) is \(word), and cannot be moved aside: \(String(cString: strerror(errno)))")
    }
    rename(path + "-wal", aside + "-wal")
    unlink(path + "-shm")
    removeOldest(beside: path)
    return aside
  }

  /// What is kept aside is bounded too.
  private static func removeOldest(beside path: String) {
    guard let slash = path.lastIndex(of: "/"), let directory = opendir(String(path[...slash])) else { return }
    defer { closedir(directory) }
    var found: [(name: String, time: Substring)] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { octets in
        String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
      }
      for word in ["damaged", "foreign"] where name.hasPrefix("\(fileName).\(word)-") && !name.hasSuffix("-wal") {
        found.append((name, name.dropFirst("\(fileName).\(word)-".count)))
      }
    }
    for old in found.sorted(by: { $0.time < $1.time }).dropLast(keptAside) {
      let name = path[...slash] + old.name
      unlink(String(name))
      unlink(name + "-wal")
    }
  }

  // MARK: Writing

  /// Writes all entries in one transaction, or none.
  mutating func write(_ entries: some Sequence<Entry>) throws(JournalError) {
    let (runBefore, watchBefore) = (run, watch)
    do {
      try database.execute("BEGIN IMMEDIATE")
      for entry in entries { try write(entry) }
      try database.execute("COMMIT")
    } catch {
      // SQLite has rolled back by itself after some errors; then this fails, which does not matter.
      try? database.execute("ROLLBACK")
      (run, watch) = (runBefore, watchBefore)
      subjects = [:]
      throw error
    }
    if subjects.count > 100_000 { subjects = [:] }
  }

  private mutating func write(_ entry: Entry) throws(JournalError) {
    switch entry {
    case .run(let info):
      run = try row(of: info)
      watch = nil
    case .watch(let from):
      statements.beginWatch.bind(1, run)
      statements.beginWatch.bind(2, from.microseconds)
      try statements.beginWatch.run()
      watch = database.lastRow
    case .watched(let until):
      guard let watch = try currentWatch() else { return }
      statements.extendWatch.bind(1, watch)
      statements.extendWatch.bind(2, until.microseconds)
      try statements.extendWatch.run()
    case .event(let event): try write(event, missing: nil)
    case .gap(let event, let missing): try write(event, missing: missing)
    case .snapshot(let snapshot):
      guard let standings = try? JSONEncoder().encode(snapshot.standings) else { return }
      statements.snapshot.bind(1, snapshot.at.microseconds)
      statements.snapshot.bind(2, [UInt8](standings))
      try statements.snapshot.run()
    }
  }

  /// The last watch of this run, which goes on when a writer has been started anew without a gap.
  private mutating func currentWatch() throws(JournalError) -> Int64? {
    if let watch { return watch }
    guard let run else { return nil }
    watch = try database.number("SELECT max(id) FROM watch WHERE run = \(run)")
    return watch
  }

  private func row(of info: RunInfo) throws(JournalError) -> Int64? {
    statements.addRun.bind(1, info.startedAt.microseconds)
    statements.addRun.bind(2, info.version)
    statements.addRun.bind(3, info.hostName ?? "")
    try statements.addRun.run()
    if database.changes > 0 { return database.lastRow }
    statements.findRun.bind(1, info.startedAt.microseconds)
    statements.findRun.bind(2, info.hostName ?? "")
    defer { statements.findRun.reset() }
    return try statements.findRun.step() ? statements.findRun.integer(0) : nil
  }

  private mutating func write(_ event: Event, missing: Int?) throws(JournalError) {
    let subject = try row(of: event)
    bind(event, subject, missing, to: statements.event)
    try statements.event.run()
    guard let packets = event.packets, !packets.isEmpty else { return }
    let id = database.lastRow
    statements.packets.bind(1, id)
    statements.packets.bind(2, PacketBlob.encode(packets))
    try statements.packets.run()
  }

  private func bind(_ event: Event, _ subject: Int64?, _ missing: Int?, to insert: borrowing Statement) {
    insert.bind(1, run)
    insert.bind(2, event.sequence)
    insert.bind(3, event.at.microseconds)
    insert.bind(4, Int64(event.level == .warning ? 1 : 0))
    insert.bind(5, event.kind.rawValue)
    insert.bind(6, subject)
    insert.bind(7, event.from)
    insert.bind(8, event.to)
    insert.bind(9, event.cause?.rawValue)
    insert.bind(10, event.localDiagnostic?.rawValue)
    insert.bind(11, event.remoteDiagnostic?.rawValue)
    insert.bind(12, event.silence)
    insert.bind(13, event.detectionTime)
    insert.bind(14, event.latency)
    insert.bind(15, event.membersBefore.map(Self.list))
    insert.bind(16, event.membersAfter.map(Self.list))
    insert.bind(17, missing.map(Int64.init))
    insert.bind(18, event.text)
  }

  /// Names have no newline: the configuration does not let them.
  private static func list(_ names: [String]) -> String { names.joined(separator: "\n") }

  private mutating func row(of event: Event) throws(JournalError) -> Int64? {
    guard event.name != nil || event.session != nil || event.peerAddress != nil else { return nil }
    let subject = Subject(
      kind: event.kind, name: event.name ?? "", session: event.session, peerAddress: event.peerAddress)
    if let known = subjects[subject] { return known }
    if let old = try find(subject, event.name, with: statements.findSubject) {
      subjects[subject] = old
      return old
    }
    Self.bind(subject, event.name, to: statements.addSubject)
    try statements.addSubject.run()
    subjects[subject] = database.lastRow
    return database.lastRow
  }

  private func find(
    _ subject: Subject, _ name: String?, with statement: borrowing Statement
  ) throws(JournalError) -> Int64? {
    Self.bind(subject, name, to: statement)
    defer { statement.reset() }
    return try statement.step() ? statement.integer(0) : nil
  }

  private static func bind(_ subject: Subject, _ name: String?, to statement: borrowing Statement) {
    statement.bind(1, subject.kind.rawValue)
    statement.bind(2, name)
    statement.bind(3, subject.session.map(Int64.init))
    statement.bind(4, subject.peerAddress)
  }

  /// After subjects were deleted.
  mutating func forgetSubjects() { subjects = [:] }

  /// Up to where the journal goes: the last run, and its last event; nil in a new file.
  func cursor() throws(JournalError) -> EventCursor? {
    let last = try database.prepare(
      "SELECT id, started FROM run WHERE id = (SELECT run FROM event WHERE sequence > 0 ORDER BY id DESC LIMIT 1)")
    guard try last.step() else { return nil }
    let sequence = try database.number(
      "SELECT sequence FROM event WHERE run = \(last.integer(0)) AND sequence > 0 ORDER BY id DESC LIMIT 1")
    return EventCursor(
      run: Timestamp(microseconds: last.integer(1)), sequence: sequence.flatMap { UInt64(exactly: $0) } ?? 0)
  }
}

/// The tables, and how older ones become these.
///
/// Times are microseconds since 1970, words those of `Control.Event` and `StatusReport`. `event.id` is never given twice.
enum Schema {
  /// "EVWY": tells this program's files from others (PRAGMA application_id).
  static let applicationID: Int64 = 0x4556_5759

  /// Each entry takes a file from the version that is its index to the next.
  static let steps: [String] = [
    """
    CREATE TABLE run (
      id INTEGER PRIMARY KEY, started INTEGER NOT NULL, version TEXT NOT NULL, host TEXT NOT NULL,
      UNIQUE (started, host)
    );
    CREATE TABLE watch (
      id INTEGER PRIMARY KEY, run INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL
    );
    CREATE TABLE subject (
      id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT, session INTEGER, peer TEXT
    );
    CREATE INDEX subject_name ON subject (name, session);
    CREATE TABLE event (
      id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER, sequence INTEGER NOT NULL, at INTEGER NOT NULL,
      level INTEGER NOT NULL, kind TEXT NOT NULL, subject INTEGER, before TEXT, after TEXT, cause TEXT,
      local_diagnostic TEXT, remote_diagnostic TEXT, silence INTEGER, detection_time INTEGER, latency INTEGER,
      members_before TEXT, members_after TEXT, missing INTEGER, text TEXT NOT NULL
    );
    CREATE INDEX event_at ON event (at);
    CREATE TABLE packets (event INTEGER PRIMARY KEY, octets BLOB NOT NULL);
    CREATE TABLE snapshot (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, standings BLOB NOT NULL);
    CREATE INDEX snapshot_at ON snapshot (at);
    """
  ]

  static var version: Int64 { Int64(steps.count) }
}

extension Database {
  /// Makes the tables of a new file, and brings older ones up to date, each step whole or not at all.
  /// - Throws: ``JournalError``, `foreign` for a file that is not this program's, or of a later one.
  func prepareSchema() throws(JournalError) {
    let isNew = try number("SELECT count(*) FROM sqlite_schema") == 0
    if isNew {
      // Before the first table, or it has no effect.
      try execute("PRAGMA auto_vacuum = INCREMENTAL")
    } else {
      try checkSchema()
    }
    try execute("PRAGMA journal_mode = WAL")
    try execute("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8388608; PRAGMA temp_store = MEMORY")
    let version = try number("PRAGMA user_version") ?? 0
    for step in Schema.steps.dropFirst(Int(version)).enumerated() {
      try execute(
        """
        BEGIN IMMEDIATE;
        \(step.element)
        PRAGMA application_id = \(Schema.applicationID);
        PRAGMA user_version = \(Int(version) + step.offset + 1);
        COMMIT
        """)
    }
  }

  /// - Throws: ``JournalError``, `foreign`.
  func checkSchema() throws(JournalError) {
    guard try number("PRAGMA application_id") == Schema.applicationID else {
      throw JournalError(.foreign, "\(path) is a database of another program")
    }
    let version = try number("PRAGMA user_version") ?? 0
    guard (0...Schema.version).contains(version) else {
      throw JournalError(
        .foreign,
        "\(path) has version \(version) of the journal's tables, and this everway knows \(Schema.version)",
        help: "use the everway that wrote it")
    }
  }
}

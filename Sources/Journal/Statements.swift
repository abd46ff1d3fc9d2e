/// What the writer says again and again.
struct Statements: ~Copyable {
  let addRun: Statement
  let findRun: Statement
  let beginWatch: Statement
  let extendWatch: Statement
  let findSubject: Statement
  let addSubject: Statement
  let event: Statement
  let packets: Statement
  let snapshot: Statement

  init(_ database: borrowing Database) throws(JournalError) {
    let addRun = try database.prepare("INSERT OR IGNORE INTO run (started, version, host) VALUES (?, ?, ?)")
    let findRun = try database.prepare("SELECT id FROM run WHERE started = ? AND host = ?")
    let beginWatch = try database.prepare("INSERT INTO watch (run, since, until) VALUES (?1, ?2, ?2)")
    let extendWatch = try database.prepare("UPDATE watch SET until = max(until, ?2) WHERE id = ?1")
    let findSubject = try database.prepare(
      "SELECT id FROM subject WHERE kind = ? AND name IS ? AND session IS ? AND peer IS ?")
    let addSubject = try database.prepare("INSERT INTO subject (kind, name, session, peer) VALUES (?, ?, ?, ?)")
    let event = try database.prepare(
      """
      INSERT INTO event (run, sequence, at, level, kind, subject, before, after, cause, local_diagnostic, remote_diagnostic,
        silence, detection_time, latency, members_before, members_after, missing, text)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    let packets = try database.prepare("INSERT INTO packets (event, octets) VALUES (?, ?)")
    let snapshot = try database.prepare("INSERT INTO snapshot (at, standings) VALUES (?, ?)")
    // Only now, since a half-made value that owns something cannot be given up.
    self.addRun = consume addRun
    self.findRun = consume findRun
    self.beginWatch = consume beginWatch
    self.extendWatch = consume extendWatch
    self.findSubject = consume findSubject
    self.addSubject = consume addSubject
    self.event = consume event
    self.packets = consume packets
    self.snapshot = consume snapshot
  }
}

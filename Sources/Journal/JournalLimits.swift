import Control

/// How large and how old the journal may become. What is oldest goes first.
public struct JournalLimits: Hashable, Sendable {
  /// Octets of the file; the log beside it comes on top, up to some 16 MB.
  public var size: Int64
  /// Microseconds.
  public var age: Int64

  /// 256 MB, about a million events, and 90 days.
  public init(size: Int64 = 256 << 20, age: Int64 = 90 * 86_400 * 1_000_000) {
    self.size = max(1 << 20, size)
    self.age = max(0, age)
  }
}

extension JournalWriter {
  /// Deleted in one step: it must not hold up what is to be written.
  private static let step = 10_000

  /// Deletes what is too old or too much, a part at a time, and gives room back to the disk.
  /// - Returns: whether there is more to do.
  mutating func tidy(_ limits: JournalLimits, now: Timestamp) throws(JournalError) -> Bool {
    var isMore = try delete(before: now.microseconds - limits.age)
    if try usedOctets() > limits.size, let cutoff = try cutoffOfOldestPart() {
      isMore = try delete(before: cutoff) || isMore
      if try usedOctets() > limits.size { isMore = true }
    }
    try database.execute("PRAGMA incremental_vacuum(2000)")
    database.checkpoint(truncating: false)
    return isMore
  }

  func usedOctets() throws(JournalError) -> Int64 {
    let pages = try database.number("PRAGMA page_count") ?? 0
    let free = try database.number("PRAGMA freelist_count") ?? 0
    return (pages - free) * (try database.number("PRAGMA page_size") ?? 4_096)
  }

  /// When the oldest twentieth ends; nil: there is nothing to delete.
  private func cutoffOfOldestPart() throws(JournalError) -> Int64? {
    let events = try database.number("SELECT count(*) FROM event") ?? 0
    guard events > 0 else { return try database.number("SELECT at + 1 FROM snapshot ORDER BY at LIMIT 1") }
    let part = min(Int64(Self.step), max(1, events / 20))
    return try database.number("SELECT at + 1 FROM event ORDER BY at LIMIT 1 OFFSET \(part - 1)")
  }

  private mutating func delete(before time: Int64) throws(JournalError) -> Bool {
    let chosen = "SELECT id FROM event WHERE at < \(time) ORDER BY at LIMIT \(Self.step)"
    var deleted = 0
    do {
      try database.execute("BEGIN IMMEDIATE")
      try database.execute("DELETE FROM packets WHERE event IN (\(chosen))")
      try database.execute("DELETE FROM event WHERE id IN (\(chosen))")
      deleted = database.changes
      if deleted < Self.step {
        // The snapshot before says what the states were when the time that is left began.
        try database.execute(
          """
          DELETE FROM snapshot WHERE at < (SELECT max(at) FROM snapshot WHERE at <= \(time));
          DELETE FROM watch WHERE until < \(time);
          DELETE FROM run WHERE id NOT IN (SELECT run FROM watch) AND id <> (SELECT max(id) FROM run)
            AND id NOT IN (SELECT run FROM event WHERE run IS NOT NULL)
          """)
        if deleted > 0, try database.number("SELECT count(*) FROM subject") ?? 0 > 20_000 {
          try database.execute(
            "DELETE FROM subject WHERE id NOT IN (SELECT subject FROM event WHERE subject IS NOT NULL)")
          forgetSubjects()
        }
      }
      try database.execute("COMMIT")
    } catch {
      try? database.execute("ROLLBACK")
      throw error
    }
    return deleted == Self.step
  }
}

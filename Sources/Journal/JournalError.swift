import CSQLite

/// What went wrong with the journal, and what to do.
public struct JournalError: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// There is none yet.
    case missing
    /// No permission, or no such directory.
    case unreachable
    /// The disk is full, or the file may not grow.
    case full
    /// Not SQLite, or broken.
    case corrupt
    /// Of a later everway, or of another program.
    case foreign
    case other
  }

  public var kind: Kind
  public var message: String
  public var help: String?

  init(_ kind: Kind, _ message: String, help: String? = nil) {
    self.kind = kind
    self.message = message
    self.help = help
  }

  /// What was asked for is not there.
  public static func none(_ message: String, help: String? = nil) -> JournalError {
    JournalError(.missing, message, help: help)
  }

  /// From a result code of SQLite.
  init(code: Int32, _ words: String, path: String) {
    let reason = words.isEmpty ? String(cString: sqlite3_errstr(code)) : words
    switch code & 0xff {
    case SQLITE_FULL:
      self.init(
        .full, "\(path) cannot grow: \(reason)", help: "make room on its disk; the journal then goes on by itself")
    case SQLITE_IOERR:
      // A full disk is also seen as a write that fails.
      self.init(.full, "\(path) cannot be written or read: \(reason)", help: "is its disk full, or broken?")
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      self.init(.corrupt, "\(path) is damaged: \(reason)")
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH:
      self.init(
        .unreachable, "\(path) cannot be opened: \(reason)", help: "may this user read and write its directory?")
    default:
      self.init(.other, "\(path): \(reason)")
    }
  }
}

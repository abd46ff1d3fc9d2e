import CSQLite
import Glibc

/// A connection to an SQLite database, used by one thread.
///
/// Noncopyable: it owns the connection.
struct Database: ~Copyable {
  enum Mode {
    case readWrite
    case readOnly
    /// Nobody writes, and no lock is taken: for a directory that may not be written.
    case immutable
  }

  let path: String
  // SQLite's own; closed in deinit.
  private let connection: OpaquePointer

  init(path: String, mode: Mode) throws(JournalError) {
    self.path = path
    var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI
    flags |= mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(Self.address(path, mode), &opened, flags, nil)
    guard code == SQLITE_OK, let opened else {
      let words = opened.map { String(cString: sqlite3_errmsg($0)) } ?? ""
      sqlite3_close_v2(opened)
      throw JournalError(code: code, words, path: path)
    }
    connection = opened
  }

  deinit { sqlite3_close_v2(connection) }

  /// Characters that mean something in a URI are written as octets.
  private static func address(_ path: String, _ mode: Mode) -> String {
    var text = "file:"
    for octet in path.utf8 {
      switch octet {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        text.unicodeScalars.append(Unicode.Scalar(octet))
      default:
        text += octet < 16 ? "%0\(String(octet, radix: 16))" : "%\(String(octet, radix: 16))"
      }
    }
    return mode == .immutable ? text + "?immutable=1" : text
  }

  /// Waits so long for another connection's lock, in milliseconds.
  func setPatience(_ milliseconds: Int32) { sqlite3_busy_timeout(connection, milliseconds) }

  /// Runs statements that give no rows.
  func execute(_ text: String) throws(JournalError) {
    let code = sqlite3_exec(connection, text, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  func prepare(_ text: String) throws(JournalError) -> Statement {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v2(connection, text, -1, &statement, nil)
    guard code == SQLITE_OK, let statement else { throw error(code) }
    return Statement(statement, path: path)
  }

  /// The first column of the first row, as a number; nil: there is no row, or it is NULL.
  func number(_ text: String) throws(JournalError) -> Int64? {
    let statement = try prepare(text)
    guard try statement.step() else { return nil }
    return statement.isNull(0) ? nil : statement.integer(0)
  }

  var lastRow: Int64 { sqlite3_last_insert_rowid(connection) }
  /// Rows that the last statement changed.
  var changes: Int { Int(sqlite3_changes(connection)) }
  var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

  /// Moves what is in the log into the file, as far as readers let it.
  /// - Parameter truncating: also makes the log empty, if no reader uses it.
  func checkpoint(truncating: Bool) {
    let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
    sqlite3_wal_checkpoint_v2(connection, nil, mode, nil, nil)
  }

  private func error(_ code: Int32) -> JournalError {
    JournalError(code: code, String(cString: sqlite3_errmsg(connection)), path: path)
  }
}

/// A prepared statement. Parameters count from 1, columns from 0.
///
/// Noncopyable: it owns SQLite's.
struct Statement: ~Copyable {
  // SQLite's own; finalized in deinit, which a connection closed before waits for (sqlite3_close_v2).
  private let statement: OpaquePointer
  private let path: String

  fileprivate init(_ statement: OpaquePointer, path: String) {
    self.statement = statement
    self.path = path
  }

  deinit { sqlite3_finalize(statement) }

  func bind(_ index: Int32, _ value: Int64?) {
    if let value { sqlite3_bind_int64(statement, index, value) } else { sqlite3_bind_null(statement, index) }
  }

  func bind(_ index: Int32, _ value: UInt64?) { bind(index, value.map { Int64(clamping: $0) }) }

  func bind(_ index: Int32, _ value: String?) {
    guard var value else {
      sqlite3_bind_null(statement, index)
      return
    }
    // SQLite copies before the call returns.
    value.withUTF8 { octets in
      octets.withMemoryRebound(to: CChar.self) { text in
        _ = ew_bind_text(statement, index, text.baseAddress ?? Self.empty, Int32(text.count))
      }
    }
  }

  func bind(_ index: Int32, _ value: [UInt8]) {
    // SQLite copies before the call returns.
    value.withUnsafeBytes { _ = ew_bind_blob(statement, index, $0.baseAddress, Int32($0.count)) }
  }

  // A pointer to no text is NULL to SQLite; this points to an empty one, for ever.
  private nonisolated(unsafe) static let empty: UnsafePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    pointer.pointee = 0
    return UnsafePointer(pointer)
  }()

  /// - Returns: whether there is a row.
  func step() throws(JournalError) -> Bool {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code:
      throw JournalError(code: code, String(cString: sqlite3_errmsg(sqlite3_db_handle(statement))), path: path)
    }
  }

  /// Runs it to its end and makes it ready for the next time.
  func run() throws(JournalError) {
    defer { reset() }
    while try step() {}
  }

  func reset() {
    sqlite3_reset(statement)
    sqlite3_clear_bindings(statement)
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// Nil for NULL, and for what is negative.
  func count(_ column: Int32) -> UInt64? { isNull(column) ? nil : UInt64(exactly: integer(column)) }

  func text(_ column: Int32) -> String? {
    // Valid until the next step; copied here.
    guard let text = sqlite3_column_text(statement, column) else { return nil }
    let octets = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column)))
    return String(decoding: octets, as: UTF8.self)
  }

  func octets(_ column: Int32) -> [UInt8] {
    // Valid until the next step; copied here.
    guard let blob = sqlite3_column_blob(statement, column) else { return [] }
    return [UInt8](UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(statement, column))))
  }
}

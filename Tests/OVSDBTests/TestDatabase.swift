import Glibc
import Lab
import OVSDB
import OVSDBProtocol
import Processes
import Synchronization
import Testing

/// An ovsdb-server of a test: its files are in the lab's directory, its sockets too.
final class TestDatabase: Sendable {
  static let isPossible = geteuid() == 0 && access("/usr/sbin/ovsdb-server", X_OK) == 0
  static let vswitch = "/usr/share/openvswitch/vswitch.ovsschema"
  static let northbound = "/usr/share/ovn/ovn-nb.ovsschema"

  let lab: Lab
  let name: String
  let database: String
  let process: Box<LabProcess?> = Box(nil)

  /// Runs `body` in a lab of its own, gone at the end however it ends.
  static func withLab(_ tag: String, _ body: (Lab) async throws -> Void) async throws {
    Lab.sweep()
    let lab = try Lab.up("o\(getpid())\(tag)")
    defer { lab.down() }
    try await body(lab)
  }

  init(lab: Lab, name: String, database: String) {
    self.lab = lab
    self.name = name
    self.database = database
  }

  /// A database without a cluster, empty, running.
  static func standalone(_ lab: Lab, _ name: String = "db", schema: String, database: String) throws -> TestDatabase
  {
    let server = TestDatabase(lab: lab, name: name, database: database)
    try Command("ovsdb-tool", ["create", server.file, schema]).run()
    return server
  }

  func path(_ suffix: String) -> String { "\(lab.directory)/\(name).\(suffix)" }
  var file: String { path("db") }
  var remote: String { "unix:\(path("sock"))" }
  /// For the test's own commands, so that the other one may stay closed.
  var own: String { "unix:\(path("own"))" }

  /// - Parameter isOpen: whether it listens on `remote` from the beginning.
  func start(isOpen: Bool = true, _ arguments: [String] = []) throws {
    // A killed server leaves its sockets behind.
    for suffix in ["sock", "own", "ctl"] { unlink(path(suffix)) }
    var all = [file, "--remote=p\(own)", "--unixctl=\(path("ctl"))", "--no-chdir", "-vsyslog:off", "-vconsole:info"]
    if isOpen { all.append("--remote=p\(remote)") }
    let process = try lab.start(
      Command("ovsdb-server", all + arguments, environment: ["OVS_RUNDIR": lab.directory]), in: nil,
      label: "ovsdb/\(name)", outputName: "\(name).log")
    self.process.value = process
    let isUp = waitUntil(timeout: .seconds(30)) { access(path("own"), F_OK) == 0 || !process.isRunning }
    try #require(isUp && process.isRunning, "\(process.lastLines())")
  }

  func kill() { process.value?.kill() }

  @discardableResult func appctl(_ arguments: String...) throws -> String {
    try Command("ovs-appctl", ["-t", path("ctl")] + arguments).run()
  }

  /// The port that the kernel chose for the last `--remote=ptcp:0:...` or `pssl:0:...`.
  func port() throws -> Int {
    var port: Int?
    waitUntil(timeout: .seconds(10)) {
      for line in process.value?.lastLines(100) ?? [] {
        if let range = line.range(ofWord: "listening on port ") {
          port = Int(line[range...].prefix { $0.isNumber })
        }
      }
      return port != nil
    }
    return try #require(port, "\(process.value?.lastLines() ?? [])")
  }

  /// What `ovsdb-client dump` says: the rows of a table.
  func dump(_ table: String, _ columns: [String]) throws -> [RowID: Row] {
    let text = try Command(
      "ovsdb-client", ["--timeout=20", "--format=json", "dump", own, database, table, "_uuid"] + columns
    ).run(timeout: .seconds(25))
    let parsed = try JSONParser.parse(Array(text.utf8))
    let headings = try #require(parsed["headings"]?.array).compactMap(\.string)
    var rows: [RowID: Row] = [:]
    for data in try #require(parsed["data"]?.array) {
      var row = Row()
      for (name, value) in zip(headings, try #require(data.array)) { row.columns[name] = try Datum(value, as: nil) }
      guard case .atom(.uuid(let id)) = row.columns.removeValue(forKey: "_uuid") else { continue }
      rows[id] = row
    }
    return rows
  }
}

/// A variable that threads share.
final class Box<T: Sendable>: Sendable {
  private let stored: Mutex<T>

  init(_ value: T) { stored = Mutex(value) }

  var value: T {
    get { stored.withLock { $0 } }
    set { stored.withLock { $0 = newValue } }
  }

  func with<R: Sendable>(_ body: (inout T) -> R) -> R { stored.withLock { body(&$0) } }
}

extension String {
  /// Behind the first place where `word` stands.
  fileprivate func range(ofWord word: String) -> String.Index? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(word) { return self.index(index, offsetBy: word.count) }
      index = self.index(after: index)
    }
    return nil
  }
}

/// What batches make: rows that come twice, change from what they were not, or go when they were not there, are faults.
struct Rebuilt: Sendable {
  var tables: [String: [RowID: Row]] = [:]
  var sequence: UInt64 = 0
  var faults: [String] = []

  mutating func take(_ batch: ChangeBatch) {
    if batch.sequence <= sequence { faults.append("batch \(batch.sequence) behind \(sequence)") }
    sequence = batch.sequence
    for change in batch.changes {
      if tables[change.table]?[change.id] != change.old {
        faults.append(
          "\(change.kind) of \(change.table) \(change.id) in batch \(batch.sequence) from another state")
      }
      tables[change.table, default: [:]][change.id] = change.new
    }
  }
}

/// Waits in a task, without holding its thread.
func eventually(_ timeout: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws -> Bool {
  let end = MonotonicTime.now() + timeout
  while true {
    let isLast = MonotonicTime.now() >= end
    if try await condition() { return true }
    if isLast { return false }
    try await Task.sleep(for: .milliseconds(20))
  }
}

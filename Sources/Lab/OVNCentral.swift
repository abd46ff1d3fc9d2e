import Glibc
import NetworkNamespaces
import Processes
import Synchronization

/// OVN's northbound and southbound databases and northd, with sockets and files of their own: the machine's OVN, if any,
/// is not touched.
///
/// Everything speaks over Unix sockets, which know no network namespace; `OVNChassis` joins by `southbound`.
public final class OVNCentral: Sendable {
  public let lab: Lab
  /// Where databases, sockets and logs are.
  public let directory: String
  private let processes: Mutex<[String: LabProcess]>

  /// Databases in the order in which they must run: northd needs both.
  private static let programs = ["nb", "sb", "northd"]

  /// Daemons that run already, started by whichever process, are taken over.
  public init(lab: Lab) {
    self.lab = lab
    directory = "\(lab.directory)/ovn"
    var running: [String: LabProcess] = [:]
    for name in Self.programs { running[name] = lab.runningProcess("ovn/\(name)") }
    processes = Mutex(running)
  }

  /// Where chassis and clients reach the southbound database.
  public var southbound: String { "unix:\(directory)/sb.sock" }
  /// Where clients reach the northbound database.
  public var northbound: String { "unix:\(directory)/nb.sock" }

  /// Starts what does not run, with empty databases the first time; returns when both answer.
  public func start() throws(LabError) {
    _ = try lab.makeDirectory("ovn")
    for (name, schema) in [("nb", "ovn-nb"), ("sb", "ovn-sb")] {
      guard !isRunning(name) else { continue }
      let file = "\(directory)/\(name).db"
      if !Files.exists(file) {
        try Command("ovsdb-tool", ["create", file, "/usr/share/ovn/\(schema).ovsschema"]).run()
      }
      unlink("\(directory)/\(name).sock")  // a killed one leaves it
      try start(
        name, "ovsdb-server",
        [
          file, "--remote=punix:\(directory)/\(name).sock", "--unixctl=\(directory)/\(name).ctl",
          "--pidfile=\(directory)/\(name).pid", "--overwrite-pidfile"
        ])
      try OVSProcess.wait(for: processes.withLock { $0[name] }) { Files.exists("\(directory)/\(name).sock") }
    }
    // Both want one row of theirs before anybody may write.
    try nbctl("init")
    try sbctl("init")
    guard !isRunning("northd") else { return }
    try start(
      "northd", "ovn-northd",
      [
        "--ovnnb-db=\(northbound)", "--ovnsb-db=\(southbound)", "--unixctl=\(directory)/northd.ctl",
        "--pidfile=\(directory)/northd.pid", "--overwrite-pidfile"
      ])
  }

  /// SIGKILL of both databases' servers; northd goes on and looks for them. `start` starts others.
  public func killDatabases() {
    let servers = processes.withLock { processes in ["nb", "sb"].compactMap { processes[$0] } }
    for server in servers { server.kill() }
  }

  private func isRunning(_ name: String) -> Bool { processes.withLock { $0[name]?.isRunning ?? false } }

  private func start(_ name: String, _ program: String, _ arguments: [String]) throws(LabError) {
    let process = try lab.start(
      OVSProcess.command(program, arguments, directory: directory), in: nil, label: "ovn/\(name)",
      outputName: "ovn/\(name).log")
    processes.withLock { $0[name] = process }
  }

  /// SIGKILL of `nb` or `sb`'s server; `start` starts another on the same file.
  public func killDatabase(_ name: String) { processes.withLock { $0[name] }?.kill() }

  /// SIGSTOP of ovn-northd: nothing goes from one database to the other.
  public func pauseNorthd() { processes.withLock { $0["northd"] }?.pause() }
  /// SIGCONT.
  public func resumeNorthd() { processes.withLock { $0["northd"] }?.resume() }

  // MARK: Asking and changing

  /// `ovn-nbctl` on this northbound database.
  /// - Returns: what it printed.
  @discardableResult public func nbctl(_ arguments: String...) throws(LabError) -> String {
    try nbctl(arguments)
  }

  @discardableResult public func nbctl(_ arguments: [String]) throws(LabError) -> String {
    try Command("ovn-nbctl", ["--timeout=20", "--db=\(northbound)"] + arguments).run(timeout: .seconds(25))
  }

  /// `ovn-sbctl` on this southbound database.
  @discardableResult public func sbctl(_ arguments: String...) throws(LabError) -> String {
    try sbctl(arguments)
  }

  @discardableResult public func sbctl(_ arguments: [String]) throws(LabError) -> String {
    try Command("ovn-sbctl", ["--timeout=20", "--db=\(southbound)"] + arguments).run(timeout: .seconds(25))
  }

  /// Waits until every chassis has done what the northbound database asks for.
  public func sync() throws(LabError) { try nbctl("--wait=hv", "sync") }
}

/// What the daemons of OVS and OVN have in common.
enum OVSProcess {
  /// The command with the environment that keeps all its files in `directory`; it logs to its standard error.
  static func command(_ program: String, _ arguments: [String], directory: String) -> Command {
    var environment: [String: String] = [:]
    for prefix in ["OVS", "OVN"] {
      for kind in ["RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR"] { environment["\(prefix)_\(kind)"] = directory }
    }
    return Command(
      program, arguments + ["--no-chdir", "-vsyslog:off", "-vconsole:info"], environment: environment)
  }

  static func wait(for process: LabProcess?, _ condition: () -> Bool) throws(LabError) {
    guard let process else { return }
    let ready = waitUntil(timeout: .seconds(20), every: .milliseconds(10)) { condition() || !process.isRunning }
    guard process.isRunning else { throw process.error("ended while starting") }
    guard ready else { throw process.error("did not answer within 20 s") }
  }
}

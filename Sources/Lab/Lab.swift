import Glibc
import NetworkNamespaces
public import Processes
import Synchronization

/// A set of network namespaces, processes and files that come and go together.
///
/// Everything is named after the lab, so that several stand side by side: namespaces `evl-<lab>-<role>`, files in
/// /run/everway-lab/<lab>. What was made is written to a journal there, so that `down` works from another process too,
/// and so that the next `up` of any lab sweeps what a killed one left behind.
public final class Lab: Sendable {
  /// Letters and digits only.
  public let name: String
  private let isOpen = Mutex(true)
  private let children = Mutex<[LabProcess]>([])

  private init(name: String) { self.name = name }

  /// Where the lab keeps its files.
  public var directory: String { Self.directory(name) }

  // MARK: Making

  /// Makes an empty lab, after sweeping the labs that dead processes left behind.
  /// - Parameters:
  ///   - name: 1 to 16 lower-case letters and digits.
  ///   - kept: whether it stays when this process ends, until somebody takes it down.
  /// - Throws: `LabError` when the name is not allowed or the lab is up already, or when this is not root.
  public static func up(_ name: String, kept: Bool = false) throws(LabError) -> Lab {
    guard isValid(name) else {
      throw LabError("'\(name)' cannot be a lab's name: it takes 1 to 16 lower-case letters and digits")
    }
    guard geteuid() == 0 else { throw LabError("the lab makes network namespaces: run it as root") }
    return try locked { () throws(LabError) in
      removeLeftovers()
      guard !Files.exists(directory(name)) else {
        let holder = record(of: name)
        let who = holder.isKept ? "" : holder.owner.map { " and belongs to process \($0.pid)" } ?? ""
        throw LabError("the lab '\(name)' is up already\(who): take it down first, or choose another name")
      }
      let lab = Lab(name: name)
      try systemCall { () throws(SystemCallError) in try Files.makeDirectory(lab.directory) }
      try lab.note(kept ? .kept : .owner(.own))
      return lab
    }
  }

  /// A lab that another process made; nil when there is none of this name.
  public static func existing(_ name: String) -> Lab? {
    isValid(name) && Files.exists(journal(name)) ? Lab(name: name) : nil
  }

  /// The names of all labs on this machine.
  public static func names() -> [String] {
    Files.names(in: root).filter { isValid($0) && Files.exists(journal($0)) }
  }

  /// What the lab has made so far.
  public var record: LabRecord { Self.record(of: name) }

  /// Makes a namespace with its loopback up and without duplicate address detection, which would keep fresh
  /// IPv6 addresses unusable for a second.
  /// - Parameter role: lower-case letters and digits; the namespace is `evl-<lab>-<role>`.
  public func makeNamespace(_ role: String) throws(LabError) -> LabNamespace {
    let namespace = try claimNamespace(role)
    try systemCall { () throws(SystemCallError) in _ = try NetworkNamespace.create(named: namespace.name) }
    try namespace.sysctl([
      ("ipv6.conf.all.accept_dad", "0"), ("ipv6.conf.default.accept_dad", "0"),
      ("ipv6.conf.all.dad_transmits", "0"), ("ipv6.conf.default.dad_transmits", "0")
    ])
    try namespace.ip("link set lo up")
    return namespace
  }

  /// Names a namespace that somebody else will make (everway makes its own), so that `down` removes it too.
  public func claimNamespace(_ role: String) throws(LabError) -> LabNamespace {
    try checkOpen()
    guard Self.isValid(role) else { throw LabError("'\(role)' cannot be a namespace's role") }
    let namespace = LabNamespace(lab: name, role: role)
    try note(.namespace(namespace.name))
    return namespace
  }

  /// One of the lab's namespaces; nil when there is none of this role.
  public func namespace(_ role: String) -> LabNamespace? {
    let namespace = LabNamespace(lab: name, role: role)
    return namespace.exists ? namespace : nil
  }

  /// Starts a program that `down` will end.
  /// - Parameters:
  ///   - label: what it is, in one word, for messages and the journal: `r1/bfdd`.
  ///   - outputName: the file in the lab's directory that gets its output.
  public func start(
    _ command: Command, in namespace: LabNamespace?, label: String, outputName: String
  ) throws(LabError) -> LabProcess {
    try checkOpen()
    var command = command
    command.environment[Self.marker] = name
    let process = try LabProcess.start(command, in: namespace, outputPath: "\(directory)/\(outputName)")
    children.withLock { $0.append(process) }
    try note(.process(LabRecord.Process(identity: process.identity, name: label)))
    return process
  }

  /// The process last started under this label, when it still runs; also one that another process started.
  public func runningProcess(_ label: String) -> LabProcess? {
    guard let last = record.processes.last(where: { $0.name == label }), last.identity.isRunning else { return nil }
    if let child = children.withLock({ $0.first { $0.identity == last.identity } }) { return child }
    return LabProcess(recorded: last.identity, name: last.name)
  }

  /// Makes a directory inside the lab's own and returns its path.
  public func makeDirectory(_ name: String) throws(LabError) -> String {
    try checkOpen()
    let path = "\(directory)/\(name)"
    try systemCall { () throws(SystemCallError) in try Files.makeDirectory(path) }
    return path
  }

  // MARK: Taking down

  /// Ends every process, removes every namespace and file of the lab. Doing it twice is fine; so is doing it while
  /// another thread still makes things: whatever that thread makes next fails.
  public func down() {
    let wasOpen = isOpen.withLock { open in
      defer { open = false }
      return open
    }
    guard wasOpen || Files.exists(directory) else { return }
    try? Self.locked { () throws(LabError) in Self.remove(name, children: children.withLock { $0 }) }
  }

  /// Removes the labs whose owners are dead.
  /// - Returns: their names.
  @discardableResult public static func sweep() -> [String] {
    guard Files.exists(root) else { return [] }
    return (try? locked { () throws(LabError) in removeLeftovers() }) ?? []
  }

  // MARK: Inside

  static let root = "/run/everway-lab"
  /// In the environment of every process of a lab: finds those that escaped the journal.
  static let marker = "EVERWAY_LAB"

  static func directory(_ name: String) -> String { "\(root)/\(name)" }
  private static func journal(_ name: String) -> String { "\(directory(name))/journal" }
  static func namespaceName(lab: String, role: String) -> String { "evl-\(lab)-\(role)" }

  /// No dash, so that `evl-<lab>-` is the beginning of no other lab's names; short, for the paths of sockets.
  static func isValid(_ name: String) -> Bool {
    (1...16).contains(name.utf8.count)
      && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (48...57).contains($0) }
  }

  private static func record(of name: String) -> LabRecord {
    LabRecord(journal: (try? Files.read(journal(name))) ?? "")
  }

  private func note(_ entry: LabRecord.Entry) throws(LabError) {
    try systemCall { () throws(SystemCallError) in try Files.append(entry.line, to: Self.journal(name)) }
  }

  private func checkOpen() throws(LabError) {
    guard isOpen.withLock({ $0 }) else { throw LabError("the lab '\(name)' is being taken down") }
  }

  /// Making and removing whole labs excludes itself across processes: otherwise a slow sweep could remove the lab
  /// that somebody has just made under the same name.
  private static func locked<T>(_ body: () throws(LabError) -> T) throws(LabError) -> T {
    try systemCall { () throws(SystemCallError) in try Files.makeDirectory(root) }
    let fd = open("\(root)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw LabError(SystemCallError("open \(root)/.lock")) }
    defer { close(fd) }
    while flock(fd, LOCK_EX) != 0 {
      guard errno == EINTR else { throw LabError(SystemCallError("lock \(root)/.lock")) }
    }
    return try body()
  }

  @discardableResult private static func removeLeftovers() -> [String] {
    let leftovers = Files.names(in: root).filter { isValid($0) }
      .filter { record(of: $0).isLeftover { $0.isRunning } }
    for name in leftovers { remove(name, children: []) }
    return leftovers
  }

  /// Processes first, so that nothing is made behind our back, then namespaces, then files.
  private static func remove(_ name: String, children: [LabProcess]) {
    let record = record(of: name)
    let known = Set(children.map(\.identity))
    let recorded = record.processes.filter { !known.contains($0.identity) && $0.identity.isRunning }
      .map { LabProcess(recorded: $0.identity, name: $0.name) }
    let strays = LabProcess.strays(ofLab: name, except: known.union(recorded.map(\.identity)))
    let all = (children + recorded + strays).filter { $0.isRunning }
    for process in all {
      process.signal(SIGTERM)
      process.signal(SIGCONT)
    }
    let deadline = MonotonicTime.now() + .seconds(2)
    for process in all { process.wait(timeout: max(.zero, deadline - .now())) }
    for process in all where process.isRunning { process.kill() }
    // A child of a killed process may have outlived it in its group.
    for process in LabProcess.strays(ofLab: name, except: []) { process.kill() }

    let prefix = namespaceName(lab: name, role: "")
    let present = Files.names(in: NetworkNamespace.directory).filter { $0.hasPrefix(prefix) }
    for namespace in present { try? NetworkNamespace.remove(named: namespace) }
    Files.removeTree(directory(name))
  }
}

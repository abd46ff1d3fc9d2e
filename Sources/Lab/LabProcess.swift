import CLinux
import Glibc
import NetworkNamespaces
public import Processes
import Synchronization

/// A program that the lab runs in the background, in a process group of its own, its output in a file.
///
/// PR_SET_PDEATHSIG is not used: it fires when the parent *thread* ends, and the thread that starts a process in a
/// namespace is short-lived. `Lab.down` and the next `Lab.up` take care of what a dead lab left behind.
public final class LabProcess: Sendable {
  public let identity: ProcessIdentity
  /// What was started, for messages: `bfdd`.
  public let name: String
  /// The file with its standard output and standard error; empty when unknown.
  public let outputPath: String

  /// Becomes readable when the process ends; -1 when it had ended before we could look.
  private let pidfd: Int32
  private let isChild: Bool
  private let status = Mutex<ExitStatus?>(nil)

  /// Starts `command` in `namespace`, or where this process is when nil.
  /// - Parameter outputPath: output is added to the end of this file.
  /// - Throws: `LabError` when the program is missing or cannot be started.
  public static func start(
    _ command: Command, in namespace: LabNamespace? = nil, outputPath: String
  ) throws(LabError) -> LabProcess {
    let path: String
    do throws(ProgramError) { path = try command.resolved() } catch { throw LabError(error) }
    let environment = command.wholeEnvironment
    let body: @Sendable () throws(SystemCallError) -> pid_t = { () throws(SystemCallError) in
      let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
      let output = open(outputPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      defer {
        close(null)
        close(output)
      }
      guard null >= 0, output >= 0 else { throw SystemCallError("open \(outputPath)") }
      return try spawn(
        path: path, arguments: command.arguments, environment: environment, input: null, output: output,
        errorOutput: output)
    }
    let pid = try systemCall { () throws(SystemCallError) in
      guard let namespace else { return try body() }
      return try NetworkNamespace(named: namespace.name).perform(body)
    }
    return LabProcess(child: pid, name: command.name, outputPath: outputPath)
  }

  private init(child pid: pid_t, name: String, outputPath: String) {
    // Our child cannot be reaped by anyone else, so its number stays its own, also when it is a zombie already.
    let stat = (try? Files.read("/proc/\(pid)/stat")).flatMap { ProcessStat($0) }
    self.identity = ProcessIdentity(pid: pid, startTime: stat?.startTime ?? 0)
    self.name = name
    self.outputPath = outputPath
    self.pidfd = cl_pidfd_open(pid)
    self.isChild = true
  }

  /// A process that somebody else started, or that was started in an earlier life of this program.
  public init(recorded identity: ProcessIdentity, name: String, outputPath: String = "") {
    self.identity = identity
    self.name = name
    self.outputPath = outputPath
    let fd = cl_pidfd_open(identity.pid)
    if fd >= 0 && !identity.isRunning {
      close(fd)  // the number is somebody else's by now
      self.pidfd = -1
    } else {
      self.pidfd = fd
    }
    self.isChild = false
  }

  deinit { if pidfd >= 0 { close(pidfd) } }

  public var pid: Int32 { identity.pid }

  /// How it ended; nil while it runs.
  public var exitStatus: ExitStatus? { wait(timeout: .zero) }
  public var isRunning: Bool { exitStatus == nil }

  /// Waits until it has ended, at most for `timeout`.
  /// - Returns: how it ended, or nil when it still runs.
  @discardableResult public func wait(timeout: Duration) -> ExitStatus? {
    if let known = status.withLock({ $0 }) { return known }
    if pidfd >= 0 {
      var event = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
      let deadline = MonotonicTime.now() + timeout
      while true {
        let left = max(0, Int32(clamping: Int64((deadline - .now()).milliseconds.rounded(.up))))
        let count = poll(&event, 1, left)
        if count > 0 { break }
        if count == 0 || errno != EINTR { return nil }
      }
    }
    return status.withLock { known in
      if known == nil { known = isChild ? reap() : .gone }
      return known
    }
  }

  /// Collects the child; blocks only in the instant between its end as the pidfd tells it and its zombie.
  private func reap() -> ExitStatus {
    var word: Int32 = 0
    while waitpid(pid, &word, 0) < 0 { if errno != EINTR { return .gone } }
    return ExitStatus(waitStatus: word)
  }

  /// Sends a signal to the process and to all of its group.
  /// - Returns: false when it has ended already.
  @discardableResult public func signal(_ number: Int32) -> Bool {
    guard isRunning else { return false }
    // A recorded process that was not made by `start` may lead no group: then it alone.
    if Glibc.kill(-pid, number) == 0 { return true }
    return Glibc.kill(pid, number) == 0
  }

  /// SIGSTOP: alive, silent, its sockets still open.
  public func pause() { signal(SIGSTOP) }
  /// SIGCONT.
  public func resume() { signal(SIGCONT) }

  /// SIGKILL, and waits for the end.
  @discardableResult public func kill() -> ExitStatus {
    signal(SIGKILL)
    return wait(timeout: .seconds(10)) ?? .gone
  }

  /// SIGTERM, then SIGKILL when `grace` is over.
  @discardableResult public func terminate(grace: Duration = .seconds(3)) -> ExitStatus {
    signal(SIGTERM)
    signal(SIGCONT)  // a stopped process would never see the SIGTERM
    return wait(timeout: grace) ?? kill()
  }

  /// The last lines it wrote.
  public func lastLines(_ count: Int = 15) -> [String] { Files.lastLines(outputPath, count) }

  /// An error about this process that carries its last words.
  func error(_ message: String) -> LabError {
    let end = exitStatus.map { " (\($0))" } ?? ""
    return LabError("\(name): \(message)\(end)", output: lastLines())
  }
}

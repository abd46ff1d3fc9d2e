import CLinux
import Glibc
import NetworkNamespaces

/// What a finished program said.
public struct CommandResult: Sendable {
  public var status: ExitStatus
  public var output: String
  public var errorOutput: String
}

extension Command {
  /// Runs the program to its end and returns what it wrote on standard output.
  /// - Parameters:
  ///   - namespace: where; nil for where this process is.
  ///   - input: its standard input.
  ///   - timeout: killed when it takes longer.
  /// - Throws: `LabError` with its last lines when it cannot be started, fails or takes too long.
  @discardableResult public func run(
    in namespace: LabNamespace? = nil, input: String = "", timeout: Duration = .seconds(20)
  ) throws(LabError) -> String {
    let result = try capture(in: namespace, input: input, timeout: timeout)
    guard result.status.isSuccess else {
      let said = result.errorOutput.isEmpty ? result.output : result.errorOutput
      throw LabError("`\(self)` failed (\(result.status))", output: Files.lines(said).suffix(15))
    }
    return result.output
  }

  /// Runs the program to its end, whatever its exit status.
  /// - Throws: `LabError` when it cannot be started or takes longer than `timeout`.
  public func capture(
    in namespace: LabNamespace? = nil, input: String = "", timeout: Duration = .seconds(20)
  ) throws(LabError) -> CommandResult {
    let path = try resolved()
    let environment = Lab.environment(adding: environment)
    let stdin = try systemCall { () throws(SystemCallError) in try memoryFile(holding: input) }
    defer { close(stdin) }
    let stdout = try systemCall { () throws(SystemCallError) in try Pipe() }
    defer { close(stdout.reading) }
    let pid: pid_t
    let stderr: Pipe
    do throws(SystemCallError) {
      defer { close(stdout.writing) }
      let errors = try Pipe()
      defer { close(errors.writing) }
      stderr = errors
      let body: @Sendable () throws(SystemCallError) -> pid_t = { () throws(SystemCallError) in
        try spawn(
          path: path, arguments: arguments, environment: environment, input: stdin, output: stdout.writing,
          errorOutput: errors.writing)
      }
      do throws(SystemCallError) {
        pid = if let namespace { try NetworkNamespace(named: namespace.name).perform(body) } else { try body() }
      } catch {
        close(errors.reading)
        throw error
      }
    } catch {
      throw LabError(error)
    }
    defer { close(stderr.reading) }
    return try listen(to: pid, stdout: stdout.reading, stderr: stderr.reading, timeout: timeout)
  }

  /// Drains a running child until it ends. A grandchild that keeps a pipe open does not hold us up.
  private func listen(
    to pid: pid_t, stdout: Int32, stderr: Int32, timeout: Duration
  ) throws(LabError) -> CommandResult {
    let pidfd = cl_pidfd_open(pid)
    defer { if pidfd >= 0 { close(pidfd) } }
    for fd in [stdout, stderr] { _ = fcntl(fd, F_SETFL, O_NONBLOCK) }
    var said: [[UInt8]] = [[], []]
    var events = [pidfd, stdout, stderr].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let deadline = MonotonicTime.now() + timeout
    var status: Int32?
    while status == nil {
      let left = (deadline - .now()).milliseconds.rounded(.up)
      let ready = left > 0 ? poll(&events, nfds_t(events.count), Int32(clamping: Int64(left))) : 0
      if ready == 0 { Glibc.kill(-pid, SIGKILL) }
      if ready == 0 || ready > 0 && events[0].revents != 0 {
        var word: Int32 = 0
        waitpid(pid, &word, 0)
        status = ready == 0 ? nil : word
      }
      for (index, fd) in [stdout, stderr].enumerated() {
        drain(fd, into: &said[index])
        // At its end: a poll on it would return at once until the process is gone too.
        if events[index + 1].revents & Int16(POLLHUP) != 0 { events[index + 1].fd = -1 }
      }
      if ready == 0 {
        throw LabError(
          "`\(self)` was killed: it took longer than \(timeout)",
          output: Files.lines(String(decoding: said[0] + said[1], as: UTF8.self)).suffix(15))
      }
    }
    return CommandResult(
      status: status.map { ExitStatus(waitStatus: $0) } ?? .gone,
      output: String(decoding: said[0], as: UTF8.self),
      errorOutput: String(decoding: said[1], as: UTF8.self))
  }

  private func drain(_ fd: Int32, into said: inout [UInt8]) {
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = read(fd, &chunk, chunk.count), count > 0 { said += chunk.prefix(count) }
  }
}

/// A pipe whose ends no other child inherits.
private struct Pipe {
  var reading: Int32
  var writing: Int32

  init() throws(SystemCallError) {
    var ends: [Int32] = [-1, -1]
    guard cl_pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemCallError("make a pipe") }
    (reading, writing) = (ends[0], ends[1])
  }
}

/// A file without a name, read from its start: standard input that cannot end in SIGPIPE.
private func memoryFile(holding text: String) throws(SystemCallError) -> Int32 {
  let fd = cl_memfd_create("input", UInt32(CL_MFD_CLOEXEC))
  guard fd >= 0 else { throw SystemCallError("make a file in memory") }
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
    guard count > 0 else {
      let error = SystemCallError("write a file in memory")
      close(fd)
      throw error
    }
    rest = rest.dropFirst(count)
  }
  lseek(fd, 0, SEEK_SET)
  return fd
}

import CLinux
import Glibc
public import NetworkNamespaces

/// What a finished program said.
public struct CommandResult: Sendable {
  public var status: ExitStatus
  public var output: String
  public var errorOutput: String
}

extension Command {
  /// Runs the program to its end, whatever its exit status, where this thread is.
  /// - Parameters:
  ///   - input: its standard input.
  ///   - timeout: killed, with its children, when it takes longer.
  ///   - limit: octets kept of each of its two outputs; what comes after is read and dropped.
  /// - Throws: when it cannot be started or takes longer than `timeout`.
  public func capture(
    input: String = "", timeout: Duration = .seconds(20), limit: Int = 1 << 26
  ) throws(ProgramError) -> CommandResult {
    try capture(input: input, timeout: timeout, limit: limit) { spawn throws(SystemCallError) in try spawn() }
  }

  /// Runs the program to its end in a network namespace, whatever its exit status. /sys stays that of this process.
  /// - Throws: when it cannot be started or takes longer than `timeout`.
  public func capture(
    in namespace: borrowing NetworkNamespace, input: String = "", timeout: Duration = .seconds(20),
    limit: Int = 1 << 26
  ) throws(ProgramError) -> CommandResult {
    try capture(input: input, timeout: timeout, limit: limit) { spawn throws(SystemCallError) in
      try namespace.perform(spawn)
    }
  }

  private typealias Start = @Sendable () throws(SystemCallError) -> pid_t

  /// - Parameter there: calls what starts the child in the namespace where it is to run.
  private func capture(
    input: String, timeout: Duration, limit: Int,
    _ there: (@escaping Start) throws(SystemCallError) -> pid_t
  ) throws(ProgramError) -> CommandResult {
    let path = try resolved()
    let heard: (result: CommandResult?, said: [UInt8])
    do throws(SystemCallError) {
      let stdin = try memoryFile(holding: input)
      defer { close(stdin) }
      let stdout = try Pipe()
      let stderr: Pipe
      do throws(SystemCallError) { stderr = try Pipe() } catch {
        close(stdout.reading)
        close(stdout.writing)
        throw error
      }
      defer {
        close(stdout.reading)
        close(stderr.reading)
      }
      let start: Start = { [arguments, wholeEnvironment] () throws(SystemCallError) in
        try spawn(
          path: path, arguments: arguments, environment: wholeEnvironment, input: stdin, output: stdout.writing,
          errorOutput: stderr.writing)
      }
      let outcome: Result<pid_t, SystemCallError>
      do throws(SystemCallError) { outcome = .success(try there(start)) } catch { outcome = .failure(error) }
      close(stdout.writing)
      close(stderr.writing)
      heard = listen(to: try outcome.get(), stdout.reading, stderr.reading, timeout, limit)
    } catch {
      throw ProgramError(error)
    }
    guard let result = heard.result else {
      throw ProgramError("`\(self)` was killed: it took longer than \(timeout)", output: lastLines(heard.said))
    }
    return result
  }

  /// Drains a running child until it ends. A grandchild that keeps a pipe open does not hold us up.
  /// - Returns: no result when it had to be killed.
  private func listen(
    to pid: pid_t, _ stdout: Int32, _ stderr: Int32, _ timeout: Duration, _ limit: Int
  ) -> (result: CommandResult?, said: [UInt8]) {
    let pidfd = cl_pidfd_open(pid)
    defer { if pidfd >= 0 { close(pidfd) } }
    for fd in [stdout, stderr] { _ = fcntl(fd, F_SETFL, O_NONBLOCK) }
    var said: [[UInt8]] = [[], []]
    var events = [pidfd, stdout, stderr].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let deadline = ContinuousClock.now + timeout
    while true {
      let left = (ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded(.up)
      let ready = left > 0 ? poll(&events, nfds_t(events.count), Int32(clamping: Int64(left))) : 0
      if ready == 0 { Glibc.kill(-pid, SIGKILL) }
      var status: Int32?
      if ready == 0 || ready > 0 && events[0].revents != 0 {
        var word: Int32 = 0
        waitpid(pid, &word, 0)
        status = word
      }
      for (index, fd) in [stdout, stderr].enumerated() {
        drain(fd, into: &said[index], limit)
        // At its end: a poll on it would return at once until the process is gone too.
        if events[index + 1].revents & Int16(POLLHUP) != 0 { events[index + 1].fd = -1 }
      }
      if ready == 0 { return (nil, said[0] + said[1]) }
      guard let status else { continue }
      return (
        CommandResult(
          status: ExitStatus(waitStatus: status), output: String(decoding: said[0], as: UTF8.self),
          errorOutput: String(decoding: said[1], as: UTF8.self)),
        []
      )
    }
  }

  private func drain(_ fd: Int32, into said: inout [UInt8], _ limit: Int) {
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = read(fd, &chunk, chunk.count), count > 0 {
      said += chunk.prefix(min(count, limit - said.count))
    }
  }
}

/// For a message: the last 15 that hold anything.
private func lastLines(_ said: [UInt8]) -> [String] {
  String(decoding: said, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(15).map(String.init)
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

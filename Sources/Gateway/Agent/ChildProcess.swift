import CLinux
import Control
import Glibc
import NetworkNamespaces
import Processes

/// This program started again for another task, in a process of its own. Nobody waits for it: its descriptor becomes readable
/// when it has ended.
final class ChildProcess {
  /// Octets of output that are taken; a doctor's report has some thousand.
  private static let limit = 4 << 20

  let pid: pid_t
  /// A pidfd; -1 where the kernel has none (before 5.3), and it is looked at now and then.
  let descriptor: Int32
  /// Where its output goes; nil: it writes where this process does.
  private let output: Int32?
  private var status: ExitStatus?

  /// - Parameters:
  ///   - niceness: 0 to 19.
  ///   - keepsOutput: whether `finish` returns what it wrote to standard output.
  /// - Throws: when it cannot be started.
  init(_ arguments: [String], niceness: Int32, keepsOutput: Bool) throws(SystemCallError) {
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard nothing >= 0 else { throw SystemCallError("open /dev/null") }
    defer { close(nothing) }
    var file: Int32?
    if keepsOutput {
      let memory = cl_memfd_create("output", UInt32(CL_MFD_CLOEXEC))
      guard memory >= 0 else { throw SystemCallError("make a file in memory") }
      file = memory
    }
    do throws(SystemCallError) {
      pid = try spawn(
        path: Self.program, arguments: arguments, environment: Command("").wholeEnvironment, input: nothing,
        output: file ?? STDERR_FILENO, errorOutput: keepsOutput ? nothing : STDERR_FILENO)
    } catch {
      if let file { close(file) }
      throw error
    }
    output = file
    // It may have ended already; then nothing is lost.
    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(pid), niceness)
    descriptor = cl_pidfd_open(pid)
    // When memory runs out, this one goes before the gateway.
    let score = open("/proc/\(pid)/oom_score_adj", O_WRONLY | O_CLOEXEC)
    if score >= 0 {
      write(score, "500", 3)
      close(score)
    }
  }

  deinit {
    if status == nil {
      Glibc.kill(-pid, SIGKILL)
      // One that hangs in the kernel is not waited for: it stays a zombie until this process ends.
      waitpid(pid, nil, WNOHANG)
    }
    if descriptor >= 0 { close(descriptor) }
    if let output { close(output) }
  }

  /// How it ended; nil while it runs.
  func ended() -> ExitStatus? {
    if let status { return status }
    var word: Int32 = 0
    let found = waitpid(pid, &word, WNOHANG)
    // Where SIGCHLD is ignored nobody is told how it ended.
    if found < 0, errno == ECHILD { status = .exited(0) }
    if found == pid { status = ExitStatus(waitStatus: word) }
    return status
  }

  /// What it wrote, once it has ended.
  func said() -> [UInt8] {
    guard let output else { return [] }
    let size = min(Int(lseek(output, 0, SEEK_END)), Self.limit)
    guard size > 0 else { return [] }
    var octets = [UInt8](repeating: 0, count: size)
    let count = pread(output, &octets, size, 0)
    return Array(octets.prefix(max(0, count)))
  }

  func terminate() { if status == nil { Glibc.kill(pid, SIGTERM) } }
  func kill() { if status == nil { Glibc.kill(-pid, SIGKILL) } }

  /// The file this process was started from; the very same program also when another has been put in its place since.
  private static let program: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    return access(path, X_OK) == 0 ? path : "/proc/self/exe"
  }()
}

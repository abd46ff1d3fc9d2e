import BFD
import Glibc
import NetworkNamespaces
import Processes
import Speaker
import Synchronization

@testable import Lab

/// A child process in a network namespace; only that namespace is another, so that names in /run/netns are shared.
final class AgentProcess: Sendable {
  let pid: pid_t
  private let status = Mutex<ExitStatus?>(nil)

  /// The program that runs an agent, beside the tests' own.
  static let host: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    // `swift test` runs a bundle of its own or a helper that loads it: both lie where the products lie.
    let argument = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
    let directory = argument.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let beside = "\(directory)/AgentHost"
    return access(beside, X_OK) == 0 ? beside : ".build/debug/AgentHost"
  }()

  init(in namespace: String, _ words: [String], log: String) throws {
    let path = words[0].hasPrefix("/") || words[0].hasPrefix(".") ? words[0] : try Command(words[0]).resolved()
    let environment = Command(path).wholeEnvironment
    pid = try NetworkNamespace(named: namespace).perform { () throws(SystemCallError) in
      let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
      let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      defer {
        close(null)
        close(output)
      }
      guard null >= 0, output >= 0 else { throw SystemCallError("open \(log)") }
      return try spawn(
        path: path, arguments: Array(words.dropFirst()), environment: environment, input: null, output: output,
        errorOutput: output)
    }
  }

  /// How it ended; nil while it runs.
  func wait(seconds: Double = 0) -> ExitStatus? {
    let end = MonotonicClock.now() + Int64(seconds * 1e9)
    while true {
      let ended = status.withLock { known -> ExitStatus? in
        if known != nil { return known }
        var word: Int32 = 0
        if waitpid(pid, &word, WNOHANG) == pid { known = ExitStatus(waitStatus: word) }
        return known
      }
      if let ended { return ended }
      if MonotonicClock.now() >= end { return nil }
      usleep(2_000)
    }
  }

  func signal(_ number: Int32) { if wait() == nil { Glibc.kill(pid, number) } }

  func kill() {
    signal(SIGKILL)
    _ = wait(seconds: 10)
  }

  /// Runs a program to its end.
  static func run(in namespace: String, _ words: [String], log: String) throws -> (code: Int32, output: String) {
    unlink(log)
    let process = try AgentProcess(in: namespace, words, log: log)
    let status = process.wait(seconds: 20)
    if status == nil { process.kill() }
    let output = (try? Files.read(log)) ?? ""
    if case .exited(let code)? = status { return (code, output) }
    return (-1, output)
  }
}

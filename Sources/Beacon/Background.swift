import CLinux
import Glibc
import OpenBFDD

/// A process that goes into the background, and whose parent ends when it is known whether it could start.
enum Background {
  /// Runs `body` in a child of its own session, without a terminal; the parent waits for its word.
  ///
  /// OpenBFDD's parent is gone before anything has been bound, so that its exit code says nothing.
  /// - Parameter body: calls the closure that it is given once, with nil when it has started, else with the reason. Its
  ///   value is the child's exit code.
  /// - Returns: in the parent 0 or 1, in the child what `body` returns.
  static func run(_ body: ((String?) -> Void) -> Int32) -> Int32 {
    var ends: [Int32] = [-1, -1]
    guard cl_pipe2(&ends, O_CLOEXEC) == 0 else { return fail("Failed to daemonize: \(words(errno))") }
    let child = cl_fork()
    guard child >= 0 else { return fail("Failed to daemonize: \(words(errno))") }
    if child > 0 {
      close(ends[1])
      return wait(for: ends[0])
    }
    close(ends[0])
    setsid()
    let null = open("/dev/null", O_RDWR)
    for fd in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where null >= 0 { dup2(null, fd) }
    if null > STDERR_FILENO { close(null) }
    return body { problem in
      writeAll(ends[1], problem.map { "\($0)\n" } ?? started)
      close(ends[1])
    }
  }

  private static let started = "\u{6}"

  /// The child's word, or its silence when it died.
  private static func wait(for pipe: Int32) -> Int32 {
    var word: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1_024)
    while true {
      let count = read(pipe, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      word += chunk[..<count]
    }
    let text = String(decoding: word, as: UTF8.self)
    if text == started { return 0 }
    return fail(text.isEmpty ? "ended before it had started" : String(text.dropLast()))
  }

  private static func fail(_ message: String) -> Int32 {
    standardError("\(OpenBFDDRelease.beacon): \(message)\n")
    return 1
  }

  private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

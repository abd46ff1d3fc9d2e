import CLinux
import Glibc
import Processes

/// A program whose outputs are read as they come. Its input stays open, empty, as long as this is there; it ends with this.
final class ChildProcess {
  let output: Int32
  let errorOutput: Int32
  /// Its outputs that have not ended.
  private(set) var open: [Int32]
  private let input: Int32
  private let pid: pid_t
  private var status: Processes.ExitStatus?

  /// Read at once, so that one that says much does not hold up the others.
  private static let most = 1 << 20

  init(_ command: Command) throws(CommandError) {
    var pipes: [[Int32]] = []
    do throws(ProgramError) {
      let path = try command.resolved()
      for _ in 0..<3 {
        var ends: [Int32] = [-1, -1]
        guard cl_pipe2(&ends, O_CLOEXEC) == 0 else {
          throw ProgramError("no pipe can be made: \(String(cString: strerror(errno)))")
        }
        pipes.append(ends)
      }
      do {
        pid = try spawn(
          path: path, arguments: command.arguments, environment: command.wholeEnvironment, input: pipes[0][0],
          output: pipes[1][1], errorOutput: pipes[2][1])
      } catch {
        throw ProgramError(error)
      }
    } catch {
      for end in pipes.joined() { close(end) }
      throw CommandError(message: "\(error)", exitCode: ExitStatus.unreachable)
    }
    for end in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(end) }
    (input, output, errorOutput) = (pipes[0][1], pipes[1][0], pipes[2][0])
    open = [output, errorOutput]
    for fd in open { _ = fcntl(fd, F_SETFL, O_NONBLOCK) }
  }

  deinit {
    end()
    for fd in [input, output, errorOutput] { close(fd) }
  }

  /// What came on one of its outputs; nil at the end.
  func read(_ descriptor: Int32) -> [UInt8]? {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while all.count < Self.most {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count > 0 {
        all += chunk[..<count]
      } else if count < 0, errno == EAGAIN || errno == EINTR {
        return all
      } else {
        guard all.isEmpty else { return all }
        open.removeAll { $0 == descriptor }
        return nil
      }
    }
    return all
  }

  /// Ends it, with its children, if it has not ended by itself.
  /// - Returns: how it ended.
  @discardableResult
  func end(isOver: Bool = false) -> Processes.ExitStatus {
    if let status { return status }
    var word: Int32 = 0
    // One that has closed its outputs is about to end by itself.
    for _ in 0..<(isOver ? 50 : 0) {
      if waitpid(pid, &word, WNOHANG) == pid { return set(word) }
      usleep(2_000)
    }
    kill(-pid, SIGKILL)
    while waitpid(pid, &word, 0) < 0, errno == EINTR {}
    return set(word)
  }

  private func set(_ word: Int32) -> Processes.ExitStatus {
    let new = Processes.ExitStatus(waitStatus: word)
    status = new
    return new
  }
}

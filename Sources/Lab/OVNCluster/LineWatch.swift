import CLinux
import Glibc
import NetworkNamespaces
import Processes
import Synchronization

/// A program of the lab whose lines are taken as they come, each with the time at which it was read.
final class LineWatch: Sendable {
  private let process: LabProcess
  private let isStopping: Mutex<Bool>
  private let thread: Mutex<LabThread<Void>?>

  /// - Parameter name: of the FIFO in the lab's directory that gets its output; gone as soon as it is open.
  init(
    lab: Lab, _ command: Command, name: String, onLine: @escaping @Sendable (MonotonicTime, String) -> Void
  ) throws(LabError) {
    let path = "\(lab.directory)/\(name)"
    unlink(path)
    guard mkfifo(path, 0o600) == 0 else { throw LabError(SystemCallError("make the FIFO \(path)")) }
    defer { unlink(path) }
    // Also as a writer: then opening waits for nobody, and the end of the program is no end of the file.
    let fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    guard fd >= 0 else { throw LabError(SystemCallError("open \(path)")) }
    do throws(LabError) {
      process = try lab.start(
        Command("stdbuf", ["-oL", command.program] + command.arguments, environment: command.environment), in: nil,
        label: name, outputName: name)
    } catch {
      close(fd)
      throw error
    }
    isStopping = Mutex(false)
    thread = Mutex(nil)
    let thread = LabThread<Void>(name: "lab-watch") { [weak self] in
      defer { close(fd) }
      var rest: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65536)
      while let self, !self.isStopping.withLock({ $0 }) {
        var event = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, 50) > 0 else { continue }
        let time = MonotonicTime.now()
        let count = Glibc.read(fd, &chunk, chunk.count)
        guard count > 0 else { continue }
        rest += chunk.prefix(count)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          onLine(time, String(decoding: rest[..<end], as: UTF8.self))
          rest.removeSubrange(...end)
        }
      }
    }
    self.thread.withLock { $0 = thread }
  }

  func stop() {
    process.kill()
    isStopping.withLock { $0 = true }
    thread.withLock { $0.take() }?.join()
  }
}

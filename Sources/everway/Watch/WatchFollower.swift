import Control
import Glibc

/// Copies the running everway's stream, and outlives the everway it follows.
struct WatchFollower {
  private enum End: Error { case readerHasGone }

  private let command: WatchCommand
  private let color: Bool
  /// The run that is followed, and the last event of it.
  private var cursor: EventCursor?

  private static let pause: Duration = .seconds(1)

  init(_ command: WatchCommand) {
    self.command = command
    color = Terminal.usesColor(command.color)
  }

  /// Returns when nobody reads any more.
  /// - Throws: when nobody runs at the beginning. Later it waits.
  mutating func run() throws(CommandError) {
    // A reader that goes is no failure: writing tells of it.
    signal(SIGPIPE, SIG_IGN)
    if !command.json { cursor = try now() }
    var client: ControlClient? = try connect()
    var isTold = false
    while true {
      if let stream = client.take() {
        if isTold { standardError("everway: reached again") }
        isTold = false
        do throws(End) { try copy(stream) } catch { return }
      }
      if !isTold { standardError("everway: the running everway has gone; waiting for the next") }
      isTold = true
      if isEnd(waiting: Self.pause) { return }
      do throws(CommandError) { client = try connect() } catch {}
    }
  }

  /// Behind everything that has happened so far.
  private func now() throws(CommandError) -> EventCursor {
    guard case .status(let report) = try command.control.ask(.status) else { throw .unexpectedAnswer }
    return EventCursor(run: report.startedAt, sequence: UInt64(Int64.max))
  }

  private func connect() throws(CommandError) -> ControlClient {
    do {
      var client = try ControlClient(path: command.control.socket)
      switch try client.send(.observe(after: cursor)) {
      case .streaming: return client
      case .failure(let failure): throw CommandError(failure)
      default: throw CommandError.unexpectedAnswer
      }
    } catch let error as ControlSocketError {
      throw CommandError(error)
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(message: "\(error)", exitCode: ExitStatus.unreachable)
    }
  }

  /// Returns at the end of the stream.
  private mutating func copy(_ stream: consuming ControlClient) throws(End) {
    var cutter = LineCutter()
    while true {
      let octets: [UInt8]?
      do throws(ControlSocketError) { octets = try stream.readStream(timeout: .zero) } catch { return }
      guard let octets else { return }
      guard !octets.isEmpty else {
        if isEnd(waiting: nil, or: stream.socket) { throw .readerHasGone }
        continue
      }
      cutter.append(octets)
      guard !cutter.isOverlong else { return }
      var output: [UInt8] = []
      for line in cutter.lines() { output += take(line) }
      guard Self.write(output) else { throw .readerHasGone }
    }
  }

  /// What is to be printed of a line. Samples and changes are many: they are not looked into.
  private mutating func take(_ line: ArraySlice<UInt8>) -> [UInt8] {
    let isKnown = Self.looked.contains { line.starts(with: $0) }
    let message = isKnown ? ObservationMessage(line) : nil
    switch message {
    case .status(let report)? where cursor?.run != report.startedAt:
      cursor = EventCursor(run: report.startedAt, sequence: 0)
    case .event(let event)?:
      // From the first on that came: what was skipped is skipped.
      cursor?.sequence = event.sequence
    default: break
    }
    return command.printed(line, message, color: color)
  }

  /// As ``ObservationMessage`` writes them.
  private static let looked = ["{\"status\":", "{\"event\":"].map { Array($0.utf8) }

  /// Waits for the stream, or for time to pass.
  /// - Returns: whether who reads this program's output, or keeps its input open, has gone.
  private func isEnd(waiting time: Duration?, or stream: Int32 = -1) -> Bool {
    var watched = [
      pollfd(fd: stream, events: Int16(POLLIN), revents: 0),
      // Without events: errors and the end are told of anyway.
      pollfd(fd: STDOUT_FILENO, events: 0, revents: 0),
      pollfd(fd: command.endWithInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0)
    ]
    let deadline = time.map { ContinuousClock.now + $0 }
    while true {
      let left = deadline.map { max(0, (ContinuousClock.now.duration(to: $0) / .milliseconds(1)).rounded(.up)) }
      let ready = poll(&watched, nfds_t(watched.count), left.map { Int32($0) } ?? -1)
      if watched[1].revents & Int16(POLLERR | POLLHUP) != 0, ready > 0 { return true }
      if watched[2].revents != 0, ready > 0, inputHasEnded() { return true }
      if watched[0].revents != 0 || ready == 0 { return false }
    }
  }

  private func inputHasEnded() -> Bool {
    var ignored = [UInt8](repeating: 0, count: 4_096)
    let count = read(STDIN_FILENO, &ignored, ignored.count)
    return count == 0 || count < 0 && errno != EINTR && errno != EAGAIN
  }

  /// - Returns: false when the reader has gone, or takes no more.
  private static func write(_ octets: [UInt8]) -> Bool {
    var written = 0
    while written < octets.count {
      let count = octets.withUnsafeBytes {
        Glibc.write(STDOUT_FILENO, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      guard count > 0 || errno == EINTR || errno == EAGAIN else { return false }
      written += max(0, count)
    }
    return true
  }
}

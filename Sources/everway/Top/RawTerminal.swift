import CLinux
import Glibc
import Runtime

/// The terminal while a program draws all of it: another screen, no echo, no lines. It is left as it was found.
final class RawTerminal {
  private var saved = termios()
  private var shown: [String] = []
  private var isEntered = false
  /// When something was typed last.
  private var typedAt: Int64 = 0
  /// Signals that end or stop the program, or tell of another size.
  let signals: SignalSource
  /// The terminal, opened once more where that is allowed: writing to it does not wait, and whoever shares standard output
  /// with us is left as they are.
  private let output: Int32
  /// What it has not taken yet.
  private var unwritten: [UInt8] = []

  private static let enter = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J"
  private static let leave = "\u{1b}[?25h\u{1b}[?1049l"

  /// - Throws: when standard input or output is no terminal.
  init() throws {
    guard isatty(STDIN_FILENO) == 1, Terminal.isTerminal else {
      throw CommandError(
        message: "everway top needs a terminal", help: "`everway status --json --follow` is for programs",
        exitCode: ExitStatus.usage)
    }
    signals = try SignalSource([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])
    tcgetattr(STDIN_FILENO, &saved)
    let again = open("/proc/self/fd/\(STDOUT_FILENO)", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    output = again >= 0 ? again : STDOUT_FILENO
    enter()
  }

  deinit {
    leave()
    if output != STDOUT_FILENO { close(output) }
  }

  func enter() {
    guard !isEntered else { return }
    isEntered = true
    var raw = saved
    cfmakeraw(&raw)
    // Reads return at once; output keeps its line ends.
    raw.c_oflag = saved.c_oflag
    tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    shown = []
    put(Self.enter)
  }

  /// The shell has given the terminal back, after it was stopped from outside: it is as the shell has it.
  func resume() {
    isEntered = false
    enter()
  }

  func leave() {
    guard isEntered else { return }
    isEntered = false
    // A frame that was not taken is not waited for; what begins with Escape ends it wherever it stopped.
    unwritten = []
    put(Self.leave)
    var ready = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
    while !unwritten.isEmpty, poll(&ready, 1, Self.patience) == 1, ready.revents & Int16(POLLOUT) != 0 { flush() }
    tcsetattr(STDIN_FILENO, TCSANOW, &saved)
  }

  /// Milliseconds that a terminal which takes nothing is waited for in the end.
  private static let patience: Int32 = 500

  private func put(_ text: String) {
    unwritten += Array(text.utf8)
    flush()
  }

  /// Writes as much as the terminal takes now.
  func flush() {
    var written = 0
    unwritten.withUnsafeBytes { octets in
      while written < octets.count, let start = octets.baseAddress {
        // Where the terminal could not be opened again, writes may wait: a little at a time, when there is room.
        let most = output == STDOUT_FILENO ? 256 : octets.count
        guard output != STDOUT_FILENO || hasRoom else { return }
        let count = write(output, start + written, min(most, octets.count - written))
        if count > 0 { written += count } else if errno != EINTR { return }
      }
    }
    unwritten.removeFirst(written)
  }

  /// To be waited for beside everything else; nil when there is nothing left to write.
  var waiting: pollfd? { unwritten.isEmpty ? nil : pollfd(fd: output, events: Int16(POLLOUT), revents: 0) }

  /// Ctrl-Z: the shell gets its terminal, and gives it back with SIGCONT.
  func suspend() {
    leave()
    kill(getpid(), SIGSTOP)
    enter()
  }

  /// Draws what differs from what stands there.
  func draw(_ lines: [String], everything: Bool = false) {
    let text = Self.difference(from: everything ? [] : shown, to: lines)
    shown = lines
    if !text.isEmpty { put(text) }
  }

  /// What has to be written so that `new` stands where `old` stands. Pure.
  static func difference(from old: [String], to new: [String]) -> String {
    var text = ""
    for (number, line) in new.enumerated() where number >= old.count || old[number] != line {
      text += "\u{1b}[\(number + 1);1H\u{1b}[K\(line)"
    }
    if old.count != new.count { text += "\u{1b}[\(new.count);1H\u{1b}[J" + (new.last ?? "") }
    return text
  }

  /// Whether the terminal takes anything now: over a slow line frames are left out, not queued.
  var isWritable: Bool { unwritten.isEmpty && hasRoom }

  private var hasRoom: Bool {
    var poll = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
    return Glibc.poll(&poll, 1, 0) == 1 && poll.revents & Int16(POLLOUT) != 0
  }

  /// What was typed; nil at the end of the input.
  func read() -> [UInt8]? {
    var octets = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(STDIN_FILENO, &octets, octets.count)
    if count > 0 { return Array(octets.prefix(count)) }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
  }

  /// The keys that were typed since the last time; nil: there is nobody at them any more.
  func keys(_ parser: inout KeyParser) -> [Key]? {
    var poll = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    let now = Self.milliseconds()
    guard Glibc.poll(&poll, 1, 0) > 0 else {
      return now - typedAt >= Self.escapeDelay ? parser.timeOut() : []
    }
    typedAt = now
    return read().map { parser.take($0) }
  }

  /// After which an Escape stands for itself.
  static let escapeDelay: Int64 = 50

  /// Of the monotonic clock.
  static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// Whether what the terminal shows is UTF-8, by the locale (locale(7)).
  static var isUnicode: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
      return value.uppercased().contains("UTF-8") || value.uppercased().contains("UTF8")
    }
    return false
  }
}

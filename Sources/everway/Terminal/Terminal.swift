import ArgumentParser
import CLinux
import Glibc

/// `--color`.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never

  /// NO_COLOR, when it is not empty, means never (no-color.org); asking for it on the command line is stronger.
  func applies(isTerminal: Bool, noColor: String?, terminalKind: String?) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .auto: isTerminal && (noColor ?? "").isEmpty && terminalKind != "dumb"
    }
  }
}

extension ColorChoice {
  /// Whether what is written there gets colour.
  func applies(to descriptor: Int32) -> Bool {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    return applies(
      isTerminal: isatty(descriptor) == 1, noColor: variable("NO_COLOR"), terminalKind: variable("TERM"))
  }
}

/// What standard output is.
enum Terminal {
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Columns and rows; nil when it is no terminal.
  static var size: (columns: Int, rows: Int)? {
    var size = winsize()
    guard isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  static func usesColor(_ choice: ColorChoice) -> Bool { choice.applies(to: STDOUT_FILENO) }
}

/// Writes all of a text in as few calls as the kernel allows, so that a redrawn screen does not flicker.
func writeAll(_ fd: Int32, _ text: String) {
  let bytes = Array(text.utf8)
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { write(fd, $0.baseAddress?.advanced(by: written), $0.count - written) }
    guard count > 0 || errno == EINTR || errno == EAGAIN else { return }
    written += max(0, count)
  }
}

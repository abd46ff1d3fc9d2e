import Control
import Glibc

/// `everway status --follow`: asks again and again, and outlives the everway it asks.
struct StatusFollower {
  private let command: Status
  private var screen = Screen()
  /// Drawing on a terminal, with the cursor hidden.
  private let redraws: Bool
  /// Held back only while the cursor is hidden: elsewhere they end the process at once, also while it waits in a pipe.
  private var signals: SignalWait
  /// What was said last about not reaching it.
  private var lastError: String?
  private var isFirst = true

  init(command: Status) {
    self.command = command
    redraws = Terminal.isTerminal && !command.json
    signals = SignalWait(redraws ? [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH] : [])
  }

  mutating func run() -> Never {
    if redraws { writeAll(STDOUT_FILENO, Screen.hideCursor) }
    while true {
      if redraws { redraw() } else { printOnce() }
      guard let signal = signals.wait(command.interval.duration) else { continue }
      switch signal {
      case SIGWINCH: screen.forget()
      case SIGTSTP:
        writeAll(STDOUT_FILENO, Screen.showCursor)
        raise(SIGSTOP)  // goes on here after SIGCONT
        writeAll(STDOUT_FILENO, Screen.hideCursor)
        screen.forget()
      default:
        writeAll(STDOUT_FILENO, Screen.showCursor)
        signals.die(of: signal)
      }
    }
  }

  /// Shorter than a person's patience with Ctrl-C.
  private func report() throws(CommandError) -> StatusReport { try command.fetch(timeout: .seconds(2)) }

  private mutating func redraw() {
    let size = Terminal.size
    let text: String
    do throws(CommandError) {
      text = command.text(try report(), width: size?.columns)
    } catch {
      text = error.rendered + "\n  trying again every \(command.interval.duration)\n"
    }
    writeAll(STDOUT_FILENO, screen.draw(text, rows: size?.rows ?? 24))
  }

  /// Complaints go to standard error, once each: what reads standard output gets reports only.
  private mutating func printOnce() {
    do throws(CommandError) {
      let report = try report()
      if lastError != nil { standardError("everway: reached again") }
      lastError = nil
      let separator = isFirst || command.json ? "" : "\n"
      isFirst = false
      writeAll(
        STDOUT_FILENO,
        separator + (command.json ? report.json(pretty: false) + "\n" : command.text(report, width: nil)))
    } catch {
      if lastError != error.message { standardError(error.rendered) }
      lastError = error.message
    }
  }
}

import ArgumentParser
import Control
import Glibc

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is up, what is down, and why.",
    discussion: """
      Without a section, everything in brief: problems first, then BFD sessions, paths, groups, routes and interfaces. \
      With one, all there is to say about it.

      A path is `up`, `down`, `pending` (no verdict yet), `held down` (good again, not yet for long enough), `drained` \
      (by an operator) or `admin down`. `FOR` is how long it has been so.

      EXAMPLES
        everway status
        everway status paths
        everway status --follow --interval 500ms
        everway status --json | jq '.paths[] | {name, state, reason}'
        until everway status >/dev/null; do sleep 1; done

      EXIT CODES
        0  all good; what an operator has drained or shut down counts as good
        1  something is down or missing, or there is a problem, in any section
        2  the command line is wrong
        3  the running everway cannot be reached

      FILES
        \(ControlOptions.defaultSocket)
      """)

  @Argument(
    help: ArgumentHelp(
      "What to show; everything when left out.",
      valueName: "section"))
  var section: StatusText.Section?

  @Flag(
    help: ArgumentHelp(
      "Print the whole report as JSON, whatever the section.",
      discussion: """
        Names are those of RFC 9127 where it has them. Intervals are microseconds, times RFC 3339 in UTC; what counts \
        in seconds says so in its name.
        """))
  var json = false

  @Flag(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Show it again and again, until Ctrl-C.",
      discussion: """
        Redraws in place on a terminal; prints one report after the other elsewhere, one a line with --json. Goes on \
        when everway is restarted.
        """))
  var follow = false

  @Option(
    help: ArgumentHelp(
      "How often with --follow: 100ms to 1h.", discussion: "A number with ms, s, m or h; seconds without a unit.",
      valueName: "interval"))
  var interval = PollInterval.second

  @Option(
    help: ArgumentHelp(
      "When to use colour.",
      discussion: "auto: on a terminal, unless NO_COLOR is set or TERM is dumb.", valueName: "when"))
  var color = ColorChoice.auto

  @OptionGroup var control: ControlOptions

  func run() throws {
    if follow {
      var follower = StatusFollower(command: self)
      follower.run()
    }
    let report = try fetch()
    writeAll(STDOUT_FILENO, json ? report.json(pretty: true) + "\n" : text(report, width: Terminal.size?.columns))
    if !report.isGood { throw ExitCode(ExitStatus.bad) }
  }

  func fetch(timeout: Duration = .seconds(10)) throws(CommandError) -> StatusReport {
    guard case .status(let report) = try control.ask(.status, timeout: timeout) else {
      throw .unexpectedAnswer
    }
    return report
  }

  func text(_ report: StatusReport, width: Int?) -> String {
    StatusText(report: report, width: width, color: Terminal.usesColor(color), now: report.generatedAt)
      .rendered(section)
  }
}

extension StatusText.Section: ExpressibleByArgument {}

/// 100 ms to 1 h, written `500ms`, `2s`, `1m`, `1h` or `2`.
struct PollInterval: ExpressibleByArgument, Hashable {
  var duration: Duration

  static let second = PollInterval(duration: .seconds(1))

  private init(duration: Duration) { self.duration = duration }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    guard let number = UInt32(digits) else { return nil }
    let milliseconds: UInt64
    switch argument.dropFirst(digits.count) {
    case "ms": milliseconds = UInt64(number)
    case "s", "": milliseconds = UInt64(number) * 1_000
    case "m": milliseconds = UInt64(number) * 60_000
    case "h": milliseconds = UInt64(number) * 3_600_000
    default: return nil
    }
    guard (100...3_600_000).contains(milliseconds) else { return nil }
    duration = .milliseconds(milliseconds)
  }

  var defaultValueDescription: String { "1s" }
}

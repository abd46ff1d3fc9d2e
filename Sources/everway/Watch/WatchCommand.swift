import ArgumentParser
import Control

/// `everway watch`.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Print what happens, as it happens.",
    discussion: """
      One line for each event, from now on: sessions, paths, groups, uplinks, the namespace, drains, the configuration. \
      Goes on when everway is restarted, and then tells what it missed. What happened before is in `everway history`.

      With --json it is the running everway's own stream, for programs, one object a line: {"status": ...}, everything, \
      first; {"event": ...}, those first that are still kept; {"change": ...}, what differs in the status; \
      {"samples": ...}, counters and the longest packet gaps, once a second.

      EXAMPLES
        everway watch
        everway watch --json --events-only | jq -r 'select(.event.level == "warning") | .event.text'

      EXIT CODES
        0  its reader, or with --end-with-input its input, has gone
        2  the command line is wrong
        3  the running everway cannot be reached
      """)

  @Flag(help: "Print the stream: JSON, one object a line.")
  var json = false

  @Flag(help: "With --json: events, and nothing else.")
  var eventsOnly = false

  @Flag(
    help: ArgumentHelp(
      "End when standard input ends.", discussion: "For who runs it far away, over ssh or kubectl exec."))
  var endWithInput = false

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  @OptionGroup var control: ControlOptions

  func run() throws {
    var follower = WatchFollower(self)
    try follower.run()
  }

  /// What is printed of a line of the stream. Pure.
  /// - Parameters:
  ///   - line: without its newline.
  ///   - message: what it says; nil: something that is not looked into, or of a later version.
  func printed(_ line: ArraySlice<UInt8>, _ message: ObservationMessage?, color: Bool) -> [UInt8] {
    let newline = UInt8(ascii: "\n")
    guard case .event(let event)? = message else { return json && !eventsOnly ? Array(line) + [newline] : [] }
    return json ? Array(line) + [newline] : Array(Self.text(event, color: color).utf8) + [newline]
  }

  static func text(_ event: Event, color: Bool) -> String {
    let isWarning = event.level == .warning
    let level = Styled(isWarning ? "warning" : "info   ", isWarning ? .warning : .plain)
    return "\(event.at) \(level.rendered(color: color)) \(Styled(event.text).text)"
  }
}

import ArgumentParser
import Control
import Glibc
import History
import Journal
import Languages

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Add up how sessions, paths and groups did: availability, flaps, outages.",
    discussion: """
      Reads the journal that the running everway keeps, also while nothing runs. Available is the share of up in the \
      time that is known and that no operator took; time in which nobody watched is told, and counts neither way. A \
      detection is the time from the peer's last packet to the end of the detection time; a failover that from its \
      cause to the kernel's acknowledgement.

      The page needs nothing but itself: it can be sent by mail, and opened anywhere.

      EXAMPLES
        everway report
        everway report --since 7d
        everway report --since 2026-11-01 --until 2026-12-01 --format html -o november.html
        everway report --format json | jq '.paths[] | {name, availability}'

      EXIT CODES
        0  done
        1  the journal cannot be read, or the file cannot be written
        2  the command line is wrong

      FILES
        \(JournalOption.defaultFile)
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, html }

  @Option(
    help: ArgumentHelp(
      "From when on: so long ago (2h, 30d, 4w), or a date (2026-11-20, 2026-11-20T03:12).", valueName: "time"))
  var since: Moment = .ago(30 * 86_400 * 1_000_000)

  @Option(help: ArgumentHelp("Until when; now, if left out.", valueName: "time"))
  var until: Moment?

  @Option(help: ArgumentHelp("text, json or html.", valueName: "format"))
  var format = Format.text

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write; standard output if left out.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(
    help: ArgumentHelp(
      "When to use colour.", discussion: "auto: on a terminal, unless NO_COLOR is set or TERM is dumb.",
      valueName: "when"))
  var color = ColorChoice.auto

  @OptionGroup var language: LanguageOption
  @OptionGroup var file: JournalOption

  func run() throws {
    let now = Timestamp.now()
    let window = Span(from: since.timestamp(now: now), to: until?.timestamp(now: now) ?? now)
    guard window.length > 0 else {
      throw CommandError(
        message: "the report would end at \(LocalTime.brief(window.to)), before it begins",
        help: "--since is the earlier time, --until the later one", exitCode: ExitStatus.usage)
    }
    let reader = try file.open()
    let report: HistoryReport
    do throws(JournalError) { report = try reader.report(window) } catch { throw CommandError(error) }
    switch format {
    case .json: try write(report.json() + "\n")
    case .html: try write(ReportPage(report, language: language.language, time: LocalTime.brief).html)
    case .text:
      try write(
        ReportText(
          report: report, language: language.language, width: output == nil ? Terminal.size?.columns : nil,
          color: output == nil && Terminal.usesColor(color)
        ).rendered)
    }
  }

  private func write(_ text: String) throws(CommandError) {
    guard let output, output != "-" else { return writeAll(STDOUT_FILENO, text) }
    let file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      throw CommandError(message: "\(output) cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(file) }
    var bytes = Array(text.utf8)
    while !bytes.isEmpty {
      let count = Glibc.write(file, bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw CommandError(message: "\(output) cannot be written: \(String(cString: strerror(errno)))")
      }
      bytes.removeFirst(count)
    }
  }
}

extension Moment {
  /// As it is written on the command line.
  var defaultValueDescription: String {
    switch self {
    case .ago(let microseconds):
      microseconds % 86_400_000_000 == 0 ? "\(microseconds / 86_400_000_000)d" : "\(microseconds / 1_000_000)s"
    case .at(let time): LocalTime.brief(time)
    }
  }
}

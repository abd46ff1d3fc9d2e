import Addresses
import ArgumentParser
import ConfigurationFile
import Glibc
import Languages
import Netlink
import NetworkNamespaces
import PeerProbe
import PeerProber

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Measure a path, and say which BFD timers are safe on it.",
    discussion: """
      Sends echo requests at a fine interval and measures how late this process is woken, for a while. From round trips, \
      loss and its bursts, late timers and stops by a CPU quota it reckons, for a table of timers, the detection time \
      and how often a session would fail although the path works. Says which timers to use for the wanted detection \
      time, whether those in use are safe, and how much a measurement of this length can claim.

      The timers in use come from --interval and --multiplier, or from the peer of the configuration file that has this \
      address or the name given with --peer.

      Needs root, or CAP_NET_RAW and, with --namespace, CAP_SYS_ADMIN; with CAP_SYS_NICE it measures real-time \
      scheduling too, which everway run uses.

      EXAMPLES
        everway tune 10.9.0.1 --namespace ovnext
        everway tune 10.9.0.1 --duration 10m --target-detection 150ms
        everway tune 10.9.0.1 --interval 100ms --multiplier 3 --json | jq .advice.present

      EXIT CODES
        0  the timers in use are safe, or, without any, timers for the wanted detection time were found
        1  they are not, or none were found
        2  the command line is wrong, or nothing can be measured from here
        3  the address does not answer
      """)

  @Argument(help: ArgumentHelp("The gateway's address.", valueName: "address"))
  var address: AddressArgument

  @OptionGroup var place: ProbePlace

  @Option(help: ArgumentHelp("How long to measure: 1s to 24h.", valueName: "time"))
  var duration = TimeArgument(microseconds: 30_000_000)

  @Option(help: ArgumentHelp("From echo request to echo request: 1ms to 1s.", valueName: "time"))
  var every = TimeArgument(microseconds: 10_000)

  @Option(help: ArgumentHelp("The detection time that is wanted: 30ms to 1m.", valueName: "time"))
  var targetDetection = TimeArgument(microseconds: 300_000)

  @Option(help: ArgumentHelp("The interval in use, to be judged: 1ms to 1m.", valueName: "time"))
  var interval: TimeArgument?

  @Option(help: ArgumentHelp("The multiplier in use, with --interval: 1 to 255.", valueName: "number"))
  var multiplier: UInt8 = 3

  @Option(help: ArgumentHelp("A peer of the configuration, whose timers are in use.", valueName: "name"))
  var peer: String?

  @OptionGroup var file: ConfigurationOption

  @Flag(help: ArgumentHelp("Print one JSON object: `measured`, `advice`, `configuration`. Times are microseconds."))
  var json = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func validate() throws {
    if multiplier == 0 { throw ValidationError("--multiplier is 1 to 255") }
    if interval != nil, peer != nil { throw ValidationError("--interval and --peer both say what is in use") }
  }

  func run() throws {
    try place.check(address.address)
    let target = try targetDetection.within(30_000...60_000_000, "--target-detection")
    let present = try present()
    var measurement = PathMeasurement(address: address.address)
    measurement.duration = Int64(try duration.within(1_000_000...86_400_000_000, "--duration")) * 1_000
    measurement.spacing = Int64(try every.within(1_000...1_000_000, "--every")) * 1_000
    let namespace = try place.open()
    let path = try way(in: namespace)
    let outcome: PathMeasurement.Outcome
    do throws(ProbeFailure) {
      outcome = try measurement.run(along: path, in: namespace, progress: progress(of: measurement))
    } catch {
      throw CommandError(message: error.message, exitCode: ExitStatus.usage)
    }
    let advice = TuneAdvice(outcome.trace, target: target, present: present)
    let configuration = advice.configuration(
      name: peer ?? "gateway", address: "\(address.address)", namespace: place.namespace, interface: path.interface,
      source: "\(path.source)", isMultihop: place.multihop)
    let report = TuneReport(
      address: "\(address.address)", interface: path.interface, outcome: outcome, advice: advice,
      configuration: configuration)
    if json {
      writeAll(STDOUT_FILENO, JSONText.encode(report) + "\n")
    } else {
      let text = TuneText(
        report: report, language: language.language, width: Terminal.size?.columns,
        color: Terminal.usesColor(color))
      writeAll(STDOUT_FILENO, text.rendered())
    }
    if report.exitCode != 0 { throw ExitCode(report.exitCode) }
  }

  private func way(in namespace: borrowing NetworkNamespace) throws(CommandError) -> ProbePath {
    do throws(NetlinkError) {
      let finding = try ProbePath.find(
        to: address.address, interface: place.interface, source: place.source?.address, in: namespace)
      switch finding {
      case .path(let path): return path
      case .none(_, let why): throw NetlinkError(why, code: 0)
      case .refused(let why): throw NetlinkError(why, code: 0)
      }
    } catch {
      throw CommandError(
        message: error.code == 0 ? error.operation : "\(error)", exitCode: ExitStatus.usage)
    }
  }

  /// What is in use: from the options, else from the configuration, which need not be there.
  private func present() throws(CommandError) -> (interval: UInt64, multiplier: Int)? {
    if let interval {
      return (try interval.within(1_000...60_000_000, "--interval"), Int(multiplier))
    }
    guard peer != nil || access(file.config, R_OK) == 0 else { return nil }
    let bfd = try file.load().bfd
    let found = bfd.peers.first { candidate in
      if let peer { candidate.name == peer } else { candidate.address == address.address }
    }
    guard let found else {
      guard let peer else { return nil }
      throw CommandError(
        message: "\(file.config) has no peer \"\(peer)\"",
        help: Suggestion.help(for: peer, among: bfd.peers.map(\.name)), exitCode: ExitStatus.usage)
    }
    // This end gives up after the peer's timers; both ends usually have the same.
    let (seconds, attoseconds) = found.timers.receiveInterval.components
    return (
      UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000), found.timers.detectMultiplier
    )
  }

  private func progress(of measurement: PathMeasurement) -> (PathTrace) -> Bool {
    guard !json, isatty(STDERR_FILENO) == 1 else { return { _ in true } }
    let language = language.language
    return { trace in
      let seen = trace.summary
      let share = min(100, Int(trace.duration * 100_000 / UInt64(measurement.duration)))
      let words = Words(
        "measuring: {share}%, {sent} sent, {lost} lost, at most {max}",
        zh: "测量中：{share}%，发送 {sent}，丢失 {lost}，最大 {max}"
      ).filled([
        "share": "\(share)", "sent": "\(seen.sent)", "lost": "\(seen.lost)",
        "max": seen.maximum.map { Quantities.interval(microseconds: $0) } ?? "-"
      ])
      writeAll(STDERR_FILENO, "\r\u{1b}[K" + words[language] + (share >= 100 ? "\r\u{1b}[K" : ""))
      return true
    }
  }
}

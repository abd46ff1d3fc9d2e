import ArgumentParser
import FoundationEssentials
import Glibc
import Languages
import NetworkNamespaces
import PeerProbe
import PeerProber

struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe",
    abstract: "Does this gateway speak BFD, from here?",
    discussion: """
      Looks up the way, asks who has the address (ARP or neighbour discovery), pings it, and speaks BFD to it with a \
      session of its own, for a few seconds. Says what was seen, what silence can mean, the likeliest first, and what \
      to write into the configuration: BFD where there is any, ICMP or ARP where there is none. Firewall rules here are \
      read and judged too.

      A silent peer need not be one without BFD: FRR and BIRD answer only peers they are configured for, OpenBFDD only \
      whom it allows, an OVN router port only when its database has this address as the peer. "Port unreachable" is \
      certain: nobody listens there.

      When another program here holds the BFD port (everway run, bfdd-beacon, FRR), it is named and left alone: a \
      running everway is asked for its session, else the wire is watched, and only when the peer says nothing, packets \
      are sent from beside it. At the end a session that came Up is ended with AdminDown.

      Needs root, or CAP_NET_RAW, CAP_NET_ADMIN and, with --namespace, CAP_SYS_ADMIN.

      EXAMPLES
        everway probe 10.9.0.1 --namespace ovnext
        everway probe 10.9.0.1 --interval 100ms --multiplier 5
        everway probe 192.0.2.9 --multihop --source 10.9.0.11
        everway probe 10.9.0.1 --json | jq -r .configuration | everway check -

      EXIT CODES
        0  it speaks BFD, and a session came Up
        1  it is reachable, but no session came Up
        2  the command line is wrong, or it cannot be asked from here (no permission, no such interface)
        3  it is not reachable
      """)

  @Argument(help: ArgumentHelp("The gateway's address.", valueName: "address"))
  var address: AddressArgument

  @OptionGroup var place: ProbePlace

  @Option(
    help: ArgumentHelp("Transmit and receive interval of the session: 10ms to 10s.", valueName: "time"))
  var interval = TimeArgument(microseconds: 300_000)

  @Option(help: ArgumentHelp("Detection multiplier of the session: 1 to 255.", valueName: "number"))
  var multiplier: UInt8 = 3

  @Option(help: ArgumentHelp("How long to try: 1s to 10m.", valueName: "time"))
  var duration = TimeArgument(microseconds: 5_000_000)

  @Flag(
    help: ArgumentHelp(
      "Print one JSON object.",
      discussion: """
        It has `outcome` (up, speaks, silent, unreachable), `exitCode`, `verdict` with `causes`, `evidence`, and \
        `configuration`, a YAML file. Times are microseconds.
        """))
  var json = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  @OptionGroup var control: ControlOptions

  func validate() throws {
    if multiplier == 0 { throw ValidationError("--multiplier is 1 to 255") }
  }

  func run() throws {
    try place.check(address.address)
    var request = ProbeRequest(address: address.address, controlSocket: control.socket)
    request.interval = UInt32(try interval.within(10_000...10_000_000, "--interval"))
    request.duration = Int64(try duration.within(1_000_000...600_000_000, "--duration")) * 1_000
    request.interface = place.interface
    request.source = place.source?.address
    request.namespaceName = place.namespace
    request.isMultihop = place.multihop
    request.multiplier = multiplier
    let namespace = try place.open()
    let evidence: ProbeEvidence
    do throws(ProbeFailure) {
      evidence = try PeerProber.run(request, in: namespace)
    } catch {
      throw CommandError(message: error.message, exitCode: ExitStatus.usage)
    }
    let verdict = judge(evidence)
    let configuration = evidence.configuration(
      for: verdict, intervalMicroseconds: interval.microseconds, multiplier: Int(multiplier))
    if json {
      writeAll(STDOUT_FILENO, Report(evidence, verdict, configuration).json + "\n")
    } else {
      let text = ProbeText(
        evidence: evidence, verdict: verdict, configuration: configuration, language: language.language,
        width: Terminal.size?.columns, color: Terminal.usesColor(color))
      writeAll(STDOUT_FILENO, text.rendered())
    }
    if verdict.exitCode != 0 { throw ExitCode(verdict.exitCode) }
  }

  private struct Report: Encodable {
    var outcome: ProbeVerdict.Outcome
    var exitCode: Int32
    var verdict: ProbeVerdict
    var evidence: ProbeEvidence
    var configuration: String?

    init(_ evidence: ProbeEvidence, _ verdict: ProbeVerdict, _ configuration: String?) {
      outcome = verdict.outcome
      exitCode = verdict.exitCode
      self.verdict = verdict
      self.evidence = evidence
      self.configuration = configuration
    }

    var json: String { JSONText.encode(self) }
  }
}

/// Objects as `--json` prints them.
enum JSONText {
  static func encode(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

import ArgumentParser
import ConfigurationFile
import FoundationEssentials
import Glibc

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say whether a configuration file is good.",
    discussion: """
      Reads the file and checks everything that can be checked without the machine it is for. Every error is shown, \
      with its place, what was expected, and a suggestion for a misspelt word. Nothing is changed, no privilege is \
      needed, and no everway need be running.

      EXAMPLES
        everway check /etc/everway/gateway.yaml
        everway check --strict --quiet gateway.yaml && everway reload
        generate-config | everway check -
        everway check --json gateway.yaml | jq '.diagnostics[].message'

      EXIT CODES
        0  the file is good; warnings may have been shown
        1  it has errors, or, with --strict, warnings
        2  the command line is wrong
      """)

  @Argument(
    help: ArgumentHelp("The configuration file; `-` reads standard input.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Flag(
    help: ArgumentHelp(
      "Print one JSON object.",
      discussion: """
        It has `file`, `ok`, `errors` and `warnings` (their numbers), and `diagnostics`: `severity`, `file`, `line`, \
        `column`, `field`, `message`, `expected`, `help`, `source`, `length`.
        """))
  var json = false

  @Flag(name: .shortAndLong, help: "Print errors and warnings only, nothing when there are none.")
  var quiet = false

  @Flag(help: "Warnings fail too.")
  var strict = false

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  func run() throws {
    var diagnostics: [ConfigurationDiagnostic]
    var accepted: GatewayConfiguration?
    do throws(ConfigurationErrors) {
      let parsed = try load()
      // What is in the key files is no part of the file's text, but the file is no good without it.
      diagnostics = parsed.warnings + parsed.configuration.bfd.loadKeys().problems.map(\.diagnostic)
      accepted = parsed.configuration
    } catch {
      diagnostics = error.diagnostics
    }
    let errors = diagnostics.count { $0.severity == .error }
    let isGood = accepted != nil && errors == 0 && (!strict || diagnostics.isEmpty)
    if json {
      let verdict = Verdict(
        file: displayName, ok: isGood, errors: errors, warnings: diagnostics.count - errors,
        diagnostics: diagnostics)
      writeAll(STDOUT_FILENO, verdict.json + "\n")
    } else {
      let report = CheckText(file: displayName, diagnostics: diagnostics, configuration: accepted, isGood: isGood)
      if !diagnostics.isEmpty { standardError(report.problems(color: color.applies(to: STDERR_FILENO))) }
      if isGood, !quiet { writeAll(STDOUT_FILENO, report.summary + "\n") }
    }
    if !isGood { throw ExitCode(ExitStatus.bad) }
  }

  private var displayName: String { file == "-" ? "<stdin>" : file }

  private func load() throws(ConfigurationErrors) -> ParsedConfiguration {
    guard file == "-" else { return try GatewayConfiguration.load(path: file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    // One byte more than is allowed shows that there is too much.
    while bytes.count <= 1 << 20 {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return try GatewayConfiguration.parse(bytes: bytes, file: displayName) }
      bytes += chunk[..<count]
    }
    throw ConfigurationErrors([
      ConfigurationDiagnostic(
        file: displayName, message: "this is too much", expected: "at most 1048576 bytes (1 MiB)")
    ])
  }

  private struct Verdict: Encodable {
    var file: String
    var ok: Bool
    var errors: Int
    var warnings: Int
    var diagnostics: [ConfigurationDiagnostic]

    var json: String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
      return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
  }
}

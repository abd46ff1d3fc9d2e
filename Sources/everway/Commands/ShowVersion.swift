import ArgumentParser
import Control
import FoundationEssentials
import Glibc

struct ShowVersion: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version",
    abstract: "Print the version of this program, and of the running everway.",
    discussion: """
      After an upgrade the running one is older until it is restarted.

      EXIT CODES
        0  always, but for --running: that no everway runs is no error here
        2  the command line is wrong
        3  --running: the running everway cannot be reached
      """)

  @Flag(help: "Print one JSON object: `version`, and, when it can be reached, `running` with `version` and `pid`.")
  var json = false

  @Flag(help: "Fail when the running everway cannot be reached: for probes of Kubernetes and scripts.")
  var running = false

  @OptionGroup var control: ControlOptions

  private struct Versions: Encodable {
    var version: String
    var running: VersionReport?
  }

  func run() throws {
    var other: VersionReport?
    var reason = ""
    do throws(CommandError) {
      if case .version(let report) = try control.ask(.version, timeout: .seconds(2)) { other = report }
    } catch {
      if running { throw error }
      reason = error.message
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
      let data = try encoder.encode(Versions(version: Version.current, running: other))
      writeAll(STDOUT_FILENO, String(decoding: data, as: UTF8.self) + "\n")
      return
    }
    var text = "everway \(Version.current)\n"
    if let other {
      text += "running: \(other.version), pid \(other.pid)"
      text += other.version == Version.current ? "\n" : "; restart it to have \(Version.current)\n"
    } else {
      text += "running: none (\(reason))\n"
    }
    writeAll(STDOUT_FILENO, text)
  }
}

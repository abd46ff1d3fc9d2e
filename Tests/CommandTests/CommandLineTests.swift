import Control
import ControlTestSupport
import Synchronization
import Testing

@testable import everway

/// What the shell sees of everything but `check` and `status`.
@Suite struct CommandLineTests {
  let directory = TemporaryDirectory()

  @Test(
    "A wrong command line ends with 2 and says how it goes",
    arguments: [
      ["check"], ["check", "a", "b"], ["status", "nonsense"], ["status", "--interval", "1ms", "--follow"],
      ["status", "--color", "sometimes"], ["--nonsense"], ["drain", "a", "b"], ["probe"], ["probe", "nobody"],
      ["probe", "10.9.0.1", "--interval", "300"], ["probe", "10.9.0.1", "--multiplier", "0"], ["tune"],
      ["tune", "10.9.0.1", "--interval", "1s", "--peer", "a"]
    ])
  func usage(arguments: [String]) {
    let result = Binary.run(arguments, in: directory.path)
    #expect(result.status == 2)
    #expect(result.errors.contains("Usage: everway"))
    #expect(result.output == "")
  }

  @Test func `A misspelt command is recognized`() {
    let result = Binary.run("statsu", in: directory.path)
    #expect(result.status == 2)
    #expect(result.errors == "everway: there is no command \"statsu\"\n  help: did you mean \"status\"?\n")
  }

  @Test(
    "Help fits 80 columns and names the exit codes",
    arguments: [
      "check", "plan", "run", "status", "drain", "undrain", "reload", "history", "report", "probe", "tune", "lab",
      "version"
    ])
  func help(command: String) {
    let result = Binary.run("help", command, in: directory.path)
    #expect(result.status == 0)
    #expect(result.output.contains("EXIT CODES\n"))
    for line in result.output.split(separator: "\n") where !line.hasPrefix("USAGE") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test func `The version is told without a running everway`() {
    let result = Binary.run("version", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("everway \(Version.current)\nrunning: none ("))
    #expect(Binary.run("--version", in: directory.path).output == "everway \(Version.current)\n")
  }

  @Test func `The running everway's version is told beside this one's`() {
    let serving = Serving(.init(path: directory.socket)) { _ in .version(.init(version: "0.0.1", pid: 7)) }
    let result = Binary.run("version", "--socket", directory.socket, in: directory.path)
    #expect(
      result.output == "everway \(Version.current)\nrunning: 0.0.1, pid 7; restart it to have \(Version.current)\n")
    _ = serving
  }

  @Test func `Draining says what happened, and waits when asked to`() {
    let requests = Log()
    let serving = Serving(.init(path: directory.socket)) { request in
      guard case .status = request.command else {
        requests.add("\(request.command)")
        return .drain(
          .init(changed: true, state: .draining, message: "this node is being drained", notes: ["3 peers are told"])
        )
      }
      var report = Gateways.good()
      report.drain.state = requests.add("status") < 4 ? .draining : .drained
      return .status(report)
    }
    let result = Binary.run("drain", "--wait", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 0)
    #expect(
      result.output == "this node is being drained\n  3 peers are told\nthis node is out of service\n")
    #expect(requests.all == ["drain(target: nil)", "status", "status", "status"])
    _ = serving
  }

  @Test func `An unknown name brings a suggestion and the names that there are`() {
    let serving = Serving(.init(path: directory.socket)) { _ in
      .failure(.init(.unknownTarget, "There is no path or peer \"r11\".", details: ["r1", "r2", "uplink"]))
    }
    let result = Binary.run("undrain", "r11", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 1)
    #expect(
      result.errors == """
        everway: There is no path or peer "r11".
          there are: r1, r2, uplink
          help: did you mean "r1"?

        """)
    _ = serving
  }

  @Test func `A refused reload shows the errors`() {
    let serving = Serving(.init(path: directory.socket)) { _ in
      .failure(.init(.refused, "The file is refused.", help: "Correct it.", details: ["g.yaml:2:1: error: no"]))
    }
    let result = Binary.run("reload", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 1)
    #expect(result.errors == "everway: The file is refused.\ng.yaml:2:1: error: no\n  help: Correct it.\n")
    _ = serving
  }

  @Test(
    "A reload says what has changed",
    arguments: [([], "reloaded: the configuration is the same\n"), (["a"], "reloaded: 1 change\n  a\n")])
  func reload(changes: [String], output: String) {
    let serving = Serving(.init(path: directory.socket)) { _ in .reload(.init(changes: changes)) }
    let result = Binary.run("reload", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 0)
    #expect(result.output == output)
    _ = serving
  }

  @Test func `A run with a refused file changes nothing and shows the errors`() {
    let path = directory.path + "/other"
    Binary.write("version: 1\nbdf: {}\n", to: path)
    for command in ["run", "plan"] {
      let result = Binary.run(command, "--config", path, in: directory.path)
      #expect(result.status == 1)
      #expect(result.errors.contains("\(path):2:1: error: unknown key \"bdf\""))
      #expect(result.errors.hasSuffix("everway: \(path) was refused\n"))
      #expect(result.output == "")
    }
  }

  @Test("Without a running everway a command ends with 3", arguments: ["status", "drain", "undrain", "reload"])
  func unreachable(command: String) {
    let result = Binary.run(command, "--socket", directory.socket, in: directory.path)
    #expect(result.status == 3)
    #expect(result.errors.contains("everway is not running here"))
    #expect(result.errors.contains("help: start it with `everway run`"))
  }
}

/// What a server on another thread has been asked.
private final class Log: Sendable {
  private let lines = Mutex<[String]>([])

  /// - Returns: how many there are now.
  @discardableResult
  func add(_ line: String) -> Int {
    lines.withLock {
      $0.append(line)
      return $0.count
    }
  }

  var all: [String] { lines.withLock { $0 } }
}

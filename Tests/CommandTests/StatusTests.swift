import Control
import ControlTestSupport
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// `everway status` against a server in this process.
@Suite struct StatusTests {
  let directory = TemporaryDirectory()

  @Test func `All good ends with 0, something down with 1`() {
    for (report, status) in [(Gateways.good(), Int32(0)), (Gateways.troubled(), 1), (Gateways.empty(), 0)] {
      let serving = Serving(.init(path: directory.socket)) { _ in .status(report) }
      let result = Binary.run("status", "--socket", directory.socket, in: directory.path)
      #expect(result.status == status)
      #expect(result.errors == "")
      #expect(!result.output.contains("\u{1b}"))
      _ = serving
    }
  }

  @Test func `JSON is the report, whatever the section`() throws {
    let serving = Serving(.init(path: directory.socket)) { _ in .status(Gateways.troubled()) }
    let result = Binary.run("status", "paths", "--json", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 1)
    #expect(try JSONDecoder().decode(StatusReport.self, from: Data(result.output.utf8)) == Gateways.troubled())
    _ = serving
  }

  @Test func `Following draws over what it drew, and gives the cursor back on Ctrl-C`() {
    let serving = Serving(.init(path: directory.socket)) { _ in .status(Gateways.good()) }
    let (pid, terminal) = Binary.start(
      onTerminal: "status", "paths", "--follow", "--interval", "100ms", "--color", "never", "--socket",
      directory.socket)
    let redraw = "\u{1b}[7F"  // a heading, three paths, and a line on each
    var output = Binary.read(terminal) { $0.contains(redraw) }
    #expect(output.hasPrefix("\u{1b}[?25l"))
    #expect(output.contains(redraw))
    kill(pid, SIGINT)
    output += Binary.read(terminal) { $0.contains("\u{1b}[?25h") }
    #expect(output.contains("\u{1b}[?25h"))
    #expect(Binary.wait(for: pid) == -SIGINT)
    close(terminal)
    _ = serving
  }

  @Test func `Following as JSON gives one report a line, and outlives a restart`() throws {
    var serving: Serving? = Serving(.init(path: directory.socket)) { _ in .status(Gateways.good()) }
    let (pid, output) = Binary.start(
      onPipe: ["status", "--follow", "--json", "--interval", "100ms", "--socket", directory.socket])
    _ = Binary.read(output) { $0.contains("\n") }
    serving = nil
    serving = Serving(.init(path: directory.socket)) { _ in .status(Gateways.troubled()) }
    let text = Binary.read(output) { $0.hasSuffix("\n") && $0.contains("held-down") }
    #expect(text.contains("held-down"))
    for line in text.split(separator: "\n") {
      _ = try JSONDecoder().decode(StatusReport.self, from: Data(line.utf8))
    }
    kill(pid, SIGTERM)
    #expect(Binary.wait(for: pid) == -SIGTERM)
    close(output)
    _ = serving
  }
}

import Control
import Glibc
import Testing

/// The client against a server on a thread of its own.
@Suite struct ClientTests {
  let directory = TemporaryDirectory()

  @Test func `Every answer arrives as it was given`() throws {
    let answers: [(ControlCommand, ControlResponse)] = [
      (.ping, .pong), (.version, .version(VersionReport(version: "1.2.3", pid: 7))),
      (.status, .status(.sample)),
      (.drain(target: "r1"), .drain(DrainOutcome(changed: true, state: .draining, message: "m", notes: ["n"]))),
      (.reload, .failure(ControlFailure(.refused, "m", help: "h", details: ["a", "b"])))
    ]
    let serving = Serving(.init(path: directory.socket)) { request in
      answers.first { $0.0 == request.command }?.1
    }
    var client = try ControlClient(path: directory.socket)
    #expect(client.serverPID == getpid())
    for (command, response) in answers { #expect(try client.send(command) == response) }
    _ = serving
  }

  @Test func `A large answer arrives whole`() throws {
    let outcome = ReloadOutcome(changes: (0..<50_000).map { "change \($0)" })
    let serving = Serving(.init(path: directory.socket)) { _ in .reload(outcome) }
    var client = try ControlClient(path: directory.socket)
    #expect(try client.send(.reload) == .reload(outcome))
    _ = serving
  }

  @Test func `A server that does not answer is waited for only so long`() throws {
    let serving = Serving(.init(path: directory.socket)) { _ in nil }
    var client = try ControlClient(path: directory.socket)
    var kind: ControlSocketError.Kind?
    do throws(ControlSocketError) {
      let response = try client.send(.ping, timeout: .milliseconds(50))
      Issue.record("answered with \(response)")
    } catch {
      kind = error.kind
      #expect(error.help == "see what process \(getpid()) is doing")
    }
    #expect(kind == .timedOut)
    _ = serving
  }

  @Test func `Nobody there: says how to start it`() {
    let error = #expect(throws: ControlSocketError.self) { _ = try ControlClient(path: directory.socket) }
    #expect(error?.kind == .notRunning)
    #expect(error?.help?.contains("everway run") == true)
  }

  @Test func `A file that is no socket: says so`() {
    close(open(directory.socket, O_CREAT | O_WRONLY, 0o644))
    let error = #expect(throws: ControlSocketError.self) { _ = try ControlClient(path: directory.socket) }
    #expect(error?.kind == .wrongPath)
  }
}

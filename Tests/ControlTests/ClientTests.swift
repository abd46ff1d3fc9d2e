import CLinux
import Control
import ControlTestSupport
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

/// As a user who may not. Linux keeps the identity that files are reached with for each thread (setfsuid(2)), so a thread
/// of its own takes another one and ends with it.
@Suite(.enabled(if: geteuid() == 0)) struct PermissionTests {
  let directory = TemporaryDirectory()

  @Test(
    "Who may not connect is told who may",
    arguments: [
      (UInt32(0o600), "only root may"), (0o660, "only root and members of group 65533 may")
    ])
  func refused(mode: UInt32, help: String) {
    chmod(directory.path, 0o755)
    let serving = Serving(.init(path: directory.socket, mode: mode, group: "65533")) { _ in .pong }
    let error = connect(directory.socket, uid: 65_534, gid: 65_534)
    #expect(error?.kind == .permissionDenied)
    #expect(error?.help == help)
    _ = serving
  }

  @Test("Who may connect does", arguments: [(UInt32(0o660), gid_t(65_533)), (0o666, 65_534)])
  func allowed(mode: UInt32, gid: gid_t) {
    chmod(directory.path, 0o755)
    let serving = Serving(.init(path: directory.socket, mode: mode, group: "65533")) { _ in .pong }
    #expect(connect(directory.socket, uid: 65_534, gid: gid) == nil)
    _ = serving
  }

  private final class Attempt {
    let path: String
    let uid: uid_t
    let gid: gid_t
    var error: ControlSocketError?

    init(_ path: String, _ uid: uid_t, _ gid: gid_t) {
      (self.path, self.uid, self.gid) = (path, uid, gid)
    }

    func run() {
      setfsgid(gid)
      setfsuid(uid)
      do throws(ControlSocketError) { _ = try ControlClient(path: path) } catch { self.error = error }
    }
  }

  /// Nil: it worked.
  private func connect(_ path: String, uid: uid_t, gid: gid_t) -> ControlSocketError? {
    let attempt = Attempt(path, uid, gid)
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      {
        guard let context = $0 else { return nil }
        Unmanaged<Attempt>.fromOpaque(context).takeUnretainedValue().run()
        return nil
      }, Unmanaged.passUnretained(attempt).toOpaque())
    pthread_join(thread, nil)
    return withExtendedLifetime(attempt) { attempt.error }
  }
}

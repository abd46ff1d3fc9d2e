import Control
import ControlTestSupport
import Glibc
import Testing

/// The socket's file: who may connect, whose it is, and when it goes.
@Suite struct SocketTests {
  let directory = TemporaryDirectory()

  @Test("The file has the mode asked for", arguments: [UInt32(0o600), 0o660, 0o666])
  func mode(mode: UInt32) throws {
    let server = try ControlServer(.init(path: directory.socket, mode: mode))
    #expect(ownership(directory.socket)?.mode == mode_t(mode))
    #expect(ownership(directory.socket)?.kind == S_IFSOCK)
    _ = consume server
  }

  @Test(.enabled(if: geteuid() == 0))
  func `The file belongs to the owner and group asked for`() throws {
    let server = try ControlServer(.init(path: directory.socket, owner: "65534", group: "daemon"))
    #expect(ownership(directory.socket)?.uid == 65534)
    #expect(ownership(directory.socket)?.gid == getgrnam("daemon")?.pointee.gr_gid)
    _ = consume server
  }

  @Test func `A group that does not exist is an error that says how to make it`() {
    let error = #expect(throws: ControlSocketError.self) {
      _ = try ControlServer(.init(path: directory.socket, group: "no-such-group"))
    }
    #expect(error?.kind == .unknownOwner)
    #expect(error?.help?.contains("groupadd --system no-such-group") == true)
    #expect(ownership(directory.socket) == nil)
  }

  @Test func `Missing directories are made, open for passing through`() throws {
    let path = directory.path + "/deep/er/s"
    let server = try ControlServer(.init(path: path))
    #expect(ownership(directory.path + "/deep")?.mode == 0o755)
    #expect(ownership(directory.path + "/deep/er")?.mode == 0o755)
    _ = consume server
  }

  @Test func `A living server is not robbed of its socket, and its pid is told`() throws {
    let server = try ControlServer(.init(path: directory.socket))
    let error = #expect(throws: ControlSocketError.self) { _ = try ControlServer(.init(path: directory.socket)) }
    #expect(error?.kind == .alreadyRunning)
    #expect(error?.message == "another everway runs, pid \(getpid()), and serves \(directory.socket)")
    #expect(RawClient(directory.socket).connected)
    _ = consume server
  }

  @Test func `A socket that nobody serves is replaced`() throws {
    makeStaleSocket(directory.socket)
    #expect(!RawClient(directory.socket).connected)
    let server = try ControlServer(.init(path: directory.socket))
    #expect(RawClient(directory.socket).connected)
    _ = consume server
  }

  @Test func `What is no socket stays, and is an error`() throws {
    close(open(directory.socket, O_CREAT | O_WRONLY, 0o644))
    let error = #expect(throws: ControlSocketError.self) { _ = try ControlServer(.init(path: directory.socket)) }
    #expect(error?.kind == .wrongPath)
    #expect(ownership(directory.socket)?.kind == S_IFREG)
  }

  @Test func `The socket goes with its server`() throws {
    let server = try ControlServer(.init(path: directory.socket))
    #expect(ownership(directory.socket) != nil)
    _ = consume server
    #expect(ownership(directory.socket) == nil)
  }

  @Test func `A socket that another one has put in its place stays`() throws {
    let server = try ControlServer(.init(path: directory.socket))
    rename(directory.socket, directory.path + "/other")
    makeStaleSocket(directory.socket)
    _ = consume server
    #expect(ownership(directory.socket) != nil)
  }

  @Test(
    "A path that cannot be a socket is refused",
    arguments: ["relative/s", "", "/" + String(repeating: "x", count: 107), "/tmp/a\u{0}b"])
  func paths(path: String) {
    let error = #expect(throws: ControlSocketError.self) { _ = try ControlServer(.init(path: path)) }
    #expect(error?.kind == .wrongPath)
  }

  /// Bound, and its process gone: closing does not remove it.
  private func makeStaleSocket(_ path: String) {
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    close(fd)
  }
}

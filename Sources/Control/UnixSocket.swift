import CLinux
import Glibc

/// The few calls on Unix stream sockets that server and client share.
enum UnixSocket {
  /// Longest path, in bytes (unix(7): sun_path has 108, its NUL among them).
  static let maximumPath = 107

  static func check(path: String) throws(ControlSocketError) {
    guard path.hasPrefix("/") else {
      throw ControlSocketError(.wrongPath, "\(path) is no absolute path", help: "begin it with /")
    }
    guard path.utf8.count <= maximumPath, !path.utf8.contains(0) else {
      throw ControlSocketError(
        .wrongPath, "\(path) is too long for a socket: \(path.utf8.count) bytes", help: "use at most \(maximumPath)"
      )
    }
  }

  /// A non-blocking, close-on-exec stream socket.
  static func open() throws(ControlSocketError) -> Int32 {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let fd = socket(AF_UNIX, flags, 0)
    guard fd >= 0 else { throw system("open a socket") }
    return fd
  }

  /// 0, or errno.
  static func connect(_ fd: Int32, _ path: String) -> Int32 {
    withAddress(path) { Glibc.connect(fd, $0, $1) } == 0 ? 0 : errno
  }

  /// 0, or errno.
  static func bind(_ fd: Int32, _ path: String) -> Int32 {
    withAddress(path) { Glibc.bind(fd, $0, $1) } == 0 ? 0 : errno
  }

  /// Who is on the other end: for a client's socket whoever called listen (unix(7): SO_PEERCRED).
  static func peer(_ fd: Int32) -> PeerCredentials? {
    var credentials = cl_ucred()
    var length = socklen_t(MemoryLayout<cl_ucred>.size)
    guard getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
    return PeerCredentials(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid)
  }

  static func system(_ operation: String, code: Int32 = errno, help: String? = nil) -> ControlSocketError {
    ControlSocketError(.system(code), "cannot \(operation): \(String(cString: strerror(code)))", help: help)
  }

  /// The path must have passed `check(path:)`.
  private static func withAddress<R>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(maximumPath)) }
    // Every socket address may be read as a `sockaddr`: that is how the call is defined (bind(2)).
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}

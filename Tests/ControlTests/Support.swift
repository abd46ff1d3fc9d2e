import Control
import Glibc

/// A directory of this process's own, gone when the value is.
final class TemporaryDirectory {
  let path: String

  init() {
    var template = Array("/tmp/ewt-\(getpid())-control-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "no temporary directory")
  }

  deinit {
    // Only what these tests make: sockets, files, one level of directories.
    for name in ["s", "other", "deep/er/s"] { unlink("\(path)/\(name)") }
    for name in ["deep/er", "deep", "s"] { rmdir("\(path)/\(name)") }
    rmdir(path)
  }

  var socket: String { path + "/s" }
}

/// A client that says what it likes.
final class RawClient {
  let fd: Int32

  init(_ path: String) {
    let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    self.fd = fd
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }

  deinit { close(fd) }

  let connected: Bool
  private(set) var closed = false

  /// How many bytes the kernel took.
  @discardableResult
  func say(_ text: String) -> Int { say(Array(text.utf8)) }

  @discardableResult
  func say(_ bytes: [UInt8]) -> Int { max(0, send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))) }

  func hangUpWriting() { shutdown(fd, Int32(SHUT_WR)) }

  /// All that has come so far; notes when the other side has closed.
  func hear() -> String {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(fd, &chunk, chunk.count, Int32(MSG_DONTWAIT))
      if count == 0 || (count < 0 && errno != EAGAIN) { closed = true }
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all += chunk[..<count]
    }
  }
}

/// A server on a thread of its own, answering with a function, until the value is gone.
final class Serving {
  private final class Work {
    let options: ControlServer.Options
    let answer: @Sendable (ControlRequest) -> ControlResponse?
    let stop: Int32

    init(
      _ options: ControlServer.Options, _ stop: Int32,
      _ answer: @escaping @Sendable (ControlRequest) -> ControlResponse?
    ) {
      self.options = options
      self.stop = stop
      self.answer = answer
    }

    func run() {
      guard var server = try? ControlServer(options) else { return }
      while true {
        var watched = [
          pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0),
          pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
        ]
        poll(&watched, 2, 100)
        if watched[1].revents != 0 { return }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        for request in server.run(now: now) {
          if let response = answer(request) { server.respond(request.token, response, now: now) }
        }
      }
    }
  }

  private var thread = pthread_t()
  private var pipe: [Int32] = [-1, -1]

  init(_ options: ControlServer.Options, answer: @escaping @Sendable (ControlRequest) -> ControlResponse?) {
    Glibc.pipe(&pipe)
    let work = Unmanaged.passRetained(Work(options, pipe[0], answer))
    pthread_create(
      &thread, nil,
      {
        guard let context = $0 else { return nil }
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    // Until it listens; a test that expects it not to fails at its first connection.
    for _ in 0..<500 {
      if RawClient(options.path).connected { break }
      usleep(10_000)
    }
  }

  deinit {
    close(pipe[1])
    pthread_join(thread, nil)
    close(pipe[0])
  }
}

/// The permissions of a file, and who owns it.
func ownership(_ path: String) -> (kind: mode_t, mode: mode_t, uid: uid_t, gid: gid_t)? {
  var entry = stat()
  guard lstat(path, &entry) == 0 else { return nil }
  return (entry.st_mode & S_IFMT, entry.st_mode & 0o7777, entry.st_uid, entry.st_gid)
}

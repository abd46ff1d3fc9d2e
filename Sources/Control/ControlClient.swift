import CLinux
import Glibc

/// A connection to a running gateway. Blocks, for at most the time given.
public struct ControlClient: ~Copyable {
  /// Where `everway run` listens unless its configuration says otherwise.
  public static let defaultPath = "/run/everway/control.sock"

  private let descriptor: Int32
  private let path: String
  private var input: [UInt8] = []

  /// Of the process that serves the socket; nil when it lives in another pid namespace.
  public let serverPID: Int32?

  /// Connects.
  /// - Throws: ``ControlSocketError`` that says whether nobody runs, who may connect, or what is wrong with the path.
  public init(path: String = ControlClient.defaultPath, timeout: Duration = .seconds(5)) throws(ControlSocketError)
  {
    try UnixSocket.check(path: path)
    let fd = try UnixSocket.open()
    let deadline = Self.now() + timeout
    while true {
      let code = UnixSocket.connect(fd, path)
      if code == 0 { break }
      // The queue of those who wait to be accepted is full: a Unix socket does not wait for that (connect(2)).
      if code == EAGAIN || code == EINTR, Self.now() < deadline {
        usleep(5_000)
        continue
      }
      close(fd)
      throw Self.failure(path, code)
    }
    descriptor = fd
    self.path = path
    serverPID = UnixSocket.peer(fd).flatMap { $0.pid > 0 ? $0.pid : nil }
  }

  deinit { close(descriptor) }

  /// The connection, for who waits for several descriptors.
  public var socket: Int32 { descriptor }

  /// Sends a request and waits for its answer. After an error the connection is of no more use.
  public mutating func send(
    _ command: ControlCommand, timeout: Duration = .seconds(10)
  ) throws(ControlSocketError) -> ControlResponse {
    let deadline = Self.now() + timeout
    try write(ControlCoding.encode(command), deadline)
    let line = try readLine(deadline)
    guard let response = ControlCoding.response(line) else {
      throw ControlSocketError(
        .broken, "the answer from \(path) is not understood",
        help: "the running everway may be of another version: `everway version` tells; restart it after an upgrade")
    }
    return response
  }

  /// What comes behind an answer that says so: empty when nothing came in time, or a signal did; nil at the end.
  public mutating func readStream(timeout: Duration) throws(ControlSocketError) -> [UInt8]? {
    if !input.isEmpty {
      defer { input = [] }
      return input
    }
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, Int32(max(0, min(timeout / .milliseconds(1), 60_000)))) > 0 else { return [] }
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
    if count > 0 { return Array(chunk[..<count]) }
    if count == 0 || errno == ECONNRESET { return nil }
    guard errno == EAGAIN || errno == EINTR else { throw UnixSocket.system("read from \(path)") }
    return []
  }

  /// Asks for the end of the stream; what is under way still comes.
  public func endStream() { shutdown(descriptor, Int32(SHUT_WR)) }

  private func write(_ bytes: [UInt8], _ deadline: Duration) throws(ControlSocketError) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if errno == EAGAIN {
        try wait(Int16(POLLOUT), deadline)
      } else if errno == EPIPE || errno == ECONNRESET {
        return  // the server may have said why before it closed
      } else if errno != EINTR {
        throw UnixSocket.system("write to \(path)")
      }
    }
  }

  private mutating func readLine(_ deadline: Duration) throws(ControlSocketError) -> [UInt8] {
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    var searched = 0
    while true {
      if let end = input[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(input[..<end])
        input.removeSubrange(...end)
        return line
      }
      searched = input.count
      guard input.count <= ControlCoding.maximumResponse else {
        throw ControlSocketError(.broken, "the answer from \(path) is too long", help: "is this everway's socket?")
      }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        input += chunk[..<count]
      } else if count == 0 || errno == ECONNRESET {
        throw ControlSocketError(.broken, "the everway behind \(path) closed the connection", help: "try again")
      } else if errno == EAGAIN {
        try wait(Int16(POLLIN), deadline)
      } else if errno != EINTR {
        throw UnixSocket.system("read from \(path)")
      }
    }
  }

  private func wait(_ events: Int16, _ deadline: Duration) throws(ControlSocketError) {
    let left = (deadline - Self.now()) / .milliseconds(1)
    guard left > 0 else {
      throw ControlSocketError(
        .timedOut, "the everway behind \(path) does not answer",
        help: serverPID.map { "see what process \($0) is doing" } ?? "see what it is doing")
    }
    var poll = pollfd(fd: descriptor, events: events, revents: 0)
    _ = Glibc.poll(&poll, 1, Int32(min(left, 60_000)) + 1)
  }

  private static func failure(_ path: String, _ code: Int32) -> ControlSocketError {
    switch code {
    case ENOENT, ENOTDIR:
      return ControlSocketError(
        .notRunning, "everway is not running here: there is no \(path)",
        help: "start it with `everway run`, or name its control socket with --socket")
    case ECONNREFUSED where isSocket(path):
      return ControlSocketError(
        .notRunning, "everway is not running: nobody listens at \(path)",
        help: "start it with `everway run`; it replaces what its predecessor left behind")
    case ECONNREFUSED, EPROTOTYPE:
      return ControlSocketError(
        .wrongPath, "\(path) is no control socket", help: "name the right one with --socket")
    case EACCES, EPERM:
      return ControlSocketError(
        .permissionDenied, "you may not connect to \(path)", help: "only \(allowed(path)) may")
    case EAGAIN:
      return ControlSocketError(.timedOut, "the everway behind \(path) takes no connection", help: "try again soon")
    default: return UnixSocket.system("connect to \(path)", code: code)
    }
  }

  private static func isSocket(_ path: String) -> Bool {
    var entry = stat()
    return stat(path, &entry) == 0 && entry.st_mode & S_IFMT == S_IFSOCK
  }

  /// Who may connect, in words: writing to the socket is what counts (unix(7)).
  private static func allowed(_ path: String) -> String {
    var entry = stat()
    guard stat(path, &entry) == 0 else { return "root" }
    var who = ["root"]
    if entry.st_mode & 0o200 != 0, entry.st_uid != 0 {
      who.append(
        getpwuid(entry.st_uid).map { "user " + String(cString: $0.pointee.pw_name) } ?? "uid \(entry.st_uid)")
    }
    if entry.st_mode & 0o020 != 0 {
      let name = getgrgid(entry.st_gid).map { "group " + String(cString: $0.pointee.gr_name) }
      who.append("members of " + (name ?? "group \(entry.st_gid)"))
    }
    return who.joined(separator: " and ")
  }

  private static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

import Glibc

/// A client that says what it likes.
public final class RawClient {
  private let fd: Int32

  public init(_ path: String) {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let fd = socket(AF_UNIX, kind, 0)
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

  public let connected: Bool
  public private(set) var closed = false

  /// How many bytes the kernel took.
  @discardableResult
  public func say(_ text: String) -> Int { say(Array(text.utf8)) }

  @discardableResult
  public func say(_ bytes: [UInt8]) -> Int { max(0, send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))) }

  public func hangUpWriting() { shutdown(fd, Int32(SHUT_WR)) }

  /// All that has come so far; notes when the other side has closed.
  public func hear() -> String {
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

import CLinux
import Glibc

/// What systemd is told of a service of `Type=notify` (sd_notify(3)): datagrams to a socket that it names in the
/// environment. Without one, nothing is told to anybody.
public struct ServiceManager: Sendable {
  private let path: String
  /// Half of what systemd allows to pass between two signs of life, in nanoseconds; nil when it wants none.
  public let watchdogInterval: Int64?

  /// - Parameters:
  ///   - environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
  ///   - process: nil for this one.
  public init?(_ environment: (String) -> String? = Self.variable, process: Int32? = nil) {
    guard let path = environment("NOTIFY_SOCKET"), path.hasPrefix("/") || path.hasPrefix("@"),
      path.utf8.count < Self.longestPath
    else { return nil }
    self.path = path
    let isOurs = environment("WATCHDOG_PID").map { Int32($0) == process ?? getpid() } ?? true
    let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
    // A day is more than anybody sets, and far from overflow.
    watchdogInterval = isOurs && microseconds > 0 ? min(microseconds, 86_400_000_000) * 500 : nil
  }

  /// `sun_path`, unix(7).
  private static let longestPath = 108

  /// - Parameter state: lines such as `READY=1`.
  public func tell(_ state: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    // A leading @ stands for the zero octet of an abstract address.
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let text = Array(state.utf8)
    // A message that systemd does not take is lost, as sd_notify(3) has it: the service goes on.
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), address, length)
      }
    }
  }

  public static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

import BFD
import CLinux
import Glibc
import OpenBFDD
import Speaker

/// The beacon's log: syslog, and standard error when it is asked to tee. It never waits: a line that nobody takes at once
/// is lost, since the thread that writes it is the one that speaks BFD.
struct BeaconLog: ~Copyable {
  var settings = LogSettings()
  private let tees: Bool
  private let pid = getpid()
  private var syslog: Int32 = -1

  init(tees: Bool) { self.tees = tees }

  deinit { if syslog >= 0 { close(syslog) } }

  mutating func write(_ type: LogType, _ text: @autoclosure () -> String) {
    guard settings.types.contains(type) else { return }
    // Whatever an argument or a peer put into it, a line is a line.
    let clean = text().unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : String($0) }.joined()
    var line = "\(OpenBFDDRelease.beacon): [\(pid)]"
    if settings.hasTiming {
      let now = MonotonicClock.now().nanoseconds
      let fraction = String(now % 1_000_000_000)
      line += "[\(now / 1_000_000_000):\(String(repeating: "0", count: 9 - fraction.count))\(fraction)]"
    }
    line += ": " + clean.prefix(2_000)
    toSyslog(line, type)
    if tees { toStandardError(line + "\n") }
  }

  /// A pipe that can be written to at all takes PIPE_BUF octets at once (pipe(7)).
  private func toStandardError(_ line: String) {
    var watched = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard poll(&watched, 1, 0) == 1, watched.revents & Int16(POLLOUT) != 0 else { return }
    var bytes = Array(line.utf8.prefix(4_096))
    _ = Glibc.write(STDERR_FILENO, &bytes, bytes.count)
  }

  /// RFC 3164, as syslog(3) writes it, but on a socket that does not block.
  private mutating func toSyslog(_ line: String, _ type: LogType) {
    if syslog < 0 { syslog = Self.connect() }
    guard syslog >= 0 else { return }
    let facility = 3  // daemon
    var time = time(nil)
    var local = tm()
    localtime_r(&time, &local)
    var stamp = [CChar](repeating: 0, count: 32)
    strftime(&stamp, stamp.count, "%b %e %H:%M:%S", &local)
    let prefix =
      "<\(facility << 3 | type.severity)>"
      + String(decoding: stamp.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) + " "
    var bytes = Array((prefix + line).utf8)
    if send(syslog, &bytes, bytes.count, Int32(MSG_NOSIGNAL)) < 0, errno != EAGAIN {
      close(syslog)  // another syslogd has taken its place: found again with the next line
      syslog = -1
    }
  }

  private static func connect() -> Int32 {
    let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let fd = socket(AF_UNIX, Int32(kind), 0)
    guard fd >= 0 else { return -1 }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: "/dev/log\0".utf8) }
    let code = withUnsafePointer(to: name) {
      // connect reads a sockaddr of the length given.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if code == 0 { return fd }
    close(fd)
    return -1
  }
}

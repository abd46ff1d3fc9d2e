import CLinux
import Control
import FoundationEssentials
import Glibc

/// How events are written for people and for what collects logs.
public enum LogFormat: String, Hashable, Sendable, CaseIterable {
  /// Time, level, text.
  case text
  /// One JSON object a line, with the fields of `Event`.
  case json
  /// systemd's journal, with fields of its own (systemd.journal-fields(7)).
  case journald

  /// What suits a descriptor: the journal where it leads there, else text.
  ///
  /// - Parameter journalStream: the variable JOURNAL_STREAM, which systemd sets to device and inode of what it made standard
  ///   output and standard error (systemd.exec(5)). Another program may have inherited it with other descriptors.
  public static func suiting(_ descriptor: Int32, journalStream: String?) -> LogFormat {
    var entry = stat()
    guard let parts = journalStream?.split(separator: ":"), parts.count == 2, fstat(descriptor, &entry) == 0,
      parts[0] == "\(entry.st_dev)", parts[1] == "\(entry.st_ino)"
    else { return .text }
    return .journald
  }
}

/// An event as a line of a log: without its number, which it gets only where it is kept, and without packets.
struct LogLine: Encodable {
  let event: Event

  private enum Key: String, CodingKey {
    case at, level, kind, name, session, from, to, cause, silence, latency, text
    case peerAddress = "peer-address"
    case localDiagnostic = "local-diagnostic"
    case remoteDiagnostic = "remote-diagnostic"
    case detectionTime = "detection-time"
    case membersBefore = "members-before"
    case membersAfter = "members-after"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(event.at, forKey: .at)
    try container.encode(event.level, forKey: .level)
    try container.encode(event.kind, forKey: .kind)
    try container.encodeIfPresent(event.name, forKey: .name)
    try container.encodeIfPresent(event.session, forKey: .session)
    try container.encodeIfPresent(event.peerAddress, forKey: .peerAddress)
    try container.encodeIfPresent(event.from, forKey: .from)
    try container.encodeIfPresent(event.to, forKey: .to)
    try container.encodeIfPresent(event.cause, forKey: .cause)
    try container.encodeIfPresent(event.localDiagnostic, forKey: .localDiagnostic)
    try container.encodeIfPresent(event.remoteDiagnostic, forKey: .remoteDiagnostic)
    try container.encodeIfPresent(event.silence, forKey: .silence)
    try container.encodeIfPresent(event.detectionTime, forKey: .detectionTime)
    try container.encodeIfPresent(event.latency, forKey: .latency)
    try container.encodeIfPresent(event.membersBefore, forKey: .membersBefore)
    try container.encodeIfPresent(event.membersAfter, forKey: .membersAfter)
    try container.encode(event.text, forKey: .text)
  }

  /// One line of JSON, keys sorted, with its newline.
  var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    guard let data = try? encoder.encode(self) else { return [] }
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }

  /// A datagram of the journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
  var journalFields: [UInt8] {
    var octets: [UInt8] = []
    func field(_ name: String, _ value: String?) {
      guard let value else { return }
      octets += Array(name.utf8)
      let text = Array(value.utf8)
      if text.contains(UInt8(ascii: "\n")) {
        // Its length, in 8 octets, little-endian, in place of the equals sign.
        octets.append(UInt8(ascii: "\n"))
        for shift in stride(from: 0, to: 64, by: 8) {
          octets.append(UInt8(truncatingIfNeeded: UInt64(text.count) >> UInt64(shift)))
        }
      } else {
        octets.append(UInt8(ascii: "="))
      }
      octets += text
      octets.append(UInt8(ascii: "\n"))
    }
    field("MESSAGE", event.text)
    // syslog(3): 4 is warning, 6 is informational.
    field("PRIORITY", event.level == .warning ? "4" : "6")
    field("SYSLOG_IDENTIFIER", "everway")
    field("EVERWAY_TIME", "\(event.at)")
    field("EVERWAY_KIND", event.kind.rawValue)
    field("EVERWAY_NAME", event.name)
    field("EVERWAY_DISCRIMINATOR", event.session.map { "\($0)" })
    field("EVERWAY_PEER_ADDRESS", event.peerAddress)
    field("EVERWAY_FROM", event.from)
    field("EVERWAY_TO", event.to)
    field("EVERWAY_CAUSE", event.cause?.rawValue)
    field("EVERWAY_LOCAL_DIAGNOSTIC", event.localDiagnostic?.rawValue)
    field("EVERWAY_REMOTE_DIAGNOSTIC", event.remoteDiagnostic?.rawValue)
    field("EVERWAY_SILENCE_US", event.silence.map { "\($0)" })
    field("EVERWAY_DETECTION_TIME_US", event.detectionTime.map { "\($0)" })
    field("EVERWAY_LATENCY_US", event.latency.map { "\($0)" })
    field("EVERWAY_MEMBERS_BEFORE", event.membersBefore?.joined(separator: " "))
    field("EVERWAY_MEMBERS_AFTER", event.membersAfter?.joined(separator: " "))
    return octets
  }
}

/// The journal's socket, to which datagrams are sent; never waited for.
final class JournalSocket: Sendable {
  static let defaultPath = "/run/systemd/journal/socket"
  private let descriptor: Int32
  private let path: String

  init(path: String = defaultPath) {
    self.path = path
    descriptor = socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// - Returns: whether the journal took it.
  func send(_ octets: [UInt8]) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard descriptor >= 0, name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    // sendto reads a sockaddr of the length that is given.
    let sent = withUnsafeBytes(of: &address) { address in
      octets.withUnsafeBytes { octets in
        sendto(
          descriptor, octets.baseAddress, octets.count, Int32(MSG_NOSIGNAL),
          address.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return sent == octets.count
  }
}

import Addresses
import Control
import Glibc
import NetworkNamespaces
import PeerProbe

/// Who holds a UDP port in a namespace: /proc/net/udp names the socket, /proc/PID/fd the process.
enum PortHolder {
  /// Nil when nobody does.
  static func find(
    port: UInt16, family: AddressFamily, in namespace: borrowing NetworkNamespace
  ) -> ProbeEvidence.Holder? {
    let tables =
      (try? namespace.perform { () throws(SystemCallError) in
        (TextFile.read("/proc/thread-self/net/udp") ?? "") + (TextFile.read("/proc/thread-self/net/udp6") ?? "")
      }) ?? ""
    let suffix = ":" + hexadecimal(port)
    let inodes = Set(
      tables.split(separator: "\n").compactMap { line -> Substring? in
        let words = line.split(separator: " ")
        guard words.count > 9, words[1].hasSuffix(suffix) else { return nil }
        return words[9]
      })
    guard !inodes.isEmpty else { return nil }
    var holder = ProbeEvidence.Holder()
    for pid in Directory.names("/proc").compactMap({ Int32($0) }) {
      let folder = "/proc/\(pid)/fd"
      let holds = Directory.names(folder).contains { name in
        guard let target = Directory.link("\(folder)/\(name)"), target.hasPrefix("socket:[") else { return false }
        return inodes.contains(target.dropFirst(8).dropLast())
      }
      guard holds else { continue }
      holder.pid = pid
      holder.program = TextFile.read("/proc/\(pid)/comm").map { String($0.prefix { $0 != "\n" }) }
      break
    }
    return holder
  }

  /// Asks the running everway for its session with a peer.
  static func ask(_ holder: inout ProbeEvidence.Holder, about address: IPAddress, socket: String) {
    guard var client = try? ControlClient(path: socket, timeout: .seconds(2)),
      client.serverPID == nil || holder.pid == nil || client.serverPID == holder.pid,
      case .status(let report)? = try? client.send(.status, timeout: .seconds(3))
    else { return }
    holder.answered = true
    let session = report.sessions.first { IPAddress($0.peerAddress) == address }
    holder.sessionState = session.map { "\($0.sessionState)" }
  }

  private static func hexadecimal(_ port: UInt16) -> String {
    let digits = String(port, radix: 16, uppercase: true)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}

/// Small files of /proc and /sys.
enum TextFile {
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var octets: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while case let count = Glibc.read(descriptor, &chunk, chunk.count), count > 0, octets.count < 4 << 20 {
      octets += chunk.prefix(count)
    }
    return String(decoding: octets, as: UTF8.self)
  }
}

enum Directory {
  static func names(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
  }
}

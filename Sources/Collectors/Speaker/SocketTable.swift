import Runtime
import Cluster
import Addresses
import CLinux
import Doctor
import Glibc

/// The kernel's tables of UDP sockets and TCP listeners in one namespace (/proc/net/udp, Documentation/networking/
/// proc_net_tcp.rst), and who holds them.
struct SocketTable {
  struct Row {
    var socket: SpeakerFacts.Socket
    var inode: UInt64
  }

  /// Those of the calling thread's namespace, on BFD's ports and bfdd-control's. Nil with errno when not one of the
  /// tables can be read.
  static func read() -> [Row]? {
    var rows: [Row] = []
    var isReadable = false
    for (file, transport) in [("udp", Transport.udp), ("udp6", .udp), ("tcp", .tcp), ("tcp6", .tcp)] {
      guard let text = ProcText.read("/proc/thread-self/net/\(file)", limit: 8 << 20) else { continue }
      isReadable = true
      rows += text.split(separator: "\n").dropFirst().lazy.compactMap { row($0, transport) }
    }
    return isReadable ? rows : nil
  }

  typealias Transport = SpeakerFacts.Socket.Transport
  private static let ports: [Transport: Set<UInt16>] = [
    .udp: [SpeakerFacts.controlPort, SpeakerFacts.echoPort, SpeakerFacts.multihopPort],
    .tcp: Set(SpeakerFacts.beaconPorts)
  ]
  /// TCP_LISTEN, <net/tcp_states.h>.
  private static let listening = "0A"

  /// `  0: 00000000:0EC8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 18183 2 0000... 0`.
  static func row(_ line: Substring, _ transport: Transport) -> Row? {
    let words = line.split(separator: " ")
    guard words.count >= 10, transport == .udp || words[3] == listening, let colon = words[1].lastIndex(of: ":"),
      let port = UInt16(words[1][words[1].index(after: colon)...], radix: 16),
      ports[transport]?.contains(port) == true, let address = address(words[1][..<colon]),
      let inode = UInt64(words[9])
    else { return nil }
    var socket = SpeakerFacts.Socket(transport, address, port: port)
    if transport == .udp, words.count >= 13 { socket.dropped = UInt64(words[12]) ?? 0 }
    return Row(socket: socket, inode: inode)
  }

  /// Words of 32 bits as this machine has them, eight digits each.
  private static func address(_ digits: Substring) -> IPAddress? {
    var octets: [UInt8] = []
    var rest = digits
    while !rest.isEmpty {
      guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      withUnsafeBytes(of: word) { octets += Array($0) }
      rest = rest.dropFirst(8)
    }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
    if octets.count == 16, octets.starts(with: mapped) { octets.removeFirst(12) }
    return IPAddress(octets: octets)
  }

  /// Fills in who holds the sockets: a walk through the descriptors of all processes, at most 262,144 of them, until
  /// every holder is known.
  static func withHolders(_ rows: [Row]) -> [SpeakerFacts.Socket] {
    var wanted = Set(rows.map(\.inode))
    var holders: [UInt64: (pid: Int32, name: String)] = [:]
    var left = 262_144
    for pid in ProcText.pids() where !wanted.isEmpty && left > 0 {
      for name in ProcText.names(in: "/proc/\(pid)/fd").prefix(left) {
        left -= 1
        guard let link = ProcText.link("/proc/\(pid)/fd/\(name)"), link.hasPrefix("socket:["),
          let inode = UInt64(link.dropFirst(8).dropLast()), wanted.remove(inode) != nil
        else { continue }
        holders[inode] = (pid, ProcText.name(of: pid) ?? "?")
      }
    }
    return rows.map { row in
      var socket = row.socket
      socket.pid = holders[row.inode]?.pid
      socket.program = holders[row.inode]?.name
      return socket
    }
  }
}

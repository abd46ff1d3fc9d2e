import CLinux
import Glibc
import NetworkNamespaces
import SendingPorts
import XDPSockets

/// Two namespaces joined by a veth pair. A permanent neighbour entry gives the peer a link address that nobody has.
struct SendingWire: ~Copyable {
  private static let nobody: [UInt8] = [2, 0, 0, 0, 0, 99]
  private static let own: [UInt8] = [2, 0, 0, 0, 0, 1]

  private let names: [String]
  let near: NetworkNamespace
  let far: NetworkNamespace
  let interface: UInt32
  /// A BFD packet from 10.69.0.1 to 10.69.0.2, checksum of IP right, of UDP left out.
  let frame: [UInt8]

  init(qdisc: String?) throws {
    let names = ["near", "far"].map { "everway-sending\(getpid())-\($0)" }
    let near = try NetworkNamespace.create(named: names[0])
    let far = try NetworkNamespace.create(named: names[1])
    try run("ip", "link", "add", "w", "netns", names[0], "type", "veth", "peer", "name", "w", "netns", names[1])
    try run("ip", "-n", names[0], "link", "set", "w", "address", "02:00:00:00:00:01")
    try run("ip", "-n", names[0], "addr", "add", "10.69.0.1/24", "dev", "w")
    try run("ip", "-n", names[1], "addr", "add", "10.69.0.2/24", "dev", "w")
    for name in names { try run("ip", "-n", name, "link", "set", "w", "up") }
    try run(
      "ip", "-n", names[0], "neigh", "replace", "10.69.0.2", "lladdr", "02:00:00:00:00:63", "dev", "w", "nud",
      "permanent")
    if let qdisc {
      try run("ip", "netns", "exec", names[0], "tc", "qdisc", "replace", "dev", "w", "root", qdisc)
    }
    interface = try near.perform { if_nametoindex("w") }
    frame = Self.makeFrame()
    self.names = names
    self.near = near
    self.far = far
  }

  deinit { for name in names { try? NetworkNamespace.remove(named: name) } }

  private static func makeFrame() -> [UInt8] {
    var octets = nobody + own + [8, 0]
    let header: [UInt8] = [0x45, 0xc0, 0, 52, 0, 0, 0x40, 0, 255, 17, 0, 0, 10, 69, 0, 1, 10, 69, 0, 2]
    var sum = stride(from: 0, to: 20, by: 2).reduce(0) { $0 + Int(header[$1]) << 8 + Int(header[$1 + 1]) }
    sum = (sum & 0xffff) + sum >> 16
    octets += header
    octets[24] = UInt8(truncatingIfNeeded: ~sum >> 8)
    octets[25] = UInt8(truncatingIfNeeded: ~sum)
    octets += [0xc0, 0, 0x0e, 0xc8, 0, 32, 0, 0, 0x20, 0xc0, 3, 24]
    return octets + [UInt8](repeating: 1, count: SENDING_FRAME - octets.count)
  }

  func open(_ kind: sending_kind, bypass: Bool) throws -> OpaquePointer {
    let frame = frame
    let interface = interface
    // The port has one owner, who closes it; as a number it may leave the thread that made it.
    let address = try near.perform { () throws(SystemCallError) -> UInt in
      guard let port = sending_open(kind, bypass, interface, frame) else { throw SystemCallError("open a port") }
      return UInt(bitPattern: port)
    }
    guard let port = OpaquePointer(bitPattern: address) else { throw Failure("no port") }
    return port
  }

  /// A queue is free again some milliseconds after its last socket was closed.
  func transmitter() throws(XDPError) -> XDPTransmitter {
    var attempts = 1_000
    while true {
      do throws(XDPError) { return try XDPTransmitter(on: interface, in: near) } catch {
        attempts -= 1
        guard error.reason == .inUse, attempts > 0 else { throw error }
      }
      usleep(1_000)
    }
  }

  /// Packets that the far end's device has received.
  func arrived() throws -> Int {
    try far.perform { () throws(SystemCallError) in
      let file = Glibc.open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw SystemCallError("read /proc/thread-self/net/dev") }
      defer { close(file) }
      var buffer = [UInt8](repeating: 0, count: 4_096)
      let text = String(decoding: buffer[..<max(0, read(file, &buffer, buffer.count))], as: UTF8.self)
      for line in text.split(separator: "\n") {
        let fields = line.split(whereSeparator: { $0 == " " || $0 == ":" })
        if fields.first == "w", fields.count > 2 { return Int(fields[2]) ?? 0 }
      }
      return 0
    }
  }
}

private func run(_ arguments: String...) throws {
  var pid = pid_t()
  var words = arguments.map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var status: Int32 = 0
  guard posix_spawnp(&pid, arguments[0], nil, nil, &words, environ) == 0, waitpid(pid, &status, 0) == pid,
    status == 0
  else { throw Failure(arguments.joined(separator: " ")) }
}

import Addresses
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@testable import XDPSockets

/// Two namespaces and a wire: the near end sends, a packet socket at the far end sees what comes.
final class Wire {
  /// For local experiments (IEEE 802), so that nothing else comes in.
  static let type: UInt16 = 0x88b5

  let nearName: String
  let farName: String
  let near: NetworkNamespace
  let far: NetworkNamespace
  /// The device at the near end.
  let interface: UInt32
  let bystander: Int32

  init(_ label: String) throws {
    let nearName = NamespaceNames.make("\(label)n")
    let farName = NamespaceNames.make("\(label)f")
    let near = try NetworkNamespace.create(named: nearName)
    let far = try NetworkNamespace.create(named: farName)
    try run("ip", "link", "add", "w", "netns", nearName, "type", "veth", "peer", "name", "w", "netns", farName)
    for name in [nearName, farName] { try run("ip", "-n", name, "link", "set", "w", "up") }
    let interface = try near.perform { if_nametoindex("w") }
    let bystander = try far.perform { () throws(SystemCallError) in
      let socket = Glibc.socket(
        AF_PACKET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
        Int32(Wire.type.bigEndian))
      guard socket >= 0 else { throw SystemCallError("open a packet socket") }
      var size: Int32 = 4 << 20
      setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, 4)
      return socket
    }
    try #require(interface != 0)
    self.nearName = nearName
    self.farName = farName
    self.near = near
    self.far = far
    self.interface = interface
    self.bystander = bystander
  }

  deinit {
    close(bystander)
    try? NetworkNamespace.remove(named: nearName)
    try? NetworkNamespace.remove(named: farName)
  }

  func transmitter(frames: Int = 128) throws(XDPError) -> Sender {
    Sender(try XDPTransmitter(on: interface, in: near, frames: frames))
  }

  /// The next frame that came in, nil when there is none within ten seconds.
  func receive(milliseconds: Int32 = 10_000) -> [UInt8]? {
    var wait = pollfd(fd: bystander, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, milliseconds) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = recv(bystander, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return count >= 0 ? Array(buffer[..<count]) : nil
  }

  /// `count` frames as they came in.
  func receive(_ count: Int) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    while frames.count < count, let frame = receive() { frames.append(frame) }
    return frames
  }
}

/// A frame to nobody, with a number and a length.
func frame(_ number: Int, length: Int = 60) -> [UInt8] {
  var octets: [UInt8] = [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]
  octets += withUnsafeBytes(of: UInt32(number).bigEndian, Array.init)
  while octets.count < length { octets.append(UInt8(truncatingIfNeeded: octets.count &* 7 &+ number)) }
  return Array(octets[..<length])
}

/// A transmitter by reference, as #expect wants it.
final class Sender {
  private var transmitter: XDPTransmitter

  init(_ transmitter: consuming XDPTransmitter) { self.transmitter = transmitter }

  /// Writes and commits a frame; false when there is no room.
  func put(_ octets: [UInt8]) -> Bool {
    guard let room = transmitter.nextFrame() else { return false }
    octets.withUnsafeBytes { room.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(room), byteCount: $0.count) }
    transmitter.commit(length: octets.count)
    return true
  }

  func add(_ packet: [UInt8], family: AddressFamily, to destination: MACAddress, from source: MACAddress) -> Bool {
    transmitter.add(packet.span.bytes, family: family, to: destination, from: source)
  }

  func flush() -> XDPTransmitter.Outcome { transmitter.flush() }
  func reclaim() { transmitter.reclaim() }
  var hasRoom: Bool { transmitter.nextFrame() != nil }
  var free: Int { transmitter.free }
  var waiting: Int { transmitter.waiting }
  var refused: UInt64 { transmitter.refused }
}

func run(_ arguments: String...) throws {
  let status = exitStatus(arguments)
  try #require(status == 0, "\(arguments)")
}

func exitStatus(_ arguments: [String]) -> Int32 {
  var pid = pid_t()
  var words = arguments.map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var status: Int32 = 0
  guard posix_spawnp(&pid, arguments[0], nil, nil, &words, environ) == 0, waitpid(pid, &status, 0) == pid
  else { return -1 }
  return status
}

func monotonic() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Waits until something holds, for ten seconds at most.
func eventually(_ condition: () -> Bool) -> Bool {
  let end = monotonic() + 10_000_000_000
  while !condition() {
    if monotonic() > end { return false }
    usleep(1_000)
  }
  return true
}

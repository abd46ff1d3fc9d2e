import Addresses
import CLinux
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@testable import EBPF

/// Two namespaces and a wire: peers at the far end send, a gateway at the near one receives.
struct Wire: ~Copyable {
  static let peer4 = IPAddress.v4(IPv4Address(10, 67, 0, 2))
  static let otherPeer4 = IPAddress.v4(IPv4Address(10, 67, 0, 3))
  static let own4 = IPAddress.v4(IPv4Address(10, 67, 0, 1))
  static let otherOwn4 = IPAddress.v4(IPv4Address(10, 67, 0, 4))
  static let peer6 = IPAddress.v6(IPv6Address(high: 0xfd67 << 48, low: 2))
  static let otherPeer6 = IPAddress.v6(IPv6Address(high: 0xfd67 << 48, low: 3))
  static let own6 = IPAddress.v6(IPv6Address(high: 0xfd67 << 48, low: 1))
  static let otherOwn6 = IPAddress.v6(IPv6Address(high: 0xfd67 << 48, low: 4))
  static let ownMAC: [UInt8] = [2, 0, 0, 0, 0, 1]

  static func peer(_ family: AddressFamily) -> IPAddress { family == .ipv4 ? peer4 : peer6 }
  static func own(_ family: AddressFamily) -> IPAddress { family == .ipv4 ? own4 : own6 }

  private let nearName: String
  private let farName: String
  let near: NetworkNamespace
  let far: NetworkNamespace
  /// The device at the near end.
  let interface: UInt32

  init(_ label: String) throws {
    let nearName = NamespaceNames.make("\(label)n")
    let farName = NamespaceNames.make("\(label)f")
    let near = try NetworkNamespace.create(named: nearName)
    let far = try NetworkNamespace.create(named: farName)
    try ip("link", "add", "w", "netns", nearName, "type", "veth", "peer", "name", "w", "netns", farName)
    try ip("-n", nearName, "link", "set", "w", "address", "02:00:00:00:00:01")
    for (name, hosts) in [(nearName, [1, 4]), (farName, [2, 3])] {
      for host in hosts {
        try ip("-n", name, "addr", "add", "10.67.0.\(host)/24", "dev", "w")
        try ip("-n", name, "addr", "add", "fd67::\(host)/64", "dev", "w", "nodad")
      }
      try ip("-n", name, "link", "set", "w", "up")
      try ip("-n", name, "link", "set", "lo", "up")
    }
    let interface = try near.perform { if_nametoindex("w") }
    try #require(interface != 0)
    self.nearName = nearName
    self.farName = farName
    self.near = near
    self.far = far
    self.interface = interface
  }

  deinit {
    try? NetworkNamespace.remove(named: nearName)
    try? NetworkNamespace.remove(named: farName)
  }

  /// A non-blocking UDP socket at the near end, bound to a port of all addresses.
  func receiver(_ family: AddressFamily, port: UInt16 = 3784) throws -> Int32 {
    try near.perform { () throws(SystemCallError) in
      try udpSocket(family, .any(family), port)
    }
  }

  /// A socket to send by from an address of the far end.
  func sender(from source: IPAddress, timeToLive: Int32 = 255) throws -> Int32 {
    try far.perform { () throws(SystemCallError) in
      let socket = try udpSocket(source.family, source, 0)
      var timeToLive = timeToLive
      let isIPv4 = source.family == .ipv4
      setsockopt(
        socket, Int32(isIPv4 ? IPPROTO_IP : IPPROTO_IPV6), isIPv4 ? IP_TTL : IPV6_UNICAST_HOPS, &timeToLive, 4)
      return socket
    }
  }
}

private func udpSocket(_ family: AddressFamily, _ address: IPAddress, _ port: UInt16) throws(SystemCallError)
  -> Int32
{
  let socket = Glibc.socket(
    family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard socket >= 0 else { throw SystemCallError("socket") }
  let code = withSocketAddress(address, port) { bind(socket, $0, $1) }
  guard code == 0 else {
    let error = SystemCallError("bind \(address) port \(port)")
    close(socket)
    throw error
  }
  return socket
}

/// Calls `body` with the address as the kernel wants it.
func withSocketAddress<T>(_ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T)
  -> T
{
  let octets = address.octets
  switch address.family {
  case .ipv4:
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: octets) }
    return withUnsafePointer(to: name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  case .ipv6:
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: octets) }
    return withUnsafePointer(to: name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
    }
  }
}

func ip(_ arguments: String...) throws {
  var pid = pid_t()
  var words = (["ip"] + arguments).map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var status: Int32 = 0
  let code = posix_spawnp(&pid, "ip", nil, nil, &words, environ)
  try #require(code == 0 && waitpid(pid, &status, 0) == pid && status == 0, "ip \(arguments)")
}

/// Octets of a packet of an Up session without authentication.
func controlPacket(mine: UInt32 = 0x1111_2222, yours: UInt32 = 0x3333_4444) -> [UInt8] {
  func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
  return [0x20, 0xc0, 3, 24] + word(mine) + word(yours) + word(300_000) + word(300_000) + word(0)
}

func send(_ payload: [UInt8], by socket: Int32, to address: IPAddress, port: UInt16 = 3784) throws {
  let sent = withSocketAddress(address, port) { sendto(socket, payload, payload.count, 0, $0, $1) }
  try #require(sent == payload.count, "\(String(cString: strerror(errno)))")
}

/// The next payload that a socket delivers, or nil when there is none within the time.
func receive(_ socket: Int32, milliseconds: Int32 = 10_000) -> [UInt8]? {
  var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
  guard poll(&wait, 1, milliseconds) == 1 else { return nil }
  var buffer = [UInt8](repeating: 0, count: 2_048)
  let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
  return count >= 0 ? Array(buffer[..<count]) : nil
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

/// A filter, a socket it is attached to at the near end of a wire, and a peer at the far end whose packets session 5
/// expects.
struct Filtered: ~Copyable {
  static let session = 5
  static let discriminator: UInt32 = 0x3333_4444

  let wire: Wire
  var filter: RepetitionFilter
  let socket: Int32
  let attachment: RepetitionFilter.Attachment
  let family: AddressFamily

  init(_ label: String, _ family: AddressFamily = .ipv4, capacity: Int = 16) throws {
    let wire = try Wire(label)
    var filter = try RepetitionFilter(capacity: capacity)
    let socket = try wire.receiver(family)
    let attachment = try filter.attach(to: socket)
    try filter.add(Self.session, discriminator: Self.discriminator)
    self.attachment = attachment
    self.wire = wire
    self.filter = filter
    self.socket = socket
    self.family = family
  }

  deinit { close(socket) }

  /// Has session 5 expect `payload` in the strictest way.
  mutating func expect(
    _ payload: [UInt8] = controlPacket(), interface: UInt32? = nil, destination: IPAddress? = nil,
    longestGap: Int64 = .max
  ) {
    filter.expect(
      Self.session, payload: payload.span.bytes, from: Wire.peer(family), to: destination ?? Wire.own(family),
      interface: interface ?? wire.interface, minimumTimeToLive: 255, on: attachment, lastArrival: monotonic(),
      longestGap: longestGap)
  }

  /// Sends what the peer sends, or something that differs.
  func send(
    _ payload: [UInt8] = controlPacket(), from source: IPAddress? = nil, to destination: IPAddress? = nil,
    timeToLive: Int32 = 255
  ) throws {
    let sender = try wire.sender(from: source ?? Wire.peer(family), timeToLive: timeToLive)
    defer { close(sender) }
    try EBPFTests.send(payload, by: sender, to: destination ?? Wire.own(family))
  }

  var count: UInt64 { filter.reading(Self.session).count }

  /// Whether one more packet has been swallowed, and nothing delivered.
  func swallowsNext(after count: UInt64 = 0) -> Bool {
    eventually { self.count > count } && receive(socket, milliseconds: 0) == nil
  }

  /// Whether the next packet is delivered as it was sent, and has not been counted.
  func delivers(_ payload: [UInt8] = controlPacket(), after count: UInt64 = 0) -> Bool {
    receive(socket) == payload && self.count == count
  }
}

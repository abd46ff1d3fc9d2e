import Addresses
import CLinux
import Glibc
import NetworkNamespaces

/// Why the speaker could not open its sockets, and what to do.
public struct SpeakerError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// errno, 0 when there is none.
  public var code: Int32
  public var description: String { message }
}

/// The UDP ports of BFD.
public enum BFDPort {
  /// RFC 5881 section 4.
  public static let singleHop: UInt16 = 3784
  /// RFC 5881 section 4: source ports.
  public static let sources: ClosedRange<UInt16> = 49152...65535
}

/// The descriptors of one address family: one socket to receive on port 3784, one to send from a port of its own.
final class SocketPair: Sendable {
  let family: AddressFamily
  let receiver: Int32
  let transmitter: Int32
  /// The transmitter's port: the source of every packet of this family, for as long as the speaker lives.
  let sourcePort: UInt16

  deinit {
    close(receiver)
    close(transmitter)
  }

  /// Opens both inside `namespace`.
  /// - Parameter preferredPort: where to start looking for a source port, so that it is the same after a restart.
  init(
    in namespace: borrowing NetworkNamespace, family: AddressFamily, listen: IPAddress, preferredPort: UInt16
  ) throws(SpeakerError) {
    let opened: Opened
    do {
      opened = try namespace.perform { () throws(SystemCallError) in
        try Opened(family: family, listen: listen, preferredPort: preferredPort)
      }
    } catch {
      throw SpeakerError(message: Self.explain(error, listen: listen), code: error.code)
    }
    self.family = family
    receiver = opened.receiver
    transmitter = opened.transmitter
    sourcePort = opened.sourcePort
  }

  private static func explain(_ error: SystemCallError, listen: IPAddress) -> String {
    switch error.code {
    case EADDRINUSE:
      "\(error): UDP port \(BFDPort.singleHop) on \(listen) is taken in this namespace; another BFD daemon runs there "
        + "(ss -ulpn 'sport = :3784' names it). Stop it, or set bfd.listen to another address"
    case EADDRNOTAVAIL:
      "\(error): \(listen) is not an address of this namespace; add it, or correct bfd.listen"
    case EACCES, EPERM:
      "\(error): not permitted; run as root or with CAP_NET_ADMIN and CAP_NET_RAW"
    case EAFNOSUPPORT:
      "\(error): this kernel has no \(listen.family); leave it out of bfd.listen"
    default: "\(error)"
    }
  }
}

/// What comes back from the thread inside the namespace: plain numbers.
private struct Opened: Sendable {
  var receiver: Int32
  var transmitter: Int32
  var sourcePort: UInt16

  init(family: AddressFamily, listen: IPAddress, preferredPort: UInt16) throws(SystemCallError) {
    receiver = try Self.socket(family)
    do {
      try Self.prepareReceiver(receiver, family)
      try bindSocket(receiver, listen, BFDPort.singleHop)
      transmitter = try Self.socket(family)
    } catch {
      close(receiver)
      throw error
    }
    do {
      try Self.prepareTransmitter(transmitter, family)
      sourcePort = try Self.bindToSourcePort(transmitter, family, preferredPort)
    } catch {
      close(receiver)
      close(transmitter)
      throw error
    }
  }

  private static func socket(_ family: AddressFamily) throws(SystemCallError) -> Int32 {
    let fd = Glibc.socket(
      family == .ipv4 ? AF_INET : AF_INET6,
      Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), Int32(IPPROTO_UDP))
    guard fd >= 0 else { throw SystemCallError("open \(family) socket") }
    return fd
  }

  private static func prepareReceiver(_ fd: Int32, _ family: AddressFamily) throws(SystemCallError) {
    try setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS")
    try setOption(fd, SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL")
    growBuffer(fd, forced: SO_RCVBUFFORCE, plain: SO_RCVBUF)
    switch family {
    case .ipv4:
      try setOption(fd, Int32(IPPROTO_IP), IP_PKTINFO, 1, "IP_PKTINFO")
      try setOption(fd, Int32(IPPROTO_IP), IP_RECVTTL, 1, "IP_RECVTTL")
    case .ipv6:
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
    }
  }

  /// TTL 255 (RFC 5881 section 5), traffic class CS6 as routing protocols use.
  private static func prepareTransmitter(_ fd: Int32, _ family: AddressFamily) throws(SystemCallError) {
    growBuffer(fd, forced: SO_SNDBUFFORCE, plain: SO_SNDBUF)
    switch family {
    case .ipv4:
      try setOption(fd, Int32(IPPROTO_IP), IP_TTL, 255, "IP_TTL")
      try setOption(fd, Int32(IPPROTO_IP), IP_TOS, 0xc0, "IP_TOS")
    case .ipv6:
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, 255, "IPV6_UNICAST_HOPS")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_TCLASS, 0xc0, "IPV6_TCLASS")
    }
  }

  /// The first free port from the preferred one on.
  private static func bindToSourcePort(
    _ fd: Int32, _ family: AddressFamily, _ preferred: UInt16
  ) throws(SystemCallError) -> UInt16 {
    let count = BFDPort.sources.count
    for step in 0..<count {
      let offset = (Int(preferred) - Int(BFDPort.sources.lowerBound) + step) % count
      let port = UInt16(Int(BFDPort.sources.lowerBound) + offset)
      do {
        try bindSocket(fd, .any(family), port)
        return port
      } catch  where error.code == EADDRINUSE {
        continue
      }
    }
    throw SystemCallError("bind a source port in \(BFDPort.sources)", code: EADDRINUSE)
  }

  /// Four megabytes, some 5,000 small packets: what arrives while the process is stopped is still there to judge by.
  private static func growBuffer(_ fd: Int32, forced: Int32, plain: Int32) {
    var size: Int32 = 4 << 20
    // Without CAP_NET_ADMIN net.core.rmem_max limits it; smaller is no failure.
    if setsockopt(fd, SOL_SOCKET, forced, &size, 4) != 0 { setsockopt(fd, SOL_SOCKET, plain, &size, 4) }
  }

  private static func setOption(
    _ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ name: String
  ) throws(SystemCallError) {
    var value = value
    guard setsockopt(fd, level, option, &value, 4) == 0 else { throw SystemCallError("set \(name)") }
  }
}

/// Binds to an address and port.
func bindSocket(_ fd: Int32, _ address: IPAddress, _ port: UInt16) throws(SystemCallError) {
  let octets = address.octets
  let result: Int32
  switch address.family {
  case .ipv4:
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: octets) }
    result = withUnsafePointer(to: name) {
      // bind reads a sockaddr of the length given.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  case .ipv6:
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: octets) }
    result = withUnsafePointer(to: name) {
      // As above.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
      }
    }
  }
  guard result == 0 else { throw SystemCallError("bind [\(address)]:\(port)") }
}

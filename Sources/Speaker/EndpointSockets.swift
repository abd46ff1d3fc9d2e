import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces

/// A socket that packets come in on.
final class Receiver: Sendable {
  let endpoint: Endpoint
  let descriptor: Int32
  /// What only says once more that all is well comes in here and can wait: see `SteadyGate`; -1 where there is one socket
  /// for everything.
  let steady: Int32

  deinit { for descriptor in [descriptor, steady] where descriptor >= 0 { close(descriptor) } }

  fileprivate init(_ endpoint: Endpoint, _ descriptor: Int32, steady: Int32 = -1) {
    self.endpoint = endpoint
    self.descriptor = descriptor
    self.steady = steady
  }
}

/// A socket that packets of one family leave a routing domain by.
final class Transmitter: Sendable {
  let domain: RoutingDomain
  let family: AddressFamily
  /// For initiators of seamless BFD, and for nobody else: answers come in on the same socket.
  let isSeamless: Bool
  /// Whether it is bound to a VRF, or to another device.
  let hasDevice: Bool
  let descriptor: Int32
  /// The source of every packet of this family and domain, for as long as the speaker lives.
  let sourcePort: UInt16

  deinit { close(descriptor) }

  fileprivate init(_ endpoint: Endpoint, _ descriptor: Int32, _ sourcePort: UInt16) {
    domain = endpoint.domain
    family = endpoint.address.family
    isSeamless = endpoint.pathType == .seamlessInitiator
    hasDevice = endpoint.device != nil
    self.descriptor = descriptor
    self.sourcePort = sourcePort
  }
}

/// Opens sockets on a thread inside a namespace.
enum EndpointSockets {
  /// Opens a socket to receive on.
  /// - Parameter neighbours: receivers in the same namespace, which may have the same port on another device.
  static func receiver(
    _ endpoint: Endpoint, in namespace: borrowing NetworkNamespace, beside neighbours: [Receiver]
  ) throws(SpeakerError) -> Receiver {
    do {
      let (descriptor, steady) = try namespace.perform { () throws(SystemCallError) in
        let fd = try socket(endpoint.address.family)
        do throws(SystemCallError) {
          try prepareReceiver(fd, endpoint.address.family)
          if endpoint.pathType == .seamlessReflector { try prepareTransmitter(fd, endpoint.address.family) }
          try bindToDevice(fd, endpoint.device)
          try bindBeside(neighbours, fd, endpoint)
        } catch {
          close(fd)
          throw error
        }
        return (fd, steadySocket(beside: fd, endpoint))
      }
      return Receiver(endpoint, descriptor, steady: steady)
    } catch {
      throw SpeakerError(message: explain(error, endpoint), code: error.code)
    }
  }

  /// A second socket on the same port, for packets that need nobody to wake up.
  ///
  /// The first was bound alone, so nobody else has the port; who joins the group later is given nothing by the program
  /// that chooses among its sockets.
  /// - Returns: -1 where the kernel has no such thing: then the first socket hears everything.
  private static func steadySocket(beside first: Int32, _ endpoint: Endpoint) -> Int32 {
    guard endpoint.pathType == .singleHop || endpoint.pathType == .multihop else { return -1 }
    guard let fd = try? socket(endpoint.address.family) else { return -1 }
    do throws(SystemCallError) {
      try setOption(first, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT")
      try setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT")
      try prepareReceiver(fd, endpoint.address.family)
      try bindToDevice(fd, endpoint.device)
      try bindSocket(fd, endpoint.address, endpoint.port ?? 0)
      guard cl_steady_select(first) == 0 else { throw SystemCallError("choose among sockets") }
      return fd
    } catch {
      close(fd)
      try? setOption(first, SOL_SOCKET, SO_REUSEPORT, 0, "SO_REUSEPORT")
      return -1
    }
  }

  /// Opens a socket to send by.
  /// - Parameter preferredPort: where to start looking for a source port, so that it is the same after a restart.
  static func transmitter(
    for endpoint: Endpoint, in namespace: borrowing NetworkNamespace, preferredPort: UInt16
  ) throws(SpeakerError) -> Transmitter {
    let family = endpoint.address.family
    do {
      let (descriptor, port) = try namespace.perform { () throws(SystemCallError) in
        let fd = try socket(family)
        do throws(SystemCallError) {
          try prepareTransmitter(fd, family)
          try bindToDevice(fd, endpoint.device)
          return (fd, try bindToSourcePort(fd, family, preferredPort))
        } catch {
          close(fd)
          throw error
        }
      }
      return Transmitter(endpoint, descriptor, port)
    } catch {
      throw SpeakerError(message: explain(error, endpoint), code: error.code)
    }
  }

  /// A socket that has been opened to send by, to receive on as well.
  static func receiver(_ endpoint: Endpoint, on transmitter: Transmitter) throws(SpeakerError) -> Receiver {
    do throws(SystemCallError) {
      try prepareReceiver(transmitter.descriptor, transmitter.family)
      let descriptor = fcntl(transmitter.descriptor, F_DUPFD_CLOEXEC, 0)
      guard descriptor >= 0 else { throw SystemCallError("duplicate a socket") }
      return Receiver(endpoint, descriptor)
    } catch {
      throw SpeakerError(message: explain(error, endpoint), code: error.code)
    }
  }

  private static func explain(_ error: SystemCallError, _ endpoint: Endpoint) -> String {
    let listen = endpoint.address
    switch error.code {
    case EADDRINUSE:
      return
        "\(error): UDP port \(endpoint.port ?? 0) on \(listen) is taken in this namespace; another BFD daemon runs there "
        + "(ss -ulpn 'sport = :\(endpoint.port ?? 0)' names it). Stop it, or set bfd.listen to another address"
    case EADDRNOTAVAIL:
      return "\(error): \(listen) is not an address of this namespace; add it, or correct bfd.listen"
    case EACCES, EPERM:
      return "\(error): not permitted; run as root or with CAP_NET_ADMIN and CAP_NET_RAW"
    case EAFNOSUPPORT:
      return "\(error): this kernel has no \(listen.family); leave it out of bfd.listen"
    case ENODEV where endpoint.device != nil:
      return "\(error): there is no device \(endpoint.device ?? "") in this namespace; create the VRF first"
    default: return "\(error)"
    }
  }

  private static func socket(_ family: AddressFamily) throws(SystemCallError) -> Int32 {
    let fd = Glibc.socket(
      family == .ipv4 ? AF_INET : AF_INET6,
      Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), Int32(IPPROTO_UDP))
    guard fd >= 0 else { throw SystemCallError("open \(family) socket") }
    guard family == .ipv6 else { return fd }
    do throws(SystemCallError) {
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY")
    } catch {
      close(fd)
      throw error
    }
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
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
    }
  }

  /// TTL 255 (RFC 5881 section 5), traffic class CS6 as routing protocols use. Never fragmented, whatever the path is
  /// said to carry: a padded packet tests just that (RFC 9764 section 3).
  private static func prepareTransmitter(_ fd: Int32, _ family: AddressFamily) throws(SystemCallError) {
    growBuffer(fd, forced: SO_SNDBUFFORCE, plain: SO_SNDBUF)
    switch family {
    case .ipv4:
      try setOption(fd, Int32(IPPROTO_IP), IP_TTL, 255, "IP_TTL")
      try setOption(fd, Int32(IPPROTO_IP), IP_TOS, 0xc0, "IP_TOS")
      try setOption(fd, Int32(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, "IP_MTU_DISCOVER")
    case .ipv6:
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, 255, "IPV6_UNICAST_HOPS")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_TCLASS, 0xc0, "IPV6_TCLASS")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, "IPV6_MTU_DISCOVER")
      try setOption(fd, Int32(IPPROTO_IPV6), IPV6_DONTFRAG, 1, "IPV6_DONTFRAG")
    }
  }

  private static func bindToDevice(_ fd: Int32, _ device: String?) throws(SystemCallError) {
    guard let device else { return }
    let name = Array(device.utf8)
    guard setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, socklen_t(name.count)) == 0 else {
      throw SystemCallError("bind to device \(device)")
    }
  }

  /// Binds beside our own sockets on the same port: the kernel lets an unbound socket and one that is bound to a
  /// device share a port only when both allow it. They allow it for that moment, so that nobody else can join later.
  private static func bindBeside(
    _ neighbours: [Receiver], _ fd: Int32, _ endpoint: Endpoint
  ) throws(SystemCallError) {
    let sharing = neighbours.filter { $0.endpoint.port == endpoint.port && $0.endpoint.device != endpoint.device }
    let all = sharing.isEmpty ? [] : sharing.flatMap { [$0.descriptor, $0.steady] }.filter { $0 >= 0 } + [fd]
    for descriptor in all { try setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR") }
    defer { for descriptor in all { try? setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 0, "SO_REUSEADDR") } }
    try bindSocket(fd, endpoint.address, endpoint.port ?? 0)
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

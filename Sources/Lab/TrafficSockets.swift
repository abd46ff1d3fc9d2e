import Addresses
import CLinux
import Glibc
import NetworkNamespaces

/// The sockets of the traffic; called inside the namespace they shall belong to.
enum TrafficSockets {
  /// A socket for each flow, bound to its source port and connected to its destination.
  /// - Throws: when a port is taken or there is no route; nothing stays open.
  static func sending(_ flows: [TrafficFlow], port: UInt16) throws(SystemCallError) -> [Int32] {
    var sockets: [Int32] = []
    do throws(SystemCallError) {
      for flow in flows { sockets.append(try sending(flow, port: port)) }
      return sockets
    } catch {
      for socket in sockets { close(socket) }
      throw error
    }
  }

  private static func sending(_ flow: TrafficFlow, port: UInt16) throws(SystemCallError) -> Int32 {
    let family = flow.destination.family == .ipv4 ? AF_INET : AF_INET6
    let fd = try make(family)
    do throws(SystemCallError) {
      try withAddress(.any(flow.destination.family), flow.sourcePort) { address, length throws(SystemCallError) in
        guard bind(fd, address, length) == 0 else { throw SystemCallError("take UDP port \(flow.sourcePort)") }
      }
      try withAddress(flow.destination, port) { address, length throws(SystemCallError) in
        guard connect(fd, address, length) == 0 else { throw SystemCallError("reach \(flow.destination)") }
      }
      return fd
    } catch {
      close(fd)
      throw error
    }
  }

  /// One socket for both families, whose queue holds more than a second of traffic while its reader sleeps.
  static func receiving(port: UInt16) throws(SystemCallError) -> Int32 {
    let fd = try make(AF_INET6)
    var off: Int32 = 0
    var size: Int32 = 64 << 20
    setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
    // Without the capability the queue stays small, and TrafficHealth.socketDrops would tell.
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
    do throws(SystemCallError) {
      var on: Int32 = 1
      // On this socket it tells the interface of IPv4 datagrams too.
      guard
        setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, &on, socklen_t(MemoryLayout<Int32>.size)) == 0
      else { throw SystemCallError("ask for the interface of datagrams") }
      try withAddress(.any(.ipv6), port) { address, length throws(SystemCallError) in
        guard bind(fd, address, length) == 0 else { throw SystemCallError("take UDP port \(port)") }
      }
      return fd
    } catch {
      close(fd)
      throw error
    }
  }

  /// How many datagrams found the socket's queue full (SO_MEMINFO, SK_MEMINFO_DROPS of linux/sock_diag.h).
  static func drops(_ fd: Int32) -> Int {
    var info = [UInt32](repeating: 0, count: 9)
    var length = socklen_t(info.count * MemoryLayout<UInt32>.size)
    guard getsockopt(fd, SOL_SOCKET, SO_MEMINFO, &info, &length) == 0 else { return 0 }
    return Int(info[8])
  }

  private static func make(_ family: Int32) throws(SystemCallError) -> Int32 {
    let fd = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw SystemCallError("open a UDP socket") }
    return fd
  }

  private static func withAddress(
    _ address: IPAddress, _ port: UInt16,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(SystemCallError) -> Void
  ) throws(SystemCallError) {
    // The kernel reads as many bytes of the storage as the length says; any sockaddr fits in it.
    var storage = sockaddr_storage()
    let length: Int
    switch address {
    case .v4(let v4):
      let value = sockaddr_in(
        sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian, sin_addr: in_addr(s_addr: v4.bits.bigEndian),
        sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
      length = MemoryLayout<sockaddr_in>.size
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_in.self) }
    case .v6:
      var value = sockaddr_in6()
      value.sin6_family = sa_family_t(AF_INET6)
      value.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &value.sin6_addr) { $0.copyBytes(from: address.octets) }
      length = MemoryLayout<sockaddr_in6>.size
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: value, as: sockaddr_in6.self) }
    }
    let outcome = withUnsafePointer(to: &storage) { pointer -> Result<Void, SystemCallError> in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        do throws(SystemCallError) { return .success(try body(address, socklen_t(length))) } catch {
          return .failure(error)
        }
      }
    }
    try outcome.get()
  }
}

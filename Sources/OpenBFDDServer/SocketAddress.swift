public import Addresses
public import CLinux
import Glibc

/// A socket address of an IPv4 or IPv6 address and port, for calls that take one.
public func withSocketAddress<T>(
  _ address: IPAddress, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
) -> T {
  var storage = sockaddr_storage()
  let octets = address.octets
  let isIPv4 = address.family == .ipv4
  // sockaddr_storage is at least as large and as aligned as every other sockaddr.
  return withUnsafeMutablePointer(to: &storage) { pointer in
    if isIPv4 {
      pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        $0.pointee.sin_family = sa_family_t(AF_INET)
        $0.pointee.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &$0.pointee.sin_addr) { $0.copyBytes(from: octets) }
      }
    } else {
      pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        $0.pointee.sin6_family = sa_family_t(AF_INET6)
        $0.pointee.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &$0.pointee.sin6_addr) { $0.copyBytes(from: octets) }
      }
    }
    let length = isIPv4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
    return pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
  }
}

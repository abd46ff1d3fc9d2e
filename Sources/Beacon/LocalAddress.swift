import Addresses
import CLinux
import Glibc

/// A socket address of an IPv4 or IPv6 address and port, for calls that take one.
func withSocketAddress<T>(
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

/// Which of this system's addresses a peer is spoken to from.
enum LocalAddress {
  /// The source that the kernel would choose, if we hear on it, else the first address of the family that we hear on;
  /// nil when there is no route, or nothing that could hear an answer.
  static func toward(_ remote: IPAddress, listen: [IPAddress]) -> IPAddress? {
    let heard = listen.filter { $0.family == remote.family }
    guard let first = heard.first else { return nil }
    let chosen = source(for: remote)
    if heard.contains(where: \.isUnspecified) { return chosen }
    if let chosen, heard.contains(chosen) { return chosen }
    return first
  }

  /// Connecting a UDP socket sends nothing; it makes the kernel look the route up.
  private static func source(for remote: IPAddress) -> IPAddress? {
    let fd = socket(
      remote.family == .ipv4 ? AF_INET : AF_INET6, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    guard withSocketAddress(remote, port: 3784, { connect(fd, $0, $1) }) == 0 else { return nil }
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // As above.
    return withUnsafeMutablePointer(to: &storage) { pointer -> IPAddress? in
      let code = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) }
      guard code == 0 else { return nil }
      let octets: [UInt8] =
        remote.family == .ipv4
        ? pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }
        }
        : pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
          withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
        }
      return IPAddress(octets: octets)
    }
  }
}

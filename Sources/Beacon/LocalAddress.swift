import Addresses
import CLinux
import Glibc
import OpenBFDDServer

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

import CLinux
import Glibc
public import NamespaceDiagnosis

extension NetworkNamespace {
  /// Device and inode of this namespace.
  public func identity() throws(SystemCallError) -> NamespaceIdentity {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemCallError("examine the network namespace") }
    return NamespaceIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  /// Whether both descriptors mean one namespace.
  public func isSame(as other: borrowing NetworkNamespace) throws(SystemCallError) -> Bool {
    try identity() == other.identity()
  }

  /// The kernel's number for this namespace, never used again until the next boot (socket(7), SO_NETNS_COOKIE).
  public func cookie() throws(SystemCallError) -> UInt64 {
    try perform { () throws(SystemCallError) in
      let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard fd >= 0 else { throw SystemCallError("open a socket") }
      defer { close(fd) }
      return try Self.cookie(ofSocket: fd)
    }
  }

  /// The cookie of the namespace that a socket belongs to.
  public static func cookie(ofSocket fd: Int32) throws(SystemCallError) -> UInt64 {
    var cookie: UInt64 = 0
    var length = socklen_t(MemoryLayout<UInt64>.size)
    guard getsockopt(fd, SOL_SOCKET, Int32(CL_SO_NETNS_COOKIE), &cookie, &length) == 0 else {
      throw SystemCallError("read a socket's namespace cookie")
    }
    return cookie
  }
}

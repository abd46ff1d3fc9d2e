import CLinux
import Glibc

/// A network namespace, held open by a descriptor; it lives at least as long as this value.
public struct NetworkNamespace: ~Copyable, Sendable {
  /// The open descriptor of the namespace (nsfs).
  public let descriptor: Int32

  /// Takes ownership of an open nsfs descriptor.
  public init(owning descriptor: Int32) { self.descriptor = descriptor }

  /// Opens the namespace bound at a path such as `/run/netns/ovnext`.
  public init(path: String) throws(SystemCallError) {
    // O_NONBLOCK: a FIFO in its place must not hang us.
    let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { throw SystemCallError("open \(path)") }
    guard cl_ns_type(fd) == Int32(CL_CLONE_NEWNET) else {
      close(fd)
      throw SystemCallError("\(path) is not a network namespace", code: EINVAL)
    }
    self.descriptor = fd
  }

  /// The namespace this process was started in.
  public static func current() throws(SystemCallError) -> NetworkNamespace {
    try NetworkNamespace(path: "/proc/thread-self/ns/net")
  }

  /// A second descriptor of the same namespace.
  public func duplicate() throws(SystemCallError) -> NetworkNamespace {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw SystemCallError("duplicate the namespace's descriptor") }
    return NetworkNamespace(owning: copy)
  }

  deinit { close(descriptor) }

  /// Whether the calling thread is in the namespace of a descriptor. Leaves `errno` as it is.
  private static func isHere(_ descriptor: Int32) -> Bool {
    let code = errno
    defer { errno = code }
    var one = stat()
    var other = stat()
    guard fstat(descriptor, &one) == 0, stat("/proc/thread-self/ns/net", &other) == 0 else { return false }
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino
  }

  /// Runs `body` on a short-lived thread inside the namespace and waits for it.
  ///
  /// A thread of its own, because a thread that has called setns must never touch a Task, Dispatch or a
  /// continuation: threads inherit their creator's namespace, so the runtime's pool could end up here.
  /// Costs about 100 us. `body` must not block for long, and must start no thread and no task.
  /// - Throws: what `body` throws, or why the namespace could not be entered.
  public func perform<T: Sendable>(
    _ body: @Sendable () throws(SystemCallError) -> T
  ) throws(SystemCallError) -> T {
    let target = descriptor
    return try withoutActuallyEscaping(body) { body throws(SystemCallError) -> T in
      try onOwnThread { () throws(SystemCallError) -> T in
        // Where it is already, a thread needs no capability to stay.
        guard cl_setns(target, Int32(CL_CLONE_NEWNET)) == 0 || (errno == EPERM && Self.isHere(target)) else {
          throw SystemCallError(
            "enter the network namespace", hint: errno == EPERM ? Advice.missingCapability : nil)
        }
        return try body()
      }
    }
  }
}

/// Phrases that several errors share.
enum Advice {
  static let missingCapability =
    "this needs CAP_SYS_ADMIN: run as root, or give the service that capability"
}

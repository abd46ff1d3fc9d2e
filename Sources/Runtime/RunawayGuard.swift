import CLinux
import Glibc
public import NetworkNamespaces

/// Takes real-time priority from a thread that runs without a pause, before it takes the machine.
///
/// The kernel counts (RLIMIT_RTTIME, getrlimit(2)) and signals the thread itself, so nobody else needs a CPU for it.
public final class RunawayGuard: Sendable {
  /// Nanoseconds that a thread may run without a blocking system call: longer than anything that a gateway does at once,
  /// short for a machine whose CPU is gone so long.
  public static let limit: Int64 = 1_000_000_000

  /// Readable when it has happened.
  public let descriptor: Int32

  /// One for the process. Call `arm` after that, and whenever it has happened.
  public init() throws(SystemCallError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("create eventfd") }
  }

  // The handler stays, and finds the descriptor closed.
  deinit { close(descriptor) }

  public func arm() throws(SystemCallError) {
    guard cl_runaway_arm(Self.limit / 1_000, descriptor) == 0 else {
      throw SystemCallError("limit what a real-time thread may run")
    }
  }

  /// The calling thread is the one to slow down.
  public static func watchThisThread() { cl_runaway_watch() }

  /// How often it has happened since this was last asked.
  public func take() -> UInt64 {
    var count: UInt64 = 0
    return read(descriptor, &count, 8) == 8 ? count : 0
  }
}

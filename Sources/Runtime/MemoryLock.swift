import CLinux
import Glibc

/// Keeps what the process has touched in memory, so that a failover never waits for a disk.
public enum MemoryLock {
  /// Locks pages as they are touched, all there are and all that come; no page is read for it (decision 0022).
  /// - Parameter mayLockMore: whether the process has CAP_IPC_LOCK.
  /// - Returns: nil, or why not, and what to do.
  public static func acquire(mayLockMore: Bool) -> String? {
    // With a limit, memory that is asked for later could be refused: then it is better paged out than not had.
    guard mayLockMore || cl_memory_is_unlimited() != 0 else {
      return "memory may be paged out: locking it needs CAP_IPC_LOCK or LimitMEMLOCK=infinity"
    }
    guard cl_memory_lock() == 0 else {
      return "memory may be paged out: locking it was refused (\(errorText(errno)))"
    }
    return nil
  }
}

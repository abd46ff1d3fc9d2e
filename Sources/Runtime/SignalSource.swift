import CLinux
import Glibc
public import NetworkNamespaces

/// Signals as something to poll for. They are blocked in the calling thread and in every thread made after.
public final class SignalSource: Sendable {
  public let descriptor: Int32

  public init(_ signals: [Int32]) throws(SystemCallError) {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
    descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("create signalfd") }
  }

  deinit { close(descriptor) }

  /// The signals that have come, in order.
  public func receive() -> [Int32] {
    var signals: [Int32] = []
    var info = signalfd_siginfo()
    while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
      signals.append(Int32(info.ssi_signo))
    }
    return signals
  }
}

import BFD
import CLinux
import Glibc
import NetworkNamespaces

/// epoll over a handful of descriptors, with a timeout in nanoseconds.
final class Poller: Sendable {
  private let descriptor: Int32

  init() throws(SystemCallError) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw SystemCallError("create epoll") }
  }

  deinit { close(descriptor) }

  /// Waits for input on a descriptor too. Watching it twice does no harm.
  func watch(_ other: Int32) throws(SystemCallError) {
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: other))
    guard epoll_ctl(descriptor, EPOLL_CTL_ADD, other, &event) == 0 || errno == EEXIST else {
      throw SystemCallError("watch descriptor \(other)")
    }
  }

  /// Waits until a descriptor has input or the deadline is reached.
  func wait(until deadline: Instant, now: Instant) {
    let timeout: Int64 = deadline == .distantFuture ? -1 : max(0, deadline - now)
    var events: InlineArray<16, epoll_event> = .init(repeating: epoll_event())
    var span = events.mutableSpan
    // The kernel writes at most the 16 entries of this buffer, which lives for the call.
    span.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { _ = cl_epoll_wait_ns(descriptor, base, 16, timeout) }
    }
  }
}

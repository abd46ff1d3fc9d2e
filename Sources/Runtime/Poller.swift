public import BFD
import CLinux
import Glibc
public import NetworkNamespaces

/// epoll over a handful of descriptors, with a timeout in nanoseconds.
public final class Poller: Sendable {
  /// epoll's own: readable when something that is watched is ready.
  public let descriptor: Int32

  public init() throws(SystemCallError) {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw SystemCallError("create epoll") }
  }

  deinit { close(descriptor) }

  /// Waits for input on a descriptor too. Watching it twice does no harm.
  public func watch(_ other: Int32) throws(SystemCallError) {
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: other))
    guard epoll_ctl(descriptor, EPOLL_CTL_ADD, other, &event) == 0 || errno == EEXIST else {
      throw SystemCallError("watch descriptor \(other)")
    }
  }

  /// Waits for what is urgent on a descriptor (EPOLLPRI) and not for input, which is always there on files of /proc:
  /// /proc/self/mountinfo has it after each change of mounts (proc(5)).
  public func watch(urgent other: Int32) throws(SystemCallError) {
    var event = epoll_event(events: EPOLLPRI.rawValue, data: epoll_data_t(fd: other))
    guard epoll_ctl(descriptor, EPOLL_CTL_ADD, other, &event) == 0 || errno == EEXIST else {
      throw SystemCallError("watch descriptor \(other)")
    }
  }

  /// Waits for room for output instead of input, or the other way round, on a descriptor that is watched.
  public func watch(_ other: Int32, forOutput: Bool) {
    var event = epoll_event(
      events: forOutput ? EPOLLOUT.rawValue : EPOLLIN.rawValue, data: epoll_data_t(fd: other))
    epoll_ctl(descriptor, EPOLL_CTL_MOD, other, &event)
  }

  /// What is ready now, at most 16 descriptors; does not wait.
  public func ready() -> [Int32] {
    var events: InlineArray<16, epoll_event> = .init(repeating: epoll_event())
    var span = events.mutableSpan
    // As below.
    let count = span.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { cl_epoll_wait_ns(descriptor, $0, 16, 0) } ?? 0
    }
    return (0..<Int(max(0, count))).map { events[$0].data.fd }
  }

  /// Waits until a descriptor has input or the deadline is reached.
  public func wait(until deadline: Instant, now: Instant) { wait(until: deadline, now: now) { _ in } }

  /// The same, telling which: at most 16 descriptors.
  public func wait(until deadline: Instant, now: Instant, _ take: (Int32) -> Void) {
    let timeout: Int64 = deadline == .distantFuture ? -1 : max(0, deadline - now)
    var events: InlineArray<16, epoll_event> = .init(repeating: epoll_event())
    var span = events.mutableSpan
    // The kernel writes at most the 16 entries of this buffer, which lives for the call.
    let count = span.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { cl_epoll_wait_ns(descriptor, $0, 16, timeout) } ?? 0
    }
    for index in 0..<Int(max(0, count)) { take(events[index].data.fd) }
  }
}

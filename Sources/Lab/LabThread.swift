import Glibc
import Synchronization

/// A thread with a result. Plain, because this process enters network namespaces: see `NetworkNamespace.perform`.
final class LabThread<Result: Sendable>: Sendable {
  private final class Outcome: Sendable {
    let value = Mutex<Result?>(nil)
  }
  private let outcome = Outcome()
  private let thread: pthread_t

  /// Starts at once.
  init(name: String, _ body: @escaping @Sendable () -> Result) {
    let outcome = outcome
    let start = Start {
      pthread_setname(name)
      let result = body()
      outcome.value.withLock { $0 = result }
    }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(start).toOpaque())
    // Only a machine without memory or at its limit of threads gets here, and then nothing in a lab works.
    precondition(code == 0, "cannot start a thread: \(String(cString: strerror(code)))")
    self.thread = thread
  }

  /// Waits for its end.
  /// - Returns: what the body returned; call it once.
  func join() -> Result? {
    pthread_join(thread, nil)
    return outcome.value.withLock { $0 }
  }

  func detach() { pthread_detach(thread) }
}

/// The body in a class, so that it fits through pthread_create's context pointer.
private final class Start: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Names the calling thread, as `top -H` shows it.
private func pthread_setname(_ name: String) {
  try? Files.set("/proc/thread-self/comm", String(name.prefix(15)))
}

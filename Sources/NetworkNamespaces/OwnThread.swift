import Glibc

/// Runs `body` on a new, short-lived thread and waits for it.
///
/// What a thread does to itself (setns, unshare) dies with it: nothing else ever runs there.
func onOwnThread<T: Sendable>(
  _ body: @Sendable () throws(SystemCallError) -> T
) throws(SystemCallError) -> T {
  try withoutActuallyEscaping(body) { body throws(SystemCallError) -> T in
    try Job<T>(body).runOnOwnThread()
  }
}

/// What a thread runs; a class so that it fits through pthread_create's context pointer.
private class ThreadJob {
  func run() {}
}

/// One closure handed to one thread; joined before its outcome is read.
private final class Job<T: Sendable>: ThreadJob {
  private let body: () throws(SystemCallError) -> T
  private var outcome: Result<T, SystemCallError>?

  init(_ body: @escaping () throws(SystemCallError) -> T) { self.body = body }

  override func run() {
    do throws(SystemCallError) {
      outcome = .success(try body())
    } catch {
      outcome = .failure(error)
    }
  }

  /// Runs `body` on a new thread and joins it; pthread_join orders its writes before our read.
  func runOnOwnThread() throws(SystemCallError) -> T {
    var thread = pthread_t()
    let context = Unmanaged<ThreadJob>.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<ThreadJob>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw SystemCallError("create thread", code: code)
    }
    pthread_join(thread, nil)
    guard let outcome else { throw SystemCallError("run thread", code: ECANCELED) }
    return try outcome.get()
  }
}

import CLinux
public import Glibc

/// A system call that failed: what was tried, and the kernel's number.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, in words: `open /run/netns/ovnext`.
  public var operation: String
  /// errno as the kernel gave it.
  public var code: Int32

  public init(_ operation: String, code: Int32 = errno) {
    self.operation = operation
    self.code = code
  }

  public var description: String { "\(operation): \(String(cString: strerror(code)))" }
}

/// A network namespace, held open by a descriptor; it lives at least as long as this value.
public struct NetworkNamespace: ~Copyable, Sendable {
  /// The open descriptor of the namespace (nsfs).
  public let descriptor: Int32

  /// Takes ownership of an open nsfs descriptor.
  public init(owning descriptor: Int32) { self.descriptor = descriptor }

  /// Opens the namespace bound at a path such as `/run/netns/ovnext`.
  public init(path: String) throws(SystemCallError) {
    let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw SystemCallError("open \(path)") }
    guard cl_ns_type(fd) == Int32(CL_CLONE_NEWNET) else {
      let code = errno
      close(fd)
      throw SystemCallError("\(path) is not a network namespace", code: code == 0 ? EINVAL : code)
    }
    self.descriptor = fd
  }

  /// Opens the namespace named as `ip netns` names it, below /run/netns.
  public init(named name: String) throws(SystemCallError) { try self.init(path: "/run/netns/\(name)") }

  /// The namespace this process was started in.
  public static func current() throws(SystemCallError) -> NetworkNamespace {
    try NetworkNamespace(path: "/proc/thread-self/ns/net")
  }

  deinit { close(descriptor) }

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
      let job = Job<T> { () throws(SystemCallError) -> T in
        guard cl_setns(target, Int32(CL_CLONE_NEWNET)) == 0 else {
          throw SystemCallError("enter network namespace")
        }
        return try body()
      }
      return try job.runOnOwnThread()
    }
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

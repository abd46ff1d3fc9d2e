import CLinux
import Glibc
import NetworkNamespaces
import Synchronization

/// A queue from one thread to another, with a descriptor that becomes readable when there is something in it.
final class Mailbox<Message: Sendable>: Sendable {
  private let queue = Mutex<[Message]>([])
  /// An eventfd to poll for input.
  let descriptor: Int32

  init() throws(SystemCallError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("create eventfd") }
  }

  deinit { close(descriptor) }

  func send(_ message: Message) {
    queue.withLock { $0.append(message) }
    var one: UInt64 = 1
    write(descriptor, &one, 8)
  }

  /// Many at once: the other thread is woken once.
  func send(contentsOf messages: [Message]) {
    queue.withLock { $0.append(contentsOf: messages) }
    var one: UInt64 = 1
    write(descriptor, &one, 8)
  }

  /// Everything that waits, in order. Costs one system call when nothing does; call it when the descriptor is readable.
  func receive() -> [Message] {
    var count: UInt64 = 0
    read(descriptor, &count, 8)
    return queue.withLock { queue in
      defer { queue = [] }
      return queue
    }
  }
}

/// One answer, for a thread that waits for it.
final class Reply<Value: Sendable>: Sendable {
  private let mailbox: Mailbox<Value>

  init() throws(SystemCallError) { mailbox = try Mailbox() }

  func fulfil(_ value: Value) { mailbox.send(value) }

  /// The answer; nil when it did not come within the time.
  func wait(milliseconds: Int32) -> Value? {
    var waiting = pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)
    poll(&waiting, 1, milliseconds)
    return mailbox.receive().first
  }
}

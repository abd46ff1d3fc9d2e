import Dispatch
import Synchronization

/// A bell that many threads ring and one waits for; rings that nobody has heard yet are one.
final class WakeUp: Sendable {
  private let isRung = Mutex(false)
  private let semaphore = DispatchSemaphore(value: 0)

  func signal() {
    let wasRung = isRung.withLock { rung in
      defer { rung = true }
      return rung
    }
    if !wasRung { semaphore.signal() }
  }

  func wait(nanoseconds: Int64) {
    _ = semaphore.wait(timeout: .now() + .nanoseconds(Int(nanoseconds)))
    isRung.withLock { $0 = false }
  }
}

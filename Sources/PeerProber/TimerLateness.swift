import CLinux
import Glibc
import Runtime
import Synchronization

/// Two threads that sleep for a millisecond again and again, at normal priority and as everway's engine runs, and
/// note how late they wake.
final class TimerLateness: Sendable {
  /// Microseconds.
  static let tick: UInt64 = 1_000
  /// More is not kept: an hour.
  private static let most = 3_600_000

  private struct State {
    var isOver = false
    var lateness: [[UInt64]] = [[], []]
    var refusal: String?
  }

  private let state = Mutex(State())
  private let threads = Mutex<[pthread_t]>([])

  init() {
    start(0, priority: 0)
    start(1, priority: 50)
  }

  /// Ends both, and waits for them.
  func stop() -> (ordinary: [UInt64], realTime: [UInt64], refusal: String?) {
    state.withLock { $0.isOver = true }
    for thread in threads.withLock({ $0 }) { pthread_join(thread, nil) }
    return state.withLock { ($0.lateness[0], $0.lateness[1], $0.refusal) }
  }

  private final class Start {
    let owner: TimerLateness
    let slot: Int
    let priority: Int
    init(_ owner: TimerLateness, _ slot: Int, _ priority: Int) {
      self.owner = owner
      self.slot = slot
      self.priority = priority
    }
  }

  private func start(_ slot: Int, priority: Int) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Start(self, slot, priority))
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context {
          let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
          start.owner.measure(start.slot, priority: start.priority)
        }
        return nil
      }, context.toOpaque())
    if code == 0 {
      threads.withLock { $0.append(thread) }
    } else {
      context.release()
      state.withLock { $0.refusal = "no thread could be started: \(errorText(code))" }
    }
  }

  private func measure(_ slot: Int, priority: Int) {
    if priority > 0 {
      let refusals = Scheduling(of: pthread_self(), priority: priority).refusals
      if let refusal = refusals.first {
        state.withLock { $0.refusal = refusal }
        return
      }
    }
    var mine: [UInt64] = []
    var due = Self.now()
    while true {
      due += Self.tick * 1_000
      var time = timespec(tv_sec: Int(due / 1_000_000_000), tv_nsec: Int(due % 1_000_000_000))
      while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
      let now = Self.now()
      let late = now > due ? (now - due) / 1_000 : 0
      mine.append(late)
      // Ticks that were slept through are one late one.
      if late > Self.tick { due = now }
      guard mine.count.isMultiple(of: 100) else { continue }
      let isOver = state.withLock { state in
        if state.lateness[slot].count < Self.most { state.lateness[slot] += mine }
        return state.isOver
      }
      mine.removeAll(keepingCapacity: true)
      if isOver { return }
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

import BFD
import CLinux
import Glibc
import Runtime
import Speaker
import Synchronization

/// A speaker on a thread of its own, as the engine runs one.
final class End: @unchecked Sendable {  // the speaker is touched by its thread only; the rest is behind a mutex
  struct Sample {
    var received: UInt64 = 0
    var discarded: UInt64 = 0
    var dropped: UInt64 = 0
    /// Nanoseconds of CPU of the thread.
    var cpu: Int64 = 0
    var downs = 0
    /// Nanoseconds from the end of a detection time until it was noticed.
    var lateness: [Int64] = []
    var up = 0
  }

  private var speaker: Speaker
  private let priority: Int32
  private let rests: Bool
  private let sampled = Mutex(Sample())
  private let orders = Mutex<[Int]>([])
  private let isStopped = Atomic(false)
  private var thread: OpaqueThread?
  private let poller: Poller

  init(_ speaker: consuming Speaker, priority: Int32, rests: Bool = true) throws {
    self.speaker = speaker
    self.priority = priority
    self.rests = rests
    poller = try Poller()
    for descriptor in self.speaker.descriptors { try poller.watch(descriptor) }
  }

  func start() { thread = OpaqueThread { [self] in loop() } }

  func stop() {
    isStopped.store(true, ordering: .relaxed)
    thread?.join()
  }

  func upCount() -> Int { sample().up }
  func sample() -> Sample { sampled.withLock { $0 } }
  /// Ends a session without a word.
  func silence(_ index: Int) { orders.withLock { $0.append(index) } }

  private func loop() {
    var parameters = sched_param()
    parameters.sched_priority = priority
    if priority > 0 { pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) }
    var current = Sample()
    while !isStopped.load(ordering: .relaxed) {
      let now = MonotonicClock.now()
      speaker.process(at: now)
      let noticed = MonotonicClock.now()
      for case .transition(_, let transition) in speaker.events {
        if transition.to == .up { current.up += 1 }
        if transition.from == .up {
          current.up -= 1
          current.downs += 1
          if transition.cause == .detectionTimeExpired { current.lateness.append(noticed - transition.at) }
        }
      }
      speaker.events.removeAll(keepingCapacity: true)
      speaker.flush()
      for index in orders.withLock({ orders in
        defer { orders = [] }; return orders
      }) { speaker.remove(index) }
      current.received = speaker.counters.received
      current.discarded = speaker.counters.discarded.reduce(0, +)
      current.dropped = speaker.counters.overflowed
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      current.cpu = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
      sampled.withLock { $0 = current }
      let pause = rests ? speaker.rest(at: MonotonicClock.now()) : 0
      if pause > 0 {
        var time = timespec(tv_sec: 0, tv_nsec: Int(pause))
        nanosleep(&time, nil)
      }
      poller.wait(until: min(speaker.nextDeadline, now + 100_000_000), now: MonotonicClock.now())
    }
  }
}

/// A thread to be joined.
final class OpaqueThread {
  private var thread = pthread_t()

  init(_ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(body))
    pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, context.toOpaque())
  }

  func join() { pthread_join(thread, nil) }

  private final class Body: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}

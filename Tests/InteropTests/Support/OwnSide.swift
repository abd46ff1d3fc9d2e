import Addresses
import BFD
import CLinux
import Glibc
import Lab
import NetworkNamespaces
import Speaker
import Synchronization

/// What happened to a session of ours, and when we noticed.
struct Observed: Sendable {
  var session: Int
  var transition: Transition
  var noticed: Instant
}

/// Our side of a test: the product's `Speaker` in a namespace of the lab, on a thread of its own.
final class OwnSide: Sendable {
  typealias Work = @Sendable (inout Speaker) -> Void

  private struct State {
    var work: [Work] = []
    var isStopping = false
    var hasEnded = false
    var observed: [Observed] = []
    var created: [SessionSettings] = []
    var failure: (any Error)?
    var isReady = false
  }
  private let state = Mutex(State())
  private let wake: Int32
  private let namespace: LabNamespace
  private let secret: UInt64

  /// Opens the sockets and starts the loop.
  /// - Parameter secret: another one gives other discriminators.
  /// - Throws: `SpeakerError` when the sockets cannot be opened.
  init(in namespace: LabNamespace, secret: UInt64 = 0x7761_79) throws {
    self.namespace = namespace
    self.secret = secret
    wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    try startThread { [self] in live() }
    waitUntil(timeout: .seconds(30), every: .milliseconds(1)) { state.withLock { $0.isReady || $0.hasEnded } }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Stops without a word to the peers, as a SIGKILL would.
  func stop() {
    state.withLock { $0.isStopping = true }
    signal()
    waitUntil(timeout: .seconds(30), every: .milliseconds(1)) { state.withLock { $0.hasEnded } }
    close(wake)
  }

  /// Runs `body` on the speaker's thread and waits for its answer.
  func perform<T: Sendable>(_ body: @escaping @Sendable (inout Speaker) -> T) throws -> T {
    let answer = Answer<T>()
    post { speaker in
      let value = body(&speaker)
      answer.value.withLock { $0 = value }
    }
    waitUntil(timeout: .seconds(30), every: .milliseconds(1)) { answer.value.withLock { $0 != nil } }
    guard let value = answer.value.withLock({ $0 }) else { throw LabError("our side does not answer") }
    return value
  }

  /// Runs `body` on the speaker's thread without waiting.
  func post(_ body: @escaping Work) {
    state.withLock { $0.work.append(body) }
    signal()
  }

  /// As a SIGSTOP and a later SIGCONT: packets wait in the kernel meanwhile.
  func stall(milliseconds: Int64) throws {
    try perform { _ in (MonotonicTime.now() + .milliseconds(milliseconds)).sleep() }
  }

  /// All that has happened to our sessions since the start, in order.
  var observed: [Observed] { state.withLock { $0.observed } }
  /// Sessions that allow rules made.
  var created: [SessionSettings] { state.withLock { $0.created } }

  func view(_ session: Int) throws -> SessionView {
    guard let view = try perform({ $0.view(session) }) else { throw LabError("we have no session \(session)") }
    return view
  }

  var counters: SpeakerCounters { get throws { try perform { $0.counters } } }

  private func signal() { eventfd_write(wake, 1) }

  private func live() {
    defer { state.withLock { $0.hasEnded = true } }
    do { try loop() } catch { state.withLock { $0.failure = error } }
  }

  private func loop() throws {
    var speaker = try Speaker(
      in: NetworkNamespace(named: namespace.name), listen: [.v4(.any), .v6(.any)], secret: (0x6576_6572, secret),
      seed: UInt64(getpid()),
      at: MonotonicClock.now())
    state.withLock { $0.isReady = true }
    while true {
      let (work, isStopping) = state.withLock { state in
        defer { state.work = [] }
        return (state.work, state.isStopping)
      }
      if isStopping { return }
      for item in work { item(&speaker) }
      speaker.run(at: MonotonicClock.now())
      note(speaker.events)
      speaker.events.removeAll(keepingCapacity: true)
      wait(speaker.descriptors + [wake], until: speaker.nextDeadline)
    }
  }

  private func note(_ events: [SpeakerEvent]) {
    guard !events.isEmpty else { return }
    let now = MonotonicClock.now()
    state.withLock { state in
      for event in events {
        switch event {
        case .transition(let session, let transition):
          state.observed.append(Observed(session: session, transition: transition, noticed: now))
        case .created(_, _, let settings): state.created.append(settings)
        case .removed, .keysChanged, .dampened, .undampened: break
        }
      }
    }
  }

  private func wait(_ descriptors: [Int32], until deadline: Instant) {
    let left = max(0, min(1_000, (deadline - MonotonicClock.now()) / 1_000_000 + 1))
    var events = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&events, nfds_t(events.count), Int32(left))
    var count: eventfd_t = 0
    eventfd_read(wake, &count)
  }

  private final class Answer<T: Sendable>: Sendable {
    let value = Mutex<T?>(nil)
  }
}

/// Starts a thread that the machine's load cannot hold up: what is tested is the protocol, not the scheduler.
private func startThread(_ body: @escaping @Sendable () -> Void) throws {
  let context = Unmanaged.passRetained(ThreadBody(body))
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { context in
      if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
      return nil
    }, context.toOpaque())
  guard code == 0 else {
    context.release()
    throw LabError(SystemCallError("create thread", code: code))
  }
  var parameters = sched_param(sched_priority: 2)
  pthread_setschedparam(thread, SCHED_RR, &parameters)
  pthread_detach(thread)
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Puts every thread of a process ahead of ordinary work.
func hurry(_ process: LabProcess?) {
  guard let process, let folder = opendir("/proc/\(process.pid)/task") else { return }
  defer { closedir(folder) }
  while let entry = readdir(folder) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    guard let thread = pid_t(name) else { continue }
    var parameters = sched_param(sched_priority: 1)
    sched_setscheduler(thread, SCHED_RR, &parameters)
  }
}

import CLinux
import Glibc
import NetworkNamespaces
import SpeakerLoad
import Synchronization

/// The thread that is all peers. It wakes once a millisecond at least, and for every 100 us in which a packet is due.
final class Generator: Sendable {
  enum Order: Sendable {
    case beginSteady
    case endSteady
    case trials(Int, spacing: Int64)
    case report
    case stop
  }

  struct Report: Sendable {
    var counts = LoadCounts()
    /// CPU time of the thread so far, nanoseconds.
    var time: Int64 = 0
    /// Packets lost before the generator could read them.
    var drops = 0
  }

  /// How it runs.
  struct Place: Sendable {
    var cpu: Int32
    /// SCHED_FIFO, 0 for normal.
    var priority: Int32
  }

  private let orders = Mutex<[Order]>([])
  private let hasOrders = Atomic(false)
  private let answers = Mutex<[Report]>([])
  private let upNow = Atomic(0)
  private let trialsLeft = Atomic(0)
  private let trouble = Mutex<String?>(nil)
  private let thread = Mutex<pthread_t?>(nil)

  /// Starts at once.
  init(_ plan: LoadPlan, in namespace: borrowing NetworkNamespace, interface: String, place: Place) throws {
    let descriptor = try PacketPort.open(in: namespace, interface: interface)
    let body = ThreadBody { [self] in loop(plan, descriptor, place) }
    var created = pthread_t()
    let code = pthread_create(
      &created, nil,
      { context in
        if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(body).toOpaque())
    guard code == 0 else { throw SystemCallError("start the generator's thread", code: code) }
    let handle = created
    thread.withLock { $0 = handle }
  }

  var up: Int { upNow.load(ordering: .relaxed) }
  var trials: Int { trialsLeft.load(ordering: .relaxed) }
  /// Why it could not run at all.
  var failure: String? { trouble.withLock { $0 } }

  func give(_ order: Order) {
    orders.withLock { $0.append(order) }
    hasOrders.store(true, ordering: .releasing)
  }

  /// What has been measured up to now; nil when the thread does not answer within 5 s.
  func report(_ order: Order = .report) -> Report? {
    answers.withLock { $0 = [] }
    give(order)
    for _ in 0..<50_000 {
      if let answer = answers.withLock({ $0.first }) { return answer }
      if failure != nil { return nil }
      usleep(100)
    }
    return nil
  }

  /// Waits for its end. Doing it twice is fine.
  func stop() {
    give(.stop)
    let handle = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    if let handle { pthread_join(handle, nil) }
  }

  // MARK: The thread

  private func loop(_ plan: LoadPlan, _ descriptor: Int32, _ place: Place) {
    var note = ""
    if cl_thread_pin(pthread_self(), place.cpu) != 0 { note = "cannot stay on CPU \(place.cpu)" }
    if place.priority > 0 {
      var parameters = sched_param()
      parameters.sched_priority = place.priority
      if pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) != 0 { note = "no real time" }
    }
    if !note.isEmpty { say("note: the generator: \(note); what it does late counts as its own fault") }
    var load = Load(plan, at: PacketPort.clock(CLOCK_MONOTONIC))
    do throws(SystemCallError) {
      var port = try PacketPort(descriptor: descriptor, frames: load.outbox.frames)
      run(&load, &port)
    } catch {
      close(descriptor)
      trouble.withLock { $0 = error.description }
    }
  }

  private func run(_ load: inout Load, _ port: inout PacketPort) {
    var report = Report()
    while true {
      // Before the ring is read: what came until then is in it, and no peer's patience ends while its packet waits.
      let now = PacketPort.clock(CLOCK_MONOTONIC)
      port.receive(into: &load, now: now)
      while load.advance(to: now) { port.send(from: &load) }
      port.send(from: &load)
      upNow.store(load.counts.up, ordering: .relaxed)
      trialsLeft.store(load.counts.trialsLeft, ordering: .relaxed)
      if hasOrders.exchange(false, ordering: .acquiring) {
        for order in orders.withLock({ orders in
          defer { orders = [] }
          return orders
        }) {
          switch order {
          case .stop: return
          case .trials(let number, let spacing): load.startTrials(number, spacing: spacing, at: now)
          case .beginSteady: load.beginSteady(at: now)
          case .endSteady: load.endSteady()
          case .report: break
          }
          report.counts = load.counts
          report.time = PacketPort.clock(CLOCK_THREAD_CPUTIME_ID)
          report.drops += port.drops()
          let answer = report
          answers.withLock { $0.append(answer) }
        }
      }
      let wake = load.nextDeadline(before: now + 1_000_000)
      var time = timespec(tv_sec: Int(wake / 1_000_000_000), tv_nsec: Int(wake % 1_000_000_000))
      clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil)
    }
  }
}

/// In a class, so that it fits through pthread_create's context pointer.
private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Progress goes to standard error: tables alone are the result.
func say(_ text: String) {
  let line = text + "\n"
  write(STDERR_FILENO, line, line.utf8.count)
}

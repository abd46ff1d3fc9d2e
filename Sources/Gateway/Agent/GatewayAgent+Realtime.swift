import BFD
import ConfigurationFile
import Control
import Glibc
import NetworkNamespaces
import Runtime
import Speaker

/// What became of the thread's priority and of the memory lock.
struct RealtimeState: Sendable {
  /// Nil before the engine is started, and where it is not to be real-time.
  var guardian: RunawayGuard?
  /// Nil: it was not to be locked.
  var isMemoryLocked: Bool?
  var memoryRefusal: String?
  /// How often the thread ran away; nil as long as nobody counts.
  var count: UInt64?
  var restoreAt = Instant.distantFuture
  var pause: Int64 = GatewayAgent.firstRealtimePause
  var lostAt: Instant?
  /// Whether the engine did not answer when it was last asked to show that it turns.
  var wasSilent = false
}

/// A thread that runs without a pause at real-time priority would take the machine: the kernel takes its priority first.
extension GatewayAgent {
  /// Nanoseconds without real-time priority after it was lost; doubled each time that it is lost again soon.
  static let firstRealtimePause: Int64 = 10_000_000_000
  private static let longestRealtimePause: Int64 = 640_000_000_000
  private static let subject = "real-time priority"

  /// Before the engine's thread is made.
  mutating func prepareRealtime() {
    guard configuration.realtime.priority > 0 || configuration.realtime.locksMemory else { return }
    if configuration.realtime.locksMemory, realtime.isMemoryLocked == nil {
      realtime.memoryRefusal = MemoryLock.acquire(mayLockMore: Capabilities.mayLockMemory)
      realtime.isMemoryLocked = realtime.memoryRefusal == nil
      if let refusal = realtime.memoryRefusal { log.write(.info, .program, refusal) }
    }
    guard configuration.realtime.priority > 0, realtime.guardian == nil else { return }
    do throws(SystemCallError) {
      let guardian = try RunawayGuard()
      try guardian.arm()
      try poller.watch(guardian.descriptor)
      realtime.guardian = guardian
      realtime.count = 0
    } catch {
      // Then it is as it was on every system before: sched_rt_runtime_us leaves others a twentieth of the CPU.
      log.write(.warning, .program, "a thread that ran away would keep its real-time priority: \(error)")
    }
  }

  /// Time and again: a quota may be changed while the process runs. Here and not on the engine's thread, which must not wait
  /// for files.
  mutating func tellCPULimit() {
    guard let engine else { return }
    let share = CPUQuota.all(of: getpid()).map { Double($0.quota) / Double(max(1, $0.period)) }.min()
    commands.send(.limitCPU(share))
    // The speaker leaves a third of it to others, of which this thread is one.
    pace.share = engine.scheduling.priority > 0 ? nil : share.map { $0 * 0.15 }
  }

  /// Says that the thread has lost its priority, and gives it back once it has turned for a while.
  mutating func runRealtime(at now: Instant) {
    guard let guardian = realtime.guardian else { return }
    let news = guardian.take()
    if news > 0 { lostPriority(news, at: now) }
    guard now >= realtime.restoreAt, let engine else { return }
    guard isEngineTurning() else {
      realtime.restoreAt = MonotonicClock.now() + Self.firstRealtimePause
      return
    }
    realtime.restoreAt = .distantFuture
    // The kernel has raised its limit.
    try? guardian.arm()
    engine.restorePriority()
    clearProblem(Self.subject)
    for refusal in engine.scheduling.refusals { log.write(.warning, .program, refusal) }
  }

  private mutating func lostPriority(_ news: UInt64, at now: Instant) {
    realtime.count = (realtime.count ?? 0) &+ news
    let isAgain = realtime.lostAt.map { now - $0 < 2 * Self.longestRealtimePause } ?? false
    realtime.pause = isAgain ? min(2 * realtime.pause, Self.longestRealtimePause) : Self.firstRealtimePause
    realtime.lostAt = now
    realtime.restoreAt = now + realtime.pause
    engine?.lostPriority()
    setProblem(
      Self.subject,
      "the thread that speaks BFD ran for \(RunawayGuard.limit / 1_000_000_000) s without a pause: it has lost its real-time "
        + "priority, so that it cannot take the machine",
      help:
        "it gets it back when it turns again, after \(realtime.pause / 1_000_000_000) s; if this comes again, report it "
        + "with the output of `everway collect`")
  }
}

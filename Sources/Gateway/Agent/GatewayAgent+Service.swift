import BFD
import Runtime
import Speaker

extension GatewayAgent {
  /// How long the engine may take to answer.
  private static let patience: Int32 = 1_000

  /// Nanoseconds between two looks at the engine where no service manager asks for them.
  private static let watchInterval: Int64 = 10_000_000_000

  /// Between two looks where the first had no answer: it may have been busy.
  private static let secondLook: Int64 = 2_000_000_000

  func tellServiceManager(_ state: String) { service?.tell(state) }

  mutating func expectSignOfLife() {
    watchdogAt = MonotonicClock.now() + min(service?.watchdogInterval ?? Self.watchInterval, Self.watchInterval)
  }

  /// Keeps systemd's watchdog quiet for as long as both threads turn: a gateway whose engine hangs is restarted. Whoever
  /// started it otherwise is told by a problem.
  mutating func giveSignOfLife() {
    expectSignOfLife()
    tellCPULimit()
    guard isEngineTurning() else {
      watchdogAt = min(watchdogAt, MonotonicClock.now() + Self.secondLook)
      defer { realtime.wasSilent = true }
      guard realtime.wasSilent else { return }
      setProblem(
        "engine turns", "the thread that speaks BFD does not turn: BFD stands still",
        help:
          "it is starved of CPU, stopped in a debugger, or loops: a service manager with a watchdog restarts it; "
          + "a stack (gdb -p PID) tells why")
      return
    }
    realtime.wasSilent = false
    clearProblem("engine turns")
    if service?.watchdogInterval != nil { service?.tell("WATCHDOG=1") }
  }

  /// Whether it answers; a thread that has ended, or was not started, is none that hangs.
  func isEngineTurning() -> Bool {
    guard engine != nil, !hasStopped, let reply = try? Reply<Void>() else { return true }
    commands.send(.ping(reply))
    return reply.wait(milliseconds: Self.patience) != nil
  }
}

import BFD
import Runtime
import Speaker

extension GatewayAgent {
  /// How long the engine may take to answer.
  private static let patience: Int32 = 1_000

  mutating func tellServiceManager(_ state: String) {
    guard let service else { return }
    service.tell(state)
    if state == "READY=1" { giveSignOfLife() }
  }

  /// Keeps systemd's watchdog quiet for as long as both threads turn: a gateway whose engine hangs is restarted.
  mutating func giveSignOfLife() {
    guard let service, let interval = service.watchdogInterval else { return }
    watchdogAt = MonotonicClock.now() + interval
    if engine != nil {
      guard let reply = try? Reply<Void>() else { return }
      commands.send(.ping(reply))
      guard reply.wait(milliseconds: Self.patience) != nil else { return }
    }
    service.tell("WATCHDOG=1")
  }
}

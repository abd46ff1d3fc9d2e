import CLinux
import ConfigurationFile
import Glibc
import NetworkNamespaces
import Runtime

/// The thread that runs an engine, and how it is scheduled.
final class EngineThread {
  private var thread = pthread_t()
  private let body: EngineBody

  /// What it is to have.
  let realtime: GatewayConfiguration.Realtime
  /// How the thread came to be scheduled.
  private(set) var scheduling: Scheduling

  /// Starts the thread in the calling thread's namespace.
  init(_ engine: consuming Engine, realtime: GatewayConfiguration.Realtime) throws(SystemCallError) {
    body = EngineBody(engine)
    let context = Unmanaged.passRetained(body)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<EngineBody>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      throw SystemCallError("create the engine's thread", code: code)
    }
    self.realtime = realtime
    scheduling = Scheduling(of: thread, priority: realtime.priority, cpu: realtime.cpu)
  }

  /// It was taken from it.
  func lostPriority() {
    scheduling.policy = "SCHED_OTHER"
    scheduling.priority = 0
  }

  func restorePriority() { scheduling = Scheduling(of: thread, priority: realtime.priority, cpu: realtime.cpu) }

  func join() { pthread_join(thread, nil) }
}

/// The engine on its way to its thread.
// @unchecked Sendable: handed over once, before the thread starts; only that thread touches it afterwards.
private final class EngineBody: @unchecked Sendable {
  private var engine: Engine
  init(_ engine: consuming Engine) { self.engine = engine }
  func run() {
    RunawayGuard.watchThisThread()
    engine.run()
  }
}

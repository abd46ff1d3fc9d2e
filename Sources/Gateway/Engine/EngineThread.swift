import CLinux
import Configuration
import Glibc
import NetworkNamespaces

/// The thread that runs an engine, and how it is scheduled.
final class EngineThread {
  private var thread = pthread_t()
  private let body: EngineBody

  /// How the thread came to be scheduled, in words, for `status`.
  let scheduling: String

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
    scheduling = Self.schedule(thread, realtime)
  }

  func join() { pthread_join(thread, nil) }

  /// Real time where allowed; what was achieved, in words.
  private static func schedule(_ thread: pthread_t, _ realtime: GatewayConfiguration.Realtime) -> String {
    var words: [String] = []
    if realtime.priority > 0 {
      var parameters = sched_param()
      parameters.sched_priority = Int32(realtime.priority)
      let code = pthread_setschedparam(thread, SCHED_FIFO, &parameters)
      words.append(
        code == 0
          ? "SCHED_FIFO \(realtime.priority)"
          : "SCHED_OTHER (SCHED_FIFO \(realtime.priority) was refused: \(String(cString: strerror(code))); "
            + "give it CAP_SYS_NICE or LimitRTPRIO)")
    } else {
      words.append("SCHED_OTHER")
    }
    if let cpu = realtime.cpu {
      let code = cl_thread_pin(thread, Int32(cpu))
      words.append(code == 0 ? "CPU \(cpu)" : "any CPU (CPU \(cpu) was refused: \(String(cString: strerror(code))))")
    }
    return words.joined(separator: ", ")
  }
}

/// The engine on its way to its thread.
// @unchecked Sendable: handed over once, before the thread starts; only that thread touches it afterwards.
private final class EngineBody: @unchecked Sendable {
  private var engine: Engine
  init(_ engine: consuming Engine) { self.engine = engine }
  func run() { engine.run() }
}

import CLinux
import Configuration
import Glibc
import NetworkNamespaces

/// The thread that runs an engine, and how it is scheduled.
final class EngineThread {
  private var thread = pthread_t()
  private let body: EngineBody

  /// How the thread came to be scheduled.
  let scheduling: Scheduling

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

  /// Real time where allowed.
  private static func schedule(_ thread: pthread_t, _ realtime: GatewayConfiguration.Realtime) -> Scheduling {
    var scheduling = Scheduling()
    if realtime.priority > 0 {
      var parameters = sched_param()
      parameters.sched_priority = Int32(realtime.priority)
      let code = pthread_setschedparam(thread, SCHED_FIFO, &parameters)
      if code == 0 {
        scheduling.policy = "SCHED_FIFO"
        scheduling.priority = realtime.priority
      } else {
        scheduling.refusals.append(
          "real-time priority \(realtime.priority) was refused (\(errorText(code))): BFD runs at normal priority and "
            + "may be late on a busy machine; give the service CAP_SYS_NICE or LimitRTPRIO=\(realtime.priority)")
      }
    }
    if let cpu = realtime.cpu {
      let code = cl_thread_pin(thread, Int32(cpu))
      if code == 0 {
        scheduling.cpu = cpu
      } else {
        scheduling.refusals.append("CPU \(cpu) was refused (\(errorText(code))): BFD runs on any CPU")
      }
    }
    return scheduling
  }
}

/// How the engine's thread is scheduled.
struct Scheduling: Hashable, Sendable {
  var policy = "SCHED_OTHER"
  /// 1 to 99 under SCHED_FIFO, else 0.
  var priority = 0
  /// The CPU it is pinned to.
  var cpu: Int?
  /// What was asked for and not granted, and what to do.
  var refusals: [String] = []
}

/// The kernel's words for an errno.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// The engine on its way to its thread.
// @unchecked Sendable: handed over once, before the thread starts; only that thread touches it afterwards.
private final class EngineBody: @unchecked Sendable {
  private var engine: Engine
  init(_ engine: consuming Engine) { self.engine = engine }
  func run() { engine.run() }
}

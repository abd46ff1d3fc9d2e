public import CLinux
import Glibc

/// How a thread is scheduled.
public struct Scheduling: Hashable, Sendable {
  public var policy = "SCHED_OTHER"
  /// 1 to 99 under SCHED_FIFO, else 0.
  public var priority = 0
  /// The CPU it is pinned to.
  public var cpu: Int?
  /// What was asked for and not granted, and what to do.
  public var refusals: [String] = []

  /// Real time where allowed.
  /// - Parameters:
  ///   - priority: of SCHED_FIFO, 1 to 99; 0 for none.
  ///   - cpu: to pin the thread to.
  public init(of thread: pthread_t, priority: Int, cpu: Int? = nil) {
    if priority > 0 {
      var parameters = sched_param()
      parameters.sched_priority = Int32(priority)
      let code = pthread_setschedparam(thread, SCHED_FIFO, &parameters)
      if code == 0 {
        policy = "SCHED_FIFO"
        self.priority = priority
      } else {
        refusals.append(
          "real-time priority \(priority) was refused (\(errorText(code))): BFD runs at normal priority and "
            + "may be late on a busy machine; give the service CAP_SYS_NICE or LimitRTPRIO=\(priority)")
      }
    }
    if let cpu {
      let code = cl_thread_pin(thread, Int32(cpu))
      if code == 0 {
        self.cpu = cpu
      } else {
        refusals.append("CPU \(cpu) was refused (\(errorText(code))): BFD runs on any CPU")
      }
    }
  }
}

/// The kernel's words for an errno.
public func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

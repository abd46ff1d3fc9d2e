import ArgumentParser
import CLinux
import Glibc

/// A process that does nothing at real-time priority: what a daemon must live beside. It ends with its parent, and on
/// its own after a time, and rests a little, so that it cannot take the machine.
struct Hog: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)
  @Option var cpu: Int32
  @Option var priority: Int32
  /// Milliseconds.
  @Option var burst: Int
  @Option var rest: Int
  @Option var seconds: Int

  func run() throws {
    let parent = getppid()
    guard cl_die_with_parent() == 0 else { throw Trouble("PR_SET_PDEATHSIG") }
    let end = PacketPort.clock(CLOCK_MONOTONIC) + Int64(seconds) * 1_000_000_000
    _ = cl_thread_pin(pthread_self(), cpu)
    var parameters = sched_param()
    parameters.sched_priority = priority
    guard sched_setscheduler(0, SCHED_FIFO, &parameters) == 0 else { throw Trouble("a hog needs SCHED_FIFO") }
    while getppid() == parent {
      let now = PacketPort.clock(CLOCK_MONOTONIC)
      guard now < end else { return }
      let stop = now + Int64(burst) * 1_000_000
      while PacketPort.clock(CLOCK_MONOTONIC) < stop {}
      usleep(UInt32(rest) * 1_000)
    }
  }
}

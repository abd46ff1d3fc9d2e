import CLinux
import Control
import Glibc
import Testing

@testable import Lab

extension AgentTests {
  @Suite("Real time") struct RealTime {
    @Test(
      "A thread that runs without a pause loses its priority, the agent lives and says so, and it gets it back when it turns"
    )
    func runaway() throws {
      let stage = try Stage("runaway")
      let process = try stage.start(
        AgentFile(), through: ["/usr/bin/env", "NOTIFY_SOCKET=@\(stage.home)", "WATCHDOG_USEC=1000000"])
      try stage.untilReady()
      let before = try stage.status().speaker
      // Where SCHED_FIFO is not granted there is nothing to lose.
      guard before.schedulingPolicy == "SCHED_FIFO" else { return }
      #expect(before.runawayCount == 0)
      let engine = try #require(threads(of: process.pid).first { sched_getscheduler($0) == SCHED_FIFO })
      // AgentHost then loops on that thread for 6 s of CPU time.
      #expect(try signal(engine, of: process.pid, SIGUSR1) == 0)
      try stage.eventually("the kernel has taken the priority") { sched_getscheduler(engine) == SCHED_OTHER }
      try stage.until("it is a problem while it loops, and so is that nothing turns") { status in
        status.problems.contains { $0.what.contains("has lost its real-time priority") && $0.help != nil }
          && status.problems.contains { $0.what.contains("does not turn") }
      }
      try stage.until("it has its priority again, and no problem is left", seconds: 120) { status in
        status.speaker.schedulingPolicy == "SCHED_FIFO" && status.speaker.runawayCount == 1
          && status.problems.isEmpty
      }
      #expect(sched_getscheduler(engine) == SCHED_FIFO)
      #expect(stage.story().contains("has lost its real-time priority"))
    }

    @Test("Status says how late timers were served, and whether memory stays")
    func lateness() throws {
      let stage = try Stage("late")
      let process = try stage.start(AgentFile())
      try stage.untilReady()
      let speaker = try stage.status().speaker
      let worst = try #require(speaker.timerLatenessWorst)
      #expect(try #require(speaker.timerLatenessMedian) <= worst)
      let locked = try Files.read("/proc/\(process.pid)/status").split(separator: "\n")
        .first { $0.hasPrefix("VmLck:") }
      #expect(speaker.memoryLocked == (locked?.contains(" 0 kB") == false))
    }

    @Test("Memory is left alone where the configuration says so")
    func unlocked() throws {
      let stage = try Stage("unlocked")
      var file = AgentFile()
      file.extra = ["realtime: {priority: 0, lock-memory: false}"]
      let process = try stage.start(file)
      try stage.untilReady()
      let speaker = try stage.status().speaker
      #expect(speaker.memoryLocked == nil)
      #expect(speaker.runawayCount == nil)
      #expect(speaker.schedulingNotes == nil)
      #expect(try Files.read("/proc/\(process.pid)/status").contains("VmLck:\t       0 kB"))
    }

    /// tgkill(2), which Glibc's module does not show.
    private func signal(_ thread: pid_t, of process: pid_t, _ number: Int32) throws -> Int32 {
      let symbol = try #require(dlsym(nil, "tgkill"))
      // As glibc 2.30 and newer declare it.
      let tgkill = unsafeBitCast(symbol, to: (@convention(c) (pid_t, pid_t, Int32) -> Int32).self)
      return tgkill(process, thread, number)
    }

    private func threads(of pid: pid_t) -> [pid_t] {
      guard let directory = opendir("/proc/\(pid)/task") else { return [] }
      defer { closedir(directory) }
      var found: [pid_t] = []
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if let number = pid_t(name) { found.append(number) }
      }
      return found
    }
  }
}

import Runtime

extension CPUQuota {
  /// Whether a thread of the process has SCHED_FIFO or SCHED_RR: field 41 of its stat (proc(5)).
  static func isRealTime(_ pid: Int32) -> Bool {
    ProcText.names(in: "/proc/\(pid)/task").prefix(256).contains { thread in
      guard let stat = ProcText.read("/proc/\(pid)/task/\(thread)/stat", limit: 4_096),
        let close = stat.lastIndex(of: ")")
      else { return false }
      let fields = stat[stat.index(after: close)...].split(separator: " ")
      return fields.count > 38 && (fields[38] == "1" || fields[38] == "2")
    }
  }
}

import PeerProbe

/// What a CPU quota has done to this process's cgroup so far: cpu.stat of cgroup v1 and v2.
enum CPUQuota {
  /// Nil where nothing says: no such controller, or not mounted here.
  static func throttling() -> PathTrace.Throttling? {
    for path in candidates(TextFile.read("/proc/self/cgroup") ?? "") {
      if let text = TextFile.read(path), let found = parse(text) { return found }
    }
    return nil
  }

  /// In a container the path may be that of the host, and its own cgroup the root of what is mounted.
  static func candidates(_ membership: String) -> [String] {
    var paths: [String] = []
    for line in membership.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[1].isEmpty {
        paths += ["/sys/fs/cgroup\(parts[2])/cpu.stat", "/sys/fs/cgroup/cpu.stat"]
      } else if parts[1].split(separator: ",").contains("cpu") {
        for folder in [String(parts[1]), "cpu"] {
          paths += ["/sys/fs/cgroup/\(folder)\(parts[2])/cpu.stat", "/sys/fs/cgroup/\(folder)/cpu.stat"]
        }
      }
    }
    return paths
  }

  /// `nr_throttled 12`, and `throttled_usec 3400` (v2) or `throttled_time 3400000` (v1, nanoseconds).
  static func parse(_ text: String) -> PathTrace.Throttling? {
    var values: [Substring: UInt64] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, let value = UInt64(words[1]) { values[words[0]] = value }
    }
    guard let periods = values["nr_throttled"] else { return nil }
    return PathTrace.Throttling(
      periods: periods, microseconds: values["throttled_usec"] ?? (values["throttled_time"] ?? 0) / 1_000)
  }
}

import CLinux
import Glibc

/// The CPU quotas that hold for a process: of its control group and of those above it, as far as they can be seen here
/// (cgroup v1: cpu.cfs_quota_us; v2: cpu.max; both: cpu.stat).
public struct CPUQuota: Sendable {
  public var pid: Int32
  public var program: String
  /// The directory.
  public var path: String
  /// Microseconds of CPU time in each `period`.
  public var quota: UInt64
  public var period: UInt64
  public var statistics: Statistics

  public struct Statistics: Sendable {
    public var periods: UInt64 = 0
    public var throttled: UInt64 = 0

    /// `nr_periods 10\nnr_throttled 3\n...`.
    public init(_ text: String) {
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count == 2, let value = UInt64(words[1]) else { continue }
        if words[0] == "nr_periods" { periods = value }
        if words[0] == "nr_throttled" { throttled = value }
      }
    }
  }

  /// - Parameter program: what to call the process.
  public static func all(of pid: Int32, _ program: String = "") -> [CPUQuota] {
    all(of: pid, program, mounts: ProcText.read("/proc/self/mountinfo") ?? "")
  }

  /// - Parameter mounts: of this process.
  static func all(of pid: Int32, _ program: String = "", mounts: String) -> [CPUQuota] {
    guard let groups = ProcText.read("/proc/\(pid)/cgroup", limit: 65_536) else { return [] }
    let visible = directories(groups: groups, mounts: mounts)
    guard visible.isEmpty else { return visible.compactMap { CPUQuota(pid, program, $0) } }
    // `ip netns exec` mounts another sysfs over the one that they are mounted in.
    return [false, true].flatMap { isV2 -> [CPUQuota] in
      let mount = cl_cgroup_mount(isV2)
      guard mount >= 0 else { return [] }
      defer { close(mount) }
      let root = "/proc/self/fd/\(mount)"
      return directories(groups: groups) { $0 == isV2 ? root : nil }.compactMap { CPUQuota(pid, program, $0) }
    }
  }

  private init?(_ pid: Int32, _ program: String, _ path: String) {
    guard let (quota, period) = Self.limit(path), let text = ProcText.read("\(path)/cpu.stat", limit: 4096) else {
      return nil
    }
    self.pid = pid
    self.program = program
    self.path = path
    self.quota = quota
    self.period = period
    statistics = Statistics(text)
  }

  /// Microseconds, and in which period; nil without a limit.
  private static func limit(_ path: String) -> (UInt64, UInt64)? {
    if let words = ProcText.read("\(path)/cpu.max", limit: 64)?.split(whereSeparator: \.isWhitespace),
      words.count == 2, let quota = UInt64(words[0]), let period = UInt64(words[1])
    {
      return (quota, period)
    }
    func number(_ file: String) -> UInt64? {
      ProcText.read("\(path)/\(file)", limit: 64).flatMap { UInt64($0.prefix { $0.isNumber }) }
    }
    // -1 is no limit.
    guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us") else { return nil }
    return quota > 0 ? (quota, period) : nil
  }

  /// The process's group in the hierarchy with the CPU controller, and all above it up to the mount.
  public static func directories(groups: String, mounts: String) -> [String] {
    directories(groups: groups) { mountPoint(mounts, isV2: $0) }
  }

  /// - Parameter root: where the hierarchy is mounted; nil: nowhere.
  private static func directories(groups: String, root: (_ isV2: Bool) -> String?) -> [String] {
    var result: [String] = []
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isV2 = parts[1].isEmpty
      guard isV2 || parts[1].split(separator: ",").contains("cpu"),
        let root = root(isV2)
      else { continue }
      var path = root + (parts[2] == "/" ? "" : String(parts[2]))
      while path.hasPrefix(root) {
        result.append(path)
        guard path != root, let slash = path.lastIndex(of: "/") else { break }
        path = String(path[..<slash])
      }
    }
    return result
  }

  /// `36 25 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct`.
  private static func mountPoint(_ mounts: String, isV2: Bool) -> String? {
    for line in mounts.split(separator: "\n") {
      let halves = line.split(separator: " ", omittingEmptySubsequences: false)
      guard let dash = halves.firstIndex(of: "-"), dash + 3 < halves.count, halves.count > 4 else { continue }
      let kind = halves[dash + 1]
      if isV2 ? kind == "cgroup2" : kind == "cgroup" && halves[dash + 3].split(separator: ",").contains("cpu") {
        return String(halves[4])
      }
    }
    return nil
  }
}

import Glibc
import NetworkNamespaces

/// A CPU quota in Kubernetes' notation: `50m` is 5 ms of every 100 ms. cgroup v2, or v1 where v2 has no cpu controller.
struct CPULimit {
  let directory: String
  /// The file to which a process writes its number to be limited.
  var entrance: String { "\(directory)/cgroup.procs" }

  private static let prefix = "everway-speakers-"
  private static let period = 100_000

  /// - Parameter text: `200m`.
  init(_ text: String) throws(SystemCallError) {
    guard let thousandths = Int(text.hasSuffix("m") ? text.dropLast() : text[...]), thousandths > 0 else {
      throw SystemCallError("read \(text) as a CPU limit such as 50m", code: EINVAL)
    }
    let quota = thousandths * Self.period / 1_000
    let (root, isUnified) = try Self.root()
    directory = "\(root)/\(Self.prefix)\(getpid())"
    if isUnified { try put("+cpu", "\(root)/cgroup.subtree_control") }
    guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw SystemCallError("make \(directory)") }
    if isUnified {
      try put("\(quota) \(Self.period)", "\(directory)/cpu.max")
    } else {
      try put("\(Self.period)", "\(directory)/cpu.cfs_period_us")
      try put("\(quota)", "\(directory)/cpu.cfs_quota_us")
    }
  }

  /// The kernel takes it away only once it is empty, some time after the last process has ended.
  func remove() {
    for _ in 0..<100 {
      if rmdir(directory) == 0 || errno == ENOENT { return }
      usleep(50_000)
    }
  }

  /// Removes what dead benchmarks left.
  static func sweep() {
    guard let (root, _) = try? root() else { return }
    for name in names(in: root) where name.hasPrefix(prefix) {
      guard let pid = Int32(name.dropFirst(prefix.count)), pid == getpid() || isDead(pid) else { continue }
      // Those in it may have been killed just now.
      for _ in 0..<40 {
        if rmdir("\(root)/\(name)") == 0 || errno == ENOENT { break }
        usleep(50_000)
      }
    }
  }

  /// A zombie is dead too: nobody may have collected it yet.
  private static func isDead(_ pid: Int32) -> Bool {
    var first: CChar = 0
    return readlink("/proc/\(pid)/exe", &first, 1) < 0
  }

  private static func root() throws(SystemCallError) -> (String, isUnified: Bool) {
    let mounts = (contents("/proc/mounts") ?? "").split(separator: "\n").map { $0.split(separator: " ") }
    for mount in mounts where mount.count > 3 && mount[2] == "cgroup2" {
      let root = String(mount[1])
      if (contents("\(root)/cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace).contains("cpu") {
        return (root, true)
      }
    }
    for mount in mounts where mount.count > 3 && mount[2] == "cgroup" {
      if mount[3].split(separator: ",").contains("cpu") { return (String(mount[1]), false) }
    }
    throw SystemCallError("find a cgroup hierarchy with the cpu controller", code: ENOENT)
  }
}

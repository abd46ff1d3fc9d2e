import Glibc
import Processes
import Testing

@testable import Runtime

struct CPUPaceTests {
  @Test func withoutALimitNobodyPauses() {
    var pace = CPUPace()
    #expect(pace.pause(now: 0, used: 0) == 0)
    #expect(pace.pause(now: 1, used: 1_000_000_000) == 0)
  }

  /// Work in pieces of 0.1 ms, and the pauses that are asked for.
  @Test(arguments: [0.0075, 0.03, 0.5]) func overTimeTheShareIsKept(_ share: Double) {
    var pace = CPUPace(share: share)
    var (now, used): (Int64, Int64) = (0, 0)
    for _ in 0..<20_000 {
      let pause = pace.pause(now: now, used: used)
      #expect(pause <= 200_000_000)
      now += pause + 100_000
      used += 100_000
    }
    let measured = Double(used) / Double(now)
    #expect(measured < share * 1.1 && measured > share * 0.9)
  }

  @Test func afterAQuietHourNoMoreIsSavedThanATenthOfASecondsWorth() {
    var pace = CPUPace(share: 0.01)
    _ = pace.pause(now: 0, used: 0)
    #expect(pace.pause(now: 3_600_000_000_000, used: 900_000) == 0)
    #expect(pace.pause(now: 3_600_000_000_001, used: 1_900_000) > 50_000_000)
  }

  @Test func onePieceThatTookAnHourIsForgivenAtLast() {
    var pace = CPUPace(share: 0.01)
    _ = pace.pause(now: 0, used: 0)
    #expect(pace.pause(now: 1, used: 3_600_000_000_000) == 200_000_000)
    #expect(pace.pause(now: 1_000_000_000, used: 3_600_000_000_000) == 0)
  }
}

/// A group of the kernel's, made and removed here.
struct CPUQuotaTests {
  private static var isV1: Bool { access("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", F_OK) == 0 }
  private static var isV2: Bool {
    ProcText.read("/sys/fs/cgroup/cgroup.subtree_control")?.split(whereSeparator: \.isWhitespace).contains("cpu")
      == true
  }

  @Test(.enabled(if: geteuid() == 0 && (isV1 || isV2)), arguments: [true, false])
  func isFoundWhetherTheHierarchyIsMountedHereOrNot(isMounted: Bool) throws {
    let group = (Self.isV1 ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup") + "/everway-test-\(getpid())-\(isMounted)"
    try #require(mkdir(group, 0o755) == 0)
    let child = try spawn(
      path: "/bin/sleep", arguments: ["60"], environment: [], input: 0, output: 1, errorOutput: 2)
    defer {
      kill(child, SIGKILL)
      waitpid(child, nil, 0)
      for _ in 0..<100 where rmdir(group) != 0 { usleep(20_000) }
    }
    if Self.isV1 {
      try Self.write("100000", "\(group)/cpu.cfs_period_us")
      try Self.write("5000", "\(group)/cpu.cfs_quota_us")
    } else {
      try Self.write("5000 100000", "\(group)/cpu.max")
    }
    try Self.write("\(child)", "\(group)/cgroup.procs")
    let found = isMounted ? CPUQuota.all(of: child) : CPUQuota.all(of: child, mounts: "")
    let quota = try #require(found.first { $0.quota == 5_000 })
    #expect(quota.period == 100_000)
    #expect(quota.path.hasPrefix("/proc/self/fd/") == !isMounted)
  }

  private static func write(_ text: String, _ path: String) throws {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    try #require(file >= 0, "\(path)")
    defer { close(file) }
    try #require(Glibc.write(file, text, text.utf8.count) == text.utf8.count, "\(path): \(errno)")
  }
}

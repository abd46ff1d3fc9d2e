import Runtime
public import Cluster
import CLinux
public import Doctor
import Glibc
import NamespaceDiagnosis
import NetworkNamespaces

extension MachineFacts {
  /// Looks at the machine. Changes nothing but, for a moment, a network namespace that nobody else sees.
  public static func gather(_ context: CollectionContext) -> Gathered<MachineFacts> {
    var facts = MachineFacts()
    var name = utsname()
    if uname(&name) == 0 {
      facts.kernel = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      facts.architecture = withUnsafeBytes(of: &name.machine) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
    }
    facts.distribution = readDistribution()
    facts.surroundings = .value(NamespaceSurvey().surroundings)
    facts.commandLine = commandLineWords(ProcText.read("/proc/cmdline", limit: 4096) ?? "")
    let kernel = KernelFeatures(release: facts.kernel ?? "")
    facts.kernelOptions = kernel.options
    facts.modules = kernel.modules
    facts.features = KernelFeatures.asked()
    for name in watchedSysctls {
      if let text = ProcText.read("/proc/sys/" + name.split(separator: ".").joined(separator: "/"), limit: 256) {
        facts.sysctls[name] = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      }
    }
    facts.limits = readLimits()
    facts.cpu = readCPU()
    facts.memory = readMemory(ProcText.read("/proc/meminfo", limit: 16_384) ?? "")
    var maximumError: Int64 = 0
    switch cl_clock_is_synchronised(&maximumError) {
    case 0: facts.clock = .value(Clock(isSynchronised: false, maximumError: maximumError))
    case 1: facts.clock = .value(Clock(isSynchronised: true, maximumError: maximumError))
    default: facts.clock = .unavailable("adjtimex: \(String(cString: strerror(errno)))")
    }
    facts.disks = ["/run", "/var/lib/everway"].compactMap(disk)
    facts.traces = watchedTraces.filter { access($0, F_OK) == 0 }
    facts.processes = ProcText.pids().compactMap(watchedProcess)
    facts.connections = gatherConnections(context)
    return .value(facts)
  }

  /// Those that are the machine's, and limit what a gateway may have.
  private static let watchedSysctls = [
    "user.max_net_namespaces", "user.max_user_namespaces", "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches", "kernel.sched_rt_runtime_us", "net.core.rmem_max", "net.core.rmem_default"
  ]

  private static func readDistribution() -> String? {
    let text =
      ProcText.read("/etc/os-release", limit: 16_384) ?? ProcText.read("/usr/lib/os-release", limit: 16_384)
    return text?.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
      .map { $0.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" } }
  }

  /// Words that change the network or the kernel's rights; others may hold a secret.
  static func commandLineWords(_ text: String) -> [String] {
    let prefixes = [
      "ipv6.", "ipv6", "nohz", "isolcpus", "rcu_nocbs", "mitigations", "cgroup", "systemd.unified", "selinux",
      "apparmor", "lsm", "security", "audit", "user_namespace", "namespace.", "net.", "processor.", "intel_idle",
      "idle", "preempt"
    ]
    return text.split(whereSeparator: \.isWhitespace).map(String.init).filter { word in
      let name = word.prefix { $0 != "=" }
      return prefixes.contains { $0.hasSuffix(".") ? name.hasPrefix($0) : name == $0 || name.hasPrefix("\($0).") }
    }
  }

  // MARK: Limits

  private static func readLimits() -> Limits {
    var limits = Limits()
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      limits.openFiles = UInt64(limit.rlim_cur)
    }
    // In use, free (always 0), and at most.
    let words = (ProcText.read("/proc/sys/fs/file-nr", limit: 256) ?? "").split(whereSeparator: \.isWhitespace)
    if words.count == 3 {
      limits.filesInUse = UInt64(words[0])
      limits.filesAtMost = UInt64(words[2])
    }
    return limits
  }

  private static func readCPU() -> CPU {
    var cpu = CPU()
    let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    if count > 0 { cpu.count = count }
    cpu.load = ProcText.read("/proc/loadavg", limit: 256)?.split(separator: " ").first.flatMap { Double($0) }
    cpu.pressure = pressure(ProcText.read("/proc/pressure/cpu", limit: 1024) ?? "")
    // The one that leaves the smallest part of a CPU.
    let tightest = CPUQuota.all(of: getpid(), "everway").min { $0.quota * $1.period < $1.quota * $0.period }
    cpu.quota = tightest.map {
      Quota(
        path: $0.path, quota: $0.quota, period: $0.period, periods: $0.statistics.periods,
        throttled: $0.statistics.throttled)
    }
    return cpu
  }

  /// `some avg10=1.53 avg60=...`.
  static func pressure(_ text: String) -> Double? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("some ") }
    return line?.split(separator: " ").first { $0.hasPrefix("avg10=") }.flatMap { Double($0.dropFirst(6)) }
  }

  /// Lines of `MemTotal:  16384 kB`.
  static func readMemory(_ text: String) -> Memory {
    var memory = Memory()
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count == 3, let kilobytes = UInt64(words[1]) else { continue }
      if words[0] == "MemTotal:" { memory.total = kilobytes << 10 }
      if words[0] == "MemAvailable:" { memory.available = kilobytes << 10 }
    }
    return memory
  }

  /// Of the file system that holds it, also where it is yet to be made.
  private static func disk(_ path: String) -> Disk? {
    var place = path
    var status = statvfs()
    while statvfs(place, &status) != 0 {
      guard errno == ENOENT, let slash = place.lastIndex(of: "/"), slash != place.startIndex else { return nil }
      place = String(place[..<slash])
    }
    let block = UInt64(status.f_frsize)
    return Disk(
      path: path, size: UInt64(status.f_blocks) * block, free: UInt64(status.f_bavail) * block,
      isReadOnly: status.f_flag & UInt(ST_RDONLY) != 0)
  }

  /// kube-ovn-cni's program is kube-ovn-daemon.
  private static func watchedProcess(_ pid: Int32) -> Process? {
    guard let name = ProcText.name(of: pid), name.hasPrefix("kube-ovn-") else { return nil }
    let directory = "/proc/\(pid)/fd"
    let names = ProcText.names(in: directory).filter { Int32($0) != nil }
    let namespaces = names.prefix(65_536).count { (ProcText.link("\(directory)/\($0)") ?? "").hasPrefix("net:[") }
    return Process(
      pid: pid, name: name, openFiles: names.count, openNamespaces: namespaces,
      limit: fileLimit(ProcText.read("/proc/\(pid)/limits", limit: 8192) ?? ""))
  }

  /// `Max open files   1024   524288   files`.
  static func fileLimit(_ text: String) -> UInt64? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("Max open files") }
    return line?.dropFirst("Max open files".count).split(whereSeparator: \.isWhitespace).first.flatMap {
      UInt64($0)
    }
  }

  // MARK: Connection tracking

  private static func gatherConnections(_ context: CollectionContext) -> Gathered<Connections> {
    do throws(SystemCallError) {
      return try context.openNamespace().perform { () throws(SystemCallError) in
        // Without the module there are no such files.
        func number(_ name: String) -> Int? {
          ProcText.read("/proc/sys/net/netfilter/\(name)", limit: 64)
            .flatMap { Int($0.prefix { $0.isNumber }) }
        }
        guard let count = number("nf_conntrack_count") else {
          return errno == ENOENT ? .value(Connections(count: 0)) : .unavailable("nf_conntrack_count cannot be read")
        }
        let table = ProcText.read("/proc/thread-self/net/nf_conntrack", limit: 8 << 20)
        return .value(
          Connections(count: count, limit: number("nf_conntrack_max"), translatedTo: table.map(translations)))
      }
    } catch {
      return .unavailable(error.description)
    }
  }

  /// Of lines `ipv4 2 tcp 6 431999 ESTABLISHED src=A dst=B sport=... src=B dst=C ...`: C where it is not A.
  static func translations(_ table: String) -> [String: Int] {
    var result: [String: Int] = [:]
    for line in table.split(separator: "\n") {
      var sources: [Substring] = []
      var destinations: [Substring] = []
      for word in line.split(separator: " ") {
        if word.hasPrefix("src=") { sources.append(word.dropFirst(4)) }
        if word.hasPrefix("dst=") { destinations.append(word.dropFirst(4)) }
      }
      guard sources.count >= 2, destinations.count >= 2, destinations[1] != sources[0] else { continue }
      result[String(destinations[1]), default: 0] += 1
    }
    return result
  }
}

public import Cluster
public import NamespaceDiagnosis

/// The node: kernel, rights, limits, CPU, memory, clock.
public struct MachineFacts: Codable, Hashable, Sendable {
  /// `uname -r`.
  public var kernel: String?
  /// `uname -m`.
  public var architecture: String?
  /// PRETTY_NAME of os-release.
  public var distribution: String?
  /// Where we live and what we may do.
  public var surroundings: Gathered<Surroundings> = .notAsked
  /// /proc/cmdline. Words that may hold a secret are left out.
  public var commandLine: [String] = []
  /// By name; only those that a gateway may need.
  public var modules: [String: ModuleState] = [:]
  /// What the kernel can do, asked by doing it: `nexthop`, `ipv6`, `packet-socket`,
  /// `writable-sysctls`.
  public var features: [String: Gathered<Bool>] = [:]
  /// `CONFIG_...` options that matter, as the kernel's configuration has them: `y`, `m`, `n`.
  public var kernelOptions: Gathered<[String: String]> = .notAsked
  /// Of the machine: `user.max_net_namespaces`, `fs.inotify.max_user_instances`. Those of a namespace are NetworkFacts'.
  public var sysctls: [String: String] = [:]
  public var limits = Limits()
  public var cpu = CPU()
  public var memory = Memory()
  public var clock: Gathered<Clock> = .notAsked
  /// By path: /run, /var/lib/everway.
  public var disks: [Disk] = []
  /// Of ``watchedTraces``, what is here.
  public var traces: [String] = []
  /// Programs that are known to leak, as far as they run.
  public var processes: [Process] = []
  /// Connections that the gateway's namespace translates.
  public var connections: Gathered<Connections> = .notAsked

  public init() {}

  public enum ModuleState: String, Codable, Hashable, Sendable {
    case loaded
    /// Part of the kernel.
    case builtIn
    /// On disk, to be loaded when needed.
    case available
    case absent
    /// There is no /lib/modules/RELEASE to look in, as in a container.
    case unknown
  }

  /// Nil: could not be read.
  public struct Limits: Codable, Hashable, Sendable {
    /// RLIMIT_NOFILE, soft.
    public var openFiles: UInt64?
    /// /proc/sys/fs/file-nr: in use, and how many there may be.
    public var filesInUse: UInt64?
    public var filesAtMost: UInt64?

    public init() {}
  }

  public struct CPU: Codable, Hashable, Sendable {
    /// Online.
    public var count: Int?
    /// /proc/loadavg, one minute.
    public var load: Double?
    /// /proc/pressure/cpu, `some avg10`, percent.
    public var pressure: Double?
    /// Of our control group, or the tightest one above it.
    public var quota: Quota?

    public init() {}
  }

  public struct Quota: Codable, Hashable, Sendable {
    /// The file it was read from.
    public var path: String
    /// In microseconds of CPU time for each period.
    public var quota: UInt64
    public var period: UInt64
    /// `nr_periods` and `nr_throttled` of cpu.stat.
    public var periods: UInt64
    public var throttled: UInt64

    public init(path: String, quota: UInt64, period: UInt64, periods: UInt64 = 0, throttled: UInt64 = 0) {
      self.path = path
      self.quota = quota
      self.period = period
      self.periods = periods
      self.throttled = throttled
    }
  }

  /// In octets.
  public struct Memory: Codable, Hashable, Sendable {
    public var total: UInt64?
    public var available: UInt64?

    public init() {}
  }

  /// adjtimex(2).
  public struct Clock: Codable, Hashable, Sendable {
    /// STA_UNSYNC is not set.
    public var isSynchronised: Bool
    /// Of the last estimate, in microseconds.
    public var maximumError: Int64

    public init(isSynchronised: Bool, maximumError: Int64) {
      self.isSynchronised = isSynchronised
      self.maximumError = maximumError
    }
  }

  /// In octets.
  public struct Disk: Codable, Hashable, Sendable {
    public var path: String
    public var size: UInt64
    public var free: UInt64
    public var isReadOnly: Bool

    public init(path: String, size: UInt64, free: UInt64, isReadOnly: Bool = false) {
      self.path = path
      self.size = size
      self.free = free
      self.isReadOnly = isReadOnly
    }
  }

  public struct Process: Codable, Hashable, Sendable {
    public var pid: Int32
    /// As the kernel calls it, 15 octets at most.
    public var name: String
    /// Entries of /proc/PID/fd, and how many of them are network namespaces.
    public var openFiles: Int
    public var openNamespaces: Int
    /// Its RLIMIT_NOFILE, soft.
    public var limit: UInt64?

    public init(pid: Int32, name: String, openFiles: Int, openNamespaces: Int, limit: UInt64?) {
      self.pid = pid
      self.name = name
      self.openFiles = openFiles
      self.openNamespaces = openNamespaces
      self.limit = limit
    }
  }

  /// Connection tracking in the gateway's namespace.
  public struct Connections: Codable, Hashable, Sendable {
    /// net.netfilter.nf_conntrack_count and nf_conntrack_max.
    public var count: Int
    public var limit: Int?
    /// Addresses that sources are translated to, and how many connections each has, of those that /proc/net/nf_conntrack
    /// shows; nil where the kernel has no such file.
    public var translatedTo: [String: Int]?

    public init(count: Int, limit: Int? = nil, translatedTo: [String: Int]? = nil) {
      self.count = count
      self.limit = limit
      self.translatedTo = translatedTo
    }
  }

  public static let tracesOfOVN = ["/run/ovn/ovn-controller.pid", "/var/run/ovn/ovn-controller.pid"]
  /// What kube-ovn-cni installs.
  public static let traceOfKubeOVN = "/etc/cni/net.d/01-kube-ovn.conflist"
  public static let tracesOfKubernetes = [
    traceOfKubeOVN, "/var/lib/kubelet/config.yaml", "/etc/kubernetes/kubelet.conf",
    "/var/run/secrets/kubernetes.io/serviceaccount"
  ]
  public static var watchedTraces: [String] { tracesOfOVN + tracesOfKubernetes }
}

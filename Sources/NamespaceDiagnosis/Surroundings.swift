/// What this process is allowed to see and do: the same for every name.
public struct Surroundings: Hashable, Sendable, Codable {
  /// Where this process lives.
  public var place = Place()
  /// The effective capabilities, one bit each (capabilities(7)); nil when not readable.
  public var capabilities: UInt64?
  /// The inode of the user namespace; the machine's first has 4026531837.
  public var userNamespace: UInt64?
  /// /proc/self/uid_map.
  public var uidMap: String?
  /// 0 none, 1 strict, 2 filter.
  public var seccomp: Int?
  /// /proc/self/attr/current: an SELinux context or an AppArmor profile; nil without either.
  public var securityLabel: String?
  /// Whether SELinux enforces; nil without SELinux.
  public var isSELinuxEnforcing: Bool?
  /// Whether AppArmor is there.
  public var hasAppArmor = false
  /// What making a network namespace said, on a thread that was thrown away: 0, or errno. Nil when not tried.
  public var creation: Int32?
  /// /proc/sys/user/max_net_namespaces: of this user in this user namespace.
  public var namespaceLimit: UInt64?
  /// Network namespaces seen alive. A lower bound.
  public var namespaceCount = 0
  /// Below /run/netns: octets and inodes that are free; nil where the file system does not count them.
  public var freeBytes: UInt64?
  public var freeInodes: UInt64?
  /// The mount that holds /run/netns here.
  public var directory: Mount?
  /// The same in the mount namespace of PID 1; nil when not readable, or when that is ours.
  public var firstDirectory: Mount?
  /// What could not be looked at.
  public var blind: [Blindness] = []

  public init() {}

  public struct Place: Hashable, Sendable, Codable {
    public var mountNamespace: UInt64?
    public var networkNamespace: UInt64?
    /// Of PID 1; nil when that was refused, which is usual.
    public var firstMountNamespace: UInt64?
    public var firstNetworkNamespace: UInt64?
    /// The inode of the PID namespace; the machine's first has 4026531836.
    public var pidNamespace: UInt64?
    /// Whether our mount namespace is that of the machine's PID 1: by its inode, or else by comparing mount ids. Nil when
    /// nothing tells, as in a container, whose PID 1 is another.
    public var isFirstMountNamespace: Bool?
    /// What says that this is a container: `/.dockerenv`, `/run/.containerenv`, a container's id in the cgroup path, the
    /// word of systemd in /run/systemd/container.
    public var containerMarks: [String] = []
    /// A process in the mount namespace of PID 1 through which that can be entered; nil when there is none, or when that
    /// is ours.
    public var hostProcess: ProcessReference?
    /// PID 1's command.
    public var firstCommand: String?
    /// Processes that /proc shows.
    public var processCount = 0

    public init() {}

    /// PROC_PID_INIT_INO of <linux/proc_ns.h>.
    public static let firstPIDNamespace: UInt64 = 0xefff_fffc

    public var isFirstPIDNamespace: Bool { pidNamespace.map { $0 == Self.firstPIDNamespace } ?? true }

    public enum Kind: String, Hashable, Sendable, Codable {
      /// The machine's own mount namespace.
      case host
      /// A mount namespace of our own, as `ip netns exec`, `unshare -m` and systemd's PrivateMounts make one.
      case ownMounts
      case container
    }

    public var kind: Kind {
      if isFirstMountNamespace == true { return .host }
      if !isFirstPIDNamespace || !containerMarks.isEmpty { return .container }
      return isFirstMountNamespace == false ? .ownMounts : .host
    }
  }

  /// Something that could not be looked at, and why.
  public struct Blindness: Hashable, Sendable, Codable {
    /// `/proc/1/ns/mnt`.
    public var what: String
    public var code: Int32
    /// How many of the same kind.
    public var count: Int

    public init(what: String, code: Int32, count: Int = 1) {
      self.what = what
      self.code = code
      self.count = count
    }
  }
}

extension Surroundings {
  public enum Capability: Int, Hashable, Sendable, Codable, CaseIterable {
    case netAdmin = 12
    case sysPtrace = 19
    case sysAdmin = 21

    /// `CAP_SYS_ADMIN`.
    public var name: String {
      switch self {
      case .netAdmin: "CAP_NET_ADMIN"
      case .sysPtrace: "CAP_SYS_PTRACE"
      case .sysAdmin: "CAP_SYS_ADMIN"
      }
    }
  }

  /// True also when that is not known.
  public func has(_ capability: Capability) -> Bool {
    capabilities.map { $0 >> UInt64(capability.rawValue) & 1 == 1 } ?? true
  }

  /// PROC_USER_INIT_INO of <linux/proc_ns.h>.
  public static let firstUserNamespace: UInt64 = 0xefff_fffd

  public var isFirstUserNamespace: Bool { userNamespace.map { $0 == Self.firstUserNamespace } ?? true }

  /// What most probably stands in the way of a call that said `code`, the likeliest first.
  public func obstacles(_ code: Int32) -> [Obstacle] {
    var found: [Obstacle] = []
    let isRefusal = code == 1 || code == 13  // EPERM, EACCES
    guard isRefusal else { return [] }
    if !has(.sysAdmin) { found.append(.capability(.sysAdmin)) }
    if !isFirstUserNamespace { found.append(.userNamespace(userNamespace ?? 0)) }
    if isSELinuxEnforcing == true, code == 13 { found.append(.selinux(context: securityLabel)) }
    if hasAppArmor, let label = securityLabel, !label.hasPrefix("unconfined") {
      found.append(.appArmor(profile: label))
    }
    if isSELinuxEnforcing == true, code == 1 { found.append(.selinux(context: securityLabel)) }
    if let seccomp, seccomp > 0 { found.append(.seccomp) }
    if !has(.sysPtrace), code == 13 { found.append(.capability(.sysPtrace)) }
    return found.isEmpty ? [.unknown] : found
  }
}

/// What forbids.
public enum Obstacle: Hashable, Sendable, Codable {
  case capability(Surroundings.Capability)
  /// Capabilities there count for nothing outside of it.
  case userNamespace(UInt64)
  case seccomp
  case selinux(context: String?)
  case appArmor(profile: String)
  case unknown
}

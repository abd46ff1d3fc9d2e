import Glibc
import NamespaceDiagnosis

/// One walk through /proc: which process is in which network and mount namespace, and what is mounted in each of these.
///
/// Bounded in every direction; processes that end meanwhile are passed over, what is refused is counted.
struct ProcessScan: Sendable {
  /// Up to 32,768 processes, 64 descriptors with a namespace's look in each, 1,024 mount namespaces.
  private static let processLimit = 32_768
  private static let mountNamespaceLimit = 1024
  private static let descriptorLimit = 262_144

  struct MountNamespace: Sendable {
    /// Its inode; where that was refused, the id of its root mount.
    var key: UInt64
    var process: ProcessReference
    var table: MountTable
    var isOwn: Bool
    /// That of the machine's PID 1.
    var isHost: Bool
    /// Whether its process lets us in.
    var isOpen = true
  }

  /// By inode, of network namespaces.
  var holders: [UInt64: [Int32]] = [:]
  var descriptors: [UInt64: [NamespaceEvidence.Descriptor]] = [:]
  /// Our own first.
  var mountNamespaces: [MountNamespace] = []
  var processCount = 0
  /// How often what was refused, by errno.
  var refusals: [String: [Int32: Int]] = [:]

  /// - Parameter isHostVisible: whether PID 1 is the machine's.
  init(ownMountNamespace: UInt64?, ownTable: MountTable, isFirstOwn: Bool?, isHostVisible: Bool) {
    let own = ownMountNamespace ?? 0
    mountNamespaces.append(
      MountNamespace(
        key: own, process: ProcessReference(pid: getpid(), command: ""), table: ownTable, isOwn: true,
        isHost: isFirstOwn ?? false))
    var seen: Set<UInt64> = [own]
    var seenRoots: Set<Int> = Set(ownTable.mounts.first.map { [$0.id] } ?? [])
    var descriptorsLeft = Self.descriptorLimit
    let pids = (ProcFiles.names(in: "/proc") { $0.utf8.allSatisfy { (48...57).contains($0) } } ?? [])
      .compactMap { Int32($0) }.sorted()
    let ownUsers = ProcFiles.namespace("/proc/self/ns/user")
    for pid in pids.prefix(Self.processLimit) {
      processCount += 1
      // In a user namespace of its own anybody may make a namespace that looks like the gateway's.
      if let users = ProcFiles.namespace("/proc/\(pid)/ns/user"), users != ownUsers, ownUsers != nil { continue }
      if let inode = ProcFiles.namespace("/proc/\(pid)/ns/net") {
        holders[inode, default: []].append(pid)
      } else {
        refuse("/proc/PID/ns/net")
      }
      takeMounts(of: pid, &seen, &seenRoots, isHost: pid == 1 && isHostVisible)
      takeDescriptors(of: pid, &descriptorsLeft)
    }
  }

  private mutating func refuse(_ what: String) {
    let code = errno
    // ENOENT and ESRCH: it has ended. EINVAL: a zombie has no namespaces.
    guard code == EACCES || code == EPERM else { return }
    refusals[what, default: [:]][code, default: 0] += 1
  }

  private mutating func takeMounts(
    of pid: Int32, _ seen: inout Set<UInt64>, _ seenRoots: inout Set<Int>, isHost: Bool
  ) {
    guard mountNamespaces.count < Self.mountNamespaceLimit else { return }
    let inode = ProcFiles.namespace("/proc/\(pid)/ns/mnt")
    if let inode {
      guard !seen.contains(inode) else { return }
    } else {
      refuse("/proc/PID/ns/mnt")
    }
    // A zombie's is empty, a dead one's cannot be read: the next process of that namespace stands in.
    guard let text = ProcFiles.text("/proc/\(pid)/mountinfo"), !text.isEmpty else { return }
    // Where the inode is refused, the root mount's id tells: no two mount namespaces share one.
    guard let root = Mount(line: text.prefix { $0 != "\n" })?.id else { return }
    if let inode { seen.insert(inode) }
    guard seenRoots.insert(root).inserted else {
      // Known by its root only: this process can be entered by, the first one could not.
      if let inode, let index = mountNamespaces.firstIndex(where: { $0.key == UInt64(root) }) {
        mountNamespaces[index].key = inode
        mountNamespaces[index].process = Self.reference(pid)
        mountNamespaces[index].isOpen = true
      }
      return
    }
    mountNamespaces.append(
      MountNamespace(
        key: inode ?? UInt64(root), process: Self.reference(pid), table: MountTable(text: text), isOwn: false,
        isHost: isHost, isOpen: inode != nil))
  }

  /// Descriptors of network namespaces that are not their process's own.
  private mutating func takeDescriptors(of pid: Int32, _ left: inout Int) {
    guard left > 0, pid != getpid() else { return }
    guard let names = ProcFiles.names(in: "/proc/\(pid)/fd") else {
      refuse("/proc/PID/fd")
      return
    }
    for name in names.prefix(left) {
      left -= 1
      guard let number = Int32(name), let link = readLink("/proc/\(pid)/fd/\(name)"), Self.isPerhapsNamespace(link)
      else { continue }
      var inode = ProcFiles.inode(ofLink: link)
      if inode == nil || !link.hasPrefix("net:[") { inode = Self.networkNamespace("/proc/\(pid)/fd/\(name)") }
      guard let inode, descriptors[inode]?.count ?? 0 < 16 else { continue }
      descriptors[inode, default: []].append(.init(process: Self.reference(pid), number: number))
    }
  }

  /// Opened through a mount it shows the mount's path, or `/` once that is gone. No other kind is looked at: a file on a
  /// dead NFS server must not hang us.
  private static func isPerhapsNamespace(_ link: String) -> Bool {
    link.hasPrefix("net:[") || link.contains("/netns/") || link.hasSuffix("/ns/net") || link == "/"
  }

  /// The inode of the network namespace behind a path; nil when it is none.
  static func networkNamespace(_ path: String) -> UInt64? {
    let entry = NamespaceEvidence.Entry.read(path)
    return entry.namespaceKind == "net" ? entry.target.inode : nil
  }

  static func reference(_ pid: Int32) -> ProcessReference {
    ProcessReference(
      pid: pid, command: ProcFiles.line("/proc/\(pid)/comm") ?? "?",
      cgroup: ProcFiles.text("/proc/\(pid)/cgroup", limit: 65_536).flatMap { ProcessReference.cgroup(text: $0) })
  }
}

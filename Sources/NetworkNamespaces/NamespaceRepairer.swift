import CLinux
import Glibc
import Languages
public import NamespaceDiagnosis

/// Carries out a ``NamespaceRepair``.
///
/// The namespace is held by a descriptor from the first step to the last. Every step that changes what the name leads to
/// is one system call, so whoever is killed between two of them leaves a name that is as broken as before, or mended; what
/// lies beside it then is found by the next repair. Repairs of one directory exclude one another.
public struct NamespaceRepairer: ~Copyable {
  private let plan: NamespaceRepair
  private let path: String
  private let entry: NamespaceEvidence.Entry
  private let lock: Int32
  private var held: Int32 = -1

  /// Repairs a name as the plan says.
  /// - Parameters:
  ///   - evidence: what the plan was made from; when the name has changed since, nothing is done.
  ///   - steps: others than the plan's own: its extra ones.
  ///   - descriptor: of the namespace that the evidence remembers, for a source that says so.
  ///   - isAllowed: called before each step; false ends there, as a kill would.
  /// - Returns: the namespace that has the name now; nil when steps were left out.
  /// - Throws: what the kernel refused, with a hint; EAGAIN when the name has changed meanwhile.
  @discardableResult public static func carryOut(
    _ plan: NamespaceRepair, _ evidence: NamespaceEvidence, steps: [NamespaceRepairStep]? = nil,
    holding descriptor: Int32? = nil,
    isAllowed: (NamespaceRepairStep) -> Bool = { _ in true }
  ) throws(SystemCallError) -> NamespaceIdentity? {
    if let obstacle = plan.obstacle {
      throw SystemCallError(
        "repair \(evidence.name): \(obstacle.en)", code: EPERM, hint: plan.advice.first?.en)
    }
    var repairer = try begin(plan, evidence)
    for step in steps ?? plan.steps {
      guard isAllowed(step) else { return nil }
      try repairer.perform(step, descriptor)
    }
    return try repairer.result()
  }

  private static func begin(
    _ plan: NamespaceRepair, _ evidence: NamespaceEvidence
  ) throws(SystemCallError) -> NamespaceRepairer {
    let before = evidence.entry
    if before.link.code != 0 { try NetworkNamespace.prepareDirectory(for: "repair \(plan.name)") }
    let lock = try lock(directory(of: evidence.path))
    let now = NamespaceEvidence.Entry.read(evidence.path)
    guard now.link.inode == before.link.inode, now.target.inode == before.target.inode,
      now.namespaceKind == before.namespaceKind, now.linkTarget == before.linkTarget
    else {
      close(lock)
      throw SystemCallError(
        "repair \(plan.name)", code: EAGAIN, hint: "\(evidence.path) has changed meanwhile: look again")
    }
    return NamespaceRepairer(plan: plan, path: evidence.path, entry: before, lock: lock)
  }

  /// - Parameter lock: its descriptor is this value's from now on.
  private init(plan: NamespaceRepair, path: String, entry: NamespaceEvidence.Entry, lock: Int32) {
    self.plan = plan
    self.path = path
    self.entry = entry
    self.lock = lock
  }

  deinit {
    if held >= 0 { close(held) }
    close(lock)
  }

  private static func directory(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  /// As `ip netns` does it; waits up to 5 s for another to be done.
  /// Waits 5 s at most: any user may hold it.
  static func lock(_ directory: String) throws(SystemCallError) -> Int32 {
    let fd = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0 else { throw SystemCallError("open \(directory)") }
    for _ in 0..<500 {
      if flock(fd, LOCK_EX | LOCK_NB) == 0 { return fd }
      guard errno == EWOULDBLOCK || errno == EINTR else { break }
      usleep(10_000)
    }
    let code = errno
    close(fd)
    throw SystemCallError("lock \(directory)", code: code, hint: "another program is changing it for long")
  }

  private func result() throws(SystemCallError) -> NamespaceIdentity {
    let now = NamespaceEvidence.Entry.read(path)
    guard now.namespaceKind == "net" else {
      throw SystemCallError("repair \(plan.name)", code: EINVAL, hint: "\(path) is still no network namespace")
    }
    return NamespaceIdentity(device: now.target.device, inode: now.target.inode)
  }

  private mutating func perform(_ step: NamespaceRepairStep, _ descriptor: Int32?) throws(SystemCallError) {
    switch step {
    case .hold: held = try hold(descriptor)
    case .clear(let path), .discard(let path): try discard(path)
    case .cover(let path): try mount(over: path)
    case .prepare(let path): try prepare(path)
    case .exchange(let prepared, let path): try rename(prepared, path, UInt32(CL_RENAME_EXCHANGE))
    case .install(let prepared, let path): try rename(prepared, path, UInt32(CL_RENAME_NOREPLACE))
    case .coverElsewhere(let process, let path): try cover(path, in: process)
    case .share(let point): try share(point)
    }
  }
}

// MARK: Holding

extension NamespaceRepairer {
  /// The first way that leads to the right namespace.
  private func hold(_ descriptor: Int32?) throws(SystemCallError) -> Int32 {
    var failure: SystemCallError?
    for source in plan.sources {
      do throws(SystemCallError) {
        let fd = try Self.reach(source, descriptor)
        guard let inode = source.inode else { return fd }
        var status = stat()
        if cl_ns_type(fd) == Int32(CL_CLONE_NEWNET), fstat(fd, &status) == 0, UInt64(status.st_ino) == inode {
          return fd
        }
        close(fd)
        failure = SystemCallError(
          "hold \(source.words.en)", code: ESTALE, hint: "it has gone meanwhile: look again")
      } catch {
        failure = failure ?? error
      }
    }
    throw failure ?? SystemCallError("hold the namespace", code: ENOENT)
  }

  private static func reach(_ source: NamespaceSource, _ descriptor: Int32?) throws(SystemCallError) -> Int32 {
    switch source {
    case .new:
      return try onOwnThread { () throws(SystemCallError) in
        guard cl_unshare(Int32(CL_CLONE_NEWNET)) == 0 else {
          throw SystemCallError("make a network namespace", hint: NetworkNamespace.hint(errno))
        }
        return try openHere("/proc/thread-self/ns/net")
      }
    case .held:
      let copy = fcntl(descriptor ?? -1, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw SystemCallError("duplicate the namespace's descriptor") }
      return copy
    case .layer(let path, let depth, _):
      return try inOwnMounts { () throws(SystemCallError) in
        for _ in 0..<depth { umount2(path, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) }
        return try openHere(path)
      }
    case .process, .descriptor, .mount, .path: return try openHere(source.path ?? "")
    }
  }

  private static func openHere(_ path: String) throws(SystemCallError) -> Int32 {
    let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { throw SystemCallError("open \(path)", hint: NetworkNamespace.hint(errno)) }
    return fd
  }
}

// MARK: Mounting

/// Runs `body` on a thread with a mount namespace of its own, from which nothing gets out.
private func inOwnMounts<T: Sendable>(
  _ body: @Sendable () throws(SystemCallError) -> T
) throws(SystemCallError) -> T {
  try withoutActuallyEscaping(body) { body throws(SystemCallError) -> T in
    try onOwnThread { () throws(SystemCallError) -> T in
      guard cl_unshare(Int32(CL_CLONE_NEWNS)) == 0, mount("", "/", "none", UInt(MS_REC | MS_PRIVATE), nil) == 0
      else {
        throw SystemCallError("make a mount namespace", hint: NetworkNamespace.hint(errno))
      }
      return try body()
    }
  }
}

extension NamespaceRepairer {
  private func mount(over path: String) throws(SystemCallError) {
    // mount(2) follows links: what is there must be what was looked at.
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw SystemCallError("mount the namespace over \(path)", code: EAGAIN, hint: "it has changed meanwhile")
    }
    guard Glibc.mount("/proc/thread-self/fd/\(held)", path, "none", UInt(MS_BIND), nil) == 0 else {
      throw SystemCallError("mount the namespace over \(path)", hint: NetworkNamespace.hint(errno))
    }
  }

  private func prepare(_ path: String) throws(SystemCallError) {
    let file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0)
    guard file >= 0 else { throw SystemCallError("make \(path)", hint: NetworkNamespace.hint(errno)) }
    close(file)
    do throws(SystemCallError) { try mount(over: path) } catch {
      unlink(path)
      throw error
    }
  }

  /// rename(2) refuses a mount point of the caller's mount namespace. In one where nothing is mounted there it does not,
  /// and here the mount goes along with the file, in one step.
  private func rename(_ prepared: String, _ path: String, _ flags: UInt32) throws(SystemCallError) {
    let name = plan.name
    try inOwnMounts { () throws(SystemCallError) in
      for point in [prepared, path] {
        var layers = 0
        while layers < 256, umount2(point, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) == 0 { layers += 1 }
      }
      guard cl_rename(prepared, path, flags) == 0 else {
        throw SystemCallError("give \(prepared) the name \(name)", hint: NetworkNamespace.hint(errno))
      }
    }
  }

  /// Never a living network namespace that is not the one held.
  private func discard(_ path: String) throws(SystemCallError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    let entry = NamespaceEvidence.Entry.read(path)
    if status.st_mode & S_IFMT != S_IFLNK, entry.namespaceKind == "net", entry.target.inode != heldInode {
      throw SystemCallError(
        "remove \(path)", code: EBUSY, hint: "another living namespace is mounted there: give it a name of its own")
    }
    if status.st_mode & S_IFMT != S_IFLNK {
      var layers = 0
      while layers < 256, umount2(path, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) == 0 { layers += 1 }
    }
    guard unlink(path) == 0 || (errno == EISDIR && rmdir(path) == 0) || errno == ENOENT else {
      throw SystemCallError("remove \(path)")
    }
  }

  private var heldInode: UInt64? {
    var status = stat()
    if held >= 0, fstat(held, &status) == 0 { return UInt64(status.st_ino) }
    // Nothing to hold: the name itself is whole.
    return entry.namespaceKind == "net" ? entry.target.inode : nil
  }

  private func share(_ point: String) throws(SystemCallError) {
    guard Glibc.mount("", point, "none", UInt(MS_SHARED | MS_REC), nil) == 0 else {
      throw SystemCallError("make \(point) shared", hint: NetworkNamespace.hint(errno))
    }
  }

  private func cover(_ path: String, in process: ProcessReference) throws(SystemCallError) {
    let there = open("/proc/\(process.pid)/ns/mnt", O_RDONLY | O_CLOEXEC)
    guard there >= 0 else {
      throw SystemCallError("open the mount namespace of \(process.words.en)", hint: NetworkNamespace.hint(errno))
    }
    defer { close(there) }
    let tree = cl_detached_mount(held)
    guard tree >= 0 else {
      throw SystemCallError("make a mount of the namespace", hint: NetworkNamespace.hint(errno))
    }
    defer { close(tree) }
    try onOwnThread { () throws(SystemCallError) in
      // A thread that shares its working directory with others may not change its mount namespace.
      guard cl_unshare(Int32(CL_CLONE_FS)) == 0, cl_setns(there, Int32(CL_CLONE_NEWNS)) == 0 else {
        throw SystemCallError(
          "enter the mount namespace of \(process.words.en)", hint: NetworkNamespace.hint(errno))
      }
      guard cl_attach_mount(tree, path) == 0 else {
        throw SystemCallError(
          "mount the namespace over \(path) in \(process.words.en)", hint: NetworkNamespace.hint(errno))
      }
    }
  }
}

extension NetworkNamespace {
  /// What usually helps against an errno of mounting and entering.
  static func hint(_ code: Int32) -> String? {
    switch code {
    case EPERM: Advice.missingCapability
    case EACCES: "/proc or SELinux refuses it: see `everway netns selftest`"
    case ENOSPC: "raise user.max_net_namespaces or user.max_mnt_namespaces, or free space in /run"
    case EROFS: "\(directory) is read-only: mount a tmpfs there, or allow writing to it (systemd: ReadWritePaths=)"
    default: nil
    }
  }
}

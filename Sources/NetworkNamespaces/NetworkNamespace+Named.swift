import CLinux
import Glibc
import Languages
import NamespaceDiagnosis

extension NetworkNamespace {
  /// Where named namespaces live, the same place as `ip netns` has.
  public static let directory = "/run/netns"

  /// The path of a namespace's name. The name must be valid (`check(name:)`).
  public static func path(named name: String) -> String { "\(directory)/\(name)" }

  /// Opens the namespace named as `ip netns` names it, below /run/netns.
  /// - Throws: ENOENT when there is none, EINVAL when what stands there is broken, with the fault and a hint.
  public init(named name: String) throws(SystemCallError) {
    let operation = "open network namespace \(name)"
    switch try Self.state(named: name) {
    case .absent:
      throw SystemCallError(operation, code: ENOENT, hint: "create it with `ip netns add \(name)`")
    case .broken(let fault) where !fault.isUsable:
      throw SystemCallError("\(operation) (\(fault))", code: EINVAL, hint: fault.hint(for: name).en)
    case .healthy, .broken: try self.init(path: Self.path(named: name))
    }
  }

  /// Makes a namespace and its name, as `ip netns add` does; its links are all down.
  ///
  /// What was made is taken back when a later step fails.
  /// - Throws: EEXIST when the name is taken, EPERM without CAP_SYS_ADMIN, ENOSPC at the limit of namespaces, EROFS,
  ///   EINVAL for an impossible name; each with a hint.
  public static func create(named name: String) throws(SystemCallError) -> NetworkNamespace {
    try check(name: name)
    let path = path(named: name)
    let operation = "create network namespace \(name)"
    try prepareDirectory(for: operation)
    let file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0)
    guard file >= 0 else { throw failure(operation, errno, name) }
    close(file)
    do throws(SystemCallError) {
      try onOwnThread { () throws(SystemCallError) in
        guard cl_unshare(Int32(CL_CLONE_NEWNET)) == 0 else { throw failure(operation, errno, name) }
        // thread-self, not self: that would be the main thread's namespace.
        guard mount("/proc/thread-self/ns/net", path, "none", UInt(MS_BIND), nil) == 0 else {
          throw failure("\(operation): mount it at \(path)", errno, name)
        }
      }
      return try NetworkNamespace(path: path)
    } catch {
      umount2(path, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW))
      unlink(path)
      throw error
    }
  }

  /// Takes a name away, as `ip netns del` does. The namespace itself lives on while a process, a descriptor or another
  /// mount holds it. Removes a broken name too, unless it is a directory.
  /// - Throws: ENOENT when there is no such name.
  public static func remove(named name: String) throws(SystemCallError) {
    try check(name: name)
    let path = path(named: name)
    // Every layer that was stacked here; EINVAL says that nothing is mounted any more.
    while umount2(path, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) == 0 {}
    let code = errno
    guard code == EINVAL || code == ENOENT else {
      throw failure("remove network namespace \(name)", code, name)
    }
    guard unlink(path) == 0 else { throw failure("remove network namespace \(name)", errno, name) }
  }

  /// Gives this namespace a name (again): binds it at /run/netns/`name`, so that it outlives its processes.
  ///
  /// A name that is healthy and ours already is left alone; what is broken is mended as a repair does it.
  /// - Throws: EEXIST when the name belongs to another namespace, EINVAL for what is to be asked about first.
  public func pin(named name: String) throws(SystemCallError) {
    let operation = "pin network namespace \(name)"
    try Self.check(name: name)
    try Self.prepareDirectory(for: operation)
    let identity = try identity()
    let evidence = NamespaceSurvey.quick(name, remembered: identity.inode)
    let state = NamespaceState.judge(evidence)
    if let other = state.identity, other != identity {
      throw SystemCallError(
        operation, code: EEXIST, hint: "another namespace has that name: choose another, or `ip netns del \(name)`")
    }
    if case .healthy = state { return }
    var repair = NamespaceRepair.make(for: state, evidence, choice: identity.inode)
    // Another kind of namespace there is not ours to remove; below ours it lives on.
    if case .broken(.wrongKind) = state, evidence.entry.link.kind == .file {
      repair = .covering(evidence, holding: identity.inode)
    }
    guard repair.safety == .automatic else {
      let fault: Words = if case .broken(let fault) = state { fault.hint(for: name) } else { state.sentence }
      throw SystemCallError("\(operation) (\(state.sentence.en))", code: EINVAL, hint: fault.en)
    }
    try NamespaceRepairer.carryOut(repair, evidence, holding: descriptor)
  }

  /// - Throws: EINVAL when `name` cannot be a file below /run/netns.
  public static func check(name: String) throws(SystemCallError) {
    let fits =
      (1...Int(NAME_MAX)).contains(name.utf8.count) && name != "." && name != ".."
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    guard fits else {
      throw SystemCallError(
        "use \"\(name)\" as the name of a network namespace", code: EINVAL,
        hint: "a name has 1 to 255 bytes, no slash, and is not \".\" or \"..\"")
    }
  }

  /// Makes /run/netns a shared mount, so that namespaces mounted below it are seen in other mount namespaces.
  static func prepareDirectory(for operation: String) throws(SystemCallError) {
    guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
      throw failure("\(operation): make \(directory)", errno, nil)
    }
    // One at a time: two that both found no mount would stack two, and a shared stack multiplies what is mounted in it.
    let lock = try NamespaceRepairer.lock(directory)
    defer { close(lock) }
    let share = UInt(MS_SHARED | MS_REC)
    if mount("", directory, "none", share, nil) == 0 { return }
    // EINVAL: no mount point yet.
    guard errno == EINVAL else { throw failure("\(operation): share \(directory)", errno, nil) }
    guard mount(directory, directory, "none", UInt(MS_BIND | MS_REC), nil) == 0,
      mount("", directory, "none", share, nil) == 0
    else { throw failure("\(operation): mount \(directory) on itself", errno, nil) }
  }

  private static func failure(_ operation: String, _ code: Int32, _ name: String?) -> SystemCallError {
    let hint: String? =
      switch code {
      case EEXIST: name.map { "the name is taken: open it instead, or remove it with `ip netns del \($0)`" }
      case EPERM: Advice.missingCapability
      case EACCES: "this needs root and a \(directory) it may write to"
      case ENOSPC: "raise the limit in /proc/sys/user/max_net_namespaces, or free space in /run"
      case EROFS:
        "\(directory) is read-only: mount a tmpfs there, or allow writing to it (systemd: ReadWritePaths=)"
      case ENOENT: name.map { "there is no \(path(named: $0))" }
      case EISDIR: name.map { "it is a directory: rmdir \(path(named: $0))" }
      default: nil
      }
    return SystemCallError(operation, code: code, hint: hint)
  }
}

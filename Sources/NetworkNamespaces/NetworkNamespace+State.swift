import CLinux
import Glibc
public import NamespaceDiagnosis

extension NetworkNamespace {
  /// What stands behind a name as far as the path itself tells: a handful of system calls, nothing is entered.
  ///
  /// `NetworkNamespace.evidence(named:)` reads all that there is, and tells more faults apart.
  public static func state(named name: String) throws(SystemCallError) -> NamespaceState {
    try check(name: name)
    let path = path(named: name)
    return .judge(NamespaceEvidence(name: name, path: path, entry: .read(path)))
  }

  /// Whether anything stands behind the name, broken or not.
  public static func exists(named name: String) throws(SystemCallError) -> Bool {
    try state(named: name) != .absent
  }
}

extension NamespaceEvidence.Entry {
  /// Asks the kernel about a path. Changes nothing, waits for nothing.
  static func read(_ path: String) -> NamespaceEvidence.Entry {
    var entry = NamespaceEvidence.Entry()
    var status = stat()
    entry.link = .init(code: lstat(path, &status) == 0 ? 0 : errno, status)
    if entry.link.kind == .symlink { entry.linkTarget = readLink(path) }
    entry.target = .init(code: stat(path, &status) == 0 ? 0 : errno, status)
    let direct = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    entry.openNoFollowCode = direct >= 0 ? 0 : errno
    if direct >= 0 { close(direct) }
    // O_NONBLOCK: a FIFO in its place must not hang us.
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else {
      entry.openCode = errno
      return entry
    }
    defer { close(fd) }
    // Of what was opened, in case the path has changed meanwhile.
    entry.target = .init(code: fstat(fd, &status) == 0 ? 0 : errno, status)
    var system = statfs()
    if fstatfs(fd, &system) == 0 { entry.fileSystemType = UInt64(UInt32(truncatingIfNeeded: system.f_type)) }
    let kind = cl_ns_type(fd)
    if kind >= 0 { entry.namespaceKind = kindName(kind) }
    if entry.target.kind == .directory { entry.isEmptyDirectory = isEmpty(path) }
    return entry
  }

  private static func isEmpty(_ path: String) -> Bool? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var count = 0
    while count < 3, readdir(directory) != nil { count += 1 }
    return count <= 2
  }

  private static func kindName(_ kind: Int32) -> String {
    switch kind {
    case Int32(CL_CLONE_NEWNET): "net"
    case Int32(CL_CLONE_NEWNS): "mnt"
    case Int32(CL_CLONE_NEWUTS): "uts"
    case Int32(CL_CLONE_NEWIPC): "ipc"
    case Int32(CL_CLONE_NEWPID): "pid"
    case Int32(CL_CLONE_NEWUSER): "user"
    case Int32(CL_CLONE_NEWCGROUP): "cgroup"
    default: "0x" + String(UInt32(bitPattern: kind), radix: 16)
    }
  }
}

extension NamespaceEvidence.Step {
  init(code: Int32, _ status: stat) {
    self.init(code: code)
    guard code == 0 else { return }
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .directory
      case S_IFLNK: .symlink
      case S_IFREG: .file
      case S_IFIFO: .fifo
      case S_IFSOCK: .socket
      default: .device
      }
    mode = status.st_mode & 0o7777
    size = Int64(status.st_size)
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
    names = UInt64(status.st_nlink)
  }
}

/// What a symbolic link says; nil with errno.
func readLink(_ path: String) -> String? {
  var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
  let count = readlink(path, &buffer, buffer.count)
  return count >= 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
}

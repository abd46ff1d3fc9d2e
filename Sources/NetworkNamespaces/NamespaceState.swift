import CLinux
import Glibc

/// What stands behind a name below /run/netns.
public enum NamespaceState: Hashable, Sendable {
  case absent
  case healthy(NamespaceIdentity)
  case broken(NamespaceFault)
}

/// Why a name below /run/netns leads to no network namespace. `ip netns list` shows such a name all the same.
public enum NamespaceFault: Hashable, Sendable {
  /// An ordinary file with a mode of its own: nothing was ever mounted here, or it is left over from before a
  /// reboot with /run on disk.
  case plainFile
  /// A file of mode 0000, as `ip netns` makes them, without its mount: unmounted, or mounted only in another mount
  /// namespace.
  case mountMissing
  case danglingSymlink(target: String)
  case directory
  /// A namespace, but of another kind: `uts`, `mnt`.
  case wrongKind(String)
  /// The bind mount of a file that has since been deleted.
  case deletedFile
  /// Neither file, directory nor link: a FIFO, a socket, a device.
  case specialFile
  /// It could not be examined; errno.
  case inaccessible(Int32)
}

extension NamespaceFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .plainFile: "a plain file stands where the namespace should be mounted"
    case .mountMissing: "its mount is missing here: unmounted, or mounted only in another mount namespace"
    case .danglingSymlink(let target): "a symbolic link to \(target), which does not exist"
    case .directory: "a directory stands where the namespace should be mounted"
    case .wrongKind(let kind): "a namespace of kind \(kind) is mounted there, not a network namespace"
    case .deletedFile: "a deleted file is mounted there, not a network namespace"
    case .specialFile: "a special file stands where the namespace should be mounted"
    case .inaccessible(let code): "it cannot be examined: \(String(cString: strerror(code)))"
    }
  }

  /// What to do, a phrase; `name` is the namespace's.
  public func hint(for name: String) -> String {
    let path = NetworkNamespace.path(named: name)
    return switch self {
    case .plainFile, .specialFile: "remove \(path); it is then made anew"
    case .mountMissing:
      """
      if a process still runs inside, bind its /proc/PID/ns/net over \(path) (`ip netns attach` needs a free \
      name); otherwise remove \(path); in a container, mount /run/netns with mountPropagation HostToContainer
      """
    case .danglingSymlink: "remove the link \(path); the namespace is then made anew"
    case .directory: "rmdir \(path); the namespace is then made anew"
    case .wrongKind, .deletedFile: "umount \(path) and remove it; the namespace is then made anew"
    case .inaccessible: "run as root"
    }
  }
}

extension NetworkNamespace {
  /// What stands behind a name, without entering it. Follows symbolic links, as entering does.
  public static func state(named name: String) throws(SystemCallError) -> NamespaceState {
    try check(name: name)
    let path = path(named: name)
    var entry = stat()
    guard lstat(path, &entry) == 0 else {
      return errno == ENOENT ? .absent : .broken(.inaccessible(errno))
    }
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else {
      let code = errno
      if entry.st_mode & S_IFMT == S_IFLNK, code == ENOENT {
        return .broken(.danglingSymlink(target: linkTarget(path)))
      }
      return .broken(code == ENXIO ? .specialFile : .inaccessible(code))
    }
    defer { close(fd) }
    var target = stat()
    guard fstat(fd, &target) == 0 else { return .broken(.inaccessible(errno)) }
    let kind = cl_ns_type(fd)
    if kind == Int32(CL_CLONE_NEWNET) {
      return .healthy(NamespaceIdentity(device: UInt64(target.st_dev), inode: UInt64(target.st_ino)))
    }
    if kind >= 0 { return .broken(.wrongKind(kindName(kind))) }
    switch target.st_mode & S_IFMT {
    case S_IFDIR: return .broken(.directory)
    case S_IFREG where target.st_nlink == 0: return .broken(.deletedFile)
    case S_IFREG: return .broken(target.st_mode & 0o7777 == 0 ? .mountMissing : .plainFile)
    default: return .broken(.specialFile)
    }
  }

  /// Whether anything stands behind the name, broken or not.
  public static func exists(named name: String) throws(SystemCallError) -> Bool {
    try state(named: name) != .absent
  }

  private static func linkTarget(_ path: String) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  private static func kindName(_ kind: Int32) -> String {
    switch kind {
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

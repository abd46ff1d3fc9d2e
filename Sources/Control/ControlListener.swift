import CLinux
import Glibc

/// The listening socket: made so that nobody else can connect before its permissions are right, and removed again only
/// when it is still the one that was made.
struct ControlListener: ~Copyable {
  let descriptor: Int32
  private let path: String
  private let device: dev_t
  private let inode: ino_t

  init(_ options: ControlServer.Options) throws(ControlSocketError) {
    path = options.path
    try UnixSocket.check(path: path)
    let owner = try options.owner.map { name throws(ControlSocketError) in try Self.user(name) }
    let group = try options.group.map { name throws(ControlSocketError) in try Self.group(name) }
    let directory = Self.parent(path)
    try Self.make(directory: directory)

    // Two that start at once would both find a stale socket, and the later one would remove the earlier one's.
    let lock = try Self.lock(directory)
    defer { Glibc.close(lock) }
    try Self.clear(path)

    let fd = try UnixSocket.open()
    do throws(ControlSocketError) {
      // The mode of the unbound socket is the mode that bind gives the file, so it is closed from the first instant
      // whatever the umask, which belongs to all threads. Nobody connects before listen.
      guard fchmod(fd, 0o600) == 0 else { throw UnixSocket.system("set the mode of a socket") }
      let code = UnixSocket.bind(fd, path)
      guard code == 0 else { throw UnixSocket.system("make \(path)", code: code) }
      if owner != nil || group != nil, lchown(path, owner ?? uid_t.max, group ?? gid_t.max) != 0 {
        let error = UnixSocket.system("give \(path) to its owner", help: "run as root, or leave the owner out")
        unlink(path)
        throw error
      }
      var entry = stat()
      guard chmod(path, mode_t(options.mode)) == 0, lstat(path, &entry) == 0, listen(fd, 64) == 0 else {
        let error = UnixSocket.system("open \(path)")
        unlink(path)
        throw error
      }
      (device, inode) = (entry.st_dev, entry.st_ino)
      descriptor = fd
    } catch {
      Glibc.close(fd)
      throw error
    }
  }

  deinit {
    var entry = stat()
    if lstat(path, &entry) == 0, entry.st_dev == device, entry.st_ino == inode { unlink(path) }
    Glibc.close(descriptor)
  }

  /// Makes room: a socket that nobody serves goes, everything else stays and is an error.
  private static func clear(_ path: String) throws(ControlSocketError) {
    var entry = stat()
    guard lstat(path, &entry) == 0 else {
      guard errno == ENOENT else { throw UnixSocket.system("look at \(path)") }
      return
    }
    guard entry.st_mode & S_IFMT == S_IFSOCK else {
      throw ControlSocketError(
        .wrongPath, "\(path) exists and is no socket",
        help: "remove it, or name another path for the control socket")
    }
    let probe = try UnixSocket.open()
    defer { Glibc.close(probe) }
    switch UnixSocket.connect(probe, path) {
    case ECONNREFUSED:
      guard unlink(path) == 0 || errno == ENOENT else { throw UnixSocket.system("remove the stale \(path)") }
    case ENOENT: break
    case 0, EAGAIN:
      let pid = UnixSocket.peer(probe)?.pid ?? 0
      throw ControlSocketError(
        .alreadyRunning, "another everway runs" + (pid > 0 ? ", pid \(pid)" : "") + ", and serves \(path)",
        help: "stop it, or give this one a control socket of its own")
    case EPROTOTYPE:
      throw ControlSocketError(
        .wrongPath, "\(path) is another program's socket", help: "name another path for the control socket")
    case let code: throw UnixSocket.system("look at \(path)", code: code)
    }
  }

  /// Waits at most two seconds for another one that is starting.
  private static func lock(_ directory: String) throws(ControlSocketError) -> Int32 {
    let fd = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0 else { throw UnixSocket.system("open \(directory)") }
    for _ in 0..<200 {
      if flock(fd, LOCK_EX | LOCK_NB) == 0 { return fd }
      guard errno == EWOULDBLOCK || errno == EINTR else { break }
      usleep(10_000)
    }
    let error = UnixSocket.system("lock \(directory)", help: "another process holds a lock on it")
    Glibc.close(fd)
    throw error
  }

  /// Makes a directory and those above it, each 0755.
  private static func make(directory: String) throws(ControlSocketError) {
    var entry = stat()
    if stat(directory, &entry) == 0 { return }
    if directory != "/" { try make(directory: parent(directory)) }
    guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
      throw UnixSocket.system("make the directory \(directory)", help: "run as root, or name another socket")
    }
    chmod(directory, 0o755)  // whatever the umask took away
  }

  private static func parent(_ path: String) -> String {
    let parent = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
    return parent.isEmpty ? "/" : String(parent)
  }

  private static func user(_ name: String) throws(ControlSocketError) -> uid_t {
    if let number = uid_t(name) { return number }
    guard let entry = getpwnam(name) else {
      throw ControlSocketError(.unknownOwner, "there is no user \(name)", help: "make it, or give a number")
    }
    return entry.pointee.pw_uid
  }

  private static func group(_ name: String) throws(ControlSocketError) -> gid_t {
    if let number = gid_t(name) { return number }
    guard let entry = getgrnam(name) else {
      throw ControlSocketError(
        .unknownOwner, "there is no group \(name)",
        help: "make it with `groupadd --system \(name)`, or give a number")
    }
    return entry.pointee.gr_gid
  }
}

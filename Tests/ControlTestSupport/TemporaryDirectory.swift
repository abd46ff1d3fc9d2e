public import Glibc

/// A directory of this process's own, gone when the value is.
public final class TemporaryDirectory {
  public let path: String

  public init() {
    var template = Array("/tmp/ewt-\(getpid())-control-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "no temporary directory")
  }

  deinit {
    // Only what these tests make: sockets, files, one level of directories.
    for name in ["s", "other", "deep/er/s"] { unlink("\(path)/\(name)") }
    for name in ["deep/er", "deep", "s"] { rmdir("\(path)/\(name)") }
    rmdir(path)
  }

  public var socket: String { path + "/s" }
}

/// The permissions of a file, and who owns it.
public func ownership(_ path: String) -> (kind: mode_t, mode: mode_t, uid: uid_t, gid: gid_t)? {
  var entry = stat()
  guard lstat(path, &entry) == 0 else { return nil }
  return (entry.st_mode & S_IFMT, entry.st_mode & 0o7777, entry.st_uid, entry.st_gid)
}

import Glibc

/// 128 random bits that stay on the node: discriminators and the source port derive from them, so that they are the same
/// after a restart and nobody else can tell them beforehand.
public enum NodeSecret {
  /// Reads the secret, or makes it. Without a place to keep it, one for this run only; `problem` says why.
  public static func read(directory: String) -> (value: (UInt64, UInt64), problem: String?) {
    if let known = load(path(directory)) { return (known, nil) }
    let fresh = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
    if let problem = keep(fresh, directory: directory) { return (fresh, problem) }
    // Another process may have been faster.
    return (load(path(directory)) ?? fresh, nil)
  }

  /// Writes a secret down, unless there is one.
  /// - Returns: why it could not be done; nil when there is one now.
  public static func keep(_ secret: (UInt64, UInt64), directory: String) -> String? {
    let path = path(directory)
    if load(path) != nil { return nil }
    mkdir(directory, 0o755)
    let temporary = "\(path).\(getpid())"
    unlink(temporary)
    guard write(secret, to: temporary) else { return problem(path, errno, temporary) }
    // Never over one that another process has just made; over what is cut short or not ours to read, yes.
    if link(temporary, path) != 0 {
      guard errno == EEXIST, load(path) != nil || rename(temporary, path) == 0 else {
        return problem(path, errno, temporary)
      }
    }
    unlink(temporary)
    return nil
  }

  public static func help(_ directory: String) -> String {
    "make \(directory) writable, with room for a small file; it is tried again, and the discriminators of this run are kept"
  }

  private static func path(_ directory: String) -> String { "\(directory)/secret" }

  private static func problem(_ path: String, _ code: Int32, _ temporary: String) -> String {
    unlink(temporary)
    return
      "\(path) cannot be written (\(errorText(code))): BFD discriminators will differ after a restart, which some peers take badly"
  }

  /// False, with errno, when not all of it is on the disk.
  private static func write(_ secret: (UInt64, UInt64), to path: String) -> Bool {
    let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { return false }
    var words = [secret.0, secret.1]
    errno = ENOSPC  // of a short write, which sets none
    let isWritten = Glibc.write(fd, &words, 16) == 16 && fsync(fd) == 0
    let code = errno
    close(fd)
    errno = code
    return isWritten
  }

  private static func load(_ path: String) -> (UInt64, UInt64)? {
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var words: [UInt64] = [0, 0]
    guard Glibc.read(fd, &words, 16) == 16 else { return nil }
    return (words[0], words[1])
  }
}

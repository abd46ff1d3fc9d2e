import Glibc

/// 128 random bits that stay on the node: discriminators and the source port derive from them, so that they are the same
/// after a restart and nobody else can tell them beforehand.
enum NodeSecret {
  /// Reads the secret, or makes it. Without a place to keep it, one for this run only; `problem` says why.
  static func read(directory: String) -> (value: (UInt64, UInt64), problem: String?) {
    let path = "\(directory)/secret"
    if let known = load(path) { return (known, nil) }
    let fresh = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
    mkdir(directory, 0o755)
    let temporary = "\(path).\(getpid())"
    let fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    var words = [fresh.0, fresh.1]
    guard fd >= 0, write(fd, &words, 16) == 16, fsync(fd) == 0, close(fd) == 0,
      link(temporary, path) == 0 || errno == EEXIST
    else {
      let reason = errorText(errno)
      if fd >= 0 { unlink(temporary) }
      return (
        fresh,
        "\(path) cannot be written (\(reason)): BFD discriminators will differ after a restart, which some peers take badly"
      )
    }
    unlink(temporary)
    // Another process may have been faster.
    return (load(path) ?? fresh, nil)
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

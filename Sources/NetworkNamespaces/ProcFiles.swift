import Glibc

/// Files of /proc and /sys: small, made up by the kernel at each read, gone at any time.
enum ProcFiles {
  /// The text of a file, at most `limit` octets; nil with errno.
  static func text(_ path: String, limit: Int = 4 << 20) -> String? {
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count < limit {
      let count = read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += chunk.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The first line.
  static func line(_ path: String) -> String? {
    text(path, limit: 4096)?.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first
      .map { String($0.filter { $0 != "\0" }) }
  }

  /// The inode of `/proc/PID/ns/KIND`, of its `KIND:[INODE]`; nil with errno.
  static func namespace(_ path: String) -> UInt64? { readLink(path).flatMap { inode(ofLink: $0) } }

  static func inode(ofLink text: String) -> UInt64? {
    guard let open = text.firstIndex(of: "["), text.hasSuffix("]") else { return nil }
    return UInt64(text[text.index(after: open)...].dropLast())
  }

  /// The names in a directory that `isWanted`; nil with errno.
  static func names(in directory: String, _ isWanted: (String) -> Bool = { _ in true }) -> [String]? {
    guard let handle = opendir(directory) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != "..", isWanted(name) { names.append(name) }
    }
    return names
  }
}

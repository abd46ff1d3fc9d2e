import Glibc

/// Small files that the kernel makes up.
public enum ProcText {
  /// At most `limit` octets; nil with errno.
  public static func read(_ path: String, limit: Int = 1 << 20) -> String? {
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < limit {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes += chunk.prefix(min(count, limit - bytes.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Where a symbolic link leads; nil with errno.
  public static func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = readlink(path, &buffer, buffer.count)
    return count >= 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }

  /// The names in a directory; empty when it cannot be read.
  public static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  /// Of all processes, at most 32,768.
  public static func pids() -> [Int32] {
    Array(names(in: "/proc").compactMap { Int32($0) }.sorted().prefix(32_768))
  }

  /// As the kernel calls a process.
  public static func name(of pid: Int32) -> String? {
    read("/proc/\(pid)/comm", limit: 64).map { String($0.prefix { $0 != "\n" }) }
  }
}

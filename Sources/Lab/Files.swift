import Glibc
import NetworkNamespaces

/// The few file operations the lab needs.
enum Files {
  /// The whole file, also one of /proc whose size reads as 0.
  static func read(_ path: String) throws(SystemCallError) -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
  }

  static func readBytes(_ path: String) throws(SystemCallError) -> [UInt8] {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw SystemCallError("open \(path)") }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw SystemCallError("read \(path)") }
      if count == 0 { return bytes }
      bytes += chunk.prefix(count)
    }
  }

  /// The last `count` lines of a file that a program writes; empty when it cannot be read.
  static func lastLines(_ path: String, _ count: Int) -> [String] {
    guard let text = try? read(path) else { return [] }
    return lines(text).suffix(count)
  }

  /// The non-empty lines of a text.
  static func lines(_ text: String) -> [String] { text.split(whereSeparator: \.isNewline).map(String.init) }

  /// Replaces the file in one step: nobody sees half of it.
  static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws(SystemCallError) {
    let draft = path + ".new"
    unlink(draft)
    try put(text, path: draft, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    guard rename(draft, path) == 0 else { throw SystemCallError("rename \(draft) to \(path)") }
  }

  /// Adds to the end with one write, so that lines of two writers never mix.
  static func append(_ text: String, to path: String) throws(SystemCallError) {
    try put(text, path: path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
  }

  /// Writes into a file that exists, such as one of /proc/sys.
  static func set(_ path: String, _ text: String) throws(SystemCallError) {
    try put(text, path: path, flags: O_WRONLY, mode: 0)
  }

  private static func put(
    _ text: String, path: String, flags: Int32, mode: mode_t
  ) throws(SystemCallError) {
    let fd = open(path, flags | O_CLOEXEC, mode)
    guard fd >= 0 else { throw SystemCallError("open \(path)") }
    defer { close(fd) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemCallError("write \(path)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Makes the directory and its parents; one that exists is fine.
  static func makeDirectory(_ path: String) throws(SystemCallError) {
    var prefix = ""
    for part in path.split(separator: "/") {
      prefix += "/" + part
      guard mkdir(prefix, 0o755) == 0 || errno == EEXIST else { throw SystemCallError("make directory \(prefix)") }
    }
  }

  /// The names in a directory, sorted; empty when there is none.
  static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        // The kernel ends d_name with a zero byte.
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file or a whole directory tree; follows no symbolic link; what is not there is fine.
  static func removeTree(_ path: String) {
    if unlink(path) == 0 || errno == ENOENT { return }
    for name in names(in: path) { removeTree(path + "/" + name) }
    rmdir(path)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

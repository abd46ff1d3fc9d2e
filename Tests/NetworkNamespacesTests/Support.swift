import Glibc
import NetworkNamespaces

/// Names of this test process; leftovers of processes that are gone are swept first.
enum Names {
  static func make(_ tag: String) -> String {
    sweep
    return "ewt-\(getpid())-\(tag)"
  }

  private static let sweep: Void = {
    guard let directory = opendir(NetworkNamespace.directory) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let parts = name.split(separator: "-")
      guard parts.count >= 3, parts[0] == "ewt", let pid = Int32(parts[1]), kill(pid, 0) != 0, errno == ESRCH else {
        continue
      }
      erase(name)
    }
  }()

  /// Removes whatever stands there.
  static func erase(_ name: String) {
    try? NetworkNamespace.remove(named: name)
    rmdir(NetworkNamespace.path(named: name))
  }
}

/// What /proc/thread-self/ns/net links to: `net:[4026531840]`.
func linkText() -> String {
  var buffer = [UInt8](repeating: 0, count: 64)
  let count = readlink("/proc/thread-self/ns/net", &buffer, buffer.count)
  return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

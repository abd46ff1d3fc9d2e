import Glibc
import NetworkNamespaces

/// Names for the namespaces that a test makes: they carry the process, so that test runs do not meet, and so that the
/// leftovers of a run that died are known as such.
public enum NamespaceNames {
  /// `ewt-PID-TAG`. The first call of a process removes what processes that are gone have left.
  public static func make(_ tag: String) -> String {
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
      guard parts.count >= 3, parts[0] == "ewt", let pid = Int32(parts[1]), kill(pid, 0) != 0, errno == ESRCH
      else { continue }
      erase(name)
    }
  }()

  /// Removes whatever stands there.
  public static func erase(_ name: String) {
    try? NetworkNamespace.remove(named: name)
    rmdir(NetworkNamespace.path(named: name))
  }
}

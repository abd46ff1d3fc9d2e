import Glibc

/// JournalHost, beside this test bundle.
enum Host {
  static let path: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    for candidate in [program] + CommandLine.arguments.filter({ $0.hasSuffix(".xctest") }) {
      let beside = candidate.prefix(upTo: candidate.lastIndex(of: "/") ?? candidate.startIndex) + "/JournalHost"
      if access(String(beside), X_OK) == 0 { return String(beside) }
    }
    return ".build/debug/JournalHost"
  }()
}

/// A directory of this process's own, gone with all that is in it when the value is.
final class Directory {
  let path: String
  var journal: String { path + "/journal.sqlite" }

  init() {
    var template = Array("/tmp/ewt-\(getpid())-journal-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "no temporary directory")
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

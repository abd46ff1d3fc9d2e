import CLinux
import Glibc

/// Small files of credentials.
enum FileText {
  /// What tells two contents of a path apart: a mounted Secret is renewed by swapping a link.
  struct Fingerprint: Hashable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64
  }

  static let longest = 4 << 20

  static func fingerprint(_ path: String) -> Fingerprint? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Fingerprint(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
  }

  /// - Throws: `errno`'s words.
  static func read(_ path: String) throws(FileProblem) -> [UInt8] {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw FileProblem(reason: String(cString: strerror(errno)), isAbsent: errno == ENOENT) }
    defer { close(fd) }
    var octets: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count == 0 { return octets }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw FileProblem(reason: String(cString: strerror(errno)), isAbsent: false)
      }
      octets += chunk.prefix(count)
      guard octets.count <= longest else {
        throw FileProblem(reason: "it has more than \(longest) octets", isAbsent: false)
      }
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

struct FileProblem: Error {
  var reason: String
  var isAbsent: Bool
}

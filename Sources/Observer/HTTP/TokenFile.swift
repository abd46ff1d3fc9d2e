import CLinux
import Glibc
import Synchronization

/// A file with one token a line; `#` begins a comment. Read again when it has changed.
final class TokenFile: Sendable {
  /// Shorter ones can be guessed.
  static let shortest = 16

  private struct Content {
    var tokens: [[UInt8]] = []
    var stamp: [Int] = []
  }

  let path: String
  private let content = Mutex(Content())

  /// - Throws: ``ObserverError``.
  init(_ path: String) throws(ObserverError) {
    self.path = path
    guard let stamp = Self.stamp(path), let text = Self.read(path) else {
      throw ObserverError("cannot read \(path): \(String(cString: strerror(errno)))", help: "see --token-file")
    }
    let tokens = try Self.tokens(text, path)
    content.withLock { $0 = Content(tokens: tokens, stamp: stamp) }
  }

  /// Others than its owner and group may read it.
  var isOpenToAll: Bool {
    var entry = stat()
    return stat(path, &entry) == 0 && entry.st_mode & 0o007 != 0
  }

  /// Those of the file as it is now; of one that cannot be read or has none, those of before.
  var tokens: [[UInt8]] {
    content.withLock { content in
      guard let stamp = Self.stamp(path), stamp != content.stamp else { return content.tokens }
      content.stamp = stamp
      if let text = Self.read(path), let new = try? Self.tokens(text, path) { content.tokens = new }
      return content.tokens
    }
  }

  static func tokens(_ text: [UInt8], _ path: String) throws(ObserverError) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for (number, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
      let spaces = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")]
      let token = Array(line.drop { spaces.contains($0) }.reversed().drop { spaces.contains($0) }.reversed())
      guard let first = token.first, first != UInt8(ascii: "#") else { continue }
      guard token.count >= shortest, token.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw ObserverError(
          "\(path): token \(number + 1) is no token: \(shortest) or more printable characters without spaces",
          help: "make one with `openssl rand -hex 32`")
      }
      found.append(token)
    }
    guard !found.isEmpty else {
      throw ObserverError("\(path) has no token", help: "make one with `openssl rand -hex 32`")
    }
    return found
  }

  private static func stamp(_ path: String) -> [Int]? {
    var entry = stat()
    guard stat(path, &entry) == 0 else { return nil }
    return [Int(entry.st_ino), Int(entry.st_size), entry.st_mtim.tv_sec, entry.st_mtim.tv_nsec]
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var octets = [UInt8](repeating: 0, count: 64 * 1024)
    let count = Glibc.read(descriptor, &octets, octets.count)
    return count >= 0 ? Array(octets[..<count]) : nil
  }
}

import Glibc
import Runtime

/// What peers had for a discriminator when they were last Up, kept for the next start: a peer that is compatible with OVN
/// only may take no packet without it, and may be silent by then. A text file, a session a line: name, address, number.
struct DiscriminatorMemory {
  private let path: String
  private(set) var known: [String: UInt32]
  private(set) var isUnsaved = false

  /// More sessions than a gateway has; beyond it nothing is added.
  private static let limit = 4_096

  /// Reads what is there; a file that is missing or damaged is no harm.
  init(directory: String) {
    path = "\(directory)/remote-discriminators"
    known = Self.parse(Self.read(path))
  }

  /// - Returns: without lines that make no sense.
  static func parse(_ text: String) -> [String: UInt32] {
    var known: [String: UInt32] = [:]
    for line in text.split(separator: "\n") where known.count < limit {
      let words = line.split(separator: " ")
      guard words.count == 3, let number = UInt32(words[2]), number != 0 else { continue }
      known["\(words[0]) \(words[1])"] = number
    }
    return known
  }

  var text: String { known.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined() }

  mutating func note(_ session: String, _ discriminator: UInt32) {
    guard known[session] != discriminator, known[session] != nil || known.count < Self.limit else { return }
    known[session] = discriminator
    isUnsaved = true
  }

  /// Replaces the file in one step.
  /// - Returns: why it could not be done; nil when the file is as it should be.
  mutating func save() -> String? {
    guard isUnsaved else { return nil }
    let draft = "\(path).\(getpid())"
    unlink(draft)
    guard Self.write(text, to: draft), rename(draft, path) == 0 else {
      let code = errno
      unlink(draft)
      return
        "\(path) cannot be written (\(errorText(code))): a peer that waits for its own discriminator may not be reached after a restart"
    }
    isUnsaved = false
    return nil
  }

  private static func write(_ text: String, to path: String) -> Bool {
    let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { return false }
    let bytes = Array(text.utf8)
    errno = ENOSPC  // of a short write, which sets none
    let isWritten = Glibc.write(fd, bytes, bytes.count) == bytes.count && fsync(fd) == 0
    let code = errno
    close(fd)
    errno = code
    return isWritten
  }

  /// At most as much as the limit allows.
  private static func read(_ path: String) -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard fd >= 0 else { return "" }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while bytes.count < limit * 256, case let count = Glibc.read(fd, &chunk, chunk.count), count > 0 {
      bytes += chunk.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

import BFD
import Capture
import ConfigurationFile
import Control
import Glibc

/// The files that sessions' last packets go to: few, small, the newest of them.
struct CaptureFiles {
  let directory: String
  let maximumFiles: Int
  let maximumSize: Int
  /// Who writes, with version.
  let application: String

  struct Failure: Error, Equatable, CustomStringConvertible {
    var what: String
    var code: Int32
    var description: String { "\(what): \(String(cString: strerror(code)))" }
  }

  private static let suffix = "-down.pcapng"

  /// Files of ours, the oldest first, since the first `write`.
  private var files: [(path: String, size: Int)]?

  init(directory: String, maximumFiles: Int, maximumSize: Int, application: String) {
    self.directory = directory
    self.maximumFiles = maximumFiles
    self.maximumSize = maximumSize
    self.application = application
  }

  /// Writes a session's last packets, and removes the oldest files beyond what is allowed. The directory is read once: make
  /// a value for each burst.
  /// - Parameter time: when the session left Up.
  /// - Returns: the file's path.
  mutating func write(_ kept: KeptPackets, at time: Timestamp) throws(Failure) -> String {
    var writer = PcapngWriter(application: application, comment: kept.story)
    for packet in kept.packets { writer.append(packet, interface: kept.name) }
    try makeDirectory()
    removeOldest(leaving: maximumFiles - 1, size: maximumSize - writer.octets.count)
    let path = "\(directory)/\(Self.name(kept.name, time))"
    let temporary = "\(path).part"
    do throws(Failure) {
      try Self.store(writer.octets, temporary)
      guard rename(temporary, path) == 0 else { throw Failure(what: "rename \(temporary)", code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    files?.append((path, writer.octets.count))
    return path
  }

  /// `2026-11-22T20-30-00.123456Z-r1-down.pcapng`: sorted by time, and no name of a peer leads anywhere else.
  static func name(_ peer: String, _ time: Timestamp) -> String {
    let safe = peer.utf8.prefix(64).map { byte -> Character in
      let character = Character(UnicodeScalar(byte))
      return byte < 0x80 && (character.isLetter || character.isNumber || "-_.".contains(character))
        ? character : "_"
    }
    let clock = "\(time)".map { $0 == ":" ? "-" : $0 }
    return String(clock) + "-" + String(safe) + suffix
  }

  private func makeDirectory() throws(Failure) {
    var path = ""
    for part in directory.split(separator: "/") {
      path += "/\(part)"
      guard mkdir(path, 0o755) == 0 || errno == EEXIST || errno == EISDIR else {
        throw Failure(what: "make the directory \(path)", code: errno)
      }
    }
    // Addresses and timers of a network are nobody else's business.
    chmod(directory, 0o750)
  }

  private static func store(_ octets: [UInt8], _ path: String) throws(Failure) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard file >= 0 else { throw Failure(what: "make \(path)", code: errno) }
    defer { close(file) }
    var sent = 0
    while sent < octets.count {
      let count = octets.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: sent), $0.count - sent) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure(what: "write \(path)", code: count < 0 ? errno : ENOSPC) }
      sent += count
    }
  }

  /// Removes files of ours, oldest first, until so many and so large are left at most. Others are left alone.
  private mutating func removeOldest(leaving count: Int, size: Int) {
    var files = files ?? present
    var total = files.reduce(0) { $0 + $1.size }
    while let oldest = files.first, files.count > max(0, count) || total > size {
      unlink(oldest.path)
      total -= oldest.size
      files.removeFirst()
    }
    self.files = files
  }

  private var present: [(path: String, size: Int)] {
    Self.names(directory).filter { $0.hasSuffix(Self.suffix) }.sorted().map { name in
      var entry = stat()
      let path = "\(directory)/\(name)"
      return (path, lstat(path, &entry) == 0 ? Int(entry.st_size) : 0)
    }
  }

  private static func names(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // d_name ends with a zero, inside of the entry.
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }
}

extension KeptPackets {
  /// What the packets lead up to, for who opens the file.
  fileprivate var story: String {
    guard let transition else { return "The last packets of \(name)" }
    var text = "BFD \(name): \(transition.from) -> \(transition.to), \(transition.cause.words)"
    if transition.diagnostic != .none { text += "; diagnostic \(transition.diagnostic)" }
    if let remote = transition.remoteDiagnostic, remote != .none { text += "; the peer's: \(remote)" }
    return text
  }
}

extension Transition.Cause {
  fileprivate var words: String {
    switch self {
    case .handshake: "by the handshake"
    case .detectionTimeExpired: "no packet for a Detection Time"
    case .neighborSignaledDown: "the peer said Down"
    case .neighborAdministrativelyDown: "the peer said AdminDown"
    case .administrative: "an operator"
    default: "\(self)"
    }
  }
}

import CLinux
import FoundationEssentials
import Glibc

/// Why the database could not be asked, in one phrase.
struct OVSDBError: Error, Hashable, Sendable, CustomStringConvertible {
  var message: String
  var description: String { message }
}

/// A blocking conversation with an OVSDB server over its Unix socket (RFC 7047), bounded in time and size: for a few
/// questions of a diagnosis, not to follow a database.
struct OVSDBConnection: ~Copyable {
  /// More is no answer to what is asked here: a row of Interface has about 300 octets.
  static let maximumAnswer = 16 << 20

  private let descriptor: Int32
  private let path: String
  private let deadline: ContinuousClock.Instant
  private var buffer: [UInt8] = []
  private var nextID = 0

  /// - Parameter limit: for the whole conversation.
  init(path: String, limit: Duration = .seconds(2)) throws(OVSDBError) {
    self.path = path
    deadline = .now + limit
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    descriptor = socket(AF_UNIX, flags, 0)
    guard descriptor >= 0 else { throw OVSDBError(message: "socket: \(String(cString: strerror(errno)))") }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw OVSDBError(message: "\(path): too long for a socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    // Every socket address may be read as a `sockaddr`: that is how the call is defined (bind(2)).
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard code == 0 else { throw OVSDBError(message: "\(path): \(String(cString: strerror(errno)))") }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Runs operations in one transaction of database Open_vSwitch.
  /// - Returns: one result for each.
  mutating func transact(_ operations: [OVSDBValue]) throws(OVSDBError) -> [OVSDBValue] {
    nextID += 1
    let id = OVSDBValue.integer(nextID)
    try send(
      .object([
        "method": .string("transact"), "params": .array([.string("Open_vSwitch")] + operations), "id": id
      ]))
    while true {
      let message = try receive()
      if message["method"] == .string("echo") {
        try send(.object(["id": message["id"] ?? .null, "result": message["params"] ?? .null, "error": .null]))
        continue
      }
      guard message["id"] == id else { continue }
      if let error = message["error"], error != .null { throw failure(error) }
      let results = message["result"]?.array ?? []
      // An operation that fails has an error in its place, and ends the list.
      if let error = results.first(where: { $0["error"].map { $0 != .null } ?? false }) { throw failure(error) }
      guard results.count >= operations.count else { throw OVSDBError(message: "\(path): too few results") }
      return results
    }
  }

  /// Rows of a table.
  /// - Parameter condition: RFC 7047 section 5.1: `[column, function, value]` each.
  static func select(_ table: String, _ columns: [String], where condition: [OVSDBValue] = []) -> OVSDBValue {
    .object([
      "op": .string("select"), "table": .string(table), "where": .array(condition),
      "columns": .array(columns.map { .string($0) })
    ])
  }

  private func failure(_ error: OVSDBValue) -> OVSDBError {
    let words = error["error"]?.string ?? error.string ?? "refused"
    return OVSDBError(message: "\(path): \(words)\(error["details"]?.string.map { ": \($0)" } ?? "")")
  }

  // MARK: Octets

  private func send(_ message: OVSDBValue) throws(OVSDBError) {
    // Encoding plain values to memory does not fail.
    var rest = ((try? JSONEncoder().encode(message)).map { Array($0) } ?? [])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else {
        try wait(for: Int32(POLLOUT), after: errno)
      }
    }
  }

  private mutating func receive() throws(OVSDBError) -> OVSDBValue {
    var framing = OVSDBFraming()
    var seen = 0
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      if let end = framing.end(in: buffer[seen...]) {
        let message = Data(buffer[..<(seen + end)])
        buffer.removeFirst(seen + end)
        guard let value = try? JSONDecoder().decode(OVSDBValue.self, from: message) else {
          throw OVSDBError(message: "\(path): its answer is no JSON")
        }
        return value
      }
      seen = buffer.count
      guard seen < Self.maximumAnswer else {
        throw OVSDBError(message: "\(path): its answer is larger than \(Self.maximumAnswer >> 20) MB")
      }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count != 0 else { throw OVSDBError(message: "\(path): closed by the server") }
      if count > 0 {
        buffer += chunk[..<count]
      } else {
        try wait(for: Int32(POLLIN), after: errno)
      }
    }
  }

  private func wait(for events: Int32, after code: Int32) throws(OVSDBError) {
    if code == EINTR { return }
    guard code == EAGAIN else { throw OVSDBError(message: "\(path): \(String(cString: strerror(code)))") }
    let left = deadline - .now
    let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
    guard left > .zero else { throw OVSDBError(message: "\(path): no answer in time") }
    var event = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    _ = poll(&event, 1, Int32(clamping: milliseconds + 1))
  }
}

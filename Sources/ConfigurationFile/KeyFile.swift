public import BFD
import Glibc

/// What came of reading key files.
public struct LoadedKeys: Sendable {
  /// By the chain's name; what could not be loaded is missing from its chain.
  public var chains: [String: KeyChain] = [:]
  public var problems: [KeyFileProblem] = []

  public init() {}
}

/// A key file that cannot be used. Nothing of what is in it is told.
public struct KeyFileProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// What is wrong.
  public var message: String
  /// What to do.
  public var help: String?
  /// It is not there, or this user may not read it: on the machine it is for, that may be different.
  public var isOutOfReach = false

  public var description: String { "\(file): \(message)" }

  /// As `everway check` shows it: what may be different where the file is for is a warning.
  public var diagnostic: ConfigurationDiagnostic {
    ConfigurationDiagnostic(
      severity: isOutOfReach ? .warning : .error, file: file, message: "BFD key: \(message)", help: help)
  }
}

extension GatewayConfiguration.BFDSettings {
  /// Reads every key file once. Parsing a configuration does not do that: it needs neither the files nor the right to
  /// read them.
  public func loadKeys() -> LoadedKeys {
    var loaded = LoadedKeys()
    for chain in keyChains {
      var keys: [AuthenticationKey] = []
      for key in chain.keys {
        do throws(KeyFileProblem) {
          keys.append(try key.load())
        } catch {
          if !loaded.problems.contains(error) { loaded.problems.append(error) }
        }
      }
      // Ids are unique in a configuration that was parsed.
      if let usable = try? KeyChain(keys) { loaded.chains[chain.name] = usable }
    }
    return loaded
  }
}

extension GatewayConfiguration.BFDKey {
  func load() throws(KeyFileProblem) -> AuthenticationKey {
    let secret = try KeyFile.read(file)
    do throws(AuthenticationKeyError) {
      return try AuthenticationKey(id: id, type: type, secret: secret, send: send, accept: accept)
    } catch {
      let unit = "\(type) takes 1 to \(type.maximumKeyLength) octets"
      throw KeyFileProblem(
        file: file, message: "\(error)", help: "\(unit); `hex:` and pairs of digits may be written instead of text")
    }
  }
}

/// Files that hold one key: its octets, or `hex:` and two hexadecimal digits for each. A line's end behind it is no
/// part of it.
enum KeyFile {
  /// Octets of the longest file that is read: 20 octets in hexadecimal, with blanks and a line's end.
  private static let limit = 256

  /// Symbolic links are followed, as mounted secrets are made of them; the file at their end is what counts.
  static func read(_ path: String) throws(KeyFileProblem) -> [UInt8] {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw unopened(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unopened(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw KeyFileProblem(
        file: path, message: "this is not a regular file", help: "name a file that holds the key")
    }
    guard status.st_mode & 0o077 == 0 else {
      let mode = String(status.st_mode & 0o7777, radix: 8)
      throw KeyFileProblem(
        file: path, message: "others than its owner may use it (its mode is 0\(mode))", help: "chmod 600 \(path)")
    }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw KeyFileProblem(
        file: path, message: "it belongs to user \(status.st_uid), who can change it", help: "chown root \(path)")
    }
    var octets = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < octets.count {
      let more = octets.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
      }
      if more < 0 {
        if errno == EINTR { continue }
        throw unopened(path, errno)
      }
      if more == 0 { break }
      count += more
    }
    guard count <= limit else {
      throw KeyFileProblem(
        file: path, message: "it is too long for a key", help: "put the key alone into the file, 1 to 20 octets")
    }
    return try decode(Array(octets.prefix(count)), path)
  }

  private static func decode(_ octets: [UInt8], _ path: String) throws(KeyFileProblem) -> [UInt8] {
    var octets = octets[...]
    if octets.last == UInt8(ascii: "\n") { octets = octets.dropLast() }
    if octets.last == UInt8(ascii: "\r") { octets = octets.dropLast() }
    let prefix = Array("hex:".utf8)
    guard octets.starts(with: prefix) else { return Array(octets) }
    let digits = octets.dropFirst(prefix.count).filter { ![UInt8(ascii: " "), UInt8(ascii: ":")].contains($0) }
    var bytes: [UInt8] = []
    for position in stride(from: 0, to: digits.count, by: 2) {
      guard position + 1 < digits.count, let high = nibble(digits[position]), let low = nibble(digits[position + 1])
      else {
        throw KeyFileProblem(
          file: path, message: "what follows `hex:` is not pairs of hexadecimal digits",
          help: "write two digits for each octet, such as hex:0f1e2d")
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func nibble(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func unopened(_ path: String, _ code: Int32) -> KeyFileProblem {
    switch code {
    case ENOENT, ENOTDIR:
      KeyFileProblem(
        file: path, message: "there is no such file", help: "put the key there, and chmod 600 \(path)",
        isOutOfReach: true)
    case EACCES, EPERM:
      KeyFileProblem(
        file: path, message: "this user may not read it", help: "run as its owner, or as root", isOutOfReach: true)
    default:
      KeyFileProblem(file: path, message: "it cannot be read: \(String(cString: strerror(code)))")
    }
  }
}

/// A key of a key chain: what it is called, what it is for and when. It never shows its secret: not printed, not
/// dumped, not reflected.
public struct AuthenticationKey: Hashable, Sendable {
  /// Auth Key ID: the same at both ends.
  public let id: UInt8
  public let type: AuthenticationType
  /// When packets may be sent with it.
  public let send: Lifetime
  /// When packets that carry it are accepted.
  public let accept: Lifetime
  let secret: Secret

  /// - Parameter secret: 1 to 16 octets, for SHA1 1 to 20.
  /// - Throws: `AuthenticationKeyError`. A key that cannot be used is no key (RFC 5880 sections 6.7.2 to 6.7.4).
  public init(
    id: UInt8, type: AuthenticationType, secret: [UInt8], send: Lifetime = .always, accept: Lifetime = .always
  ) throws(AuthenticationKeyError) {
    guard !secret.isEmpty else { throw .empty }
    guard secret.count <= type.maximumKeyLength else {
      throw .tooLong(octets: secret.count, limit: type.maximumKeyLength)
    }
    self.id = id
    self.type = type
    self.send = send
    self.accept = accept
    self.secret = Secret(secret)
  }
}

/// Why octets are no key.
public enum AuthenticationKeyError: Error, Hashable, Sendable, CustomStringConvertible {
  case empty
  case tooLong(octets: Int, limit: Int)

  public var description: String {
    switch self {
    case .empty: "the key is empty"
    case .tooLong(let octets, let limit): "the key has \(octets) octets; at most \(limit) are possible"
    }
  }
}

/// When a key may be used, in seconds since 1970 (UTC): a calendar's time, since both ends must agree on it.
public struct Lifetime: Hashable, Sendable {
  /// The first second; nil for no beginning.
  public var start: Int64?
  /// The second after the last; nil for no end.
  public var end: Int64?

  public init(start: Int64? = nil, end: Int64? = nil) {
    self.start = start
    self.end = end
  }

  public static let always = Lifetime()

  public func contains(_ seconds: Int64) -> Bool {
    if let start, seconds < start { return false }
    if let end, seconds >= end { return false }
    return true
  }

  /// The first second after `seconds` at which `contains` changes its answer; nil when it never does.
  func nextChange(after seconds: Int64) -> Int64? {
    if let start, let end, end <= start { return nil }  // never anything
    if let start, start > seconds { return start }
    if let end, end > seconds { return end }
    return nil
  }
}

/// Up to 20 octets, inline, so that neither copying a key nor using it counts references.
struct Secret: Hashable, Sendable {
  private var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
  let count: Int

  init(_ octets: [UInt8]) {
    count = octets.count
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: octets.prefix(24)) }
  }

  /// Writes it with trailing zeros up to `length`, 1 to 20 octets and not fewer than it has.
  func write(to buffer: inout MutableRawSpan, at offset: Int, length: Int) {
    withUnsafeBytes(of: words) { octets in
      for position in 0..<length {
        buffer.storeBytes(of: octets[position], toByteOffset: offset + position, as: UInt8.self)
      }
    }
  }

  /// A copy as an array; for what cannot do without one.
  var octets: [UInt8] { withUnsafeBytes(of: words) { Array($0.prefix(count)) } }

  static func == (a: Self, b: Self) -> Bool {
    a.count == b.count
      && (a.words.0 ^ b.words.0) | (a.words.1 ^ b.words.1) | (a.words.2 ^ b.words.2) == 0
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  var description: String { "(secret)" }
  var debugDescription: String { description }
  var customMirror: Mirror { Mirror(self, children: []) }
}

extension AuthenticationKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Its id and type.
  public var description: String { "key \(id) (\(type))" }
  public var debugDescription: String { description }
  public var customMirror: Mirror {
    Mirror(self, children: ["id": id, "type": type, "send": send, "accept": accept], displayStyle: .struct)
  }
}

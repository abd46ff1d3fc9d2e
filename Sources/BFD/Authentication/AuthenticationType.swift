/// How packets of a session are authenticated (RFC 5880 sections 4.2 to 4.4, 6.7).
public enum AuthenticationType: Hashable, Sendable, CaseIterable {
  /// The password itself is in every packet (section 6.7.2).
  case simplePassword
  /// MD5 over packet and key (section 6.7.3).
  case keyedMD5
  /// The same, with a new sequence number in every packet.
  case meticulousKeyedMD5
  /// SHA1 over packet and key (section 6.7.4).
  case keyedSHA1
  /// The same, with a new sequence number in every packet.
  case meticulousKeyedSHA1
  /// What FRR's bfdd calls keyed SHA1: HMAC-SHA1 over the packet with the digest field zero (FRR issue 23274). On the
  /// wire it has the type, the length and the layout of `keyedSHA1`; the two do not understand each other.
  case frrHMACSHA1
  /// The same, with a new sequence number in every packet.
  case frrMeticulousHMACSHA1

  /// The Auth Type field.
  public var code: UInt8 {
    switch self {
    case .simplePassword: 1
    case .keyedMD5: 2
    case .meticulousKeyedMD5: 3
    case .keyedSHA1, .frrHMACSHA1: 4
    case .meticulousKeyedSHA1, .frrMeticulousHMACSHA1: 5
    }
  }

  /// Every packet must have another sequence number than the one before.
  public var isMeticulous: Bool {
    switch self {
    case .meticulousKeyedMD5, .meticulousKeyedSHA1, .frrMeticulousHMACSHA1: true
    case .simplePassword, .keyedMD5, .keyedSHA1, .frrHMACSHA1: false
    }
  }

  /// Octets of the longest key: 16, or 20 for SHA1.
  public var maximumKeyLength: Int {
    switch self {
    case .simplePassword, .keyedMD5, .meticulousKeyedMD5: 16
    case .keyedSHA1, .meticulousKeyedSHA1, .frrHMACSHA1, .frrMeticulousHMACSHA1: 20
    }
  }

  /// Octets of the digest field; 0 for a simple password, which has none.
  var digestLength: Int { self == .simplePassword ? 0 : maximumKeyLength }
}

extension AuthenticationType: CustomStringConvertible {
  /// The name in configuration files and status.
  public var description: String {
    switch self {
    case .simplePassword: "simple-password"
    case .keyedMD5: "keyed-md5"
    case .meticulousKeyedMD5: "meticulous-keyed-md5"
    case .keyedSHA1: "keyed-sha1"
    case .meticulousKeyedSHA1: "meticulous-keyed-sha1"
    case .frrHMACSHA1: "hmac-sha1-frr"
    case .frrMeticulousHMACSHA1: "meticulous-hmac-sha1-frr"
    }
  }

  /// From its name; nil for any other.
  public init?(name: String) {
    guard let type = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = type
  }
}

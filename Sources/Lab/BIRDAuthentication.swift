/// What BIRD authenticates the packets of an interface's sessions with, in its own words.
public struct BIRDAuthentication: Hashable, Sendable {
  /// `simple`, `keyed md5`, `meticulous keyed sha1`, ...
  public var type: String
  public var passwords: [Password]

  public init(_ type: String, _ passwords: [Password]) {
    self.type = type
    self.passwords = passwords
  }

  /// A key; times as BIRD reads them, `2026-07-01 00:00:00` in the zone it runs in.
  public struct Password: Hashable, Sendable {
    public var id: Int
    public var secret: String
    public var generateFrom: String?
    public var generateTo: String?

    public init(_ id: Int, _ secret: String, generateFrom: String? = nil, generateTo: String? = nil) {
      self.id = id
      self.secret = secret
      self.generateFrom = generateFrom
      self.generateTo = generateTo
    }
  }

  var lines: [String] {
    ["    authentication \(type);"]
      + passwords.map { password in
        var words = ["id \(password.id);"]
        if let time = password.generateFrom { words.append("generate from \"\(time)\";") }
        if let time = password.generateTo { words.append("generate to \"\(time)\";") }
        return "    password \"\(password.secret)\" { \(words.joined(separator: " ")) };"
      }
  }
}

import Crypto

/// Who may ask, and who may change. Pure: the tokens are arguments.
struct AccessRules: Sendable {
  enum Right: String, Hashable, Sendable, Comparable, Encodable {
    case read, write
    static func < (a: Self, b: Self) -> Bool { a == .read && b == .write }
  }

  var trustsLoopback = false
  /// In lower case, without ports.
  var hostNames: Set<String> = []
  /// Whether a token could help.
  var hasTokens = false

  /// What a client may do.
  /// - Throws: ``Problem``: 401 for a token that is wrong or missing, 403 or 421 for what another web site has sent.
  func right(_ question: Question, tokens: [[UInt8]]) throws(Problem) -> Right {
    try checkHost(question)
    try checkSource(question)
    if let credential = question.headers["authorization"] {
      guard Self.isKnown(credential, tokens) else {
        throw Problem(
          .unauthorized, "The token is not one of those in the token file.",
          help: "send: Authorization: Bearer TOKEN",
          code: "wrong-token", headers: Self.challenge)
      }
      return .write
    }
    switch question.origin {
    case .unix, .network(hasCertificate: true): return .write
    case .loopback: return trustsLoopback ? .write : .read
    case .network(hasCertificate: false):
      throw Problem(
        .unauthorized, "This address asks for a token or a client certificate.",
        help: hasTokens
          ? "send: Authorization: Bearer TOKEN" : "connect with a certificate of the clients' authority",
        code: hasTokens ? "token-needed" : "certificate-needed", headers: Self.challenge)
    }
  }

  /// - Throws: ``Problem`` for who may only read.
  func requireWrite(_ right: Right) throws(Problem) {
    guard right < .write else { return }
    throw Problem(
      .forbidden, "Changes over loopback need a token: every process of this machine could ask for them.",
      help: hasTokens
        ? "send: Authorization: Bearer TOKEN"
        : "start observe with --token-file, or with --trust-loopback, or ask at its Unix socket",
      code: hasTokens ? "token-needed" : "read-only")
  }

  static let challenge = ["WWW-Authenticate": "Bearer realm=\"everway\""]

  /// A name that an attacker's DNS made point to this machine is none of ours: DNS rebinding. TLS needs no such check,
  /// its certificate has no such name.
  private func checkHost(_ question: Question) throws(Problem) {
    guard question.origin == .loopback else { return }
    guard let authority = question.authority, let host = Self.host(authority),
      ["localhost", "127.0.0.1", "::1"].contains(host) || hostNames.contains(host)
    else {
      throw Problem(
        .misdirectedRequest, "This address is not known by that name.",
        help: "use localhost, or allow the name with --host-name")
    }
  }

  /// Browsers say which site a script or form belongs to; others send neither field.
  private func checkSource(_ question: Question) throws(Problem) {
    let foreign = Problem(.forbidden, "Another web site has sent this request.", code: "cross-site")
    if let origin = question.headers["origin"] {
      guard let separator = origin.firstRange(of: "://"), let authority = question.authority,
        origin[separator.upperBound...].lowercased() == authority.lowercased()
      else { throw foreign }
    }
    let site = question.headers["sec-fetch-site"] ?? "none"
    // A link to the page is no harm.
    let isPage = question.path.isEmpty && question.method == "GET"
    guard site == "none" || site == "same-origin" || isPage else { throw foreign }
  }

  /// Without port and brackets, in lower case; nil when it is not well formed.
  static func host(_ authority: String) -> String? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let rest = authority[authority.index(after: end)...]
      guard rest.isEmpty || (rest.first == ":" && UInt16(rest.dropFirst()) != nil) else { return nil }
      return authority[authority.index(after: authority.startIndex)..<end].lowercased()
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty, parts.count == 1 || (parts.count == 2 && UInt16(parts[1]) != nil)
    else { return nil }
    return name.lowercased()
  }

  /// Digests are compared, each with each, so that time tells neither octets nor lengths.
  private static func isKnown(_ credential: String, _ tokens: [[UInt8]]) -> Bool {
    guard credential.prefix(7).lowercased() == "bearer " else { return false }
    let given = SHA256.hash(data: [UInt8](credential.dropFirst(7).utf8))
    var isKnown = false
    for token in tokens {
      var difference: UInt8 = 0
      for (a, b) in zip(given, SHA256.hash(data: token)) { difference |= a ^ b }
      if difference == 0 { isKnown = true }
    }
    return isKnown
  }
}

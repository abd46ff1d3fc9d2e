import Testing

@testable import Observer

private let token = Array("0123456789abcdef0123".utf8)

private func right(
  _ rules: AccessRules = AccessRules(hasTokens: true), from origin: Question.Origin = .loopback,
  method: String = "GET",
  path: String = "/api/v1/status", host: String? = "localhost:9479", headers: [String: String] = [:]
) throws(Problem) -> AccessRules.Right {
  let question = try Question(method: method, target: path, authority: host, headers: headers, origin: origin)
  return try rules.right(question, tokens: [token])
}

@Suite("Who may ask and who may change")
struct AccessRulesTests {
  @Test("Every process of the machine may read over loopback, but not change")
  func loopback() throws {
    #expect(try right() == .read)
    #expect(throws: Problem.self) { try AccessRules().requireWrite(.read) }
    #expect(try right(AccessRules(trustsLoopback: true)) == .write)
  }

  @Test("Who can connect to the Unix socket may change")
  func unix() throws {
    #expect(try right(from: .unix, host: nil) == .write)
  }

  @Test("From elsewhere nothing is told without a token or a certificate")
  func network() throws {
    let problem = #expect(throws: Problem.self) { try right(from: .network(hasCertificate: false)) }
    #expect(problem?.status == .unauthorized)
    #expect(problem?.headers["WWW-Authenticate"] != nil)
    #expect(try right(from: .network(hasCertificate: true)) == .write)
    let header = ["authorization": "Bearer " + String(decoding: token, as: UTF8.self)]
    #expect(try right(from: .network(hasCertificate: false), headers: header) == .write)
    #expect(try right(headers: header) == .write)
  }

  @Test(
    "A token that is nearly right is wrong",
    arguments: [
      "Bearer 0123456789abcdef012", "Bearer 0123456789abcdef01234", "Bearer ", "Basic 0123456789abcdef0123",
      "0123456789abcdef0123"
    ])
  func wrongToken(_ value: String) {
    let problem = #expect(throws: Problem.self) { try right(headers: ["authorization": value]) }
    #expect(problem?.status == .unauthorized)
  }

  @Test(
    "A name that points to this machine without being its own is refused: DNS rebinding",
    arguments: [
      "evil.example", "evil.example:9479", "localhost.evil.example", "127.0.0.1.evil.example:9479", "[::2]", "",
      "localhost:x"
    ])
  func rebinding(_ host: String) {
    let problem = #expect(throws: Problem.self) { try right(host: host) }
    #expect(problem?.status == .misdirectedRequest)
  }

  @Test(
    "Names of its own are good",
    arguments: ["localhost", "LOCALHOST:9479", "127.0.0.1:1", "[::1]:9479", "node-a:9479"])
  func ownNames(_ host: String) throws {
    #expect(try right(AccessRules(hostNames: ["node-a"]), host: host) == .read)
  }

  @Test(
    "What another site's script or form sends is refused",
    arguments: [
      ["origin": "https://evil.example"], ["origin": "null"], ["origin": "http://localhost:9480"],
      ["sec-fetch-site": "cross-site"], ["sec-fetch-site": "same-site"]
    ])
  func crossSite(_ headers: [String: String]) {
    for origin in [Question.Origin.loopback, .unix, .network(hasCertificate: true)] {
      let problem = #expect(throws: Problem.self) {
        try right(from: origin, method: "POST", path: "/api/v1/drain", headers: headers)
      }
      #expect(problem?.status == .forbidden)
    }
  }

  @Test("The page's own requests are good, and links to the page")
  func sameSite() throws {
    let own = ["origin": "http://localhost:9479", "sec-fetch-site": "same-origin"]
    #expect(try right(method: "POST", headers: own) == .read)
    #expect(try right(path: "/", headers: ["sec-fetch-site": "cross-site"]) == .read)
  }
}

@Suite("Where observe listens")
struct ListenAddressTests {
  @Test(
    "Addresses are understood",
    arguments: [
      ("127.0.0.1:9479", true), ("[::1]:80", true), ("localhost:0", true), ("127.9.9.9:1", true),
      ("0.0.0.0:9479", false),
      ("[::]:9479", false), ("192.0.2.1:443", false), ("unix:/run/x.sock", true), ("/run/x.sock", true)
    ])
  func understood(_ text: String, _ isLocal: Bool) throws {
    #expect(try ListenAddress(text).isLocal == isLocal)
  }

  @Test(
    "What is none is refused with a word on what to do",
    arguments: [
      "", "9479", ":9479", "host:9479", "127.0.0.1", "127.0.0.1:99999", "::1:9479", "unix:relative", "[::1]",
      "300.1.1.1:1"
    ])
  func refused(_ text: String) {
    let error = #expect(throws: ObserverError.self) { try ListenAddress(text) }
    #expect(error?.help != nil)
  }

  @Test("An address that others can reach needs TLS, and someone to be known by")
  func needsTLS() throws {
    var options = ObserverOptions(socket: "/none", listen: [.tcp(host: "0.0.0.0", port: 0)], version: "t")
    #expect(throws: ObserverError.self) { try ObserverServer(options) }
    options.certificate = "/nonexistent.pem"
    options.privateKey = "/nonexistent.key"
    let error = #expect(throws: ObserverError.self) { try ObserverServer(options) }
    #expect(error?.message.contains("/nonexistent") == true)
  }
}

@Suite("Token files")
struct TokenFileTests {
  @Test("Comments and empty lines are passed over")
  func lines() throws {
    let text = Array("# prometheus\n\n  0123456789abcdef \r\nfedcba9876543210".utf8)
    #expect(try TokenFile.tokens(text, "f").count == 2)
  }

  @Test(
    "Short tokens, spaces and empty files are refused", arguments: ["short", "", "# only", "0123456789 abcdef0"])
  func refused(_ text: String) {
    #expect(throws: ObserverError.self) { try TokenFile.tokens(Array(text.utf8), "f") }
  }
}

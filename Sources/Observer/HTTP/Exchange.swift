import FoundationEssentials
import NIOCore

/// A request as the API sees it.
struct Question: Sendable {
  enum Origin: Hashable, Sendable {
    /// Who can connect may write to the control socket's neighbour.
    case unix
    case loopback
    /// Over TLS; whether the client has shown a certificate that was verified.
    case network(hasCertificate: Bool)
  }

  var method: String
  /// Without query, percent-decoded, cut at its slashes: `["api", "v1", "status"]`.
  var path: [String]
  /// The first value of each name counts.
  var query: [String: String]
  /// `Host`, as it came.
  var authority: String?
  /// By lower-case name.
  var headers: [String: String]
  var body: [UInt8] = []
  var origin: Origin

  init(
    method: String, target: String, authority: String? = nil, headers: [String: String] = [:], body: [UInt8] = [],
    origin: Origin
  ) throws(Problem) {
    self.method = method
    self.authority = authority
    self.headers = headers
    self.body = body
    self.origin = origin
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, first.hasPrefix("/") else {
      throw Problem(.badRequest, "The request's target is no path.")
    }
    path = []
    for part in first.split(separator: "/", omittingEmptySubsequences: true) {
      guard let decoded = Self.decoded(part, plusIsSpace: false) else {
        throw Problem(.badRequest, "The path is not percent-encoded UTF-8.")
      }
      path.append(decoded)
    }
    query = [:]
    for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(sides[0], plusIsSpace: true),
        let value = Self.decoded(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
      else { throw Problem(.badRequest, "The query is not percent-encoded UTF-8.") }
      if query[name] == nil { query[name] = value }
    }
  }

  /// Only these may be asked: a misspelt one would go unseen.
  func allow(_ names: String...) throws(Problem) {
    guard let unknown = query.keys.sorted().first(where: { !names.contains($0) }) else { return }
    throw Problem(
      .badRequest, "There is no parameter \"\(unknown.prefix(40))\" here.",
      help: names.isEmpty ? "this takes none" : "there are: \(names.joined(separator: ", "))")
  }

  static func decoded(_ text: Substring, plusIsSpace: Bool) -> String? {
    var octets: [UInt8] = []
    octets.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let octet = rest.next() {
      if octet == UInt8(ascii: "%") {
        guard let high = rest.next().flatMap(hexadecimal), let low = rest.next().flatMap(hexadecimal) else {
          return nil
        }
        octets.append(high << 4 | low)
      } else {
        octets.append(plusIsSpace && octet == UInt8(ascii: "+") ? UInt8(ascii: " ") : octet)
      }
    }
    return octets.contains(0) ? nil : String(validating: octets, as: UTF8.self)
  }

  private static func hexadecimal(_ octet: UInt8) -> UInt8? {
    switch octet {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): octet - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): octet - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): octet - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// What a request is answered with.
struct Answer: Sendable {
  enum Body: Sendable {
    case octets([UInt8])
    /// Server-sent events: what was known when the client came, then what it gets, until its feed ends.
    case feed(FeedClient, first: [ByteBuffer])
  }

  var status: Int = 200
  var type = "application/json"
  /// Beside the type, the length and what every answer has.
  var headers: [String: String] = [:]
  var body: Body

  init(status: Int = 200, type: String = "application/json", headers: [String: String] = [:], _ octets: [UInt8]) {
    self.status = status
    self.type = type
    self.headers = headers
    body = .octets(octets)
  }

  init(feed: FeedClient, first: [Frame]) {
    type = "text/event-stream"
    body = .feed(feed, first: first.map(\.octets))
  }

  /// The value as JSON. Keys are in no order: sorting thousands of sessions costs more than it helps.
  init(json value: some Encodable, status: Int = 200) throws(Problem) {
    self.init(status: status, try JSON.octets(value))
  }
}

enum JSON {
  static func octets(_ value: some Encodable) throws(Problem) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw Problem(.internalServerError, "The answer has a number that JSON cannot write.")
    }
    return [UInt8](data)
  }
}

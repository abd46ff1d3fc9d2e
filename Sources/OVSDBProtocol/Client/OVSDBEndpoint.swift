/// Where a server listens, as Open vSwitch writes it (ovsdb(7), "Active Connections").
public enum OVSDBEndpoint: Hashable, Sendable, CustomStringConvertible {
  /// `unix:PATH`
  case unix(path: String)
  /// `tcp:HOST:PORT`
  case tcp(host: String, port: Int)
  /// `ssl:HOST:PORT`
  case ssl(host: String, port: Int)

  /// What is meant when no port is given (IANA's number for ovsdb).
  public static let defaultPort = 6640

  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port): "tcp:\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .ssl(let host, let port): "ssl:\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
  }

  var usesTLS: Bool { if case .ssl = self { true } else { false } }

  /// One address: `unix:/run/openvswitch/db.sock`, `tcp:10.0.0.1:6641`, `tcp:[::1]:6642`, `ssl:ovn-nb.local:6641`.
  /// - Throws: `OVSDBError.address` with what is wrong with it.
  public init(_ text: String) throws(OVSDBError) {
    func wrong(_ reason: String) -> OVSDBError { .address(text: text, reason: reason) }
    guard let colon = text.firstIndex(of: ":") else {
      throw wrong("expected unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT")
    }
    let method = text[..<colon]
    let rest = String(text[text.index(after: colon)...])
    switch method {
    case "unix":
      guard !rest.isEmpty else { throw wrong("a path must follow unix:") }
      // sun_path of <linux/un.h> has 108 octets with the zero behind it.
      guard rest.utf8.count < 108 else { throw wrong("a socket's path is 107 octets long at most") }
      guard !rest.utf8.contains(0) else { throw wrong("the path has a zero octet in it") }
      self = .unix(path: rest)
    case "tcp", "ssl":
      let (host, port) = try Self.hostAndPort(rest, wrong)
      self = method == "tcp" ? .tcp(host: host, port: port) : .ssl(host: host, port: port)
    case "punix", "ptcp", "pssl":
      throw wrong("\(method): is where a server listens; clients connect to \(method.dropFirst()):")
    default: throw wrong("expected unix:, tcp: or ssl:, not \(method):")
    }
  }

  /// A list, parted by commas.
  public static func list(_ text: String) throws(OVSDBError) -> [OVSDBEndpoint] {
    var endpoints: [OVSDBEndpoint] = []
    for part in text.split(separator: ",") {
      let words = part.split(whereSeparator: \.isWhitespace)
      guard words.count <= 1 else { throw .address(text: text, reason: "addresses are parted by commas") }
      for word in words {
        let endpoint = try OVSDBEndpoint(String(word))
        if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
      }
    }
    guard !endpoints.isEmpty else { throw .address(text: text, reason: "there is nothing") }
    return endpoints
  }

  private static func hostAndPort(
    _ text: String, _ wrong: (String) -> OVSDBError
  ) throws(OVSDBError) -> (String, Int) {
    var host = text[...]
    var port: Substring?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { throw wrong("the ']' behind the IPv6 address is missing") }
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { throw wrong("expected ':' and a port behind ']'") }
      guard host.contains(":") else { throw wrong("no IPv6 address stands between [ and ]") }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2 else { throw wrong("an IPv6 address stands between [ and ]: tcp:[::1]:6642") }
      host = parts[0]
      port = parts.count == 2 ? parts[1] : nil
    }
    guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { throw wrong("there is no host") }
    guard let port else { return (String(host), defaultPort) }
    guard port.utf8.allSatisfy({ 48...57 ~= $0 }), let number = Int(port), 1...65535 ~= number else {
      throw wrong("a port is a number from 1 to 65535, not '\(port)'")
    }
    return (String(host), number)
  }
}

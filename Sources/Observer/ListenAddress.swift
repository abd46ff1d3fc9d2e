import Glibc

/// Where HTTP is served.
public enum ListenAddress: Hashable, Sendable {
  /// An absolute path.
  case unix(String)
  /// A literal address, and a port; 0 lets the kernel choose one.
  case tcp(host: String, port: UInt16)

  /// Reachable on this machine only.
  public static let standard = ListenAddress.tcp(host: "127.0.0.1", port: 9479)

  /// `127.0.0.1:9479`, `[::1]:9479`, `localhost:9479`, `unix:/run/everway/http.sock` or the path alone.
  /// - Throws: ``ObserverError`` that says what is wrong with the text.
  public init(_ text: String) throws(ObserverError) {
    if text.hasPrefix("unix:") || text.hasPrefix("/") {
      let path = text.hasPrefix("/") ? text : String(text.dropFirst("unix:".count))
      // sun_path has 108 octets, its NUL among them (unix(7)).
      guard path.hasPrefix("/"), path.utf8.count <= 107, !path.utf8.contains(0) else {
        throw ObserverError(
          "\"\(text)\" is no path for a Unix socket", help: "begin it with /, and use at most 107 bytes")
      }
      self = .unix(path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw ObserverError("\"\(text)\" has no port", help: "write it as 127.0.0.1:9479, [::1]:9479 or unix:/path")
    }
    var host = String(text[..<colon])
    if host == "localhost" { host = "127.0.0.1" }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard Self.octets(host, AF_INET6, 16) != nil else { throw Self.notAnAddress(host) }
    } else {
      guard Self.octets(host, AF_INET, 4) != nil else { throw Self.notAnAddress(host) }
    }
    self = .tcp(host: host, port: port)
  }

  private static func notAnAddress(_ host: String) -> ObserverError {
    ObserverError(
      host.isEmpty ? "an address is missing before the port" : "\"\(host)\" is no IP address",
      help: "0.0.0.0 and [::] stand for all of this machine; IPv6 is written in brackets")
  }

  private static func octets(_ host: String, _ family: Int32, _ count: Int) -> [UInt8]? {
    var octets = [UInt8](repeating: 0, count: count)
    return inet_pton(family, host, &octets) == 1 ? octets : nil
  }

  /// Whether only this machine can reach it.
  public var isLocal: Bool {
    switch self {
    case .unix: return true
    case .tcp(let host, _):
      if let octets = Self.octets(host, AF_INET, 4) { return octets[0] == 127 }
      return Self.octets(host, AF_INET6, 16).map { $0.dropLast().allSatisfy { $0 == 0 } && $0[15] == 1 } ?? false
    }
  }
}

extension ListenAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}

import CLinux
import Glibc

/// Where other nodes' observers are asked: `https://10.0.0.2:9479`. A name may have many addresses, a node each.
struct PeerURL: Hashable, Sendable {
  var isSecure: Bool
  /// A name or a literal address, without brackets.
  var host: String
  var port: UInt16

  /// - Throws: ``ObserverError`` that says what is wrong with the text.
  init(_ text: String) throws(ObserverError) {
    let help = "write it as https://10.0.0.2:9479 or https://NAME:9479"
    let secure = "https://"
    let plain = "http://"
    guard text.hasPrefix(secure) || text.hasPrefix(plain) else {
      throw ObserverError("\"\(text)\" is no address of an observer", help: help)
    }
    isSecure = text.hasPrefix(secure)
    var authority = text.dropFirst(isSecure ? secure.count : plain.count)
    if authority.last == "/" { authority.removeLast() }
    guard let colon = authority.lastIndex(of: ":"), let port = UInt16(authority[authority.index(after: colon)...]),
      port > 0
    else { throw ObserverError("\"\(text)\" has no port", help: help) }
    self.port = port
    var host = authority[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    self.host = String(host).lowercased()
    let isLiteral = Self.isLiteral(self.host)
    guard isLiteral || Self.isName(self.host) else {
      throw ObserverError("\"\(text)\" names no host", help: help)
    }
    guard isSecure || self.host == "localhost" || isLiteral && isLoopback else {
      throw ObserverError(
        "\"\(text)\" is not on this machine, and without TLS anybody between could read and answer",
        help: "use https://")
    }
  }

  private var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

  private static func isLiteral(_ text: String) -> Bool {
    var octets = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET, text, &octets) == 1 || inet_pton(AF_INET6, text, &octets) == 1
  }

  /// RFC 1123 section 2.1.
  static func isName(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy { octet in
            (0x61...0x7a).contains(octet) || (0x30...0x39).contains(octet) || octet == 0x2d
          }
      }
  }

  /// All addresses of the host, as text, in order. Blocks.
  /// - Throws: why there are none.
  func addresses() throws(ObserverError) -> [String] {
    if Self.isLiteral(host) { return [host] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      throw ObserverError("\(host) has no address: \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var found: Set<String> = []
    var entry = list
    while let current = entry?.pointee {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        current.ai_addr, current.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      {
        found.insert(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      entry = current.ai_next
    }
    return found.sorted()
  }

  /// With another host.
  func url(_ host: String) -> String {
    "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}

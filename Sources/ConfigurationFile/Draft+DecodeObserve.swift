import Addresses

extension Draft {
  private static let ages: ClosedRange<Duration> = .seconds(3_600) ... .seconds(10 * 366 * 86_400)
  private static let findingsIntervals: ClosedRange<Duration> = .seconds(10) ... .seconds(86_400)

  mutating func decodeObserve(_ value: Value) {
    guard let table = Table(value, .observe) else { return }
    var observe = GatewayConfiguration.Observe()
    if let value = table["tls"] { Self.decodeTLS(value, into: &observe) }
    observe.tokenFile = table["token-file"]?.absolutePath()
    observe.trustsLoopback = table["trust-loopback"]?.boolean() ?? false
    if let value = table["listen"] {
      observe.listen = value.list("a list of addresses")?.compactMap { Self.listenAddress($0, observe) } ?? []
    }
    if let value = table["journal"] { observe.journal = Self.journal(value) }
    if let value = table["findings-interval"] {
      observe.findingsInterval = value.isFalse ? nil : value.duration(Self.findingsIntervals, unit: "s")
    }
    if let value = table["cluster"] { observe.cluster = Self.observeCluster(value) }
    self.observe = observe
  }

  private static func observeCluster(_ value: Value) -> GatewayConfiguration.ObserveCluster? {
    guard let table = Table(value, .observeCluster) else { return nil }
    guard let list = table["peers"] else {
      value.error("a cluster without peers", expected: "peers, a list of addresses as https://10.0.0.2:9479")
      return nil
    }
    let values = list.list("a list of addresses") ?? []
    if values.isEmpty || values.count > 64 { list.error("\(values.count) peers", expected: "1 to 64 addresses") }
    let peers = values.compactMap(Self.peer)
    var cluster = GatewayConfiguration.ObserveCluster(peers: peers)
    cluster.authority = table["ca"]?.absolutePath()
    cluster.tokenFile = table["token-file"]?.absolutePath()
    cluster.serverName = table["server-name"]?.text("a name")
    return cluster
  }

  /// What is behind the port is said by the observer, which reads it again.
  private static func peer(_ value: Value) -> String? {
    let expected = "https://, an address or a name, and a port, as https://10.0.0.2:9479"
    guard let text = value.text(expected) else { return nil }
    let isLocal = ["127.0.0.1", "[::1]", "localhost"].contains { text.hasPrefix("http://\($0):") }
    guard text.hasPrefix("https://") || isLocal else {
      value.error(
        "\(value.shown) is no address that may be asked", expected: expected,
        help: "without TLS only this machine is asked")
      return nil
    }
    let authority = text.drop { $0 != "/" }.dropFirst(2)
    let port = authority.lastIndex(of: ":").map { authority[authority.index(after: $0)...] }
    guard let port, let number = UInt16(port.last == "/" ? port.dropLast() : port), number > 0 else {
      value.error("\(value.shown) has no port", expected: expected)
      return nil
    }
    return text
  }

  private static func decodeTLS(_ value: Value, into observe: inout GatewayConfiguration.Observe) {
    guard let table = Table(value, .observeTLS) else { return }
    observe.certificate = table["certificate"]?.absolutePath()
    observe.key = table["key"]?.absolutePath()
    observe.clientAuthority = table["client-ca"]?.absolutePath()
    if table["certificate"] == nil || table["key"] == nil {
      value.error("tls needs a certificate and its key", expected: "certificate and key, PEM files")
    }
  }

  /// An address and a port, or a Unix socket; others than loopback only with TLS and a way to know who asks.
  private static func listenAddress(_ value: Value, _ observe: GatewayConfiguration.Observe) -> String? {
    let expected = "an address and a port, as 127.0.0.1:9479 or [::1]:9479, or unix:/path"
    guard let text = value.text(expected) else { return nil }
    if text.hasPrefix("unix:") {
      let path = text.dropFirst(5)
      guard path.hasPrefix("/"), path.utf8.count <= 107 else {
        value.error(
          "\(value.shown) is not the path of a socket", expected: "unix: and an absolute path of at most 107 bytes")
        return nil
      }
      return text
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
      value.error("\(value.shown) has no port", expected: expected)
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard let address = IPAddress(String(host)) else {
      value.error("\(value.shown) is not an address", expected: expected)
      return nil
    }
    let isLoopback = "\(address)".hasPrefix("127.") || "\(address)" == "::1"
    if !isLoopback, observe.certificate == nil || (observe.tokenFile == nil && observe.clientAuthority == nil) {
      value.error(
        "others than this machine can reach \(value.shown)",
        expected: "tls with a certificate, and a token-file or tls.client-ca",
        help: "listen on 127.0.0.1 or a Unix socket, or set observe.tls and observe.token-file")
      return nil
    }
    return text
  }

  private static func journal(_ value: Value) -> GatewayConfiguration.Journal? {
    if value.isFalse { return nil }
    var journal = GatewayConfiguration.Journal()
    guard let table = Table(value, .journal) else { return journal }
    journal.directory = table["directory"]?.absolutePath()
    journal.maximumSize = table["max-size"]?.integer(1 << 20...1 << 40, "bytes") ?? journal.maximumSize
    journal.maximumAge = table["max-age"]?.duration(ages, unit: "h") ?? journal.maximumAge
    return journal
  }
}

extension Value {
  /// A path from the root.
  func absolutePath() -> String? {
    guard let path = text("an absolute path") else { return nil }
    guard path.hasPrefix("/"), path.utf8.count <= 1024 else {
      error("\(shown) is not an absolute path", expected: "an absolute path of at most 1024 bytes")
      return nil
    }
    return path
  }
}

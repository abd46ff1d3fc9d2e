/// A configuration file in parts, for tests to change. `GATEWAY` stands for the stage's namespace, `DIRECTORY` for its
/// directory.
struct AgentFile {
  var namespace = "GATEWAY"
  /// One for each router; further ones by name.
  var interfaces: [String: String] = [:]
  var timers = "transmit-interval: 100ms, receive-interval: 100ms, detect-multiplier: 20"
  /// Further lines of `bfd`.
  var bfd: [String] = []
  var peers: [String: String] = [:]
  var allow: [String] = []
  var paths: [String: String] = [:]
  var groups: [String] = []
  var routes: [String] = []
  var control = "{socket: DIRECTORY/control.sock, mode: 0600}"
  /// Further keys of the file.
  var extra: [String] = []

  /// Interfaces e1… as net1…, peers r1…, paths p1…, one group `out` over all of them.
  /// - Parameter hold: every path's hold-down.
  init(_ routers: Int = 2, lastPath: String = "keep", hold: String = "200ms", health: String? = nil) {
    for number in 1...routers {
      interfaces["net\(number)"] =
        "from: e\(number), addresses: [10.9.\(number).11/24, \"2001:db8:\(number)::11/64\"]"
      peers["r\(number)"] = "address: 10.9.\(number).1, interface: net\(number)"
      paths["p\(number)"] =
        "via: 10.9.\(number).1, interface: net\(number), hold-down: \(hold), health: \(health ?? "{bfd: r\(number)}")"
    }
    if health != nil { peers = [:] }
    groups = [
      "name: out, paths: [\(Self.names(routers))], last-path: \(lastPath), routes: [0.0.0.0/0, 10.50.0.0/16]"
    ]
  }

  private static func names(_ routers: Int) -> String { (1...routers).map { "p\($0)" }.joined(separator: ", ") }

  func text(_ stage: Stage) -> String {
    var lines = ["version: 1", "namespace: \(namespace)"]
    func list(_ key: String, _ items: [String], indent: String = "") {
      guard !items.isEmpty else { return }
      lines.append("\(indent)\(key):")
      lines += items.map { "\(indent)  - {\($0)}" }
    }
    func named(_ items: [String: String]) -> [String] {
      items.sorted { $0.key < $1.key }.map { "name: \($0.key), \($0.value)" }
    }
    list("interfaces", named(interfaces))
    lines.append("bfd:")
    lines += timers.split(separator: ",").map { "  \($0.drop { $0 == " " })" }
    lines += bfd.map { "  \($0)" }
    list("peers", named(peers), indent: "  ")
    list("allow", allow, indent: "  ")
    list("paths", named(paths))
    list("groups", groups)
    list("routes", routes)
    lines.append("control: \(control)")
    lines += extra
    return lines.map { $0 + "\n" }.joined()
      .replacing("GATEWAY", with: stage.gateway).replacing("DIRECTORY", with: stage.directory)
  }
}

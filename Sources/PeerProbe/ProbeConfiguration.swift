extension ProbeEvidence {
  /// A whole configuration file for this gateway: by BFD where it speaks it, else by ICMP, or by ARP or neighbour
  /// discovery where it does not answer pings. Nil when nothing of it was heard.
  /// - Parameters:
  ///   - interval: of packets.
  ///   - multiplier: lost ones until it is down.
  public func configuration(
    for verdict: ProbeVerdict, intervalMicroseconds: UInt64, multiplier: Int
  ) -> String? {
    guard verdict.outcome != .unreachable, let interface = route.interface else { return nil }
    let time = Self.duration(intervalMicroseconds)
    let head =
      "version: 1\nnamespace: \(namespace ?? "this")\ninterfaces:\n  - name: \(Self.quoted(interface))\n"
    let via = route.gateway ?? address
    if verdict.outcome == .up || verdict.outcome == .speaks {
      var peer =
        "  peers:\n    - name: gateway\n      address: \(Self.quoted(address))\n      transmit-interval: \(time)\n"
        + "      receive-interval: \(time)\n      detect-multiplier: \(multiplier)\n"
      if isMultihop {
        peer += "      multihop: true\n      local-address: \(Self.quoted(route.source ?? address))\n"
      } else {
        peer += "      interface: \(Self.quoted(interface))\n"
      }
      // What was seen, and no further away: 255 less the routers in between.
      if let ttl = bfd.last?.ttl, ttl != 255, ttl > 0 { peer += "      minimum-ttl: \(ttl)\n" }
      return head + "bfd:\n" + peer + Self.path(via, interface, "health: {bfd: gateway}")
    }
    // Answers within the interval, as probes want them.
    let slow = Self.duration(max(intervalMicroseconds, 100_000))
    let settings = "interval: \(slow), timeout: \(slow), down-after: \(multiplier)"
    if echo.received > 0 {
      let target = route.gateway == nil ? "" : "address: \(Self.quoted(address)), "
      return head + Self.path(via, interface, "health: {icmp: {\(target)\(settings)}}")
    }
    return head + Self.path(via, interface, "health: {neighbour: {\(settings)}}")
  }

  private static func path(_ via: String, _ interface: String, _ health: String) -> String {
    "paths:\n  - name: gateway\n    via: \(quoted(via))\n    interface: \(quoted(interface))\n    \(health)\n"
      + "groups:\n  - name: egress\n    paths: [gateway]\n    last-path: keep\n    routes: ["
      + (via.contains(":") ? "\"::/0\"" : "0.0.0.0/0") + "]\n"
  }

  /// Names and addresses that YAML would read as something else.
  static func quoted(_ text: String) -> String { "\"\(text)\"" }

  static func duration(_ microseconds: UInt64) -> String {
    microseconds.isMultiple(of: 1_000) ? "\(microseconds / 1_000)ms" : "\(microseconds)us"
  }
}

/// Which sysctls a configuration may set: those of the network namespace, and no path that leads out of /proc/sys/net.
enum SysctlKey {
  /// Reports and returns false when the key must not be used.
  static func check(_ key: String, at place: Place, _ report: Report) -> Bool {
    let shown = SourceText.quoted(key)
    let parts = key.split(separator: ".", omittingEmptySubsequences: false)
    let expected = "a key such as net.ipv4.conf.net1.rp_filter"
    guard parts.first == "net" else {
      let help =
        key.hasPrefix("net/") ? "write it with dots: \(key.split(separator: "/").joined(separator: "."))" : nil
      report.error("the sysctl \(shown) is not one of the network's", at: place, expected: expected, help: help)
      return false
    }
    // A `/` stands for a dot in an interface's name, so a part of slashes alone would be the directory above.
    let isWellFormed =
      parts.count >= 3 && key.utf8.count <= 200
      && parts.allSatisfy { part in
        part.utf8.contains(where: Value.isAlphanumeric)
          && part.utf8.allSatisfy { Value.isAlphanumeric($0) || [0x2d, 0x5f, 0x2f, 0x40, 0x2b].contains($0) }
      }
    if !isWellFormed { report.error("\(shown) is not a sysctl's name", at: place, expected: expected) }
    return isWellFormed
  }

  /// Values that undo what egress needs.
  static func warnIfHarmful(_ sysctl: GatewayConfiguration.Sysctl, at place: Place, _ report: Report) {
    let reason: String? =
      switch (sysctl.key, sysctl.value) {
      case ("net.ipv4.ip_forward", "0"), ("net.ipv4.conf.all.forwarding", "0"),
        ("net.ipv6.conf.all.forwarding", "0"):
        "without forwarding this node is no gateway"
      case (let key, "1") where key.hasPrefix("net.ipv4.conf.") && key.hasSuffix(".rp_filter"):
        "strict reverse path filtering drops packets that come back over another path"
      case ("net.ipv4.nexthop_compat_mode", "1"):
        "with it a failover takes time for every route of the group instead of one message for all"
      default: nil
      }
    if let reason { report.warning("\(sysctl.key) = \(sysctl.value): \(reason)", at: place) }
  }
}

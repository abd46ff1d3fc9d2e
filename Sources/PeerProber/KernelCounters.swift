import NetworkNamespaces

/// The counters of a namespace's stack that tell of packets thrown away on arrival.
struct KernelCounters {
  private var values: [String: UInt64] = [:]

  /// Reads /proc/net/snmp and netstat: a line of names, then one of values, each beginning with a word.
  init(of namespace: borrowing NetworkNamespace) {
    let text =
      (try? namespace.perform { () throws(SystemCallError) in
        (TextFile.read("/proc/thread-self/net/snmp") ?? "") + (TextFile.read("/proc/thread-self/net/netstat") ?? "")
      }) ?? ""
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    for (names, numbers) in zip(lines, lines.dropFirst()) where names.first == numbers.first {
      for (name, number) in zip(names, numbers).dropFirst() {
        if let number = UInt64(number) { values[Self.key(names[0], name)] = number }
      }
    }
  }

  private static func key(_ group: Substring, _ name: Substring) -> String {
    // `TcpExt: IPReversePathFilter` has its group in its name already.
    group == "TcpExt:" ? String(name) : String(group.dropLast() + name)
  }

  /// Those of interest that have grown since.
  func growth(until later: KernelCounters) -> [String: UInt64] {
    let names = [
      "IPReversePathFilter", "IpInHdrErrors", "IpInAddrErrors", "IpInDiscards", "IpExtInNoRoutes", "UdpInErrors",
      "UdpRcvbufErrors", "UdpInCsumErrors", "UdpNoPorts"
    ]
    var grown: [String: UInt64] = [:]
    for name in names {
      if let before = values[name], let after = later.values[name], after > before { grown[name] = after - before }
    }
    return grown
  }
}

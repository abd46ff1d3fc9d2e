import Addresses
import Firewall

extension FuzzTarget {
  /// Any octets as `nft -j list ruleset`, and what its rules do to packets: an answer, and always the same.
  static let nftables = FuzzTarget(name: "nftables", longestInput: 4_096) { octets in
    let text = String(decoding: octets, as: UTF8.self)
    guard let ruleset = try? Ruleset(nftJSON: text, text: text) else { return }
    try judge(ruleset)
  }

  /// Any octets as what iptables-save prints, for both families.
  static let iptables = FuzzTarget(name: "iptables", longestInput: 4_096) { octets in
    let text = String(decoding: octets, as: UTF8.self)
    for family in [FirewallFamily.ip, .ip6] {
      guard let ruleset = try? Ruleset(iptablesSave: text, family: family) else { continue }
      try judge(ruleset)
    }
  }

  private static func judge(_ ruleset: Ruleset) throws(Finding) {
    let ends: [(IPAddress, IPAddress)] = [
      (.v4(IPv4Address(10, 9, 0, 1)), .v4(IPv4Address(10, 9, 0, 11))),
      (.v6(.loopback), .v6(IPv6Address(high: 0xfd00_0000_0000_0000, low: 11)))
    ]
    for (source, destination) in ends {
      let arriving = FirewallPacket.bfd(from: source, to: destination, inInterface: "eth0")
      let leaving = FirewallPacket.echo(reply: false, from: source, to: destination, outInterface: "eth0")
      for (packet, hooks) in [(arriving, FirewallHook.arriving), (leaving, FirewallHook.leaving)] {
        let verdict = ruleset.verdict(on: packet, at: hooks)
        try require(verdict == ruleset.verdict(on: packet, at: hooks), "asked twice it is another verdict")
        if case .unknown(let doubts) = verdict { try require(!doubts.isEmpty, "unknown without a reason") }
      }
    }
  }
}

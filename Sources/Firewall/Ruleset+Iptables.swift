import Addresses

extension Ruleset {
  /// Reads what `iptables-save` or `ip6tables-save` print, with or without counters (`-c`), of the legacy and the
  /// nf_tables variant (made with iptables 1.8.9).
  /// - Parameter family: `.ip` for iptables-save, `.ip6` for ip6tables-save.
  /// - Throws: `FirewallError` for what is no such text. A rule that is not understood is kept, as unknown.
  public init(iptablesSave text: String, family: FirewallFamily) throws(FirewallError) {
    guard text.utf8.count <= Self.longestText else {
      throw FirewallError("the ruleset is longer than \(Self.longestText >> 20) MiB")
    }
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      guard let first = line.first, first != "#" else { continue }
      if first == "*" {
        tables.append(FirewallTable(source: .iptables, family: family, name: String(line.dropFirst())))
      } else if line == "COMMIT" {
        continue
      } else if tables.isEmpty {
        throw FirewallError("line \(number) of the iptables text stands outside of a table")
      } else if first == ":" {
        try chain(line, number)
      } else {
        try rule(line, number)
      }
    }
  }

  /// `:INPUT ACCEPT [12:3456]`, `:BFD - [0:0]`
  private mutating func chain(_ line: Substring, _ number: Int) throws(FirewallError) {
    let words = line.dropFirst().split(separator: " ")
    guard words.count >= 2 else { throw FirewallError("line \(number) of the iptables text is no chain") }
    let table = tables[tables.count - 1]
    var chain = FirewallChain(name: String(words[0]))
    if words[1] != "-", let hook = FirewallHook(rawValue: words[0].lowercased()) {
      chain.base = FirewallChain.Base(
        hook: hook, priority: Self.priority(table.name, hook), policy: words[1] == "DROP" ? .drop : .accept,
        policyPackets: words.count > 2 ? UInt64(words[2].dropFirst().prefix { $0 != ":" }) : nil)
    }
    tables[tables.count - 1].chains.append(chain)
  }

  private mutating func rule(_ line: Substring, _ number: Int) throws(FirewallError) {
    var text = line
    var packets: UInt64?
    if text.first == "[", let end = text.firstIndex(of: "]") {
      packets = UInt64(text[text.index(after: text.startIndex)..<end].prefix { $0 != ":" })
      text = text[text.index(after: end)...].drop { $0 == " " }
    }
    let words = IptablesTranslation.words(text)
    guard words.count >= 2, words[0] == "-A" else {
      throw FirewallError("line \(number) of the iptables text is no rule")
    }
    let table = tables.count - 1
    guard let chain = tables[table].chains.lastIndex(where: { $0.name == words[1] }) else {
      throw FirewallError("line \(number) of the iptables text names a chain that is not there")
    }
    tables[table].chains[chain].rules.append(
      FirewallRule(
        position: number, text: String(text), packets: packets,
        statements: IptablesTranslation.statements(Array(words.dropFirst(2)), family: tables[table].family)))
  }

  /// `enum nf_ip_hook_priorities`, <linux/netfilter_ipv4.h>.
  private static func priority(_ table: String, _ hook: FirewallHook) -> Int {
    switch table {
    case "raw": -300
    case "mangle": -150
    case "nat": hook == .prerouting || hook == .output ? -100 : 100
    case "security": 50
    default: 0
    }
  }
}

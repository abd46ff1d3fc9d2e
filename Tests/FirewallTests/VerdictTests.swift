import Firewall
import Testing

/// What becomes of a packet, rule by rule. The expressions are as nft 1.0.6 prints them (Recorded/Firewall/nft.json).
@Suite struct VerdictTests {
  static let udp3784 =
    #"{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 3784}}"#
  static let tcp3784 =
    #"{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 3784}}"#
  static let limit = #"{"limit": {"rate": 10, "burst": 5, "per": "second"}}"#
  static let accept = #"{"accept": null}"#
  static let drop = #"{"drop": null}"#

  static let cases: [(String, [String], String, Fate)] = [
    ("no rule, the policy accepts", [], "accept", .accepted),
    ("no rule, the policy drops", [], "drop", .dropped(nil)),
    ("a matching rule drops", ["\(udp3784), \(drop)"], "accept", .dropped(1)),
    ("a rule for TCP is not for UDP", ["\(tcp3784), \(drop)"], "accept", .accepted),
    ("what is accepted first is not dropped", ["\(udp3784), \(accept)", drop], "drop", .accepted),
    ("a reject is a drop", [#"{"reject": {"type": "icmp", "expr": "port-unreachable"}}"#], "accept", .dropped(1)),
    ("a limit that decides is not known", ["\(udp3784), \(limit), \(accept)"], "drop", .unknown),
    ("a limit that changes nothing does not matter", ["\(udp3784), \(limit), \(accept)"], "accept", .accepted),
    ("a drop after a limit that accepts is not known", ["\(limit), \(accept)", drop], "accept", .unknown),
    ("a drop by either rule is a drop", ["\(limit), \(drop)", drop], "accept", .dropped(2)),
    ("a queue is not known", [#"{"queue": {"num": 1}}"#], "accept", .unknown),
    ("a statement from the future is not known", [#"{"teleport": {"to": "mars"}}"#], "accept", .unknown),
    (
      "a match from the future is not known",
      [
        #"{"match": {"op": "==", "left": {"aura": {"key": "colour"}}, "right": "red"}}, \#(drop)"#
      ], "accept", .unknown
    ),
    (
      "an operator from the future is not known",
      [
        #"{"match": {"op": "~=", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 3784}}, \#(drop)"#
      ], "accept", .unknown
    ),
    (
      "a set that is not there is not known",
      [
        #"{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@x"}}, \#(drop)"#
      ], "accept", .unknown
    ),
    (
      "logs and counters change nothing", [#"{"log": null}, {"counter": {"packets": 5, "bytes": 9}}"#], "accept",
      .accepted
    ),
    (
      "a rule for a mark that an earlier one sets",
      [
        #"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 7}}"#,
        #"{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 7}}, \#(drop)"#
      ], "accept", .dropped(2)
    ),
    (
      "a mark of zero is not 7",
      [
        #"{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 7}}, \#(drop)"#
      ], "accept", .accepted
    ),
    (
      "bits of a mark",
      [
        #"{"match": {"op": "!=", "left": {"&": [{"meta": {"key": "mark"}}, 32768]}, "right": 32768}}, \#(drop)"#
      ], "accept", .dropped(1)
    ),
    (
      "untracked packets are not new",
      [
        #"{"notrack": null}"#,
        #"{"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}, \#(drop)"#
      ], "accept", .accepted
    ),
    ("redirection leaves its fate open", [#"{"redirect": {"port": 9}}"#], "accept", .unknown),
    (
      "a verdict map by state",
      [
        #"{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["established", {"accept": null}], "#
          + #"["new", {"drop": null}]]}}}"#
      ], "accept", .dropped(1)
    ),
    (
      "a reverse path that nobody has looked at",
      [
        #"{"match": {"op": "==", "left": {"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, "right": false}}, "#
          + drop
      ], "accept", .unknown
    ),
    ("a jump to a chain that is not there", [#"{"jump": {"target": "x"}}"#], "accept", .unknown)
  ]

  @Test("A packet's fate", arguments: cases)
  func fate(name: String, rules: [String], policy: String, expected: Fate) throws {
    let verdict = try inputChain(rules, policy: policy).verdict(on: try bfd(), at: [.input])
    #expect(Fate(verdict) == expected, "\(name): \(verdict)")
  }

  @Test("Chains that jump to each other without end are unknown, not endless")
  func endless() throws {
    let chains = ["a", "b"].map { #"{"chain": {"family": "inet", "table": "t", "name": "\#($0)", "handle": 9}}"# }
    let jumps = [("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")].map {
      #"{"rule": {"family": "inet", "table": "t", "chain": "\#($0.0)", "handle": 5, "#
        + #""expr": [{"jump": {"target": "\#($0.1)"}}]}}"#
    }
    let ruleset = try inputChain([#"{"jump": {"target": "a"}}"#], more: chains + jumps)
    #expect(Fate(ruleset.verdict(on: try bfd(), at: [.input])) == .unknown)
  }

  @Test("A drop names its table, chain, handle, text and counter")
  func reference() throws {
    let ruleset = try inputChain([#"\#(Self.udp3784), {"counter": {"packets": 12, "bytes": 624}}, \#(Self.drop)"#])
    guard case .dropped(let rule) = ruleset.verdict(on: try bfd(), at: FirewallHook.arriving) else {
      Issue.record("not dropped")
      return
    }
    #expect(rule.table == "t")
    #expect(rule.chain == "c")
    #expect(rule.position == 1)
    #expect(rule.packets == 12)
    #expect(!rule.rejects)
    #expect(rule.description.hasPrefix("nftables inet t c handle 1: "))
  }

  @Test("What is no ruleset is refused", arguments: ["", "{}", "[]", "{\"nftables\": 3}", "nft: command not found"])
  func refused(text: String) throws {
    #expect(throws: FirewallError.self) { try Ruleset(nftJSON: text) }
  }

  @Test("A text beyond the limit is refused")
  func tooLong() throws {
    let text = String(repeating: " ", count: Ruleset.longestText + 1)
    #expect(throws: FirewallError.self) { try Ruleset(nftJSON: text) }
    #expect(throws: FirewallError.self) { try Ruleset(iptablesSave: text, family: .ip) }
  }
}

import Addresses
import Firewall
import Glibc
import Testing

/// A text from Tests/Recorded/Firewall, whose README says what printed it.
func recorded(_ name: String) throws -> String {
  let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Recorded/Firewall"
  let stream = try #require(fopen("\(folder)/\(name)", "re"), "\(folder)/\(name)")
  defer { fclose(stream) }
  var octets: [UInt8] = []
  while case let octet = fgetc(stream), octet != EOF { octets.append(UInt8(truncatingIfNeeded: octet)) }
  return String(decoding: octets, as: UTF8.self)
}

func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

func bfd(
  from source: String = "10.9.0.1", to destination: String = "10.9.0.11", by interface: String? = "eth0",
  port: UInt16 = 3784, ttl: UInt8 = 255
) throws -> FirewallPacket {
  FirewallPacket.bfd(
    from: try address(source), to: try address(destination), inInterface: interface, port: port, ttl: ttl)
}

/// What is expected, in short.
enum Fate: Hashable, Sendable {
  case accepted
  /// By the rule with this handle or line, nil for a policy.
  case dropped(Int?)
  case unknown

  init(_ verdict: FirewallVerdict) {
    self =
      switch verdict {
      case .accepted: .accepted
      case .dropped(let rule): .dropped(rule.position)
      case .unknown: .unknown
      }
  }
}

/// A ruleset of one inet table with one chain at the input hook, in nft's JSON.
func inputChain(_ rules: [String], policy: String = "accept", more: [String] = []) throws -> Ruleset {
  let objects =
    [
      #"{"table": {"family": "inet", "name": "t", "handle": 1}}"#,
      #"{"chain": {"family": "inet", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": "input", "#
        + #""prio": 0, "policy": "\#(policy)"}}"#
    ] + more
    + rules.enumerated().map { index, expression in
      #"{"rule": {"family": "inet", "table": "t", "chain": "c", "handle": \#(index + 1), "expr": [\#(expression)]}}"#
    }
  return try Ruleset(nftJSON: #"{"nftables": [\#(objects.joined(separator: ", "))]}"#)
}

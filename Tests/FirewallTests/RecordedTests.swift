import Addresses
import Firewall
import Testing

/// The texts of the real programs.
@Suite struct RecordedTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var packet: FirewallPacket
    var hooks: [FirewallHook] = [.input]
    var fate: Fate
    var testDescription: String { name }
  }

  static func cases() throws -> [Case] {
    let icmp = FirewallPacket.echo(
      reply: false, from: try address("10.0.0.9"), to: try address("10.9.0.11"), inInterface: "eth0")
    return [
      Case(name: "a jump's accept", packet: try bfd(), fate: .accepted),
      Case(name: "an interval in a set", packet: try bfd(from: "10.66.3.4"), fate: .dropped(21)),
      Case(name: "a single address in a set", packet: try bfd(from: "192.0.2.7"), fate: .dropped(21)),
      Case(name: "a concatenation in a set", packet: try bfd(from: "10.9.0.2", port: 4784), fate: .accepted),
      Case(name: "a verdict map", packet: try bfd(from: "10.9.0.3", port: 4784), fate: .dropped(24)),
      Case(name: "a range in a verdict map", packet: try bfd(from: "10.9.0.3", port: 5500), fate: .accepted),
      Case(name: "a TTL", packet: try bfd(from: "10.8.0.3", ttl: 254), fate: .dropped(14)),
      Case(name: "a return, then a limit", packet: try bfd(from: "10.8.0.3"), fate: .unknown),
      Case(name: "loopback", packet: try bfd(from: "10.66.0.1", by: "lo"), fate: .accepted),
      Case(name: "ICMP in an anonymous set", packet: icmp, fate: .accepted),
      Case(
        name: "IPv6 by its own rule", packet: try bfd(from: "fe80::1", to: "fe80::2"), fate: .accepted),
      Case(
        name: "the output hook",
        packet: FirewallPacket.bfd(
          from: try address("10.9.0.11"), to: try address("10.9.0.1"), outInterface: "eth0", sourcePort: 3784),
        hooks: [.output], fate: .dropped(39)),
      Case(
        name: "the UDP length",
        packet: FirewallPacket.bfd(
          from: try address("10.9.0.11"), to: try address("10.9.0.1"), outInterface: "eth0"),
        hooks: FirewallHook.leaving, fate: .dropped(41)),
      Case(name: "ingress on its interface", packet: try bfd(by: "va"), hooks: [.ingress], fate: .dropped(4)),
      Case(name: "ingress on another interface", packet: try bfd(by: "eth0"), hooks: [.ingress], fate: .accepted),
      Case(name: "sent on by ingress", packet: try bfd(by: "vb"), hooks: [.ingress], fate: .dropped(7))
    ]
  }

  @Test("nftables 1.0.6", arguments: try cases())
  func nftables(_ one: Case) throws {
    let ruleset = try Ruleset(nftJSON: try recorded("nft.json"), text: try recorded("nft.txt"))
    let verdict = ruleset.verdict(on: one.packet, at: one.hooks)
    #expect(Fate(verdict) == one.fate, "\(verdict)")
  }

  @Test("A rule is shown in nft's own words")
  func words() throws {
    let ruleset = try Ruleset(nftJSON: try recorded("nft.json"), text: try recorded("nft.txt"))
    guard case .dropped(let rule) = ruleset.verdict(on: try bfd(from: "10.66.3.4"), at: [.input]) else {
      Issue.record("not dropped")
      return
    }
    #expect(
      rule.description
        == "nftables inet filter input handle 21: ip saddr @bad counter packets 0 bytes 0 drop (0 packets so far)")
  }

  @Test("Without the interfaces of ingress chains, which nft 1.0.6 leaves out of its JSON, a drop there is unknown")
  func unnamedDevices() throws {
    let ruleset = try Ruleset(nftJSON: try recorded("nft.json"))
    #expect(Fate(ruleset.verdict(on: try bfd(by: "va"), at: [.ingress])) == .unknown)
  }

  @Test("iptables, legacy and nf_tables alike", arguments: ["iptables-legacy.txt", "iptables-nft.txt"])
  func iptables(file: String) throws {
    let text = try recorded(file)
    let ruleset = try Ruleset(iptablesSave: text, family: .ip)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    func line(_ part: String) throws -> Int { try #require(lines.firstIndex { $0.contains(part) }) + 1 }
    // Past BFD, where only a range returns; then accepted by multiport.
    #expect(
      Fate(ruleset.verdict(on: try bfd(), at: [.input])) == .dropped(try line("-m length --length 32:60 -j DROP")))
    var other = try bfd()
    other.length = 200
    #expect(Fate(ruleset.verdict(on: other, at: [.input])) == .accepted)
    #expect(Fate(ruleset.verdict(on: try bfd(from: "10.0.0.5", port: 4784), at: [.input])) == .accepted)
    // A limit accepts or not, a random number drops or not, and below 255 it is dropped at the end.
    #expect(Fate(ruleset.verdict(on: try bfd(port: 6784), at: [.input])) == .unknown)
    // raw: notrack, then new is no state of it.
    #expect(Fate(ruleset.verdict(on: other, at: FirewallHook.arriving)) == .accepted)
    let redirected = ruleset.verdict(on: try bfd(port: 999), at: FirewallHook.arriving)
    #expect(Fate(redirected) == .unknown)
    #expect("\(redirected)".contains("REDIRECT"))
    #expect(Fate(ruleset.verdict(on: try bfd(by: "lo", port: 9), at: [.input])) == .accepted)
    #expect(Fate(ruleset.verdict(on: other, at: [.forward])) == .dropped(nil))
  }

  @Test("ip6tables is asked for IPv6 only")
  func ip6tables() throws {
    let ruleset = try Ruleset(iptablesSave: try recorded("ip6tables-legacy.txt"), family: .ip6)
    #expect(Fate(ruleset.verdict(on: try bfd(), at: FirewallHook.arriving)) == .accepted)
    var packet = try bfd(from: "fd00::77", to: "fd00::11")
    packet.length = 20
    #expect(Fate(ruleset.verdict(on: packet, at: [.input])) == .accepted)
    let solicitation = FirewallPacket(
      inInterface: "eth0", source: try address("fd00::77"), destination: try address("fd00::11"), transport: 58,
      icmpType: 135, ttl: 255, length: 72)
    // Local, so it goes to BFD, where its length is dropped not, and the end of a goto is the policy.
    #expect(Fate(ruleset.verdict(on: solicitation, at: [.input])) == .unknown)
  }

  @Test("iptables' own words stand in the place of nft's, and legacy rules beside them")
  func together() throws {
    let texts = FirewallTexts(
      nftJSON: .text(try recorded("nft-of-iptables.json")), nftText: .couldNotLook("nft is not installed"),
      iptables: .text(try recorded("iptables-nft.txt")), ip6tables: .text(try recorded("ip6tables-nft.txt")),
      iptablesLegacy: .text(try recorded("iptables-legacy.txt")), ip6tablesLegacy: .couldNotLook("not installed"),
      firewalld: .text("not running"))
    let (ruleset, gaps) = texts.ruleset()
    #expect(gaps.isEmpty)
    #expect(ruleset.tables.allSatisfy { $0.source == .iptables })
    #expect(ruleset.tables.count == 4 + 4 + 4)
    // nft's words alone know only the names of the matches.
    let bare = try Ruleset(nftJSON: try recorded("nft-of-iptables.json"))
    #expect(Fate(bare.verdict(on: try bfd(), at: [.input])) == .unknown)
  }

  @Test("What could not be looked at is said")
  func gaps() {
    let missing = FirewallTexts.Look.couldNotLook("it is not installed")
    let texts = FirewallTexts(
      nftJSON: missing, nftText: missing, iptables: missing, ip6tables: missing, iptablesLegacy: missing,
      ip6tablesLegacy: missing, firewalld: missing)
    #expect(
      texts.ruleset().gaps
        == ["nftables", "iptables", "ip6tables"].map { "could not look at \($0): it is not installed" })
  }

  @Test("Texts that are cut, doubled or damaged are refused or judged, and crash nothing", arguments: 1...40)
  func damaged(seed: UInt64) throws {
    var state = seed
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(1, limit)
    }
    for name in ["nft.json", "iptables-nft.txt", "ip6tables-legacy.txt"] {
      var octets = Array(try recorded(name).utf8)
      for _ in 0...next(6) {
        let start = next(octets.count)
        let end = min(octets.count, start + next(40))
        switch next(4) {
        case 0: octets.removeSubrange(start..<end)
        case 1: octets.insert(contentsOf: octets[start..<end], at: next(octets.count))
        case 2: octets[start] = UInt8(next(256))
        default: octets[start] = octets[next(octets.count)]
        }
      }
      let text = String(decoding: octets, as: UTF8.self)
      let ruleset =
        name.hasSuffix("json")
        ? try? Ruleset(nftJSON: text, text: text) : try? Ruleset(iptablesSave: text, family: .ip)
      guard let ruleset else { continue }
      for hooks in [FirewallHook.arriving, FirewallHook.leaving] {
        #expect(ruleset.verdict(on: try bfd(), at: hooks) == ruleset.verdict(on: try bfd(), at: hooks))
      }
    }
  }
}

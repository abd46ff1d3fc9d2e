import Addresses
import CLinux
import Collectors
import Firewall
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Processes
import Testing

/// The real programs' rules, judged, against what the kernel does with a real packet.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(3))) struct FirewallCollectorTests {
  struct Rules: Sendable, CustomTestStringConvertible {
    var name: String
    /// Lines for nft in the receiver's namespace.
    var nft = ""
    /// Arguments for iptables' programs there.
    var iptables: [[String]] = []
    var ttl: Int32 = 255
    var isDropped: Bool
    var testDescription: String { name }
  }

  static let chain = "type filter hook input priority 0; policy accept;"

  static func inet(_ lines: String...) -> String {
    (["table inet t {", "chain c {", chain] + lines + ["}", "}"]).joined(separator: "\n") + "\n"
  }

  static let cases: [Rules] = [
    Rules(name: "no rules at all", isDropped: false),
    Rules(name: "a drop", nft: inet("udp dport 3784 counter drop"), isDropped: true),
    Rules(name: "a drop for another port", nft: inet("udp dport 4784 drop"), isDropped: false),
    Rules(name: "a reject", nft: inet("udp dport 3784 reject"), isDropped: true),
    Rules(name: "a TTL that is right", nft: inet("ip ttl != 255 drop"), isDropped: false),
    Rules(name: "a TTL that is wrong", nft: inet("ip ttl != 255 drop"), ttl: 254, isDropped: true),
    Rules(
      name: "an interval set",
      nft: """
        table ip t {
        set s {
        type ipv4_addr
        flags interval
        elements = { 10.98.0.0/30, 10.99.0.0/16 }
        }
        chain c {
        type filter hook input priority 0; policy accept;
        ip saddr @s udp dport { 1-100, 3784 } drop
        }
        }

        """, isDropped: true),
    Rules(
      name: "a policy with an exception",
      nft: """
        table inet t {
        chain b {
        ip saddr 10.98.0.2 drop
        return
        }
        chain c {
        type filter hook input priority 0; policy drop;
        udp dport 3784 jump b
        iifname "vr" ct state new udp dport vmap { 1 : drop, 3784 : accept, 9999 : accept }
        }
        }

        """, isDropped: false),
    Rules(
      name: "a mark across hooks",
      nft: """
        table inet t {
        chain p {
        type filter hook prerouting priority mangle; policy accept;
        udp dport 3784 meta mark set 0x8004
        }
        chain c {
        type filter hook input priority 0; policy accept;
        meta mark & 0x8000 == 0x8000 drop
        }
        }

        """, isDropped: true),
    Rules(
      name: "an untracked packet",
      nft: """
        table inet t {
        chain p {
        type filter hook prerouting priority raw; policy accept;
        udp dport 3784 notrack
        }
        chain c {
        type filter hook input priority 0; policy accept;
        udp dport 3784 ct state new drop
        }
        }

        """, isDropped: false),
    Rules(
      name: "netdev ingress",
      nft: """
        table netdev t {
        chain c {
        type filter hook ingress device "vr" priority 0; policy accept;
        udp dport 3784 drop
        }
        }

        """, isDropped: true),
    Rules(
      name: "iptables of nf_tables",
      iptables: [["iptables-nft", "-A", "INPUT", "-p", "udp", "--dport", "3784", "-j", "DROP"]],
      isDropped: true),
    Rules(
      name: "iptables of nf_tables with matches that nft cannot name",
      iptables: [
        ["iptables-nft", "-N", "BFD"],
        ["iptables-nft", "-A", "INPUT", "-p", "udp", "-m", "multiport", "--dports", "9,3784", "-g", "BFD"],
        ["iptables-nft", "-A", "BFD", "-m", "ttl", "--ttl-lt", "255", "-j", "DROP"],
        ["iptables-nft", "-A", "BFD", "-m", "iprange", "--src-range", "10.98.0.1-10.98.0.9", "-j", "RETURN"],
        ["iptables-nft", "-A", "BFD", "-j", "DROP"]
      ], isDropped: false),
    Rules(
      name: "legacy iptables beside nftables", nft: inet("udp dport 3784 accept"),
      iptables: [
        [
          "iptables-legacy", "-t", "raw", "-A", "PREROUTING", "-i", "v+", "!", "-s", "10.1.0.0/16", "-p", "udp",
          "-m", "udp", "--dport", "3784", "-j", "DROP"
        ]
      ],
      isDropped: true)
  ]

  @Test("The verdict is what the kernel does", arguments: cases)
  func verdict(_ rules: Rules) throws {
    let wire = try FirewallWire()
    defer { wire.remove() }
    let receiver = try NetworkNamespace(named: wire.receiver)
    if !rules.nft.isEmpty {
      let result = try Command("nft", ["-f", "-"]).capture(in: receiver, input: rules.nft)
      try #require(result.status.isSuccess, "\(result.errorOutput)")
    }
    for line in rules.iptables {
      let result = try Command(line[0], Array(line.dropFirst())).capture(in: receiver)
      try #require(result.status.isSuccess, "\(result.errorOutput)")
    }
    let (ruleset, gaps) = FirewallCollector.look(in: receiver).ruleset()
    #expect(gaps.isEmpty, "\(gaps)")
    let packet = FirewallPacket.bfd(
      from: try #require(IPAddress("10.98.0.1")), to: try #require(IPAddress("10.98.0.11")), inInterface: "vr",
      ttl: UInt8(rules.ttl))
    let verdict = ruleset.verdict(on: packet, at: FirewallHook.arriving)
    switch verdict {
    case .accepted: #expect(!rules.isDropped, "\(verdict)")
    case .dropped: #expect(rules.isDropped, "\(verdict)")
    case .unknown: Issue.record("\(verdict)")
    }
    #expect(try wire.arrives(ttl: rules.ttl) == !rules.isDropped, "the kernel thinks otherwise")
  }
}

/// Two namespaces and a wire: 10.98.0.1 on vs, 10.98.0.11 on vr.
struct FirewallWire {
  let sender = NamespaceNames.make("fws")
  let receiver = NamespaceNames.make("fwr")

  init() throws {
    for name in [sender, receiver] { _ = try NetworkNamespace.create(named: name) }
    let here = try NetworkNamespace(named: sender)
    let there = try NetworkNamespace(named: receiver)
    let pid = "\(receiver)"
    for line in [
      "link add vs type veth peer name vr netns \(pid)", "addr add 10.98.0.1/24 dev vs", "link set vs up"
    ] {
      try Self.ip(line, in: here)
    }
    for line in ["addr add 10.98.0.11/24 dev vr", "link set vr up", "link set lo up"] {
      try Self.ip(line, in: there)
    }
  }

  func remove() { for name in [sender, receiver] { NamespaceNames.erase(name) } }

  private static func ip(_ line: String, in namespace: borrowing NetworkNamespace) throws {
    let result = try Command("ip", line.split(separator: " ").map(String.init)).capture(in: namespace)
    try #require(result.status.isSuccess, "ip \(line): \(result.errorOutput)")
  }

  /// Whether a datagram to port 3784 comes in before one to port 9999, which no rule minds.
  func arrives(ttl: Int32) throws -> Bool {
    @Sendable func socket(_ port: UInt16) throws(SystemCallError) -> Int32 {
      let fd = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      guard fd >= 0 else { throw SystemCallError("open a socket") }
      var address = Self.address("0.0.0.0", port)
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard bound == 0 else { throw SystemCallError("bind a socket") }
      return fd
    }
    let there = try NetworkNamespace(named: receiver)
    let here = try NetworkNamespace(named: sender)
    let bfd = try there.perform { () throws(SystemCallError) in try socket(3784) }
    let marker = try there.perform { () throws(SystemCallError) in try socket(9999) }
    let out = try here.perform { () throws(SystemCallError) in try socket(50_000) }
    defer { for fd in [bfd, marker, out] { close(fd) } }
    var value = ttl
    setsockopt(out, Int32(IPPROTO_IP), IP_TTL, &value, socklen_t(MemoryLayout<Int32>.size))
    var octets = [UInt8](repeating: 0, count: 24)
    // Neighbour discovery may lose the first ones.
    for _ in 0..<20 {
      for port: UInt16 in [3784, 9999] {
        var address = Self.address("10.98.0.11", port)
        _ = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            sendto(out, octets, octets.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
      }
      var ready = pollfd(fd: marker, events: Int16(POLLIN), revents: 0)
      // With a wrong TTL the marker may be dropped too.
      if poll(&ready, 1, ttl == 255 ? 1_000 : 100) > 0 { break }
    }
    return recv(bfd, &octets, octets.count, Int32(MSG_DONTWAIT)) > 0
  }

  private static func address(_ text: String, _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, text, &address.sin_addr)
    return address
  }
}

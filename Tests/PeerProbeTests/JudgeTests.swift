import ConfigurationFile
import Firewall
import Languages
import PeerProbe
import Testing

/// Evidence as a probe leaves it, and what must be made of it.
@Suite struct JudgeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var outcome: ProbeVerdict.Outcome
    /// The kinds of causes, in their order; those behind them are free.
    var causes: [ProbeCause.Kind]
    var certainty: ProbeCause.Likelihood?
    var change: @Sendable (inout ProbeEvidence) -> Void
    var testDescription: String { name }
  }

  static let rule = RuleReference(
    source: .nftables, family: .inet, table: "filter", chain: "input", position: 7, text: "udp dport 3784 drop",
    packets: 12)

  /// A host on the link that answers ARP and pings.
  static func host(isMultihop: Bool = false) -> ProbeEvidence {
    var evidence = ProbeEvidence(address: "10.9.0.1", isMultihop: isMultihop, namespace: "ovnext")
    evidence.route.interface = "net1"
    evidence.route.source = "10.9.0.11"
    var neighbour = ProbeEvidence.Neighbour(address: "10.9.0.1", asked: 1)
    neighbour.linkAddresses = ["02:00:00:00:00:01"]
    evidence.neighbour = neighbour
    evidence.echo.sent = 10
    evidence.echo.received = 10
    evidence.bfd.way = .session
    evidence.bfd.sent = 5
    evidence.bfd.left = 5
    evidence.bfd.localDiscriminator = 77
    evidence.firewall.incomingBFD = .accepted
    evidence.firewall.outgoingBFD = .accepted
    return evidence
  }

  static func packet(
    state: String = "down", ttl: Int = 255, yours: UInt32 = 77, authentication: Int = 0, minRx: UInt64 = 300_000
  ) -> ProbeEvidence.Packet {
    ProbeEvidence.Packet(
      ttl: ttl, state: state, diagnostic: 0, multiplier: 3, desiredMinTxMicroseconds: 1_000_000,
      requiredMinRxMicroseconds: minRx, myDiscriminator: 9, yourDiscriminator: yours,
      authenticationType: authentication, sourcePort: 49_152)
  }

  static func arrived(_ evidence: inout ProbeEvidence, _ packet: ProbeEvidence.Packet, forUs: Int) {
    evidence.bfd.arrived = 4
    evidence.bfd.heard = 4
    evidence.bfd.arrivedForUs = forUs
    evidence.bfd.last = packet
  }

  static let cases: [Case] = [
    Case(name: "a session that is Up", outcome: .up, causes: []) {
      arrived(&$0, packet(state: "up"), forUs: 4)
      $0.bfd.state = "up"
    },
    Case(name: "Up, a hop too far away", outcome: .up, causes: [.timeToLive], certainty: .certain) {
      arrived(&$0, packet(state: "up", ttl: 254), forUs: 4)
      $0.bfd.state = "up"
    },
    Case(name: "port unreachable", outcome: .silent, causes: [.noDaemon], certainty: .certain) {
      $0.bfd.portUnreachable = 3
    },
    Case(
      name: "a living host that says nothing", outcome: .silent,
      causes: [.notConfigured, .passivePeer, .ovnPort, .noBFD, .silentFilter], certainty: .likely
    ) { _ in },
    Case(name: "an access list that says so", outcome: .silent, causes: [.prohibited], certainty: .certain) {
      $0.bfd.errors = ["administratively prohibited, from 10.9.0.1"]
    },
    Case(name: "our rules drop what arrives", outcome: .speaks, causes: [.ownFirewallIn], certainty: .certain) {
      arrived(&$0, packet(yours: 0), forUs: 0)
      $0.bfd.heard = 0
      $0.firewall.incomingBFD = .dropped(rule)
    },
    Case(
      name: "our rules would drop it, and nothing was seen", outcome: .silent, causes: [.ownFirewallIn],
      certainty: .likely
    ) { $0.firewall.incomingBFD = .dropped(rule) },
    Case(name: "our rules drop what we send", outcome: .silent, causes: [.ownFirewallOut], certainty: .certain) {
      $0.bfd.left = 0
      $0.firewall.outgoingBFD = .dropped(rule)
    },
    Case(name: "strict reverse path filtering", outcome: .speaks, causes: [.reversePath], certainty: .certain) {
      arrived(&$0, packet(yours: 0), forUs: 0)
      $0.bfd.heard = 0
      $0.counters["IPReversePathFilter"] = 4
    },
    Case(name: "the peer does not hear us", outcome: .speaks, causes: [.peerDoesNotHear], certainty: .likely) {
      arrived(&$0, packet(yours: 0), forUs: 0)
    },
    Case(name: "authentication", outcome: .speaks, causes: [.authentication], certainty: .certain) {
      arrived(&$0, packet(authentication: 5), forUs: 4)
    },
    Case(name: "AdminDown", outcome: .speaks, causes: [.adminDown], certainty: .certain) {
      arrived(&$0, packet(state: "adminDown"), forUs: 4)
    },
    Case(name: "a peer that wants no packets", outcome: .speaks, causes: [.minRxZero], certainty: .certain) {
      arrived(&$0, packet(minRx: 0), forUs: 4)
    },
    Case(
      name: "a peer that answers a session of the past", outcome: .speaks, causes: [.staleDiscriminator],
      certainty: .likely
    ) { arrived(&$0, packet(yours: 55), forUs: 0) },
    Case(name: "slow", outcome: .speaks, causes: [.slow], certainty: .possible) {
      arrived(&$0, packet(state: "init"), forUs: 4)
      $0.bfd.state = "init"
    },
    Case(name: "nobody has the address", outcome: .unreachable, causes: [.noNeighbour], certainty: .certain) {
      $0.neighbour?.linkAddresses = []
      $0.echo.received = 0
    },
    Case(name: "no route", outcome: .unreachable, causes: [.noRoute], certainty: .certain) {
      $0 = ProbeEvidence(address: "10.9.0.1", isMultihop: false)
      $0.route.problem = "Network is unreachable"
    },
    Case(name: "the interface is down", outcome: .unreachable, causes: [.interfaceProblem], certainty: .certain) {
      $0 = ProbeEvidence(address: "10.9.0.1", isMultihop: false)
      $0.route.problem = "the interface net1 is down"
      $0.route.interface = "net1"
    },
    Case(
      name: "behind a router, which says it is gone", outcome: .unreachable, causes: [.hostDown],
      certainty: .certain
    ) {
      $0.route.gateway = "10.9.0.254"
      $0.echo.received = 0
      $0.echo.errors = ["host unreachable, from 10.9.0.254"]
    },
    Case(name: "one hop asked, several there", outcome: .up, causes: [.timeToLive, .multihopNeeded]) {
      $0.route.gateway = "10.9.0.254"
      arrived(&$0, packet(state: "up", ttl: 254), forUs: 4)
      $0.bfd.state = "up"
    },
    Case(name: "two hosts with the address", outcome: .up, causes: [.twoNeighbours], certainty: .certain) {
      $0.neighbour?.linkAddresses = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
      arrived(&$0, packet(state: "up"), forUs: 4)
      $0.bfd.state = "up"
    },
    Case(name: "the port is everway's, whose session is Up", outcome: .up, causes: [.portTaken]) {
      $0.bfd.way = .watched
      var holder = ProbeEvidence.Holder()
      (holder.pid, holder.program, holder.sessionState, holder.answered) = (12, "everway", "up", true)
      $0.bfd.holder = holder
    },
    Case(name: "pings are filtered, ARP answers", outcome: .silent, causes: [.notConfigured]) {
      $0.echo.received = 0
    }
  ]

  @Test("A verdict", arguments: cases)
  func verdict(_ one: Case) throws {
    var evidence = Self.host()
    one.change(&evidence)
    let verdict = judge(evidence)
    #expect(verdict.outcome == one.outcome)
    #expect(Array(verdict.causes.map(\.kind).prefix(one.causes.count)) == one.causes, "\(verdict.causes)")
    if let certainty = one.certainty { #expect(verdict.causes.first?.likelihood == certainty) }
    if one.causes.isEmpty { #expect(verdict.causes.isEmpty, "\(verdict.causes)") }
    #expect(verdict.exitCode == [.up: 0, .speaks: 1, .silent: 1, .unreachable: 3][one.outcome])
    for words in [verdict.headline] + verdict.causes.map(\.words) {
      #expect(!words.en.contains("{") && !words.zh.contains("{"), "a value is missing in: \(words)")
      #expect(words.zh.unicodeScalars.contains { $0.value > 0x2e80 }, "no Chinese: \(words)")
    }
  }

  @Test("A drop that is certain names the rule")
  func namedRule() {
    var evidence = Self.host()
    Self.arrived(&evidence, Self.packet(yours: 0), forUs: 0)
    evidence.bfd.heard = 0
    evidence.firewall.incomingBFD = .dropped(Self.rule)
    #expect(judge(evidence).causes.first?.evidence.first == Self.rule.description)
  }

  @Test("The configuration that a probe prints is one that everway takes", arguments: cases, [false, true])
  func configuration(_ one: Case, isMultihop: Bool) throws {
    var evidence = Self.host(isMultihop: isMultihop)
    one.change(&evidence)
    evidence.isMultihop = isMultihop
    let verdict = judge(evidence)
    let text = evidence.configuration(for: verdict, intervalMicroseconds: 300_000, multiplier: 3)
    guard verdict.outcome != .unreachable else {
      #expect(text == nil)
      return
    }
    let parsed = try GatewayConfiguration.parse(bytes: Array(try #require(text).utf8), file: "probe.yaml")
    // Over several hops with a TTL of 255, or none seen, there is nothing to write; and a peer behind the next hop is
    // what the path is judged by.
    let free = isMultihop && (evidence.bfd.last?.ttl ?? 255) == 255 || evidence.route.gateway != nil
    #expect(free || parsed.warnings.isEmpty, "\(parsed.warnings)")
    #expect(parsed.configuration.paths.count == 1)
    #expect(parsed.configuration.bfd.peers.isEmpty == (verdict.outcome == .silent))
  }
}

import Cluster
import Addresses
import Firewall
import Testing

@testable import Doctor

/// Facts about a gateway with one peer, changed step by step.
struct SpeakerCase {
  static let us = IPAddress.v4(IPv4Address(10, 204, 0, 11))
  static let peer = IPAddress.v4(IPv4Address(10, 204, 0, 1))

  var speaker = SpeakerFacts()
  var expectation = Doctor.Expectation(source: "OvnEip node1", namespace: "ovnext")
  var firewall: Gathered<FirewallFacts> = .value(FirewallFacts(gateway: .nothing))
  var ovn: Gathered<OVNFacts> = .notAsked

  /// Our beacon hears its one expected peer, and the session is Up.
  static func healthy() -> SpeakerCase {
    var made = SpeakerCase()
    var interface = Doctor.Expectation.Interface(name: "ovnext0")
    interface.addresses = [IPPrefix(us, length: 24) ?? IPPrefix(host: us)]
    made.expectation.interfaces = [interface]
    made.expectation.peers = [Doctor.Expectation.Peer(address: peer, interface: "ovnext0", isPassive: true)]
    made.speaker.sockets = .value([
      .init(.udp, .any(.ipv4), port: 3784, pid: 812, program: "bfdd-beacon"),
      .init(.tcp, .v4(.loopback), port: 957, pid: 812, program: "bfdd-beacon")
    ])
    made.speaker.programs = .value([
      .init(pid: 812, name: "bfdd-beacon", commandLine: "bfdd-beacon --listen=0.0.0.0", isInside: true)
    ])
    made.speaker.gateway = .unavailable("everway is not running here: there is no /run/everway/control.sock")
    made.speaker.unit = .unavailable("systemd does not run here")
    made.speaker.limits = .value([])
    made.speaker.beacon = .value(
      .init(port: 957, release: "bfdd-beacon v0.5.4", isEverway: false, sessions: [session()]))
    made.speaker.probe = .value(.init(command: "bfdd-control status", exitCode: 0, said: "There are 1 sessions:"))
    made.speaker.wire = .value(.init(window: 2_000, flows: [incoming(), outgoing()]))
    return made
  }

  static func session() -> SpeakerFacts.Session {
    var session = SpeakerFacts.Session(source: "bfdd-beacon", peer: peer, state: .up)
    session.id = 1
    session.local = us
    session.remoteState = .up
    session.localDiscriminator = 11
    session.remoteDiscriminator = 22
    session.remoteMultiplier = 3
    session.remoteMinTx = 1_000_000
    session.remoteMinRx = 1_000_000
    session.detectionTime = 3_000_000
    session.secondsInState = 100
    return session
  }

  static func incoming(_ state: SpeakerFacts.State = .up, your: UInt32 = 11) -> SpeakerFacts.Flow {
    var flow = SpeakerFacts.Flow(
      source: peer, destination: us, port: 3784, interface: "ovnext0", isOutgoing: false, count: 2,
      packet: .init(state: state, myDiscriminator: 22, yourDiscriminator: your))
    flow.meanGap = 900_000
    flow.longestGap = 900_000
    return flow
  }

  static func outgoing() -> SpeakerFacts.Flow {
    SpeakerFacts.Flow(
      source: us, destination: peer, port: 3784, interface: "ovnext0", isOutgoing: true, count: 2,
      packet: .init(state: .up, myDiscriminator: 11, yourDiscriminator: 22))
  }

  // MARK: Steps

  mutating func setFlows(_ flows: SpeakerFacts.Flow...) {
    speaker.wire = .value(.init(window: 2_000, flows: flows))
  }

  mutating func setSession(_ change: (inout SpeakerFacts.Session) -> Void) {
    var session = Self.session()
    change(&session)
    speaker.beacon = .value(
      .init(port: 957, release: "bfdd-beacon v0.5.4", isEverway: false, sessions: [session]))
  }

  /// The peer has not been heard for a Detection Time, or never.
  mutating func setUnheard(_ change: (inout SpeakerFacts.Session) -> Void = { _ in }) {
    setSession { session in
      session.state = .down
      session.remoteState = .down
      session.remoteDiscriminator = 0
      session.remoteMultiplier = nil
      session.remoteMinTx = nil
      session.remoteMinRx = nil
      change(&session)
    }
  }

  mutating func setNoSession() {
    speaker.beacon = .value(.init(port: 957, release: "bfdd-beacon v0.5.4", isEverway: false, sessions: []))
  }

  /// everway instead of the beacon.
  mutating func setGateway(
    _ discards: [String: UInt64] = [:], _ change: (inout SpeakerFacts.Session) -> Void = { _ in }
  ) {
    var session = Self.session()
    session.source = "everway"
    session.name = "r1"
    session.isAuthenticated = false
    change(&session)
    var gateway = SpeakerFacts.Gateway(pid: 900, sessions: [session], schedulingPolicy: "SCHED_FIFO")
    gateway.discardsMeanwhile = discards
    speaker.gateway = .value(gateway)
    speaker.beacon = .unavailable("Error connecting to beacon on 127.0.0.1:957: Connection refused")
    speaker.sockets = .value([.init(.udp, .any(.ipv4), port: 3784, pid: 900, program: "everway")])
  }

  // MARK: Looking

  var facts: Facts {
    var facts = Facts(
      takenAt: 0, everwayVersion: "1", subject: .init(node: "node1", namespace: "ovnext", interface: "ovnext0"))
    facts.expectation = .value(expectation)
    facts.speaker = .value(speaker)
    facts.firewall = firewall
    facts.ovn = ovn
    return facts
  }

  var diagnosis: Diagnosis { Diagnosis(facts, checks: Check.speaker) }
  /// Of the causes; what follows from them left out.
  var found: [FindingID] { diagnosis.findings.map(\.id) }
}

extension FirewallTexts {
  /// No rules at all.
  static let nothing = FirewallTexts.rules("")

  /// Rules of nftables, as `nft -j list ruleset` has them in its array.
  static func rules(_ json: String) -> FirewallTexts {
    FirewallTexts(
      nftJSON: .text(#"{"nftables": [\#(json)]}"#), nftText: .text(""), iptables: .text(""), ip6tables: .text(""),
      iptablesLegacy: .text(""), ip6tablesLegacy: .text(""), firewalld: .text("not running"))
  }
}

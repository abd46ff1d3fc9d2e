import Cluster
import Addresses
import Firewall
import Languages

/// The facts about the speaker as its checks look at them.
struct SpeakerView {
  let facts: Facts
  let speaker: SpeakerFacts
  /// Whom this node is meant to speak BFD with: as everybody says who knows.
  let expected: [Expectation.Peer]
  /// Only for those that ask for it; a node has many.
  let rules: Ruleset?

  init(_ facts: Facts, _ speaker: SpeakerFacts, withRules: Bool = false) {
    self.facts = facts
    self.speaker = speaker
    let named = facts.expectation.value?.peers ?? []
    let addresses = Set(named.map(\.address))
    expected = named + Self.routers(facts, speaker).filter { !addresses.contains($0.address) }
    rules = withRules ? Self.rules(facts) : nil
  }

  /// Nil, with a gap where that is one, when there is nothing to look at: no speaker's facts, or no BFD at all.
  static func make(
    _ facts: Facts, _ examination: inout Examination, withRules: Bool = false
  ) -> SpeakerView? {
    guard let speaker = examination.require(facts.speaker, Words("the BFD speaker", zh: "BFD 进程")) else {
      return nil
    }
    let view = SpeakerView(facts, speaker, withRules: withRules)
    guard !view.expected.isEmpty || !speaker.listeners.isEmpty || speaker.sessionsAreKnown else {
      examination.notRelevant()
      return nil
    }
    return view
  }

  /// The gateway's namespace, or the node when it has none.
  var place: String { facts.subject.namespace ?? facts.subject.node }

  /// A command as it is typed on the node to run in the gateway's namespace.
  func inside(_ command: String) -> String {
    facts.subject.namespace.map { "ip netns exec \($0) \(command)" } ?? command
  }

  /// What bfdd-control is to be told.
  func beaconStep(_ arguments: [String]) -> RepairStep {
    RepairStep(
      command: inside("bfdd-control \(arguments.joined(separator: " "))"),
      action: .controlBeacon(namespace: facts.subject.namespace, arguments: arguments))
  }

  /// Those of our addresses that peers of a family are spoken to from, as far as anything says.
  func ownAddresses(_ family: AddressFamily) -> [IPAddress] {
    let interfaces = facts.expectation.value?.interfaces ?? []
    let named = interfaces.flatMap(\.addresses).map(\.address)
    let used = speaker.sessions.compactMap(\.local)
    let all = named.isEmpty ? speaker.addresses : named
    return Set(all + used).filter { $0.family == family && !$0.isLinkLocal }.sorted()
  }

  // MARK: Evidence

  var wireSource: String {
    "packet socket in \(place), \(milliseconds(speaker.wire.value?.window ?? 0))"
  }

  func evidence(_ session: SpeakerFacts.Session) -> Evidence {
    let source = session.source == "everway" ? "everway status" : inside("bfdd-control status all level 4")
    var words =
      "\(session.state.rawValue) (\(BFDDiagnostic.text(session.diagnostic))), the peer \(session.remoteState.rawValue) "
      + "(\(BFDDiagnostic.text(session.remoteDiagnostic))), discriminators \(session.localDiscriminator) and "
      + "\(session.remoteDiscriminator)"
    if let hold = session.hold { words += ", \(hold)" }
    if let count = session.downCount { words += ", left Up \(count) times" }
    if let error = session.sendError { words += ", sending: \(error)" }
    return Evidence(source, words)
  }

  func evidence(_ flow: SpeakerFacts.Flow) -> Evidence {
    let what = flow.packet?.words ?? "malformed: \(flow.fault ?? "?")"
    return Evidence(
      wireSource,
      "\(flow.count) packets \(flow.source) > \(flow.destination).\(flow.port) on \(flow.interface), TTL "
        + "\(flow.timeToLive), \(what)")
  }

  var nothingHeard: Evidence { Evidence(wireSource, "no packet from this address") }
}

/// `300 ms`, `2 s`, `1.5 s`.
func milliseconds(_ value: UInt64) -> String {
  guard value >= 1_000 else { return "\(value) ms" }
  return value % 1_000 == 0 ? "\(value / 1_000) s" : "\(value / 1_000).\(value % 1_000 / 100) s"
}

/// Microseconds in the unit that fits.
func microseconds(_ value: UInt64) -> String {
  value > 0 && value < 1_000 ? "\(value) us" : milliseconds(value / 1_000)
}

/// RFC 5880 section 4.1.
enum BFDDiagnostic {
  static func text(_ code: UInt8) -> String { "\(code) \(name(code))" }

  static func name(_ code: UInt8) -> String {
    let names = [
      "No Diagnostic", "Control Detection Time Expired", "Echo Function Failed", "Neighbor Signaled Session Down",
      "Forwarding Plane Reset", "Path Down", "Concatenated Path Down", "Administratively Down",
      "Reverse Concatenated Path Down"
    ]
    return Int(code) < names.count ? names[Int(code)] : "Reserved"
  }
}

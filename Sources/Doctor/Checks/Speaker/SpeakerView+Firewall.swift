import Cluster
import Addresses
import Firewall
import Languages

extension SpeakerView {
  /// The gateway's own rules as one ruleset; nil when nobody has looked.
  static func rules(_ facts: Facts) -> Ruleset? { facts.firewall.value.map { $0.gateway.ruleset().ruleset } }

  /// What the rules are silent about, for the check that stands on them.
  func requireRules(_ examination: inout Examination) {
    let what = Words("firewall rules", zh: "防火墙规则")
    guard let firewall = examination.require(facts.firewall, what) else { return }
    for gap in firewall.gateway.ruleset().gaps { examination.couldNotLook(at: what, gap) }
  }

  /// The rule that drops a peer's packets, or ours to it.
  func drop(of flow: SpeakerFacts.Flow) -> RuleReference? {
    let packet = FirewallPacket.bfd(
      from: flow.source, to: flow.destination, inInterface: flow.interface, port: flow.port,
      sourcePort: flow.sourcePort, ttl: flow.timeToLive)
    return drop(of: packet, at: FirewallHook.arriving)
  }

  func dropOfOurs(to peer: PeerCase) -> RuleReference? {
    let family = peer.address.family
    guard let local = peer.session?.local ?? ownAddresses(family).first else { return nil }
    let packet = FirewallPacket.bfd(
      from: local, to: peer.address, outInterface: peer.expected?.interface ?? facts.subject.interface,
      port: peer.port)
    return drop(of: packet, at: FirewallHook.leaving)
  }

  private func drop(of packet: FirewallPacket, at hooks: [FirewallHook]) -> RuleReference? {
    guard case .dropped(let rule)? = rules?.verdict(on: packet, at: hooks) else { return nil }
    return rule
  }

  /// What accepts BFD before the rule, or before a policy: the rule may drop what it should, too.
  func steps(against rule: RuleReference, port: UInt16) -> [RepairStep] {
    guard rule.source == .nftables else {
      let program = rule.family == .ip6 ? "ip6tables" : "iptables"
      let place = "-t \(rule.table) -I \(rule.chain)"
      return [RepairStep(command: inside("\(program) \(place) -p udp --dport \(port) -j ACCEPT"))]
    }
    let chain = "\(rule.family.rawValue) \(rule.table) \(rule.chain)"
    guard let handle = rule.position else {
      return [
        RepairStep(
          command: inside("nft insert rule \(chain) udp dport \(port) accept"),
          action: .acceptUDP(
            namespace: facts.subject.namespace, family: rule.family.rawValue, table: rule.table, chain: rule.chain,
            port: port))
      ]
    }
    return [
      RepairStep(
        command: inside("nft insert rule \(chain) position \(handle) udp dport \(port) accept"),
        action: .acceptUDPBefore(
          namespace: facts.subject.namespace, family: rule.family.rawValue, table: rule.table, chain: rule.chain,
          handle: handle, port: port))
    ]
  }
}

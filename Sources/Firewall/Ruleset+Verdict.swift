import Addresses

extension Ruleset {
  /// What happens to a packet at these hooks, one after the other: `FirewallHook.arriving`, `.leaving`, or one alone.
  ///
  /// Tables for bridges and ARP are not asked: they see no IP packet that is routed. What one rule marks, a later one
  /// may match. A packet that is sent elsewhere (dnat, redirect) is unknown: it does not arrive as it was.
  public func verdict(on packet: FirewallPacket, at hooks: [FirewallHook]) -> FirewallVerdict {
    guard let first = hooks.first else { return .accepted }
    var way = PacketOnItsWay(packet, from: first)
    var doubts: [FirewallDoubt] = []
    var isOpen = false
    for hook in hooks {
      way.hook = hook
      for (table, chain) in baseChains(at: hook) {
        var walk = ChainWalk(ruleset: self, table: tables[table])
        guard let outcome = walk.runBase(tables[table].chains[chain], way) else { continue }
        // What was doubtful before may only have dropped it sooner.
        if let drop = outcome.certainDrop { return isOpen ? .unknown(doubts) : .dropped(drop) }
        doubts += outcome.doubts
        isOpen = isOpen || outcome.isOpen
        guard let next = outcome.next else { return .unknown(doubts) }
        way = next
      }
    }
    return doubts.isEmpty ? .accepted : .unknown(doubts)
  }

  /// Indices of tables and chains, in the order the kernel asks them.
  private func baseChains(at hook: FirewallHook) -> [(Int, Int)] {
    var found: [(priority: Int, table: Int, chain: Int)] = []
    for (index, table) in tables.enumerated()
    where !table.isDormant && [.ip, .ip6, .inet, .netdev].contains(table.family) {
      for (number, chain) in table.chains.enumerated() where chain.base?.hook == hook {
        found.append((chain.base?.priority ?? 0, index, number))
      }
    }
    // Of equal priority, what was registered first is asked first.
    return found.sorted { ($0.priority, $0.table, $0.chain) < ($1.priority, $1.table, $1.chain) }
      .map { ($0.table, $0.chain) }
  }
}

/// One base chain's judgement of one packet.
struct ChainWalk {
  let ruleset: Ruleset
  let table: FirewallTable
  /// More rules than this are not looked at: chains that jump to each other can have no end.
  private var stepsLeft = 200_000
  private let chains: [String: FirewallChain]

  init(ruleset: Ruleset, table: FirewallTable) {
    self.ruleset = ruleset
    self.table = table
    chains = Dictionary(table.chains.map { ($0.name, $0) }) { first, _ in first }
  }

  /// What a base chain comes to.
  struct Outcome {
    /// Dropped whatever the doubtful rules do.
    var certainDrop: RuleReference?
    /// Doubts that change what happens.
    var doubts: [FirewallDoubt] = []
    /// Something may happen to it that is neither accept nor drop.
    var isOpen = false
    /// How the packet goes on if it does.
    var next: PacketOnItsWay?
  }

  /// Nil when the chain is not for this packet.
  mutating func runBase(_ chain: FirewallChain, _ packet: PacketOnItsWay) -> Outcome? {
    guard let base = chain.base, let device = isForDevice(base, packet), isForFamily(packet) else { return nil }
    var ends = Ends()
    let left = run(chain, packet, depth: 0, ends: &ends)
    if let left { end(left, by: base, of: chain, ends: &ends) }
    if device == .maybe, !ends.drops.isEmpty {
      let doubt = FirewallDoubt(
        rule: ends.drops[0].rule, reason: "which interface this chain is on", consequence: .dropped)
      return Outcome(doubts: [doubt], next: packet)
    }
    // Everything agrees: no doubt matters.
    guard let accepted = ends.accepted else {
      if ends.unknowns.isEmpty {
        return Outcome(certainDrop: (ends.drops.first { $0.doubt == nil } ?? ends.drops.first)?.rule)
      }
      return Outcome(doubts: ends.doubts, isOpen: true)
    }
    if ends.drops.isEmpty && ends.unknowns.isEmpty { return Outcome(next: accepted) }
    return Outcome(doubts: ends.doubts, isOpen: !ends.unknowns.isEmpty, next: accepted)
  }

  private func end(_ packet: PacketOnItsWay, by base: FirewallChain.Base, of chain: FirewallChain, ends: inout Ends)
  {
    if base.policy == .accept { return ends.accept(packet) }
    let rule = RuleReference(
      source: table.source, family: table.family, table: table.name, chain: chain.name, text: "policy drop",
      packets: base.policyPackets)
    ends.drops.append((rule, nil))
  }

  private enum Certainty { case yes, maybe }

  private func isForFamily(_ packet: PacketOnItsWay) -> Bool {
    switch table.family {
    case .ip: packet.packet.source.family == .ipv4
    case .ip6: packet.packet.source.family == .ipv6
    case .inet, .netdev: true
    case .arp, .bridge: false
    }
  }

  private func isForDevice(_ base: FirewallChain.Base, _ packet: PacketOnItsWay) -> Certainty? {
    guard base.hook == .ingress || base.hook == .egress else { return .yes }
    let name = base.hook == .ingress ? packet.packet.inInterface : packet.packet.outInterface
    guard let devices = base.devices, let name else { return .maybe }
    return devices.contains(name) ? .yes : nil
  }

  /// How the packet's way may end within a base chain.
  private struct Ends {
    var accepted: PacketOnItsWay?
    /// With the doubt on which it depends, nil when on none of this rule.
    var drops: [(rule: RuleReference, doubt: FirewallDoubt?)] = []
    var unknowns: [FirewallDoubt] = []
    /// Every rule that could not be judged, in order.
    var doubts: [FirewallDoubt] = []

    mutating func accept(_ packet: PacketOnItsWay) {
      if accepted == nil { accepted = packet } else { accepted?.merge(packet) }
    }
  }

  /// Takes a packet through a chain.
  /// - Returns: the packet as it comes out at the end or by a return; nil when it certainly does not.
  private mutating func run(
    _ chain: FirewallChain, _ packet: PacketOnItsWay, depth: Int, ends: inout Ends
  ) -> PacketOnItsWay? {
    var current = packet
    var returned: PacketOnItsWay?
    /// The packet as it leaves this chain, if it goes on here or has returned.
    func leaving(_ current: PacketOnItsWay?) -> PacketOnItsWay? {
      guard var current else { return returned }
      if let returned { current.merge(returned) }
      return current
    }
    for rule in chain.rules {
      stepsLeft -= 1
      // The kernel allows 16 jumps (NFT_JUMP_STACK_SIZE); deeper ones are no real ruleset.
      guard stepsLeft > 0, depth <= 64 else {
        let doubt = FirewallDoubt(
          rule: reference(rule, chain), reason: "so many rules and jumps", consequence: .unknown)
        ends.unknowns.append(doubt)
        ends.doubts.append(doubt)
        return leaving(current)
      }
      var step = RuleStep(rule: rule, packet: current, sets: table.sets)
      guard let reached = step.run() else { continue }
      let reference = reference(rule, chain)
      let doubt = step.doubt.map {
        FirewallDoubt(rule: reference, reason: $0, consequence: Self.consequence(reached.first?.action))
      }
      // More than one action: a look-up whose key has several values.
      var goesOn = reached.isEmpty || doubt != nil ? step.packet : nil
      if doubt != nil { goesOn?.merge(current) }
      if let doubt, !reached.isEmpty || step.mayEnd { ends.doubts.append(doubt) }
      if step.mayEnd, let doubt { ends.unknowns.append(doubt) }
      for (action, _) in reached {
        let packet = step.packet
        switch action {
        case .accept: ends.accept(packet)
        case .drop: ends.drops.append((reference, doubt))
        case .reject:
          var rejecting = reference
          rejecting.rejects = true
          ends.drops.append((rejecting, doubt))
        case .backToCaller:
          if returned == nil { returned = packet } else { returned?.merge(packet) }
        case .goOn:
          if goesOn == nil { goesOn = packet } else { goesOn?.merge(packet) }
        case .jump(let name), .goTo(let name):
          let back = enter(name, packet, depth: depth, from: reference, ends: &ends)
          guard let back else { break }
          if case .jump = action {
            if goesOn == nil { goesOn = back } else { goesOn?.merge(back) }
          } else if returned == nil {
            returned = back
          } else {
            returned?.merge(back)
          }
        }
      }
      guard let goesOn else { return returned }
      current = goesOn
    }
    return leaving(current)
  }

  private mutating func enter(
    _ name: String, _ packet: PacketOnItsWay, depth: Int, from rule: RuleReference, ends: inout Ends
  ) -> PacketOnItsWay? {
    guard let chain = chains[name] else {
      let doubt = FirewallDoubt(rule: rule, reason: "the chain \(name), which is not there", consequence: .unknown)
      ends.unknowns.append(doubt)
      ends.doubts.append(doubt)
      return packet
    }
    return run(chain, packet, depth: depth + 1, ends: &ends)
  }

  private static func consequence(_ action: Action?) -> FirewallDoubt.Consequence {
    switch action {
    case .accept: .accepted
    case .drop, .reject: .dropped
    default: .unknown
    }
  }

  private func reference(_ rule: FirewallRule, _ chain: FirewallChain) -> RuleReference {
    RuleReference(
      source: table.source, family: table.family, table: table.name, chain: chain.name, position: rule.position,
      text: rule.text, packets: rule.packets)
  }
}

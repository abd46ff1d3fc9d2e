import Cluster
import Addresses
import Firewall
import Languages

extension Check {
  /// Why each session that is not Up is not.
  static let sessionStates = Check(
    .speaker,
    [
      .notAllowed, .filteredOutside, .lowTTL, .staleDiscriminator, .neverHeard, .heldHere, .heldThere,
      .authentication, .notHeardThere, .stranger, .detectionExpired, .neighborSignaledDown, .pathDown, .echoFailed,
      .forwardingReset, .malformed, .wrongPort, .toldToBeSilent
    ]
  ) { facts, examination in
    guard let view = SpeakerView.make(facts, &examination, withRules: true), view.sessionsCanBeJudged(&examination)
    else { return }
    for peer in view.cases {
      if let finding = view.finding(about: peer), finding.id != .firewalled { examination.found(finding) }
    }
  }

  /// BFD that is thrown away by this node's own rules.
  static let sessionFirewall = Check(.firewall, [.firewalled]) { facts, examination in
    guard let view = SpeakerView.make(facts, &examination, withRules: true) else { return }
    guard view.speaker.sessionsAreKnown else { return examination.notRelevant() }
    view.requireRules(&examination)
    var found: [Finding] = []
    for peer in view.cases {
      guard let finding = view.finding(about: peer), finding.id == .firewalled else { continue }
      // One rule is one finding, however many peers it keeps out.
      if let index = found.firstIndex(where: { !$0.remedy.steps.isEmpty && $0.remedy == finding.remedy }) {
        found[index].join(finding)
      } else {
        found.append(finding)
      }
    }
    for finding in found { examination.found(finding) }
  }
}

extension Finding {
  /// Takes in the same finding about another peer.
  fileprivate mutating func join(_ other: Finding) {
    let peers = [parameters["peer"], other.parameters["peer"]].compactMap { $0 }
    parameters["peer"] = peers.joined(separator: ", ")
    for item in other.evidence where !evidence.contains(item) && evidence.count < 12 { evidence.append(item) }
  }
}

extension SpeakerView {
  /// False when there is no speaker to judge, with a gap where there is one that cannot be asked.
  fileprivate func sessionsCanBeJudged(_ examination: inout Examination) -> Bool {
    _ = examination.require(speaker.wire, Words("BFD packets on the wire", zh: "线路上的 BFD 报文"))
    guard !speaker.sessionsAreKnown else { return true }
    if let holder = speaker.listeners.first {
      examination.couldNotLook(
        at: Words("BFD sessions", zh: "BFD 会话"),
        "\(holder.holder) speaks BFD here and is not asked; FRR: `vtysh -c 'show bfd peers'`, BIRD: "
          + "`birdc show bfd sessions`")
    } else {
      examination.notRelevant()
    }
    return false
  }

  /// The one thing that keeps a session from being Up, the closest cause first; nil when it is Up, or just coming.
  func finding(about peer: PeerCase) -> Finding? {
    if peer.session?.state == .up { return nil }
    return held(peer) ?? heldAtPeer(peer) ?? silenced(peer) ?? discarded(peer) ?? unheard(peer) ?? down(peer)
  }

  // MARK: Out of service

  /// By an operator here.
  private func held(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session, session.state == .adminDown || session.hold != nil else { return nil }
    let name = session.name ?? session.peer.description
    let steps: [RepairStep] =
      switch session.hold {
      case "drained": [RepairStep(command: "everway undrain\(isWholeNode ? "" : " \(name)")")]
      case "suspended": [beaconStep(["session", "\(session.id ?? 0)", "resume"])]
      default:
        session.source == "everway" ? [] : [beaconStep(["session", "\(session.id ?? 0)", "state", "up"])]
      }
    return make(
      .heldHere, peer, ["hold": session.hold ?? "shut down"], [evidence(session)], steps.map(Self.withoutAction))
  }

  private var isWholeNode: Bool { speaker.gateway.value?.isDrained ?? false }

  /// What an operator has decided is not undone by a program.
  private static func withoutAction(_ step: RepairStep) -> RepairStep {
    RepairStep(step.words, command: step.command)
  }

  /// By an operator at the peer.
  private func heldAtPeer(_ peer: PeerCase) -> Finding? {
    let session = peer.session
    let said = peer.heard?.packet
    guard
      said?.state == .adminDown || (session?.isHeard == true && session?.remoteState == .adminDown)
        || (said == nil && session?.cause == "neighbor-administratively-down")
        || (said == nil && session?.diagnostic == 3 && session?.causeDiagnostic == 7)
    else { return nil }
    return make(.heldThere, peer, [:], clues(peer))
  }

  /// One end told the other to send nothing.
  private func silenced(_ peer: PeerCase) -> Finding? {
    let theirs = peer.heard?.packet?.requiredMinRx ?? (peer.isAccepted ? peer.session?.remoteMinRx : nil)
    let ours = peer.outgoing.last?.packet?.requiredMinRx ?? peer.session?.requiredMinRx
    guard theirs == 0 || ours == 0 else { return nil }
    var steps: [RepairStep] = []
    if ours == 0, peer.session?.source == "bfdd-beacon" || speaker.beacon.value != nil {
      steps = [beaconStep(["session", "all", "set", "minrx", "1000", "ms"])]
    }
    return make(
      .toldToBeSilent, peer, ["end": ours == 0 ? place : peer.address.description], clues(peer), steps,
      repair: steps.isEmpty ? .manual : .guarded)
  }

  // MARK: Packets come, and do not count

  private func discarded(_ peer: PeerCase) -> Finding? {
    guard !peer.incoming.isEmpty, !peer.isAccepted else { return nil }
    if peer.expected == nil && peer.session == nil {
      return make(.stranger, peer, strangerParameters(peer), clues(peer))
    }
    guard let flow = peer.incoming.last(where: { $0.port == peer.port }) else {
      let port = peer.incoming[0].port
      return make(.wrongPort, peer, ["port": "\(port)", "wanted": "\(peer.port)"], clues(peer))
    }
    if let fault = flow.fault { return make(.malformed, peer, ["fault": fault], clues(peer)) }
    if isTooFar(peer, flow) {
      let parameters = ["ttl": "\(flow.timeToLive)", "least": "\(leastTTL)"]
      return make(.lowTTL, peer, parameters, clues(peer), ttlSteps)
    }
    guard let packet = flow.packet else { return nil }
    if let finding = authenticationFinding(peer, packet) { return finding }
    if packet.yourDiscriminator != 0, !ownDiscriminators.contains(packet.yourDiscriminator) {
      return staleDiscriminator(peer, packet)
    }
    if let rule = drop(of: flow) { return firewallFinding(peer, rule, isOurs: false) }
    if peer.session == nil, speaker.beacon.value != nil, speaker.gateway.value == nil {
      return make(
        .notAllowed, peer, [:], clues(peer), [beaconStep(["allow", peer.address.description])],
        certainty: peer.outgoing.isEmpty ? .likely : .possible)
    }
    let elsewhere = ["wrong-destination", "wrong-interface", "wrong-domain", "no-session", "wrong-port"]
    if let reason = elsewhere.first(where: { speaker.gateway.value?.discardsMeanwhile[$0] ?? 0 > 0 }) {
      return make(
        .wrongPort, peer, ["port": "\(flow.port)", "wanted": "\(peer.port)"],
        clues(peer) + [Evidence("everway status", "discarded meanwhile: \(reason)")])
    }
    // Seen on the interface, and the speaker knows nothing of it: something between the two takes it.
    guard flow.count > 1 else { return nil }
    return make(.firewalled, peer, ["port": "\(flow.port)"], clues(peer), certainty: .likely)
  }

  /// Whether the speaker throws the packets away for their TTL.
  private func isTooFar(_ peer: PeerCase, _ flow: SpeakerFacts.Flow) -> Bool {
    if let gateway = speaker.gateway.value {
      return flow.timeToLive < 255 && gateway.discardsMeanwhile["time-to-live"] ?? 0 > 0
    }
    return !peer.isMultihop && flow.timeToLive < leastTTL
  }

  /// The least TTL that the speaker here takes, as far as that can be told.
  private var leastTTL: UInt8 {
    speaker.beacon.value?.isEverway == true && speaker.gateway.value == nil ? 254 : 255
  }

  private var ttlSteps: [RepairStep] {
    guard speaker.gateway.value == nil else {
      return [
        RepairStep(
          Words(
            "In the configuration, set `minimum-ttl: 254` for this peer, or `multihop: true` when it is further away",
            zh: "在配置里为该对端设置 `minimum-ttl: 254`；若相隔更远，用 `multihop: true`"), command: "everway reload")
      ]
    }
    return [
      RepairStep(
        Words(
          "Start the beacon with EVERWAY_BFDD_MIN_TTL set to the TTL that arrives, where the path is what it should be",
          zh: "若路径本应如此，启动 beacon 时把 EVERWAY_BFDD_MIN_TTL 设为实际到达的 TTL"))
    ]
  }

  private func strangerParameters(_ peer: PeerCase) -> [String: String] {
    ["interface": peer.incoming.last?.interface ?? "?"]
  }

  private func authenticationFinding(_ peer: PeerCase, _ packet: SpeakerFacts.Packet) -> Finding? {
    let counted = (speaker.gateway.value?.discardsMeanwhile ?? [:]).filter {
      $0.key.hasPrefix("authentication-") && $0.value > 0
    }
    let ours = peer.session?.isAuthenticated
    // OpenBFDD has no authentication.
    let weHave = ours ?? (speaker.gateway.value == nil ? false : nil)
    guard !counted.isEmpty || weHave.map({ $0 != packet.isAuthenticated }) ?? false else { return nil }
    let theirs = packet.isAuthenticated
    let mismatch = counted.keys.sorted().joined(separator: ", ")
    var all = clues(peer)
    all.append(Evidence(wireSource, "authentication bit of the peer: \(theirs ? "set" : "clear")"))
    if !mismatch.isEmpty { all.append(Evidence("everway status", "discarded meanwhile: \(mismatch)")) }
    return make(
      .authentication, peer,
      ["theirs": theirs ? "yes" : "no", "ours": weHave.map { $0 ? "yes" : "no" } ?? "?"], all,
      certainty: counted.isEmpty ? .likely : .certain)
  }

  private func staleDiscriminator(_ peer: PeerCase, _ packet: SpeakerFacts.Packet) -> Finding {
    make(
      .staleDiscriminator, peer, ["discriminator": "\(packet.yourDiscriminator)"], clues(peer),
      [
        RepairStep(
          Words("Where the peer is OVN, make its row anew", zh: "若对端是 OVN，重建该行"),
          command: "ovn-nbctl --columns=_uuid,logical_port,dst_ip,status find BFD"),
        RepairStep(
          Words(
            "Clear `bfd` of the static routes that name the row, destroy the row, create it with the same "
              + "logical_port and dst_ip, and set it in the routes again",
            zh: "先清除引用它的静态路由的 bfd 字段，销毁该行，用相同的 logical_port、dst_ip 重建，再写回路由"),
          command: "ovn-nbctl clear logical_router_static_route ROUTE bfd -- destroy bfd UUID")
      ])
  }

  // MARK: Nothing comes

  private func unheard(_ peer: PeerCase) -> Finding? {
    guard speaker.wire.value != nil, peer.incoming.isEmpty, !peer.isAccepted else { return nil }
    if peer.outgoing.isEmpty, let rule = dropOfOurs(to: peer) { return firewallFinding(peer, rule, isOurs: true) }
    if peer.outgoing.isEmpty, peer.session?.sendError?.contains("not permitted") == true {
      return make(.firewalled, peer, ["port": "\(peer.port)"], clues(peer), certainty: .likely)
    }
    if peer.session?.wasUp == true { return nil }
    // A session that has just been made has had no time.
    guard (peer.session?.secondsInState ?? 60) > 3 else { return nil }
    if let (node, near) = nodesApart(peer.address) {
      return make(
        .filteredOutside, peer, [:],
        clues(peer) + [Evidence("OVN", "its port is on \(node); that of \(near), which is Up, is here")],
        certainty: .likely)
    }
    var steps: [RepairStep] = []
    if peer.session == nil, speaker.beacon.value != nil, peer.outgoing.isEmpty {
      steps = [beaconStep(["allow", peer.address.description])]
    }
    steps.append(RepairStep(command: "everway probe \(peer.address)"))
    return make(.neverHeard, peer, [:], clues(peer), steps)
  }

  // MARK: Down

  private func down(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session else { return nil }
    let said = peer.heard?.packet?.diagnostic ?? (session.isHeard ? session.remoteDiagnostic : nil)
    let remote = said ?? session.causeDiagnostic ?? 0
    let parameters = [
      "diagnostic": BFDDiagnostic.text(session.diagnostic), "remoteDiagnostic": BFDDiagnostic.text(remote),
      "detection": session.detectionTime.map(microseconds) ?? "?"
    ]
    func found(_ id: FindingID, _ certainty: Certainty = .certain) -> Finding {
      make(id, peer, parameters, clues(peer), certainty: certainty)
    }
    // What an end says of the path behind it counts more than that the other believed it.
    for code in [remote, session.diagnostic] {
      switch code {
      case 5, 6, 8: return found(.pathDown)
      case 4: return found(.forwardingReset)
      case 2: return found(.echoFailed)
      default: break
      }
    }
    if isOneWay(peer, session) { return found(.notHeardThere) }
    switch session.diagnostic {
    case 1: return found(.detectionExpired)
    case 3: return found(.neighborSignaledDown)
    default:
      // It hears us and stays Down, for longer than a handshake takes.
      if session.state == .`init`, (session.secondsInState ?? 60) > 3 {
        return found(.neighborSignaledDown, .likely)
      }
      guard session.wasUp else { return nil }
      return found(.detectionExpired, .possible)
    }
  }

  /// We hear the peer, it does not hear us: for longer than a handshake takes. A peer that says our discriminator in
  /// Down hears us, and stays down for a reason of its own.
  private func isOneWay(_ peer: PeerCase, _ session: SpeakerFacts.Session) -> Bool {
    guard session.isHeard, (session.secondsInState ?? 60) > 3 else { return false }
    switch session.state {
    case .`init`: return peer.heard?.packet.map { $0.yourDiscriminator == 0 } ?? true
    case .down: return session.remoteState == .up
    default: return false
    }
  }

  // MARK: Making

  private func clues(_ peer: PeerCase) -> [Evidence] {
    var all = peer.session.map { [evidence($0)] } ?? []
    if peer.session == nil, speaker.sessionsAreKnown {
      let command = speaker.gateway.value == nil ? inside("bfdd-control status") : "everway status"
      all.append(Evidence(command, "no session with \(peer.address)"))
    }
    all += peer.incoming.map(evidence)
    if speaker.wire.value != nil, peer.incoming.isEmpty { all.append(nothingHeard) }
    if speaker.wire.value != nil {
      all +=
        peer.outgoing.isEmpty ? [Evidence(wireSource, "nothing sent to it")] : peer.outgoing.prefix(1).map(evidence)
    }
    return all
  }

  private func make(
    _ id: FindingID, _ peer: PeerCase, _ parameters: [String: String], _ evidence: [Evidence],
    _ steps: [RepairStep] = [], certainty: Certainty = .certain, repair: RepairClass? = nil
  ) -> Finding {
    let common = ["peer": peer.address.description, "namespace": place]
    return Finding(
      id, peer.session?.name ?? peer.address.description, certainty: certainty,
      parameters: parameters.merging(common) { given, _ in given }, evidence: evidence, steps: steps, repair: repair
    )
  }

  private func firewallFinding(_ peer: PeerCase, _ rule: RuleReference, isOurs: Bool) -> Finding {
    var finding = make(
      .firewalled, peer, ["port": "\(peer.port)"],
      [Evidence("firewall of \(place), \(isOurs ? "leaving" : "arriving")", rule.description)] + clues(peer),
      steps(against: rule, port: peer.port))
    finding.subject = "\(rule.family.rawValue) \(rule.table) \(rule.chain)"
    return finding
  }
}

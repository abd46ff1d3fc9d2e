import Firewall
import Languages

/// What the evidence of a probe means. Pure: the same evidence always gives the same verdict.
///
/// What was seen on the wire counts more than what a rule says, and what a host says of itself (port unreachable) more
/// than its silence, which several things explain: they are all listed, the likeliest first.
public func judge(_ evidence: ProbeEvidence) -> ProbeVerdict {
  let judgement = ProbeJudgement(evidence)
  return judgement.verdict()
}

struct ProbeJudgement {
  let evidence: ProbeEvidence
  var bfd: ProbeEvidence.BFD { evidence.bfd }

  init(_ evidence: ProbeEvidence) { self.evidence = evidence }

  var isNeighbourThere: Bool { evidence.neighbour.map { !$0.linkAddresses.isEmpty } ?? false }
  var isOnLink: Bool { evidence.route.gateway == nil }
  var isReachable: Bool {
    bfd.arrived > 0 || bfd.portUnreachable > 0 || evidence.echo.received > 0 || isOnLink && isNeighbourThere
  }
  /// Whether a session is Up: ours, or that of the program whose port it is.
  var isUp: Bool {
    bfd.state == "up" || bfd.holder?.sessionState == "up" || bfd.way == .watched && bfd.last?.state == "up"
  }

  func verdict() -> ProbeVerdict {
    let outcome: ProbeVerdict.Outcome =
      isUp ? .up : bfd.arrived > 0 ? .speaks : isReachable ? .silent : .unreachable
    let causes: [ProbeCause] =
      switch outcome {
      case .up: remarks()
      case .speaks: ownSide() + speaking() + remarks()
      case .silent: ownSide() + silent() + remarks()
      case .unreachable: ownSide() + unreachable()
      }
    // Stable: what was put first of equal likelihood stays first.
    let ordered = causes.enumerated().sorted {
      ($0.element.likelihood, $0.offset) < ($1.element.likelihood, $1.offset)
    }
    return ProbeVerdict(outcome: outcome, headline: headline(outcome), causes: ordered.map(\.element))
  }

  private func headline(_ outcome: ProbeVerdict.Outcome) -> Words {
    let values = ["address": evidence.address]
    switch outcome {
    case .up where bfd.state != "up":
      return Words(
        "{address} speaks BFD: it is Up with the program that holds the port here",
        zh: "{address} 支持 BFD：它与本机占用该端口的程序之间的会话为 Up"
      ).filled(values)
    case .up:
      return Words("{address} speaks BFD: a session came Up", zh: "{address} 支持 BFD：会话已 Up").filled(values)
    case .speaks:
      return Words(
        "{address} speaks BFD, but no session came Up", zh: "{address} 会发送 BFD 报文，但会话没有 Up"
      ).filled(values)
    case .silent where bfd.portUnreachable > 0:
      return Words(
        "{address} is alive, and says itself that nobody listens for BFD there",
        zh: "{address} 可达，并且它自己回答：那里没有程序在监听 BFD 端口"
      ).filled(values)
    case .silent:
      return Words(
        "{address} is alive, but no BFD was heard from it", zh: "{address} 可达，但没有收到它的 BFD 报文"
      ).filled(values)
    case .unreachable:
      return Words("nothing was heard from {address}", zh: "没有收到 {address} 的任何应答").filled(values)
    }
  }

  // MARK: Our own side

  /// What is wrong here: it comes before anything that is said of the peer.
  private func ownSide() -> [ProbeCause] {
    var causes: [ProbeCause] = []
    let unheard = bfd.way == .session && bfd.arrived > 0 && bfd.heard == 0
    let unsent = bfd.way == .session && bfd.sent > 0 && bfd.left == 0
    if case .dropped(let rule)? = evidence.firewall.incomingBFD {
      causes.append(ownDrop(.ownFirewallIn, unheard ? .certain : .likely, rule, isIncoming: true))
    } else if unheard {
      causes.append(unexplainedDrop())
    }
    if case .dropped(let rule)? = evidence.firewall.outgoingBFD {
      causes.append(
        ownDrop(.ownFirewallOut, unsent || bfd.sendError != nil ? .certain : .likely, rule, isIncoming: false))
    } else if let error = bfd.sendError {
      causes.append(
        ProbeCause(
          .sendRefused, .certain,
          Words(
            "the kernel here refuses to send our BFD packets: look at routes, policy rules and output rules",
            zh: "本机内核拒绝发送我们的 BFD 报文：请检查路由、策略路由和 output 规则"), evidence: [error]))
    }
    let doubts = [evidence.firewall.incomingBFD, evidence.firewall.outgoingBFD].flatMap {
      verdict -> [FirewallDoubt] in
      if case .unknown(let doubts)? = verdict { doubts } else { [] }
    }
    if !doubts.isEmpty {
      causes.append(
        ProbeCause(
          .ownFirewallUnknown, unheard ? .likely : .possible,
          Words(
            "our own rules may drop BFD: some of them cannot be judged from outside of the kernel",
            zh: "本机防火墙规则可能丢弃 BFD 报文：其中有的规则无法在内核之外判断"),
          evidence: doubts.map(\.description)))
    }
    if case .dropped(let rule)? = evidence.firewall.nodeForward {
      causes.append(
        ProbeCause(
          .nodeFirewall, .possible,
          Words(
            "the node's own rules drop forwarded BFD; this matters only if the namespace's packets are routed or "
              + "bridged through the node",
            zh: "节点自身的规则会丢弃被转发的 BFD 报文；只有当该命名空间的报文经节点路由或桥接转发时才有影响"),
          evidence: [rule.description]))
    }
    if let count = evidence.counters["IPReversePathFilter"], count > 0 {
      causes.append(
        ProbeCause(
          .reversePath, unheard ? .certain : .likely,
          Words(
            "the kernel here drops packets whose way back leads out of another interface: set rp_filter to 2 (loose) "
              + "on the interface and on `all`",
            zh: "本机内核丢弃了反向路由指向其他接口的报文：请把该接口和 all 的 rp_filter 设为 2（宽松模式）"),
          evidence: ["IPReversePathFilter +\(count)"]))
    }
    return causes
  }

  private func unexplainedDrop() -> ProbeCause {
    ProbeCause(
      .ownFirewallIn, .likely,
      Words(
        "the peer's BFD packets reach our interface but not our socket: something here drops them (rules that could "
          + "not be read, rp_filter, a wrong checksum, eBPF)",
        zh: "对端的 BFD 报文到达了本机接口，却没有到达套接字：本机有东西丢弃了它们（读不到的规则、rp_filter、校验和错误或 eBPF）"),
      evidence: ["\(bfd.arrived) on the interface, 0 at the socket"] + evidence.gaps)
  }

  private func ownDrop(
    _ kind: ProbeCause.Kind, _ likelihood: ProbeCause.Likelihood, _ rule: RuleReference, isIncoming: Bool
  ) -> ProbeCause {
    let words =
      isIncoming
      ? Words(
        "our own firewall drops the peer's BFD packets: let UDP port {port} in, before this rule",
        zh: "本机防火墙丢弃了对端的 BFD 报文：请在该规则之前放行 UDP 端口 {port}")
      : Words(
        "our own firewall drops the BFD packets that we send: let UDP port {port} out, before this rule",
        zh: "本机防火墙丢弃了我们发出的 BFD 报文：请在该规则之前放行发往 UDP 端口 {port} 的报文")
    let seen =
      isIncoming
      ? "\(bfd.arrived) on the interface, \(bfd.heard) at the socket"
      : "\(bfd.sent) given to the kernel, \(bfd.left) left on the interface"
    return ProbeCause(kind, likelihood, words.filled(["port": "\(bfd.port)"]), evidence: [rule.description, seen])
  }

  // MARK: Remarks on a peer that is there

  private func remarks() -> [ProbeCause] {
    var causes: [ProbeCause] = []
    if let holder = bfd.holder {
      let who = [holder.program, holder.pid.map { "pid \($0)" }].compactMap(\.self).joined(separator: ", ")
      causes.append(
        ProbeCause(
          .portTaken, bfd.way == .session ? .possible : .certain,
          Words(
            "UDP port {port} is held here by {who}: this probe has not taken part in its sessions, only watched",
            zh: "本机 UDP 端口 {port} 由 {who} 占用：本次探测没有介入它的会话，只做了观察"
          ).filled(["port": "\(bfd.port)", "who": who.isEmpty ? "?" : who]),
          evidence: holder.sessionState.map { ["its session with this peer is \($0)"] } ?? []))
    }
    if let packet = bfd.last, !evidence.isMultihop, packet.ttl != 255 {
      causes.append(
        ProbeCause(
          .timeToLive, .certain,
          Words(
            "its packets arrive with TTL {ttl} instead of 255: it is a router further away (Kube-OVN's bfd@vpc ports "
              + "are, with 254), so everway's peer needs `minimum-ttl: {ttl}`; RFC 5881 speakers discard them",
            zh: "它的报文到达时 TTL 为 {ttl}，不是 255：中间多一跳（Kube-OVN 的 bfd@vpc 端口就是 254），"
              + "everway 的 peer 需要 `minimum-ttl: {ttl}`；严格遵守 RFC 5881 的实现会丢弃这种报文"
          ).filled(["ttl": "\(packet.ttl)"]), evidence: ["TTL \(packet.ttl)"]))
    }
    if let neighbour = evidence.neighbour, neighbour.linkAddresses.count > 1 {
      causes.append(
        ProbeCause(
          .twoNeighbours, .certain,
          Words(
            "two hosts answer for {address}: an address in use twice, or a router pair that is not one",
            zh: "有两台主机应答 {address}：地址冲突，或者路由器主备没有正确配成一个"
          ).filled(["address": neighbour.address]), evidence: neighbour.linkAddresses))
    }
    if !evidence.isMultihop, let gateway = evidence.route.gateway {
      causes.append(
        ProbeCause(
          .multihopNeeded, isUp ? .certain : .likely,
          Words(
            "{address} is not on our link but behind {gateway}: BFD over several hops has another port (4784); try "
              + "`--multihop`, and configure the peer so at both ends",
            zh: "{address} 不在本链路上，而在 {gateway} 之后：多跳 BFD 使用另一个端口（4784）；请加 --multihop 重试，两端都要按多跳配置"
          ).filled(["address": evidence.address, "gateway": gateway]), evidence: ["via \(gateway)"]))
    }
    if evidence.isMultihop, evidence.route.gateway == nil, !isUp, bfd.arrived == 0 {
      causes.append(
        ProbeCause(
          .onTheLink, .likely,
          Words(
            "{address} is on our own link: BFD over one hop (port 3784, without --multihop) is what is usual there",
            zh: "{address} 就在本链路上：通常使用单跳 BFD（端口 3784，不加 --multihop）"
          ).filled(["address": evidence.address])))
    }
    return causes
  }
}

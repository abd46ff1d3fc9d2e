import Languages

extension ProbeJudgement {
  /// It sends BFD, but no session came Up.
  func speaking() -> [ProbeCause] {
    guard let packet = bfd.last else { return [] }
    var causes: [ProbeCause] = []
    let seen = ["state \(packet.state), diagnostic \(packet.diagnostic)"]
    if packet.authenticationType != 0 {
      causes.append(
        ProbeCause(
          .authentication, .certain,
          Words(
            "the peer's packets are authenticated (type {type}): both ends need the same key; see `authentication` of "
              + "a peer in docs/configuration.md",
            zh: "对端报文带认证（类型 {type}）：两端需要相同的密钥；见 docs/configuration.md 中 peer 的 authentication"
          ).filled(["type": "\(packet.authenticationType)"]), evidence: seen))
    }
    if packet.state == "adminDown" {
      causes.append(
        ProbeCause(
          .adminDown, .certain,
          Words(
            "an operator has shut the session down at the peer (AdminDown): enable it there",
            zh: "对端的会话被管理员关闭（AdminDown）：请在对端启用"), evidence: seen))
    }
    if packet.requiredMinRxMicroseconds == 0 {
      causes.append(
        ProbeCause(
          .minRxZero, .certain,
          Words(
            "the peer wants no packets (required min RX 0): it is stopping, or set so",
            zh: "对端声明不接收报文（Required Min RX 为 0）：它正在退出，或者就是这样配置的"), evidence: seen))
    }
    if packet.yourDiscriminator != 0, packet.yourDiscriminator != bfd.localDiscriminator, bfd.way == .session,
      bfd.arrivedForUs == 0
    {
      causes.append(
        ProbeCause(
          .staleDiscriminator, .likely,
          Words(
            "the peer still answers an older session of ours: wait until its detection time is over, and try again. "
              + "OVN keeps a stale discriminator for ever: recreate its BFD row",
            zh: "对端仍在应答我们过去的会话：请等它的检测时间过去后再试。OVN 会一直保留旧的 discriminator：请重建其 BFD 记录"),
          evidence: ["your discriminator \(packet.yourDiscriminator), ours is \(bfd.localDiscriminator)"]))
    } else if bfd.arrivedForUs == 0, bfd.way != .watched, packet.state == "down" {
      causes.append(
        ProbeCause(
          .peerDoesNotHear, bfd.left > 0 ? .likely : .possible,
          Words(
            "the peer speaks but does not hear us: its packets never name our discriminator. Something between drops "
              + "ours (UDP {port}), or its firewall does, or it wants another source address",
            zh: "对端在发送，但收不到我们的报文：它的报文里从未出现我们的 discriminator。"
              + "中间设备或对端防火墙丢弃了我们的报文（UDP {port}），或者它要求别的源地址"
          ).filled(["port": "\(bfd.port)"]), evidence: ["\(bfd.arrived) packets, none with our discriminator"]))
    }
    if causes.isEmpty {
      causes.append(
        ProbeCause(
          .slow, .possible,
          Words(
            "the two ends were still talking when time was up: try again with a longer `--duration`",
            zh: "时间到时双方仍在协商：请用更长的 --duration 重试"), evidence: seen))
    }
    return causes
  }

  /// The host lives, and says nothing in BFD.
  func silent() -> [ProbeCause] {
    if bfd.portUnreachable > 0 {
      return [
        ProbeCause(
          .noDaemon, .certain,
          Words(
            "the host itself answers \"port unreachable\" to UDP {port}: no BFD daemon listens there. Start one (FRR: "
              + "bfdd=yes; BIRD: protocol bfd; OpenBFDD: bfdd-beacon), in the right VRF or namespace, or judge it by "
              + "ICMP or ARP",
            zh: "对端主机自己对 UDP {port} 回答“端口不可达”：那里没有 BFD 程序在监听。请在正确的 VRF 或命名空间里启动一个"
              + "（FRR：bfdd=yes；BIRD：protocol bfd；OpenBFDD：bfdd-beacon），或者改用 ICMP 或 ARP 检测"
          ).filled(["port": "\(bfd.port)"]), evidence: ["\(bfd.portUnreachable) x port unreachable"])
      ]
    }
    var causes: [ProbeCause] = []
    if !bfd.errors.isEmpty {
      causes.append(
        ProbeCause(
          .prohibited, .certain,
          Words(
            "something on the way, or the host's own firewall, refuses our BFD packets: let UDP {port} through there",
            zh: "途中设备或对端防火墙拒绝了我们的 BFD 报文：请在那里放行 UDP {port}"
          ).filled(["port": "\(bfd.port)"]), evidence: bfd.errors))
    }
    let wasAsked = bfd.way == .session || bfd.way == .beside
    guard wasAsked else { return causes }
    let values = ["port": "\(bfd.port)", "source": evidence.route.source ?? "?"]
    // No "port unreachable" from a host that answers pings: something holds the port, or drops the packet.
    causes += [
      ProbeCause(
        .notConfigured, .likely,
        Words(
          "a BFD daemon runs there but does not know us: FRR and BIRD answer only peers they are configured for. "
            + "Configure {source} as a peer, over the same number of hops",
          zh: "那里有 BFD 程序，但不认识我们：FRR 和 BIRD 只应答已配置的 peer。请在对端把 {source} 配为 peer，单跳/多跳要一致"
        ).filled(values)),
      ProbeCause(
        .passivePeer, .likely,
        Words(
          "it is passive and has us not on its list: OpenBFDD (Kube-OVN's gateway daemon) never answers a stranger; "
            + "there: `bfdd-control allow {source}`",
          zh: "对端是被动模式且未允许我们：OpenBFDD（Kube-OVN 网关使用的程序）从不应答陌生地址；请在那里执行 bfdd-control allow {source}"
        ).filled(values)),
      ProbeCause(
        .ovnPort, .possible,
        Words(
          "it is a router port of OVN: that answers only when a row of the NB table BFD has this logical port and "
            + "dst_ip {source}, when something references the row (else it is admin_down), and when our packets name "
            + "its discriminator, as everway's `compatibility: ovn` does",
          zh: "它是 OVN 逻辑路由器端口：只有当 NB 库 BFD 表中有该 logical_port 且 dst_ip 为 {source} 的记录、该记录被引用（否则为 admin_down），"
            + "并且我们的报文带有它的 discriminator 时才会应答；everway 的 `compatibility: ovn` 就是这样做的"
        ).filled(values)),
      ProbeCause(
        .noBFD, .possible,
        Words(
          "it has no BFD, and does not say so: many routers send no \"port unreachable\", or only few",
          zh: "它不支持 BFD，也不作说明：很多路由器不发送“端口不可达”，或者限制其数量")),
      ProbeCause(
        .silentFilter, .possible,
        Words(
          "a firewall, an access list or a security group at the peer or on the way drops UDP {port} without a word",
          zh: "对端或途中的防火墙、ACL 或安全组静默丢弃了 UDP {port}"
        ).filled(values))
    ]
    return causes
  }

  /// Nothing of it was heard.
  func unreachable() -> [ProbeCause] {
    if let problem = evidence.route.problem {
      return [
        ProbeCause(
          evidence.route.interface == nil ? .noRoute : .interfaceProblem, .certain,
          Words(
            "nothing can be sent to {address} from here: see the routes, addresses and links of this namespace",
            zh: "从这里无法向 {address} 发送：请检查该命名空间的路由、地址和链路"
          ).filled(["address": evidence.address]), evidence: [problem])
      ]
    }
    if let neighbour = evidence.neighbour, neighbour.linkAddresses.isEmpty {
      return [
        ProbeCause(
          .noNeighbour, .certain,
          Words(
            "nobody answers for {address} on {interface}: the address is wrong, the host is off, or the link leads "
              + "elsewhere (VLAN, trunk, anti-spoofing, cable)",
            zh: "{interface} 上没有主机应答 {address}：地址写错、主机关机，或链路不通（VLAN、trunk、防欺骗、线缆）"
          ).filled(["address": neighbour.address, "interface": evidence.route.interface ?? "?"]),
          evidence: ["\(neighbour.asked) questions, no answer"])
      ]
    }
    var causes: [ProbeCause] = []
    let errors = evidence.echo.errors + bfd.errors
    causes.append(
      ProbeCause(
        .hostDown, errors.isEmpty ? .likely : .certain,
        Words("the host is down, or a router on the way cannot reach it", zh: "主机关机，或途中的路由器到不了它"),
        evidence: errors))
    causes.append(
      ProbeCause(
        .filteredBeyond, .possible,
        Words(
          "a firewall on the way or at the host drops ICMP and UDP {port}",
          zh: "途中或对端的防火墙丢弃了 ICMP 和 UDP {port}"
        ).filled(["port": "\(bfd.port)"])))
    return causes
  }
}

import Languages

extension Catalogue {
  /// Those that a diagnostic or a discarded packet tells.
  static let sessionDiagnosticEntries: [CatalogueEntry] = [
    CatalogueEntry(
      .neighborSignaledDown, .speaker, .error, .manual,
      title: Words(
        "{peer} took the session down",
        zh: "{peer} 使会话 Down"),
      symptom: Words(
        "Down, diagnostic 3, Neighbor Signaled Session Down; the peer says {remoteDiagnostic}.",
        zh: "Down，诊断 3（Neighbor Signaled Session Down）；对端的诊断为 {remoteDiagnostic}。"),
      cause: Words(
        """
        The peer noticed first. With its diagnostic 1 it did not hear us: our packets were late or lost on the \
        way to it. With 0 its process was restarted, or an operator reset the session.
        """,
        zh: "对端先发现。若它的诊断为 1，说明它没听到我方：我方报文延迟或在途中丢失。若为 0，是它的进程重启，或有人重置了会话。"),
      detection: Words(
        "Both diagnostics.",
        zh: "两端的诊断码。"),
      fix: Words(
        """
        Peer's diagnostic 1: look at this node's outgoing side, its CPU limits and scheduling, and the path to \
        the peer. Otherwise look at the peer's log.
        """,
        zh: "对端诊断为 1：检查本节点的发送侧、CPU 限额与调度，以及到对端的路径。否则看对端日志。"),
      tested: .live("SpeakerFailures.thePeerSaysWhy"),
      examples: ["peer": "10.204.0.1", "remoteDiagnostic": "1 Control Detection Time Expired"]),
    CatalogueEntry(
      .pathDown, .speaker, .error, .manual,
      title: Words(
        "What lies behind an end is down",
        zh: "某一端后面的路径不通"),
      symptom: Words(
        """
        Down, with diagnostic Path Down or Concatenated Path Down: here {diagnostic}, {peer} \
        {remoteDiagnostic}.
        """,
        zh: "Down，诊断为 Path Down 或 Concatenated Path Down：本端 {diagnostic}，{peer} {remoteDiagnostic}。"),
      cause: Words(
        """
        Packets pass, but an end says that it cannot carry traffic on: 5 its own path, 6 a path it forwards to \
        (everway says so when all its uplinks are down), 8 the way back.
        """,
        zh: """
          报文能通，但某一端声明它无法继续转发流量：5 为它自己的路径，6 为它转发到的路径（everway 在全部上行链路故障时会这\
          样声明），8 为返回方向。
          """),
      detection: Words(
        "Both diagnostics.",
        zh: "两端的诊断码。"),
      fix: Words(
        """
        Repair what is behind the end that says it: `everway status` for uplinks here, the peer's log there. \
        The session comes back by itself.
        """,
        zh: "修复声明该诊断的那一端后面的路径：本端看 `everway status` 的上行链路，对端看其日志。之后会话自动恢复。"),
      tested: .live("SpeakerFailures.thePeerSaysWhy"),
      examples: [
        "diagnostic": "3 Neighbor Signaled Session Down", "peer": "10.204.0.1",
        "remoteDiagnostic": "6 Concatenated Path Down"
      ]),
    CatalogueEntry(
      .echoFailed, .speaker, .error, .manual,
      title: Words(
        "Echoes do not come back",
        zh: "回声报文没有返回"),
      symptom: Words(
        "Down, diagnostic 2, Echo Function Failed: here {diagnostic}, {peer} {remoteDiagnostic}.",
        zh: "Down，诊断 2（Echo Function Failed）：本端 {diagnostic}，{peer} {remoteDiagnostic}。"),
      cause: Words(
        """
        Control packets pass and echoes (UDP port 3785, sent to oneself through the other end's forwarding) do \
        not: the other end does not forward them, strict reverse path filtering drops a packet with one's own \
        source address, a firewall knows 3784 only.
        """,
        zh: """
          控制报文能通，而回声报文（UDP 3785，经对端转发回自己）不通：对端不转发，严格反向路径过滤丢弃源地址是自己的报文，或防\
          火墙只放行 3784。
          """),
      detection: Words(
        "Both diagnostics.",
        zh: "两端的诊断码。"),
      fix: Words(
        """
        At the end that loops: forwarding on, `rp_filter` 0 or 2, redirects off, UDP 3785 accepted. Or do \
        without echoes: remove `echo`.
        """,
        zh: "在负责回送的一端：打开转发，`rp_filter` 为 0 或 2，关闭重定向，放行 UDP 3785。或者不用回声：删除 `echo`。"),
      tested: .live("SpeakerFailures.thePeerSaysWhy"),
      examples: [
        "diagnostic": "2 Echo Function Failed", "peer": "10.204.0.1", "remoteDiagnostic": "0 No Diagnostic"
      ]),
    CatalogueEntry(
      .forwardingReset, .speaker, .warning, .manual,
      title: Words(
        "A forwarding plane was reset",
        zh: "转发平面被重置"),
      symptom: Words(
        "Down, diagnostic 4, Forwarding Plane Reset: here {diagnostic}, {peer} {remoteDiagnostic}.",
        zh: "Down，诊断 4（Forwarding Plane Reset）：本端 {diagnostic}，{peer} {remoteDiagnostic}。"),
      cause: Words(
        """
        An end has restarted what forwards its packets: a line card, an agent of the data plane. It is told on \
        purpose and ends by itself.
        """,
        zh: "某一端重启了转发部件：线卡或数据面代理。这是主动告知的，会自行恢复。"),
      detection: Words(
        "Both diagnostics.",
        zh: "两端的诊断码。"),
      fix: Words(
        "Wait for it; when it stays for more than a minute look at that end's log.",
        zh: "等待即可；超过一分钟仍未恢复则查看那一端的日志。"),
      tested: .live("SpeakerFailures.thePeerSaysWhy"),
      examples: [
        "diagnostic": "3 Neighbor Signaled Session Down", "peer": "10.204.0.1",
        "remoteDiagnostic": "4 Forwarding Plane Reset"
      ]),
    CatalogueEntry(
      .malformed, .speaker, .error, .manual,
      title: Words(
        "Packets of {peer} are malformed",
        zh: "{peer} 的报文格式错误"),
      symptom: Words(
        "Packets arrive on port 3784 and are discarded: {fault}.",
        zh: "3784 端口收到报文但被丢弃：{fault}。"),
      cause: Words(
        """
        What comes is no BFD version 1 packet by RFC 5880 section 6.8.6, or was cut on its way. \
        `multiplier-zero`, `my-discriminator-zero` and `your-discriminator-zero` are faults of the sender; \
        `truncated` and `length-beyond-payload` a path that cuts packets; `version` BFD version 0 or another \
        protocol.
        """,
        zh: """
          按 RFC 5880 第 6.8.6 节，收到的不是 BFD 版本 1 的报文，或在途中被截断。`multiplier-zero`、\
          `my-discriminator-zero`、`your-discriminator-zero` 是发送方的错误；`truncated`、\
          `length-beyond-payload` 说明路径截断了报文；`version` 则是 BFD 版本 0 或别的协议。
          """),
      detection: Words(
        "The packets themselves, checked as the RFC orders.",
        zh: "按 RFC 的顺序检查报文本身。"),
      fix: Words(
        "Correct or update the sender. `everway capture` writes the packets for its maker.",
        zh: "修正或升级发送方。`everway capture` 可以抓取报文交给厂商。"),
      explains: [.noSessions, .neverHeard],
      tested: .live("SpeakerFailures.packetsAreMalformed"),
      examples: ["fault": "multiplier-zero", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .wrongPort, .speaker, .error, .manual,
      title: Words(
        "{peer} sends to another port or address than ours",
        zh: "{peer} 发往了别的端口或地址"),
      symptom: Words(
        """
        Packets arrive on UDP port {port}, the session here is on {wanted}; or they come to another address or \
        interface than the session's.
        """,
        zh: "报文到达 UDP {port}，而本端会话在 {wanted}；或者到达的地址、接口与会话不同。"),
      cause: Words(
        """
        Single-hop BFD is port 3784 (RFC 5881), multihop 4784 (RFC 5883), and neither may be taken for the \
        other. The ends disagree about which this is, or about the address or interface.
        """,
        zh: """
          单跳 BFD 用 3784（RFC 5881），多跳用 4784（RFC 5883），两者不能混用。两端对类型、地址或接口的\
          理解不一致。
          """),
      detection: Words(
        """
        The port and address of the peer's packets; everway's counters `wrong-port`, `wrong-destination`, \
        `wrong-interface`.
        """,
        zh: """
          对端报文的端口与地址；everway 的 `wrong-port`、`wrong-destination`、`wrong-interface` 计\
          数。
          """),
      fix: Words(
        """
        Make both ends single-hop, or both multihop: `multihop: true` with `local-address` in everway's \
        configuration, `ebgp-multihop` or `multihop` at routers. Check `local-address` and `interface`.
        """,
        zh: """
          让两端都为单跳或都为多跳：everway 配置用 `multihop: true` 与 `local-address`，路由\
          器上为 `ebgp-multihop` 或 `multihop`。检查 `local-address` 和 `interface`。
          """),
      explains: [.noSessions],
      tested: .live("SpeakerFailures.packetsComeToTheOtherPort"),
      examples: ["peer": "10.204.0.1", "port": "4784", "wanted": "3784"]),
    CatalogueEntry(
      .toldToBeSilent, .speaker, .error, .manual,
      title: Words(
        "A required min RX of 0 has silenced the session with {peer}",
        zh: "required min RX 为 0，与 {peer} 的会话被静默"),
      symptom: Words(
        "Both ends wait for ever, while OVN still says `up`: {end} announces a required min RX of 0.",
        zh: "两端永远等待，而 OVN 仍显示 `up`：{end} 宣告 required min RX 为 0。"),
      cause: Words(
        """
        A required min RX of 0 means: send me nothing. BIRD says it on its way out, `bfdd-control session ... \
        set minrx 0` sets it, and OVN counts every value below 1 ms as 0. OVN then stops for good, and does \
        not start again when the value changes (OVN issue 322).
        """,
        zh: """
          required min RX 为 0 表示：不要给我发送。BIRD 退出时会这样说，`bfdd-control session ... set minrx 0` 也\
          会设置，OVN 把小于 1 ms 的值都当作 0。之后 OVN 就永久停止发送，即使数值改变也不恢复（OVN issue 322）\
          。
          """),
      detection: Words(
        "The field in packets of both ends.",
        zh: "两端报文中的该字段。"),
      fix: Words(
        """
        Set 1 ms or more at the end that says 0: `ip netns exec {namespace} bfdd-control session all set minrx \
        1000 ms`. OVN's row is to be recreated where OVN has been told: clear `bfd` of its routes, destroy it, \
        create it again. everway tells OVN its own discriminator, which wakes it.
        """,
        zh: """
          在宣告 0 的一端设为 1 ms 以上：`ip netns exec {namespace} bfdd-control session all set minrx 1000 ms`。\
          若 OVN 已被告知 0，需要重建其 BFD 行：清除路由的 `bfd`，销毁后重建。everway 会用 OVN 自己的 discriminator 发\
          送，从而唤醒它。
          """),
      explains: [.neverHeard, .detectionExpired],
      tested: .live("SpeakerFailures.oneEndAsksForSilence"),
      examples: ["end": "ovnext", "namespace": "ovnext", "peer": "10.204.0.1"])
  ]
}

import Languages

extension Catalogue {
  /// Each way in which a session is not Up, as an operator needs it.
  static let sessionStateEntries: [CatalogueEntry] = [
    CatalogueEntry(
      .beaconMute, .speaker, .error, .manual,
      title: Words(
        "The beacon does not answer on its control port",
        zh: "beacon 的控制端口没有回应"),
      symptom: Words(
        "`Error connecting to beacon on 127.0.0.1:957`, although {holder} holds UDP port 3784.",
        zh: "{holder} 占用着 UDP 3784，却出现 `Error connecting to beacon on 127.0.0.1:957`。"),
      cause: Words(
        """
        The loopback interface of the namespace is down (`Network is unreachable`), the beacon was started \
        with another `--control`, or it hangs: OpenBFDD serves one client at a time, and one that says nothing \
        holds the others up for ten seconds.
        """,
        zh: """
          命名空间的回环接口是 down（`Network is unreachable`），beacon 启动时用了别的 `--control`，\
          或者它卡住了：OpenBFDD 一次只服务一个客户端，不说话的客户端会让其他人等十秒。
          """),
      detection: Words(
        "UDP 3784 is held by bfdd-beacon, TCP 957 and 958 on 127.0.0.1 do not answer.",
        zh: "UDP 3784 由 bfdd-beacon 占用，而 127.0.0.1 的 TCP 957、958 无回应。"),
      fix: Words(
        """
        `ip netns exec {namespace} ip link set lo up`; look at the beacon's command line for `--control`; else \
        end it, and kube-ovn-cni starts it anew within 5 s.
        """,
        zh: """
          `ip netns exec {namespace} ip link set lo up`；查看 beacon 命令行里的 `--control`；\
          否则结束它，kube-ovn-cni 会在 5 秒内重新启动。
          """),
      tested: .live("SpeakerFailures.theControlPortIsMute"),
      examples: ["holder": "bfdd-beacon (pid 812)", "namespace": "ovnext"]),
    CatalogueEntry(
      .portTaken, .speaker, .critical, .manual,
      title: Words(
        "Another program holds BFD's port",
        zh: "BFD 端口被其他程序占用"),
      symptom: Words(
        "`Address already in use`, UDP port 3784: {holder} holds it, and gets every packet.",
        zh: "`Address already in use`，UDP 3784：被 {holder} 占用，报文都到了它那里。"),
      cause: Words(
        """
        One program in a namespace can receive BFD. FRR's bfdd, BIRD or a second beacon was first. A beacon of \
        OpenBFDD that comes second ends in silence; everway runs on without BFD, by links and probes, and \
        tries again every second.
        """,
        zh: """
          一个命名空间里只有一个程序能接收 BFD。FRR 的 bfdd、BIRD 或另一个 beacon 抢先占用了。后到的 OpenBFDD beacon 会\
          悄悄退出；everway 会在没有 BFD 的情况下继续运行（依靠链路和探测），并每秒重试。
          """),
      detection: Words(
        "Who holds the UDP sockets on 3784, against who answers here.",
        zh: "比较 3784 的 UDP 套接字持有者与应当在此应答的程序。"),
      fix: Words(
        """
        Stop {holder} in {namespace}, or take BFD out of its configuration (FRR: `no bfdd` in \
        /etc/frr/daemons; BIRD: remove `protocol bfd`). everway takes the port within a second.
        """,
        zh: """
          在 {namespace} 里停掉 {holder}，或去掉其 BFD 配置（FRR：/etc/frr/daemons 里 `bfdd=no`；\
          BIRD：删除 `protocol bfd`）。everway 会在一秒内接管端口。
          """),
      explains: [.nobodySpeaks, .beaconMute, .neverHeard, .noSessions],
      tested: .live("SpeakerFailures.anotherProgramHasThePort"),
      examples: ["holder": "bird (pid 700)", "namespace": "ovnext"]),
    CatalogueEntry(
      .neverHeard, .speaker, .error, .manual,
      title: Words(
        "{peer} is silent",
        zh: "{peer} 没有任何 BFD 报文"),
      symptom: Words(
        "Down, diagnostic 0, and not one packet of {peer} has ever come.",
        zh: "会话 Down，诊断 0，从未收到 {peer} 的任何报文。"),
      cause: Words(
        """
        The peer does not speak BFD, is not configured for this address, is passive too (two passive ends wait \
        for ever; OpenBFDD is always passive), is out of reach, or a filter stands between. OVN sends nothing \
        while its row is admin_down, and after it was told a required min RX of 0.
        """,
        zh: """
          对端不支持 BFD、没有为本地址配置、同样是被动（两端都被动就会永远等待，OpenBFDD 总是被动）、不可达，或中间有过滤\
          。OVN 在该行为 admin_down 时什么也不发，被告知 required min RX 为 0 之后也不发。
          """),
      detection: Words(
        "No packet from the peer on the interface in the time doctor listens, and none counted before.",
        zh: "doctor 监听期间接口上没有该对端的报文，之前的计数也为零。"),
      fix: Words(
        """
        `everway probe {peer}` tells which of these it is. In OVN look at `ovn-nbctl find BFD`: status, and \
        whether a route names the row. Where the peer has no BFD use ICMP or ARP health instead.
        """,
        zh: """
          `everway probe {peer}` 能说明是哪一种。在 OVN 里看 `ovn-nbctl find BFD`：状\
          态，以及是否有路由引用该行。对端不支持 BFD 时改用 ICMP 或 ARP 健康检查。
          """),
      explains: [.noSessions],
      tested: .live("SpeakerFailures.aPeerIsSilentAndTheProbeIsGreen"),
      examples: ["peer": "10.204.0.1"]),
    CatalogueEntry(
      .heldHere, .speaker, .warning, .manual,
      title: Words(
        "The session with {peer} is held down here",
        zh: "与 {peer} 的会话在本端被停用"),
      symptom: Words(
        "AdminDown, diagnostic 7, at this end: {hold}.",
        zh: "本端为 AdminDown，诊断 7：{hold}。"),
      cause: Words(
        """
        Somebody took it out of service here: `everway drain`, `shutdown: true`, `bfdd-control session ... \
        state admin`, `state down` or `suspend`. The peer is told so and does not take it for a failure.
        """,
        zh: """
          有人在本端将其停用：`everway drain`、`shutdown: true`、`bfdd-control session ... state admin`、\
          `state down` 或 `suspend`。对端会被告知，不会当作故障。
          """),
      detection: Words(
        "The session's state, and the drain in everway's status; `Forced` and `Suspended` in the beacon's.",
        zh: "会话状态与 everway 状态中的 drain；beacon 状态里的 `Forced`、`Suspended`。"),
      fix: Words(
        """
        `everway undrain`, or `bfdd-control session ID state up`, `bfdd-control session ID resume`, when the \
        work is done. doctor never does it: it was somebody's decision.
        """,
        zh: """
          维护完成后执行 `everway undrain`，或 `bfdd-control session ID state up`、\
          `bfdd-control session ID resume`。doctor 不会替您执行：那是人做的决定。
          """),
      tested: .live("SpeakerFailures.anOperatorHoldsItHere"),
      examples: ["hold": "drained", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .heldThere, .speaker, .warning, .manual,
      title: Words(
        "{peer} holds the session down",
        zh: "{peer} 将会话停用"),
      symptom: Words(
        "`admin_down`, or Down with the peer's AdminDown and diagnostic 3 here, 7 there.",
        zh: "`admin_down`；或本端 Down（诊断 3），对端 AdminDown（诊断 7）。"),
      cause: Words(
        """
        An operator at the peer has shut the session down, or the peer drains before a restart. It is not a \
        failure of the path (RFC 5882 section 3.2). OVN's word admin_down is another thing: it stands in a BFD \
        row that no route uses, or whose next hop does not match, and OVN then sends nothing.
        """,
        zh: """
          对端的运维人员停用了会话，或对端在重启前排空。这不是路径故障（RFC 5882 第 3.2 节）。OVN 里的 admin_down 是\
          另一回事：它出现在没有路由引用、或下一跳不匹配的 BFD 行上，此时 OVN 什么也不发送。
          """),
      detection: Words(
        "State AdminDown in the peer's packets, or the last thing it said.",
        zh: "对端报文中的 AdminDown 状态，或它最后所说的内容。"),
      fix: Words(
        "Ask who runs the peer. FRR: `no shutdown` below `peer`; OVN: see which route should name the row.",
        zh: "询问对端的维护者。FRR：在 `peer` 下 `no shutdown`；OVN：检查哪条路由应引用该行。"),
      tested: .live("SpeakerFailures.anOperatorHoldsItThere"),
      examples: ["peer": "10.204.0.1"]),
    CatalogueEntry(
      .authentication, .speaker, .error, .manual,
      title: Words(
        "Authentication with {peer} does not match",
        zh: "与 {peer} 的认证不一致"),
      symptom: Words(
        """
        Packets arrive and are discarded, the session stays Down: authenticated there: {theirs}, here: {ours}.
        """,
        zh: "报文到达后被丢弃，会话一直 Down：对端认证：{theirs}，本端认证：{ours}。"),
      cause: Words(
        """
        One end authenticates and the other does not, or the key, its id, its method or the time it is valid \
        differ. FRR's SHA1 is an HMAC, not RFC 5880's (everway has it as a compatibility mode). OpenBFDD and \
        OVN have no authentication at all.
        """,
        zh: """
          一端启用认证而另一端没有，或者密钥、密钥编号、算法、有效期不同。FRR 的 SHA1 是 HMAC，并非 RFC 5880 的\
          算法（everway 有兼容模式）。OpenBFDD 与 OVN 完全不支持认证。
          """),
      detection: Words(
        "The A bit of the peer's packets, and everway's counters `authentication-...`.",
        zh: "对端报文的 A 位，以及 everway 的 `authentication-...` 丢弃计数。"),
      fix: Words(
        """
        Give both ends the same key chain: `authentication` of the peer in everway's configuration. \
        `authentication-missing` and `-unexpected`: one end has none. `-key-unknown`: id or method differ. \
        `-failed`: the key itself. `-sequence`: replayed, or the peer restarted and counts anew.
        """,
        zh: """
          让两端使用相同的密钥链：everway 配置里对端的 `authentication`。`authentication-missing`、\
          `-unexpected`：有一端没有认证；`-key-unknown`：编号或算法不同；`-failed`：密钥本身不同；\
          `-sequence`：重放，或对端重启后重新计数。
          """),
      explains: [.noSessions, .notHeardThere],
      tested: .live("SpeakerFailures.thePeerAuthenticatesAndWeDoNot"),
      examples: ["ours": "no", "peer": "10.204.0.1", "theirs": "yes"]),
    CatalogueEntry(
      .notHeardThere, .speaker, .error, .manual,
      title: Words(
        "{peer} does not hear us",
        zh: "{peer} 收不到我方报文"),
      symptom: Words(
        "The session is stuck in Init, or Down with the peer Up: packets come, ours do not arrive.",
        zh: "会话停在 Init，或本端 Down 而对端 Up：能收到对端报文，我方报文到不了对端。"),
      cause: Words(
        """
        Init means: I hear you, you do not say yet that you hear me. For longer than a handshake it is a path \
        that works in one direction only: a filter on the way or at the peer, a TTL that the peer refuses, a \
        session at the peer for another address, authentication that only the peer objects to.
        """,
        zh: """
          Init 的含义：我听到你，但你还没表示听到我。超过一次握手的时间就说明路径只有单向通：途中或对端有过滤、对端不接受我方 TTL、\
          对端会话配置的是别的地址，或只有对端拒绝的认证。
          """),
      detection: Words(
        "The state for more than 3 s, while the peer's packets are accepted; our packets on the interface.",
        zh: "状态持续超过 3 秒，且对端报文被接受；接口上能看到我方报文。"),
      fix: Words(
        """
        Look at the peer: `tcpdump -ni IF udp port 3784` there, its firewall, its counters of discarded \
        packets. Which of our addresses do we send from, and which does the peer expect?
        """,
        zh: """
          到对端检查：在那里 `tcpdump -ni 接口 udp port 3784`，看防火墙和丢弃计数。我方从哪个地址发送，对\
          端期望的又是哪个？
          """),
      tested: .live("SpeakerFailures.thePeerDoesNotHearUs"),
      examples: ["peer": "10.204.0.1"]),
    CatalogueEntry(
      .stranger, .speaker, .info, .manual,
      title: Words(
        "{peer} speaks BFD and nobody expects it",
        zh: "{peer} 在发送 BFD，但没有预期它"),
      symptom: Words(
        "BFD packets of {peer} arrive on {interface}; there is no session for it and no configuration.",
        zh: "{interface} 上收到 {peer} 的 BFD 报文；没有会话，也没有配置。"),
      cause: Words(
        """
        A router or gateway that was configured for this node, while this node was not configured for it; a \
        leftover of an address that was somebody else's; or somebody who tries. It is discarded and does no \
        harm.
        """,
        zh: """
          某台路由器或网关配置了本节点为对端，而本节点没有配置它；或是此地址以前的使用者留下的；也可能是有人试探。报文会被丢弃，没有危\
          害。
          """),
      detection: Words(
        "Packets on the interface from an address that is no peer.",
        zh: "接口上有来自非对端地址的报文。"),
      fix: Words(
        """
        Where it belongs: `bfdd-control allow {peer}`, or a peer in everway's configuration. Otherwise take \
        the session out over there.
        """,
        zh: """
          若它应当存在：`bfdd-control allow {peer}`，或在 everway 配置里加上对端。否则在那一端删除\
          会话。
          """),
      tested: .live("SpeakerFailures.aStrangerSpeaks"),
      examples: ["interface": "ovnext0", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .detectionExpired, .speaker, .error, .manual,
      title: Words(
        "{peer} has fallen silent",
        zh: "{peer} 已失联"),
      symptom: Words(
        """
        Down, diagnostic 1, Control Detection Time Expired: the session was Up, and nothing came for \
        {detection}.
        """,
        zh: """
          Down，诊断 1（Control Detection Time Expired）：会话曾经 Up，之后 {detection} 内\
          没有收到任何报文。
          """),
      cause: Words(
        """
        The peer, its BFD process, or the way from it to us has failed; or this node was too busy to read in \
        time. When packets come again by now, it was short.
        """,
        zh: "对端、对端的 BFD 进程，或对端到本端的路径故障；也可能是本节点太忙没能及时读取。若现在又有报文到达，说明只是短暂中断。"),
      detection: Words(
        "The session's diagnostic; whether packets of the peer are on the wire now.",
        zh: "会话的诊断码；线路上现在是否有对端的报文。"),
      fix: Words(
        """
        Is the peer there at all: `everway probe {peer}`. If it answers ping, its BFD has ended: start that. \
        If it flaps, `everway tune {peer}` says which timers the path holds.
        """,
        zh: """
          对端是否还在：`everway probe {peer}`。能 ping 通则是它的 BFD 进程停了：启动它。若反复抖动，\
          `everway tune {peer}` 会说明该路径能用的定时器。
          """),
      tested: .live("SpeakerFailures.thePeerFallsSilent"),
      examples: ["detection": "900 ms", "peer": "10.204.0.1"])
  ]
}

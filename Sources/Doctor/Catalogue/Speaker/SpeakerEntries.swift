import Languages

extension Catalogue {
  /// Rows 26 to 32 of the known failures.
  static let speakerEntries: [CatalogueEntry] = [
    CatalogueEntry(
      .nobodySpeaks, .speaker, .critical, .automatic,
      title: Words(
        "Nobody speaks BFD in {namespace}",
        zh: "{namespace} 里没有 BFD 进程"),
      symptom: Words(
        """
        `failed to get bfdd status, exit status 1, Error connecting to beacon on 127.0.0.1:957: Connection \
        refused`; every BFD session to this node is Down.
        """,
        zh: """
          `failed to get bfdd status, exit status 1, Error connecting to beacon on 127.0.0.1:957: Connection refused`；\
          到本节点的所有 BFD 会话都是 Down。
          """),
      cause: Words(
        """
        No program holds UDP port 3784 in the gateway's namespace: the beacon, or everway, has ended, was \
        never started, or was started in another namespace. OpenBFDD's beacon is in the background before it \
        binds its sockets, so a failed start looks like a good one. The same words come when `bfdd-control` is \
        called in the node's own namespace while the beacon is well inside {namespace}: 127.0.0.1 is each \
        namespace's own.
        """,
        zh: """
          网关命名空间里没有任何程序占用 UDP 3784：beacon（或 everway）已退出、从未启动，或者启动在了别的命名空\
          间。OpenBFDD 的 beacon 在绑定套接字之前就转入后台，所以启动失败看上去也像成功。若 beacon 在 {namespace} 里\
          正常运行，而在主机命名空间里执行 `bfdd-control`，也会得到同样的报错：每个命名空间有自己的 127.0.0.1。
          """),
      detection: Words(
        """
        The UDP sockets of the gateway's namespace and of the node, a connection to 127.0.0.1 port 957 and 958 \
        inside, the service `everway` of systemd. Only where peers are expected: a gateway without BFD is \
        none.
        """,
        zh: """
          读取网关命名空间和主机的 UDP 套接字，在命名空间内连接 127.0.0.1 的 957 与 958 端口，并查看 systemd 的\
           `everway` 服务。只有预期存在对端时才判断：不用 BFD 的网关不算问题。
          """),
      fix: Words(
        """
        With everway as a service: `systemctl start everway`. Under Kube-OVN, kube-ovn-cni starts the beacon \
        itself every 5 s: read its log for why it does not. By hand: `ip netns exec {namespace} bfdd-beacon \
        --listen=0.0.0.0`, then `ip netns exec {namespace} bfdd-control allow PEER` for each peer. A beacon \
        that runs in the node's namespace is to be stopped there first.
        """,
        zh: """
          若 everway 是服务：`systemctl start everway`。在 Kube-OVN 下，kube-ovn-cni 每\
           5 秒会自己启动 beacon：看它的日志为什么没有成功。手工启动：`ip netns exec {namespace} bfdd-beacon --listen=0.0.0.0`，\
          然后对每个对端执行 `ip netns exec {namespace} bfdd-control allow 对端`。跑在\
          主机命名空间里的 beacon 要先在那里停掉。
          """),
      explains: [.noSessions, .neverHeard],
      tested: .live("SpeakerFailures.nobodySpeaks"),
      examples: ["namespace": "ovnext"]),
    CatalogueEntry(
      .wrongAddress, .speaker, .error, .manual,
      title: Words(
        "The speaker listens on the wrong address",
        zh: "BFD 进程监听了错误的地址"),
      symptom: Words(
        """
        `bfdd-control status` answers, and no session ever appears: the speaker is bound to {bound}, peers \
        send to {wanted}.
        """,
        zh: "`bfdd-control status` 有回应，但一直没有会话：进程绑定在 {bound}，而对端发往 {wanted}。"),
      cause: Words(
        """
        The beacon was started with a `--listen` that is none of the gateway's addresses, or the addresses \
        have changed since. A second beacon, started later with the right ones, found the port taken and ended \
        without a word: OpenBFDD logs that to syslog only and exits 0.
        """,
        zh: """
          beacon 启动时的 `--listen` 不是网关的地址，或者之后地址变了。后来用正确地址启动的第二个 beacon 发\
          现端口被占用便悄悄退出：OpenBFDD 只写 syslog，退出码仍是 0。
          """),
      detection: Words(
        """
        The local addresses of the UDP sockets on port 3784 and 4784 in the namespace, against the addresses \
        of the gateway's interfaces.
        """,
        zh: "对比命名空间内 UDP 3784、4784 套接字的本地地址与网关接口的地址。"),
      fix: Words(
        """
        `ip netns exec {namespace} bfdd-control stop`, then start it on all addresses: `ip netns exec \
        {namespace} bfdd-beacon --listen=0.0.0.0` (kube-ovn-cni does this by itself within 5 s). With everway, \
        correct `bfd.listen` and restart it.
        """,
        zh: """
          `ip netns exec {namespace} bfdd-control stop`，再监听全部地址：`ip netns exec {namespace} bfdd-beacon --listen=0.0.0.0`（kube-ovn-cni 会\
          在 5 秒内自动完成）。使用 everway 时改正 `bfd.listen` 并重启。
          """),
      explains: [.noSessions, .neverHeard, .firewalled, .notAllowed, .detectionExpired],
      tested: .live("SpeakerFailures.theSpeakerListensOnTheWrongAddress"),
      examples: ["bound": "10.16.0.7:3784", "namespace": "ovnext", "wanted": "10.204.0.11"]),
    CatalogueEntry(
      .notAllowed, .speaker, .error, .automatic,
      title: Words(
        "{peer} is not allowed to speak",
        zh: "{peer} 不在允许列表中"),
      symptom: Words(
        "`No session with local ip=... and remote ip={peer}.`, although its packets arrive.",
        zh: "报文已到达，却显示 `No session with local ip=... and remote ip={peer}.`。"),
      cause: Words(
        """
        OpenBFDD answers nobody until it was told `allow`, and forgets it with every restart. Kube-OVN repeats \
        it for each ready OvnEip of type lrp every 5 s; it does not for one that is not ready, or when its \
        loop returns early. The list cannot be read back: OpenBFDD has no command for that.
        """,
        zh: """
          OpenBFDD 在收到 `allow` 之前不理会任何人，每次重启都会忘记。Kube-OVN 每 5 秒对每个 ready 的\
           lrp 类型 OvnEip 执行一次；OvnEip 未 ready 或循环提前返回时就不会执行。允许列表无法查询：OpenBFDD 没\
          有这样的命令。
          """),
      detection: Words(
        """
        Packets of an expected peer are on the interface, well formed and with a good TTL, and the beacon has \
        no session for it.
        """,
        zh: "接口上能看到预期对端的报文，格式与 TTL 都正确，而 beacon 没有对应会话。"),
      fix: Words(
        "`ip netns exec {namespace} bfdd-control allow {peer}`.",
        zh: "执行 `ip netns exec {namespace} bfdd-control allow {peer}`。"),
      explains: [.noSessions],
      tested: .live("SpeakerFailures.aPeerIsNotAllowed"),
      examples: ["namespace": "ovnext", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .noIPv6, .speaker, .error, .manual,
      title: Words(
        "IPv6 peers, and the speaker hears IPv4 only",
        zh: "有 IPv6 对端，但只监听了 IPv4"),
      symptom: Words(
        "IPv6 sessions never come Up, IPv4 sessions do: the speaker is bound to {bound} only.",
        zh: "IPv6 会话一直起不来，IPv4 正常：进程只绑定了 {bound}。"),
      cause: Words(
        """
        kube-ovn-cni starts the beacon with `--listen=0.0.0.0`, which is IPv4 alone. An IPv6 OvnEip has nobody \
        to answer it.
        """,
        zh: """
          kube-ovn-cni 用 `--listen=0.0.0.0` 启动 beacon，只有 IPv4。IPv6 的 OvnEip 没\
          有人回应。
          """),
      detection: Words(
        "An IPv6 peer is expected, and no UDP socket of IPv6 is on its port.",
        zh: "预期有 IPv6 对端，但其端口上没有 IPv6 的 UDP 套接字。"),
      fix: Words(
        """
        `ip netns exec {namespace} bfdd-control stop`, then `ip netns exec {namespace} bfdd-beacon \
        --listen=0.0.0.0 --listen=::` and `bfdd-control allow` for each peer. Do it within one Detection Time \
        and everway's beacon keeps its sessions; kube-ovn-cni may be faster with its own IPv4-only start, so \
        use a beacon of a service of its own, or everway.
        """,
        zh: """
          `ip netns exec {namespace} bfdd-control stop`，再 `ip netns exec {namespace} bfdd-beacon --listen=0.0.0.0 --listen=::`，\
          并对每个对端 `bfdd-control allow`。在一个检测时间之内完成，everway 的 beacon 不会断会话\
          ；kube-ovn-cni 可能会抢先用只有 IPv4 的参数启动，因此最好用独立服务或 everway。
          """),
      explains: [.neverHeard, .firewalled, .notAllowed, .noSessions],
      tested: .live("SpeakerFailures.iPv6IsNotHeard"),
      examples: ["bound": "0.0.0.0:3784", "namespace": "ovnext"]),
    CatalogueEntry(
      .firewalled, .firewall, .error, .guarded,
      title: Words(
        "This node's firewall drops BFD",
        zh: "本节点防火墙丢弃了 BFD"),
      symptom: Words(
        """
        tcpdump in {namespace} shows the packets of {peer} on UDP port {port}, and the session stays Down as \
        if none came.
        """,
        zh: """
          在 {namespace} 里 tcpdump 能看到 {peer} 的 UDP {port} 报文，会话却像没收到一样一直\
           Down。
          """),
      cause: Words(
        """
        A rule of nftables, iptables or firewalld in the gateway's namespace drops UDP 3784 or 4784. tcpdump \
        hears packets before the firewall on their way in, so seeing them there proves nothing about the \
        program.
        """,
        zh: """
          网关命名空间里 nftables、iptables 或 firewalld 的规则丢弃了 UDP 3784 或 4784。入\
          方向上 tcpdump 在防火墙之前抓包，因此抓到并不代表程序收到了。
          """),
      detection: Words(
        """
        The rules of the namespace, and packets that are seen on the interface while the speaker has heard \
        nothing of them; on the way out, `Operation not permitted` for a packet that was sent.
        """,
        zh: "命名空间的规则，以及接口上可见而进程没有收到的报文；出方向则看发送时的 `Operation not permitted`。"),
      fix: Words(
        """
        List the rules with `ip netns exec {namespace} nft -a list ruleset` and `ip netns exec {namespace} \
        iptables-save`, and delete the one that matches, or accept BFD before it: `nft insert rule inet filter \
        input udp dport 3784 accept`.
        """,
        zh: """
          用 `ip netns exec {namespace} nft -a list ruleset` 和 `ip netns exec {namespace} iptables-save` 列\
          出规则，删除匹配的那条，或在其之前放行 BFD：`nft insert rule inet filter input udp dport 3784 accept`。
          """),
      explains: [.noSessions, .neverHeard, .notAllowed, .notHeardThere, .detectionExpired, .neighborSignaledDown],
      tested: .live("SpeakerFailures.aFirewallDropsIt"),
      examples: ["namespace": "ovnext", "peer": "10.204.0.1", "port": "3784"]),
    CatalogueEntry(
      .filteredOutside, .speaker, .error, .manual,
      title: Words(
        "The network between the nodes drops BFD",
        zh: "节点之间的物理网络丢弃了 BFD"),
      symptom: Words(
        """
        Sessions with logical routers on this node are Up, those with routers on other nodes are Down and hear \
        nothing: {peer}.
        """,
        zh: "与本节点上逻辑路由器的会话是 Up，与其他节点上路由器的会话是 Down 且收不到任何报文：{peer}。"),
      cause: Words(
        """
        A router's port and ovnext0 on one node meet inside Open vSwitch. On different nodes their packets go \
        over the physical network of the external subnet (localnet, its VLAN), not through the Geneve tunnel. \
        A filter there, anti-spoofing of a virtualisation platform, a VLAN that is not on the trunk, stops \
        only those.
        """,
        zh: """
          路由器端口与 ovnext0 在同一节点时，报文只经过 Open vSwitch。在不同节点时，报文走外部子网的物理网络（localnet 及\
          其 VLAN），而不是 Geneve 隧道。那里的过滤、虚拟化平台的防欺骗、trunk 未放行的 VLAN，只会影响后者。
          """),
      detection: Words(
        """
        Peers whose gateway chassis is this node are Up, those elsewhere are silent while our packets leave.
        """,
        zh: "网关 chassis 在本节点的对端 Up，其他节点上的对端静默，而我方报文已发出。"),
      fix: Words(
        """
        From the node of the peer: `tcpdump -ni NIC udp port 3784` on the provider's interface, here and \
        there. What leaves one and does not reach the other is lost between them: allow UDP 3784 with TTL 255 \
        and the MAC addresses of the OvnEips in port security, security groups and ACLs; check the trunk for \
        the VLAN.
        """,
        zh: """
          在两端节点的 provider 网卡上执行 `tcpdump -ni 网卡 udp port 3784`。一端发出而另一端收\
          不到，就是中间丢的：在端口安全、安全组和 ACL 中放行 TTL 255 的 UDP 3784 以及 OvnEip 的 MAC 地\
          址；检查 trunk 是否放行该 VLAN。
          """),
      explains: [.neverHeard],
      tested: .fromFacts(
        "AFilterBetweenTheNodes.isSuspectedWhenOnlyTheNearOnesAreUp",
        why: "it takes a physical network with a filter between two nodes"),
      examples: ["peer": "10.204.0.1"]),
    CatalogueEntry(
      .lowTTL, .speaker, .error, .manual,
      title: Words(
        "BFD packets of {peer} arrive with TTL {ttl}",
        zh: "{peer} 的 BFD 报文到达时 TTL 为 {ttl}"),
      symptom: Words(
        """
        Packets arrive, the session stays Down; the other end is Init: TTL {ttl}, and less than {least} is \
        discarded.
        """,
        zh: "报文能到达，会话一直 Down，对端为 Init：TTL 为 {ttl}，小于 {least} 的被丢弃。"),
      cause: Words(
        """
        Single-hop BFD is sent with TTL 255 and nothing less is accepted (RFC 5881 section 5), so that nobody \
        from afar can forge it. A peer behind a router arrives with less: Kube-OVN's `bfd@VPC` port (1.14 and \
        later) with 254, which unpatched OpenBFDD discards. Or the peer sends single-hop BFD with the system's \
        TTL of 64.
        """,
        zh: """
          单跳 BFD 以 TTL 255 发送，小于 255 的不接受（RFC 5881 第 5 节），以防远处伪造。隔着路由器的对\
          端到达时会更小：Kube-OVN 1.14 起的 `bfd@VPC` 端口为 254，未打补丁的 OpenBFDD 会丢弃。\
          也可能是对端用系统默认 TTL 64 发送单跳 BFD。
          """),
      detection: Words(
        "The TTL or Hop Limit of the peer's packets on the interface; everway's counter `time-to-live`.",
        zh: "接口上对端报文的 TTL 或 Hop Limit；everway 的 `time-to-live` 丢弃计数。"),
      fix: Words(
        """
        Where one router stands between the two by design: `minimum-ttl: 254` for the peer in everway's \
        configuration, `EVERWAY_BFDD_MIN_TTL=254` for everway's beacon (the default), Kube-OVN's patched image \
        for OpenBFDD. Further away: multihop BFD on port 4784 at both ends. Otherwise make the peer send 255, \
        or find out why its packets are routed.
        """,
        zh: """
          若设计上中间就有一台路由器：everway 配置里为该对端设 `minimum-ttl: 254`，everway 的 beacon 用\
           `EVERWAY_BFDD_MIN_TTL=254`（默认值），OpenBFDD 用 Kube-OVN 打过补丁的镜像。更\
          远则两端都用 4784 端口的多跳 BFD。否则让对端以 255 发送，或查清报文为何被路由。
          """),
      explains: [.noSessions, .notHeardThere],
      tested: .live("SpeakerFailures.packetsArriveWithALowTTL"),
      examples: ["least": "255", "peer": "10.204.0.1", "ttl": "254"])
  ]
}

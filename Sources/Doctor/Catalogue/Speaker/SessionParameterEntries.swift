import Languages

extension Catalogue {
  /// Parameters that cannot hold what they promise.
  static let sessionParameterEntries: [CatalogueEntry] = [
    CatalogueEntry(
      .tightDetection, .speaker, .warning, .manual,
      title: Words(
        "The detection time of {peer} is too short for this path",
        zh: "{peer} 的检测时间对该路径来说过短"),
      symptom: Words(
        """
        Up, but close to failing: detection after {detection}, and packets were up to {measured} apart while \
        doctor listened.
        """,
        zh: "会话 Up，但濒临失败：检测时间 {detection}，监听期间报文间隔最大达 {measured}。"),
      cause: Words(
        """
        Packets are lost or late: loss on the path, a loaded peer, a loaded node. One more late packet and the \
        session falls, and traffic moves for nothing.
        """,
        zh: "报文丢失或延迟：路径丢包、对端繁忙或本节点繁忙。再晚一个报文会话就会断开，流量白白切换。"),
      detection: Words(
        """
        The longest time between packets on the wire, from the kernel's own clock: 70 % of the detection time \
        or more.
        """,
        zh: "线路上报文之间的最长间隔（内核时间戳）：达到检测时间的 70 % 或更多。"),
      fix: Words(
        """
        `everway tune {peer}` measures for longer and names a safe multiplier and interval. A larger \
        multiplier at the peer costs nothing but time of detection.
        """,
        zh: "`everway tune {peer}` 会测量更久并给出安全的倍数与间隔。在对端调大倍数，只会增加检测时间。"),
      explains: [.detectionExpired, .neighborSignaledDown],
      tested: .fromFacts(
        "ParametersOfASession.thatLeaveNoRoomAreNamed",
        why: "a gap of a certain length on a loaded machine is no test"),
      examples: ["detection": "300 ms", "measured": "240 ms", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .multiplierOne, .speaker, .warning, .automatic,
      title: Words(
        "A multiplier of 1 with {peer}",
        zh: "与 {peer} 的检测倍数为 1"),
      symptom: Words(
        "The session flaps by single lost packets: {end} has a detect multiplier of 1.",
        zh: "丢一个报文会话就抖动：{end} 的检测倍数为 1。"),
      cause: Words(
        """
        The multiplier of an end says how many of its packets may be missed by the other. With 1 the very \
        first that is lost or late is a failure.
        """,
        zh: "一端的倍数表示它的报文允许被对方错过几个。为 1 时，第一个丢失或延迟的报文就算故障。"),
      detection: Words(
        "The detect multipliers of both ends.",
        zh: "两端的检测倍数。"),
      fix: Words(
        """
        3 at both ends: `ip netns exec {namespace} bfdd-control session all set multi 3`, `detect-multiplier: \
        3`. For fast detection shorten the interval instead.
        """,
        zh: """
          两端都设为 3：`ip netns exec {namespace} bfdd-control session all set multi 3`，\
          `detect-multiplier: 3`。想更快检测应缩短间隔。
          """),
      explains: [.detectionExpired, .neighborSignaledDown, .tightDetection],
      tested: .live("SpeakerFailures.aMultiplierIsOne"),
      examples: ["end": "ovnext", "namespace": "ovnext", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .tooFast, .speaker, .warning, .manual,
      title: Words(
        "The timers of {peer} are faster than this node can keep",
        zh: "{peer} 的定时器快于本节点所能保证"),
      symptom: Words(
        "Detection within {detection}, and the speaker may be held still for {stall}.",
        zh: "检测时间为 {detection}，而 BFD 进程可能停顿 {stall}。"),
      cause: Words(
        """
        A CPU quota holds a whole control group still until its period of 100 ms is over; without real-time \
        priority other programs go first for tens of milliseconds on a busy node. Either is longer than a \
        detection time here: the session will fall without a failure.
        """,
        zh: """
          CPU 配额会使整个控制组停到 100 ms 周期结束；没有实时优先级时，繁忙节点上其他程序会先运行数十毫秒。这里二者之一长\
          于检测时间：没有故障会话也会断开。
          """),
      detection: Words(
        "The detection times of both ends, against the CPU quota of the speaker and its scheduling.",
        zh: "两端的检测时间，与 BFD 进程的 CPU 配额和调度策略比较。"),
      fix: Words(
        """
        Give the speaker real-time priority (`realtime` in everway's configuration, capability SYS_NICE) and \
        no CPU limit, or longer timers: interval times multiplier above {stall}.
        """,
        zh: """
          给 BFD 进程实时优先级（everway 配置的 `realtime`，能力 SYS_NICE）并取消 CPU 限额，或用\
          更长的定时器：间隔 × 倍数大于 {stall}。
          """),
      explains: [.tightDetection, .detectionExpired, .neighborSignaledDown],
      tested: .live("SpeakerFailures.theTimersAreFasterThanTheQuota"),
      examples: ["detection": "60 ms", "peer": "10.204.0.1", "stall": "95 ms"]),
    CatalogueEntry(
      .slowPeer, .speaker, .info, .manual,
      title: Words(
        "{peer} sends more slowly than asked",
        zh: "{peer} 发送得比要求的慢"),
      symptom: Words(
        "Failures are seen after {detection}; asked for was {asked}: the peer sends every {remoteMinTx}.",
        zh: "故障在 {detection} 后才发现，要求的是 {asked}：对端每 {remoteMinTx} 发送一次。"),
      cause: Words(
        """
        Each end decides how fast it sends. Ours asks for more than the peer's desired min TX interval gives; \
        detection is the peer's multiplier times the slower of the two.
        """,
        zh: "每一端自己决定发送多快。我方要求的快于对端的 desired min TX；检测时间等于对端倍数乘以两者中较慢的一个。"),
      detection: Words(
        "Required min RX here against desired min TX of the peer.",
        zh: "本端的 required min RX 与对端的 desired min TX。"),
      fix: Words(
        """
        Lower the interval at the peer. OVN: `ovn-nbctl set bfd UUID min_tx=100`; Kube-OVN's controller: \
        `--bfd-min-tx=100`.
        """,
        zh: "在对端调小间隔。OVN：`ovn-nbctl set bfd UUID min_tx=100`；Kube-OVN 控制器：`--bfd-min-tx=100`。"),
      tested: .live("SpeakerFailures.thePeerIsSlowerThanAsked"),
      examples: ["asked": "300 ms", "detection": "3 s", "peer": "10.204.0.1", "remoteMinTx": "1 s"])
  ]
}

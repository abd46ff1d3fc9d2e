import Languages

extension Catalogue {
  /// Rows 33 to 38.
  static let speakerSessionEntries: [CatalogueEntry] = [
    CatalogueEntry(
      .slowDetection, .speaker, .warning, .automatic,
      title: Words(
        "Failures of {peer} are seen after {detection}, not {promised}",
        zh: "检测 {peer} 故障需要 {detection}，而不是 {promised}"),
      symptom: Words(
        "Failover takes about {detection} although BFD was set to {promised}.",
        zh: "切换大约需要 {detection}，虽然 BFD 配置的是 {promised}。"),
      cause: Words(
        """
        Each end waits for the slower of what it wants to receive and what the other wants to send. Kube-OVN \
        sets the timers of OVN's end only (`--bfd-min-tx=100 --bfd-min-rx=100 --detect-mult=3`); the beacon in \
        ovnext stays at OpenBFDD's 1 s, 1 s and 3.
        """,
        zh: """
          每一端按“自己愿意接收的”和“对方愿意发送的”两者中较慢的来等待。Kube-OVN 只设置 OVN 一端的定时器（`--bfd-min-tx=100 --bfd-min-rx=100 --detect-mult=3`）\
          ；ovnext 里的 beacon 保持 OpenBFDD 的 1 s、1 s、3。
          """),
      detection: Words(
        "The session's own intervals against those that are asked of this node, or that the peer offers.",
        zh: "会话自身的间隔，与对本节点要求的或对端提供的间隔比较。"),
      fix: Words(
        """
        `ip netns exec {namespace} bfdd-control session all set mintx 100 ms`, the same with `minrx`, and \
        `session new set ...` for sessions to come. OpenBFDD forgets it with a restart; everway's own sessions \
        take their timers from the configuration: correct them and `everway reload`. Do not go below what the \
        path holds: `everway tune {peer}`.
        """,
        zh: """
          `ip netns exec {namespace} bfdd-control session all set mintx 100 ms`，\
          `minrx` 同样，并用 `session new set ...` 设置以后的会话。OpenBFDD 重启后会忘记；everway 自\
          己的会话以配置为准：改正后 `everway reload`。不要低于链路能承受的值：`everway tune {peer}`。
          """),
      tested: .live("SpeakerFailures.aBeaconStaysAtItsDefaultTimers"),
      examples: ["detection": "3 s", "namespace": "ovnext", "peer": "10.204.0.1", "promised": "300 ms"]),
    CatalogueEntry(
      .slowerThanAnnounced, .speaker, .error, .guarded,
      title: Words(
        "{peer} announces {announced} and sends every {measured}",
        zh: "{peer} 宣告 {announced}，实际每 {measured} 发送"),
      symptom: Words(
        """
        The session comes up and falls again and again with `Control Detection Time Expired`: detection after \
        {detection}, packets every {measured}.
        """,
        zh: """
          会话反复 Up/Down，诊断为 `Control Detection Time Expired`：检测时间 {detection}，\
          报文间隔却是 {measured}。
          """),
      cause: Words(
        """
        The peer announces its fast interval before it is Up and still sends at the slow rate of one a second: \
        OVN 23.03's sending thread sleeps, FRR 8.4 and BIRD 2.0 take the announced number for granted. Or \
        packets are lost on the way, evenly.
        """,
        zh: """
          对端在 Up 之前就宣告快速间隔，却仍以每秒一个的慢速发送：OVN 23.03 的发送线程会休眠，FRR 8.4、BIRD 2.0 则\
          完全相信所宣告的数值。也可能是路径上持续丢包。
          """),
      detection: Words(
        "Time between the peer's packets on the wire, against what stands in them.",
        zh: "比较线路上对端报文的实际间隔与报文中宣告的间隔。"),
      fix: Words(
        """
        Make interval times multiplier about 1 s at both ends, until the peer is up to date; or take everway \
        as speaker, which announces its real receive interval in Down, raises only what it sends, and keeps \
        the old detection time until the first packet after the Final. With a beacon `--fix` raises the \
        receive interval after asking: failures are then seen later.
        """,
        zh: """
          在升级对端之前，让两端的“间隔 × 倍数”约为 1 s；或者改用 everway：它在 Down 时宣告真实的接收间隔，只提\
          高发送间隔，并把旧的检测时间保持到 Final 之后的第一个报文。对 beacon，`--fix` 在询问后会调大接收间隔：\
          代价是故障发现变慢。
          """),
      explains: [.detectionExpired, .neighborSignaledDown, .notHeardThere, .tightDetection],
      tested: .live("SpeakerFailures.aPeerSendsMoreSlowlyThanItSays"),
      examples: ["announced": "100 ms", "detection": "300 ms", "measured": "1 s", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .staleDiscriminator, .speaker, .error, .manual,
      title: Words(
        "{peer} speaks to a session that is gone",
        zh: "{peer} 在和一个已不存在的会话通信"),
      symptom: Words(
        """
        `no session found for yourDisc` {discriminator}: the peer's packets carry a discriminator that nobody \
        here has, for ever.
        """,
        zh: """
          `no session found for yourDisc` {discriminator}：对端报文里的 discriminator 在\
          本端不存在，且一直如此。
          """),
      cause: Words(
        """
        The speaker here was restarted and drew new discriminators. OVN keeps the old one; every packet of it \
        is discarded, as it must be (RFC 5880 section 6.8.6), and a passive speaker that hears nothing never \
        answers: both wait for ever.
        """,
        zh: """
          本端进程重启后用了新的 discriminator，而 OVN 还记着旧的；按 RFC 5880 第 6.8.6 节，这些报\
          文必须丢弃，而被动的一端什么也没收到就不会应答：双方永远等下去。
          """),
      detection: Words(
        "Packets of an expected peer with a Your Discriminator that is not 0 and belongs to no session here.",
        zh: "预期对端的报文中 Your Discriminator 非 0，且不属于本端任何会话。"),
      fix: Words(
        """
        everway leaves this dead end by itself: its discriminators are the same after a restart, and it speaks \
        first. With OpenBFDD, recreate OVN's row: `ovn-nbctl find BFD dst_ip=ADDRESS`, clear `bfd` of the \
        routes that name it, `ovn-nbctl destroy bfd UUID`, create it again with the same logical_port and \
        dst_ip and set it in the routes. While no route names it, OVN does not withdraw that route on failure.
        """,
        zh: """
          everway 会自己走出这个死局：重启后 discriminator 不变，并且主动发言。使用 OpenBFDD 时重建 OVN 的\
          行：`ovn-nbctl find BFD dst_ip=地址`，清除引用它的路由的 `bfd`，`ovn-nbctl destroy bfd UUID`，\
          用相同的 logical_port、dst_ip 重建并写回路由。路由未引用期间，故障时 OVN 不会撤销该路由。
          """),
      explains: [.noSessions, .notHeardThere],
      tested: .live("SpeakerFailures.aPeerSpeaksToASessionThatIsGone"),
      examples: ["discriminator": "1302166807", "peer": "10.204.0.1"]),
    CatalogueEntry(
      .noSessions, .speaker, .error, .automatic,
      title: Words(
        "The beacon has no session at all",
        zh: "beacon 一个会话也没有"),
      symptom: Words(
        "`There are 0 sessions:`, and the probe is green.",
        zh: "`There are 0 sessions:`，而探针是正常的。"),
      cause: Words(
        """
        `bfdd-control status` exits 0 as long as the beacon answers, whatever it says; Kube-OVN's probe up to \
        1.15.19 looked at nothing else. Expected here: {peers}. What stands above this finding, when something \
        does, says why none of them got through.
        """,
        zh: """
          只要 beacon 有回应，`bfdd-control status` 就以 0 退出，不管内容如何；Kube-OVN 1.15.19 及\
          之前的探针只看这个。这里预期的对端：{peers}。若本项之上列有其他结果，那就是它们没有建立的原因。
          """),
      detection: Words(
        "The number of sessions in the beacon's answer, against the peers that are expected.",
        zh: "beacon 回应中的会话数，与预期的对端比较。"),
      fix: Words(
        """
        `ip netns exec {namespace} bfdd-control allow PEER` for each peer; OpenBFDD then waits for the peer's \
        first packet, everway speaks first. Use a probe that counts: `bfdd-control status | grep -q \
        'state=Up'`.
        """,
        zh: """
          对每个对端执行 `ip netns exec {namespace} bfdd-control allow 对端`；OpenBFDD 会\
          等待对端的第一个报文，everway 则主动发言。探针应检查数量：`bfdd-control status | grep -q 'state=Up'`。
          """),
      tested: .live("SpeakerFailures.aPeerIsSilentAndTheProbeIsGreen"),
      examples: ["namespace": "ovnext", "peers": "10.204.0.1, 10.204.0.2"]),
    CatalogueEntry(
      .probeKilled, .speaker, .error, .manual,
      title: Words(
        "The probe ends with 141: SIGPIPE",
        zh: "探针以 141（SIGPIPE）退出"),
      symptom: Words(
        "`exit code 141` of `{command}`, or of the container bfdd, which restarts.",
        zh: "`{command}` 或 bfdd 容器以 `exit code 141` 退出并重启。"),
      cause: Words(
        """
        141 is 128 + 13, SIGPIPE: writing to somebody who has gone. OpenBFDD serves one client at a time, for \
        up to ten seconds each; a probe with a shorter timeout goes away before its answer, and the write to \
        it kills the beacon, with all its sessions.
        """,
        zh: """
          141 = 128 + 13，即 SIGPIPE：向已离开的对方写数据。OpenBFDD 一次只服务一个客户端，每个最长十秒\
          ；超时更短的探针没等到回应就走了，beacon 写过去就会被杀死，所有会话随之消失。
          """),
      detection: Words(
        "The exit code of `bfdd-control status` in the namespace.",
        zh: "在命名空间里执行 `bfdd-control status` 的退出码。"),
      fix: Words(
        """
        Give the probe more than ten seconds (`timeoutSeconds: 15`) and do not run two at a time; or take \
        everway in OpenBFDD's place: no client can end it, 32 are served at once.
        """,
        zh: """
          把探针超时设为十秒以上（`timeoutSeconds: 15`），并且不要同时运行两个；或者用 everway 代替 OpenBFDD：\
          任何客户端都不能使它退出，可同时服务 32 个。
          """),
      explains: [.nobodySpeaks],
      tested: .fromFacts(
        "ASpeaker.whoseProbeIsKilledIsNamed", why: "it takes OpenBFDD's own beacon, which no Debian has"),
      examples: ["command": "bfdd-control status"]),
    CatalogueEntry(
      .throttled, .speaker, .warning, .guarded,
      title: Words(
        "{program} is throttled",
        zh: "{program} 被限流"),
      symptom: Words(
        """
        Sessions flap without loss on the path, all at once: {program} may use {percent} % of a CPU \
        ({millicores}), and `nr_throttled` grows.
        """,
        zh: """
          链路没有丢包，会话却同时抖动：{program} 只能用 {percent} % 的 CPU（{millicores}），`nr_throttled` 在\
          增长。
          """),
      cause: Words(
        """
        A CPU limit is a quota in each period of 100 ms. Once it is used up the whole control group is held \
        still to the end of the period, here for up to {stall}: packets are sent late and read late, and both \
        ends take that for a failure. 100 sessions at fast intervals do not fit into 50m.
        """,
        zh: """
          CPU limit 是每 100 ms 周期内的配额。用完之后整个控制组要停到周期结束，这里最长 {stall}：报文发得晚\
          、读得晚，两端都当成故障。100 个快速会话放不进 50m。
          """),
      detection: Words(
        """
        `nr_throttled` of cpu.stat of the speaker's control group and those above it, before and after; cgroup \
        v1 and v2.
        """,
        zh: """
          在一段时间前后读取 BFD 进程所在控制组及其上级的 cpu.stat 的 `nr_throttled`；支持 cgroup v1 与\
           v2。
          """),
      fix: Words(
        """
        Raise the limit, 200m or more for 100 sessions, or take it away: `kubectl -n kube-system set resources \
        daemonset/kube-ovn-cni --limits=cpu=1`. `--fix` lifts the quota of the control group at once after \
        asking; kubelet may set it again.
        """,
        zh: """
          调高限额（100 个会话至少 200m）或去掉：`kubectl -n kube-system set resources daemonset/kube-ovn-cni --limits=cpu=1`。\
          `--fix` 在询问后立即解除控制组配额；kubelet 可能再次设置。
          """),
      explains: [.tightDetection, .slowerThanAnnounced, .detectionExpired, .neighborSignaledDown],
      tested: .live("SpeakerFailures.theSpeakerIsThrottled"),
      examples: ["millicores": "50m", "percent": "5", "program": "bfdd-beacon", "stall": "95 ms"])
  ]
}

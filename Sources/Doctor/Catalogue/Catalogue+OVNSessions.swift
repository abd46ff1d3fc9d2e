import Languages

extension Catalogue {
  private static let noCluster = "needs OVN's databases and Kube-OVN, which the tests of doctor do not start"

  /// Rows 45 to 50: what OVN makes of its sessions.
  static let ovnSessions: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-OVN-45", .ovn, .critical, .guarded,
      title: Words("BFD says up, but {port} has no living chassis", zh: "BFD 显示 up，但 {port} 没有存活的 chassis"),
      symptom: Words(
        "Traffic of the VPC is lost while `kubectl ko nbctl list bfd` says up for {sessions}.",
        zh: "VPC 流量中断，而 `kubectl ko nbctl list bfd` 仍显示 {sessions} 为 up。"),
      cause: Words(
        """
        The chassis that spoke BFD writes the status, and nobody else corrects it. When it dies or loses the port, the last \
        word stays (ovn-org/ovn issue 320): the row says up for ever, OVN keeps the routes, and packets go nowhere. \
        BFD.chassis_name of the southbound database is no proof of life either, it is written once.
        """,
        zh: """
          status 由运行 BFD 的 chassis 写入，别人不会更正。该 chassis 死亡或失去端口后，最后写入的值一直保留\
          （ovn-org/ovn issue 320）：该行永远显示 up，OVN 保留路由，报文无处可去。南向数据库的 BFD.chassis_name 也不能证明其存活，它只写一次。
          """),
      detection: Words(
        "SB Port_Binding cr-{port}.chassis is empty or names no Chassis, or nb_cfg of its Chassis_Private is behind the "
          + "others for a minute, while a BFD row of the port is up and in use.",
        zh: "SB 的 Port_Binding cr-{port} 的 chassis 为空或不存在，或其 Chassis_Private 的 nb_cfg 落后其他节点一分钟以上，"
          + "而该端口上在用的 BFD 行为 up。"),
      fix: Words(
        """
        Bring ovn-controller back on that node (`kubectl -n kube-system get pod -l app=ovs -o wide`), or give the port another \
        chassis: `kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS 110`. Until then take the routes out, or make the \
        BFD rows anew, so that the stale status goes: `everway doctor --fix` does that, under the rows' own UUIDs.
        """,
        zh: """
          恢复该节点上的 ovn-controller（`kubectl -n kube-system get pod -l app=ovs -o wide`），或为端口指定其他 chassis：\
          `kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS 110`。在此之前先撤下路由，或重建 BFD 行以清除陈旧状态：`everway doctor --fix` 可以做到，且保持原来的 UUID。
          """),
      tested: .live("OVNFindings.aDeadChassisThatSaysUpLosesItsWord"),
      examples: ["port": "vpc1-external204", "sessions": "10.204.0.11, 10.204.0.12"]),
    CatalogueEntry(
      "EW-OVN-46", .ovn, .critical, .guarded,
      title: Words("OVN says up, the speaker here says {state}", zh: "OVN 显示 up，而本机的 BFD 显示 {state}"),
      symptom: Words(
        "`kubectl ko nbctl list bfd` says up for {local}, and `bfdd-control status` on the node says {state}.",
        zh: "`kubectl ko nbctl list bfd` 显示 {local} 为 up，而节点上 `bfdd-control status` 显示 {state}。"),
      cause: Words(
        """
        OVN writes the status of a session only when its own state changes, and never compares the two (ovn-org/ovn issue \
        322). A session that starts anew on top of an old `up`, after a restart of ovn-controller or a move of the port, and \
        that never comes Up, leaves that `up` in place. OVN goes on sending traffic to a next hop that it does not supervise.
        """,
        zh: """
          OVN 只在自身状态变化时写入会话状态，从不核对（ovn-org/ovn issue 322）。ovn-controller 重启或端口迁移后，\
          会话在旧的 `up` 之上重新开始，若一直无法 Up，旧值就留在那里。OVN 会继续把流量发往一个实际上没有被监测的下一跳。
          """),
      detection: Words(
        "SB BFD rows with status up towards an address of this node, against the sessions that everway or bfdd-beacon tells of.",
        zh: "比较 SB 中指向本节点地址且 status 为 up 的 BFD 行与 everway 或 bfdd-beacon 报告的会话。"),
      fix: Words(
        """
        See first why the session is not Up here (findings of the area BFD). Then make OVN's row anew: clear `bfd` of the \
        routes that use it, destroy the row, wait until it is gone from the southbound database, create it, and set it in the \
        routes; the Vpc's bfdId must follow. `everway doctor --fix` does it under the row's own UUID, so that nothing has to \
        follow, and leaves a note in the routes' external_ids meanwhile, by which an interrupted renewal is finished.
        """,
        zh: "先查清会话在本机为何没有 Up（参见 BFD 部分的发现）。然后重建 OVN 的行：清除引用它的路由的 `bfd`，删除该行，等南向数据库中的行消失后重新创建并写回路由；"
          + "Vpc 中的 bfdId 也要同步修改。`everway doctor --fix` 会保持原来的 UUID，因此无需其他修改；"
          + "期间会在路由的 external_ids 中留下标记，中断后可以继续完成。"),
      tested: .live("OVNFindings.anUpThatTheSpeakerDoesNotKnowIsRenewed"),
      examples: ["local": "10.204.0.11", "peer": "10.204.0.254", "state": "Down"]),
    CatalogueEntry(
      "EW-OVN-47", .ovn, .error, .manual,
      title: Words(
        "ovn-controller may not write the state of its BFD sessions", zh: "ovn-controller 没有权限写入 BFD 会话状态"),
      symptom: Words(
        "ovn-controller logs `RBAC rules for client ... prohibit modification of table \"BFD\"` and `permission error`; the "
          + "status of all sessions never changes.",
        zh:
          "ovn-controller 日志出现 `RBAC rules for client ... prohibit modification of table \"BFD\"` 与 `permission error`；"
          + "所有会话的状态从不变化。"),
      cause: Words(
        "The southbound database is served with role-based access control, and the role ovn-controller lacks the right to "
          + "write the BFD table. The sessions may well be up; OVN's routes do not know.",
        zh: "南向数据库启用了基于角色的访问控制，而 ovn-controller 角色没有写 BFD 表的权限。会话本身可能已经 up，但 OVN 的路由并不知道。"),
      detection: Words(
        "`permission error` about the table BFD in the log.", zh: "日志中关于 BFD 表的 `permission error`。"),
      fix: Words(
        "Upgrade OVN, whose newer versions grant it, or add the columns status and chassis_name of BFD to RBAC_Permission of "
          + "that role (`kubectl ko sbctl list rbac_permission`).",
        zh: "升级 OVN（新版本已授予该权限），或在该角色的 RBAC_Permission 中为 BFD 表加入 status 和 chassis_name 列"
          + "（`kubectl ko sbctl list rbac_permission`）。"),
      tested: .fromFacts("Logs.ofAccessDeniedToBFDAreFound", why: noCluster)),
    CatalogueEntry(
      "EW-OVN-48", .ovn, .warning, .manual,
      title: Words(
        "A flap of BFD has moved {port}, and left its priorities changed", zh: "BFD 抖动迁移了 {port}，并改变了其优先级"),
      symptom: Words(
        "All traffic of a VPC stops for seconds when one BFD session goes down; kube-ovn-controller logs `lower bad chassis` "
          + "and `raise good chassis`.",
        zh: "一个 BFD 会话 down 时整个 VPC 的流量中断数秒；kube-ovn-controller 日志出现 `lower bad chassis` 和 `raise good chassis`。"),
      cause: Words(
        """
        Since 1.13 kube-ovn-controller answers each Up and Down by giving a gateway chassis of the port the priority 101 or \
        95. It takes the first in the list, which need not be the one the session is on, and it never sets the others back. \
        So one lost next hop moves the port with all its sessions and connections to another node, and later flaps meet \
        priorities that no longer tell the chassis apart.
        """,
        zh: """
          1.13 起 kube-ovn-controller 会在每次 Up/Down 时把该端口的某个 gateway chassis 的优先级改成 101 或 95。\
          它取列表中的第一个，未必是会话所在的 chassis，而且从不恢复。于是一个下一跳故障就会把整个端口连同所有会话和连接迁移到其他节点，\
          之后的抖动又会遇到无法区分的优先级。
          """),
      detection: Words(
        "NB Gateway_Chassis of a port: a priority of 95 with fewer than six chassis, or several with 101.",
        zh: "端口的 NB Gateway_Chassis：不足六个 chassis 却有优先级 95，或多个为 101。"),
      fix: Words(
        "Mend what makes the session flap first. Then set the priorities to 100, 99, 98 in the order wanted; the port moves "
          + "when the first of them changes, so choose a quiet moment.",
        zh: "先解决会话抖动的原因，再按需要的顺序把优先级设为 100、99、98；首选 chassis 变化时端口会迁移，请选择业务低峰。"),
      tested: .fromFacts("GatewayPorts.whosePrioritiesAFlapHasChangedAreFound", why: noCluster),
      examples: ["port": "vpc1-external204"]),
    CatalogueEntry(
      "EW-OVN-49", .ovn, .warning, .manual,
      title: Words(
        "min_tx of {interval} ms can crash ovn-controller", zh: "min_tx 为 {interval} ms 可能导致 ovn-controller 崩溃"),
      symptom: Words(
        "ovn-controller restarts again and again since BFD was made faster.", zh: "调快 BFD 之后 ovn-controller 反复重启。"),
      cause: Words(
        "OVN takes up to a quarter off each interval at random and computes that quarter in whole milliseconds. Below 4 ms it "
          + "is 0, and versions that do not guard against it divide by zero (seen in the code of 21.03).",
        zh: "OVN 会随机扣减每个间隔的至多四分之一，并以整毫秒计算。小于 4 ms 时结果为 0，没有保护的版本会除以零（见 21.03 的代码）。"),
      detection: Words("NB BFD.min_tx below 4.", zh: "NB 的 BFD.min_tx 小于 4。"),
      fix: Words(
        "`kubectl ko nbctl set bfd {row} min_tx=100`; with Kube-OVN also the controller's flag --bfd-min-tx. OVN in software "
          + "does not hold intervals below some 50 ms anyway.",
        zh:
          "`kubectl ko nbctl set bfd {row} min_tx=100`；Kube-OVN 还需修改控制器参数 --bfd-min-tx。软件实现的 OVN 本来也难以稳定维持约 50 ms 以下的间隔。"
      ),
      tested: .fromFacts("RowsOfBFD.withTinyIntervalsAreFound", why: noCluster),
      examples: ["interval": "1", "port": "vpc1-external204", "row": "6f1c..."]),
    CatalogueEntry(
      "EW-OVN-50", .ovn, .info, .none,
      title: Words(
        "OVN already uses {nexthop} while its session is in init", zh: "{nexthop} 的会话处于 init 时 OVN 已在使用它"),
      symptom: Words(
        "`kubectl ko nbctl list bfd` says init for {nexthop}, and traffic goes there.",
        zh: "`kubectl ko nbctl list bfd` 显示 {nexthop} 为 init，而流量已经发往它。"),
      cause: Words(
        "OVN withdraws a route only while its session is down; init counts as good. A session that stays in init hears the "
          + "peer but is not heard by it: one direction of the path does not work.",
        zh: "OVN 只在会话为 down 时撤销路由，init 也视为可用。停留在 init 说明能收到对端的报文，但对端收不到我们的：路径单向不通。"),
      detection: Words("NB BFD.status is init, and a route uses the row.", zh: "NB 的 BFD.status 为 init，且有路由引用该行。"),
      fix: Words(
        "Nothing, when it passes within seconds. When it stays, look at UDP 3784 from OVN to {nexthop}: firewalls, and who "
          + "answers (`everway capture` on the gateway node).",
        zh: "几秒内恢复则无需处理。如果一直停留，请检查从 OVN 到 {nexthop} 的 UDP 3784：防火墙以及对端应答（在网关节点上用 `everway capture`）。"),
      tested: .fromFacts("RowsOfBFD.inInitThatARouteUsesAreWorthKnowing", why: noCluster),
      examples: ["nexthop": "10.204.0.11"])
  ]
}

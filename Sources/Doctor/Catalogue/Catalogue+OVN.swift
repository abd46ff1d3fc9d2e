import Languages

extension Catalogue {
  private static let noCluster = "needs OVN's databases and Kube-OVN, which the tests of doctor do not start"

  /// Rows 39 to 44: BFD rows and the ports they stand on.
  static let ovn: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-OVN-39", .ovn, .info, .none,
      title: Words(
        "BFD to the physical gateway {gateway} is admin_down: OVN does not use it",
        zh: "到物理网关 {gateway} 的 BFD 为 admin_down：OVN 并未使用它"),
      symptom: Words(
        "`kubectl ko nbctl list bfd` shows status admin_down for dst_ip {gateway}, the gateway of the external subnet.",
        zh: "`kubectl ko nbctl list bfd` 中 dst_ip 为 {gateway}（外部子网的网关）的一行 status 是 admin_down。"),
      cause: Words(
        """
        For each VPC with enableBfd kube-ovn-controller makes a BFD row for the gateway of the external subnet, and lets no \
        route use it. OVN's northd forces a row that no route and no policy uses to admin_down, and ovn-controller sends \
        nothing for such a row: OVN has never sent this gateway one BFD packet. So nobody switched anything off, and \
        whether the gateway speaks BFD, with which parameters and behind which firewall, cannot be the cause. No traffic \
        depends on this row.
        """,
        zh: """
          对每个启用 enableBfd 的 VPC，kube-ovn-controller 都会为外部子网的网关创建一行 BFD，但没有任何路由引用它。\
          OVN 的 northd 会把没有被路由或策略引用的 BFD 行强制置为 admin_down，ovn-controller 也不会为它发送任何报文：\
          OVN 从未向这个网关发过一个 BFD 包。所以并没有谁关闭了它，网关是否支持 BFD、参数如何、防火墙如何，都不可能是原因。\
          没有流量依赖这一行。
          """),
      detection: Words(
        "NB BFD row with status admin_down that no Logical_Router_Static_Route.bfd and no Logical_Router_Policy.bfd_sessions "
          + "names, whose dst_ip is the gateway of a Subnet.",
        zh:
          "NB 的 BFD 行 status 为 admin_down，没有 Logical_Router_Static_Route.bfd 或 Logical_Router_Policy.bfd_sessions 引用它，"
          + "且 dst_ip 是某个 Subnet 的网关。"),
      fix: Words(
        """
        Nothing needs to be done. Do not delete the row: the controller makes it again at each reconcile of the VPC. Do not \
        let a route use it as long as the gateway speaks no BFD: OVN would then take the session for down and withdraw that \
        route. Changing external-gw-addr changes nothing here, it is read for the default VPC only. To watch the physical \
        gateway for real, let everway do it on the gateway nodes: `everway probe {gateway}` says whether it speaks BFD, and \
        what to use when it does not.
        """,
        zh: """
          无需处理。不要删除这一行：控制器每次调谐 VPC 都会重新创建。在网关不支持 BFD 时，不要让路由引用它：OVN 会认为会话 down 并撤销该路由。\
          修改 external-gw-addr 没有作用，它只用于默认 VPC。若要真正监测物理网关，请在网关节点上用 everway：\
          `everway probe {gateway}` 会说明它是否支持 BFD，以及不支持时该用什么。
          """),
      tested: .live("ClusterFindings.theReportedCaseHasTwoCausesAndOneIsHarmless"),
      examples: ["gateway": "10.9.0.1", "port": "vpc1-external204"]),
    CatalogueEntry(
      "EW-OVN-40", .ovn, .error, .automatic,
      title: Words("The route to {nexthop} does not use its BFD session", zh: "到 {nexthop} 的路由没有引用它的 BFD 会话"),
      symptom: Words(
        "`kubectl ko nbctl list bfd` shows status admin_down for {nexthop}, which is a next hop of the VPC.",
        zh: "`kubectl ko nbctl list bfd` 中 {nexthop} 的 status 为 admin_down，而它是 VPC 的下一跳。"),
      cause: Words(
        """
        OVN supervises a next hop only when its route names the BFD row. Here the route names none, or the Vpc holds the UUID \
        of a row that was deleted and made again (the reference is weak: it vanishes with the row). northd then forces the \
        row to admin_down, nothing is sent, and the route stays in place when the gateway node dies.
        """,
        zh: """
          只有路由引用了 BFD 行，OVN 才会监测该下一跳。这里路由没有引用，或者 Vpc 中记录的是已被删除重建的旧行的 UUID\
          （弱引用：行删除后引用随之消失）。northd 于是把该行强制为 admin_down，不发送任何报文，网关节点故障时路由也不会撤下。
          """),
      detection: Words(
        "NB BFD row with status admin_down that no route uses, although a route, a policy or an OvnEip of type lsp has its "
          + "dst_ip; Vpc.spec.staticRoutes.bfdId compared with BFD._uuid.",
        zh: "NB 的 BFD 行 status 为 admin_down 且无路由引用，而某条路由、策略或 lsp 类型的 OvnEip 的地址正是其 dst_ip；"
          + "并比较 Vpc.spec.staticRoutes.bfdId 与 BFD._uuid。"),
      fix: Words(
        """
        Put the row's UUID into the Vpc's static route and into OVN's: \
        `kubectl ko nbctl set logical_router_static_route ROUTE bfd={row}`; `everway doctor --fix` does both, and takes OVN's \
        back when the session does not come up within 15 s, since OVN withdraws a route whose session is down. When there is \
        no route at all, the subnet lacks `enableEcmp: true`.
        """,
        zh: """
          把该行的 UUID 写入 Vpc 的静态路由以及 OVN 的路由：`kubectl ko nbctl set logical_router_static_route ROUTE bfd={row}`。\
          `everway doctor --fix` 可完成这两步；若会话 15 秒内没有 up，会撤回 OVN 中的修改，因为会话 down 时 OVN 会撤销路由。\
          如果根本没有路由，说明子网没有设置 `enableEcmp: true`。
          """),
      tested: .live("OVNFindings.aRouteThatLostItsSessionGetsItBack"),
      examples: ["nexthop": "10.204.0.11", "port": "vpc1-external204", "row": "6f1c..."]),
    CatalogueEntry(
      "EW-OVN-41", .ovn, .error, .manual,
      title: Words("The BFD session to {destination} is on the wrong port", zh: "到 {destination} 的 BFD 会话绑定了错误的端口"),
      symptom: Words(
        "The session to {destination} stays down, and OVN sends nothing.",
        zh: "到 {destination} 的会话一直 down，OVN 不发送任何报文。"),
      cause: Words(
        """
        logical_port of the BFD row is {port}, which is no port of a router, or one in another subnet. OVN accepts the row \
        without a word, and no chassis serves it.
        """,
        zh: "BFD 行的 logical_port 是 {port}，它不是任何路由器的端口，或属于另一个子网。OVN 不报错，但没有任何 chassis 处理它。"),
      detection: Words(
        "NB BFD.logical_port against Logical_Router_Port.name and .networks.",
        zh: "比较 NB 的 BFD.logical_port 与 Logical_Router_Port 的 name 和 networks。"),
      fix: Words(
        "`kubectl ko nbctl set bfd ROW logical_port=PORT`. With Kube-OVN the port is `<vpc>-<external-gateway-switch>`; when "
          + "that flag was changed, restart kube-ovn-controller and remove the row with the old name.",
        zh: "`kubectl ko nbctl set bfd ROW logical_port=PORT`。Kube-OVN 中端口名为 `<vpc>-<external-gateway-switch>`；"
          + "如果修改过该参数，请重启 kube-ovn-controller 并删除使用旧名字的行。"),
      tested: .fromFacts("RowsOfBFD.onNoPortAreFound", why: noCluster),
      examples: ["port": "vpc1-external", "destination": "10.204.0.11"]),
    CatalogueEntry(
      "EW-OVN-42", .ovn, .error, .manual,
      title: Words("BFD on {port}, which no chassis hosts", zh: "BFD 所在端口 {port} 没有绑定任何 chassis"),
      symptom: Words(
        "All BFD sessions of {port} stay down; tcpdump shows no BFD packet from OVN.",
        zh: "{port} 上所有 BFD 会话一直 down；抓包看不到 OVN 发出的 BFD 报文。"),
      cause: Words(
        """
        {port} is a distributed port: it has neither gateway chassis nor an HA chassis group, and its router is not bound to \
        one chassis. OVN speaks BFD only where the port's `cr-{port}` lives, and a distributed port has none.
        """,
        zh: "{port} 是分布式端口：既没有 gateway chassis 也没有 HA chassis group，其路由器也没有绑定到某个 chassis。"
          + "OVN 只在 `cr-{port}` 所在的节点上运行 BFD，而分布式端口没有它。"),
      detection: Words(
        "NB Logical_Router_Port.gateway_chassis and .ha_chassis_group are empty, Logical_Router.options:chassis is unset, SB "
          + "Port_Binding has no cr-{port}.",
        zh: "NB 的 Logical_Router_Port 的 gateway_chassis 与 ha_chassis_group 均为空，Logical_Router.options:chassis 未设置，"
          + "SB Port_Binding 中没有 cr-{port}。"),
      fix: Words(
        "Give it chassis: label the gateway nodes (`kubectl label node NODE ovn.kubernetes.io/external-gw=true`) and set "
          + "`kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS 100` for each; `kubectl ko sbctl list chassis` names them.",
        zh: "为它指定 chassis：给网关节点打标签（`kubectl label node NODE ovn.kubernetes.io/external-gw=true`），并逐个执行 "
          + "`kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS 100`；chassis 名可用 `kubectl ko sbctl list chassis` 查看。"
      ),
      tested: .fromFacts("RowsOfBFD.onADistributedPortAreFound", why: noCluster),
      examples: ["port": "vpc1-external204"]),
    CatalogueEntry(
      "EW-OVN-43", .ovn, .error, .manual,
      title: Words("There is no gateway chassis for {port}", zh: "{port} 没有可用的网关 chassis"),
      symptom: Words(
        "kube-ovn-controller logs `no external gw nodes` or `node X has no chassis annotation, kube-ovn-cni not ready`; "
          + "nothing gets out of the VPC.",
        zh:
          "kube-ovn-controller 日志出现 `no external gw nodes` 或 `node X has no chassis annotation, kube-ovn-cni not ready`；"
          + "VPC 无法访问外部。"),
      cause: Words(
        """
        The port towards the outside lives on one of its gateway chassis. Here no node carries the label \
        ovn.kubernetes.io/external-gw=true, kube-ovn-cni has not annotated a labelled node with its chassis, or the chassis \
        named is gone from the southbound database (a node was reinstalled and has a new system-id).
        """,
        zh: """
          对外的端口由它的某个 gateway chassis 承载。这里要么没有节点带标签 ovn.kubernetes.io/external-gw=true，\
          要么 kube-ovn-cni 还没有给带标签的节点写入 chassis 注解，要么所列 chassis 已不在南向数据库中（节点重装后 system-id 变了）。
          """),
      detection: Words(
        "NB Gateway_Chassis and HA_Chassis against SB Chassis; labels and annotation ovn.kubernetes.io/chassis of Nodes; the "
          + "controller's log.",
        zh: "比较 NB 的 Gateway_Chassis、HA_Chassis 与 SB 的 Chassis；检查 Node 的标签与注解 ovn.kubernetes.io/chassis；以及控制器日志。"),
      fix: Words(
        "Label the gateway nodes (`kubectl label node NODE ovn.kubernetes.io/external-gw=true`), see that kube-ovn-cni and "
          + "ovs-ovn run on them, then `kubectl ko nbctl lrp-set-gateway-chassis PORT CHASSIS 100`.",
        zh:
          "给网关节点打标签（`kubectl label node NODE ovn.kubernetes.io/external-gw=true`），确认其上的 kube-ovn-cni 与 ovs-ovn 正常，"
          + "然后执行 `kubectl ko nbctl lrp-set-gateway-chassis PORT CHASSIS 100`。"),
      explains: ["EW-OVN-41", "EW-OVN-42", "EW-OVN-45"],
      tested: .fromFacts("GatewayPorts.whoseChassisAreGoneAreFound", why: noCluster),
      examples: ["port": "vpc1-external204"]),
    CatalogueEntry(
      "EW-OVN-44", .ovn, .warning, .automatic,
      title: Words("{port} does not know the gateway nodes {nodes}", zh: "{port} 没有包含网关节点 {nodes}"),
      symptom: Words(
        "A node labelled ovn.kubernetes.io/external-gw=true never takes over when another gateway node fails.",
        zh: "带 ovn.kubernetes.io/external-gw=true 标签的节点在其他网关节点故障时从不接管。"),
      cause: Words(
        """
        kube-ovn-controller reads the labels once, when a custom VPC is first connected to the external network. Nodes that \
        were labelled later are not added to its port.
        """,
        zh: "kube-ovn-controller 只在自定义 VPC 首次连接外部网络时读取一次节点标签，之后打标签的节点不会加入该端口。"),
      detection: Words(
        "Nodes with the label against NB Gateway_Chassis of `<vpc>-<external-gateway-switch>`.",
        zh: "比较带标签的 Node 与 `<vpc>-<external-gateway-switch>` 的 NB Gateway_Chassis。"),
      fix: Words(
        "`kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS PRIORITY`, below the priorities that are there, so that "
          + "nothing moves.",
        zh: "执行 `kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS PRIORITY`，优先级低于现有值，以免端口迁移。"),
      tested: .live("OVNFindings.aGatewayNodeLabelledLaterIsLetIn"),
      examples: ["port": "vpc1-external204", "nodes": "node3"])
  ]
}

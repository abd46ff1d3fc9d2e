import Languages

extension Catalogue {
  private static let noCluster = "needs a cluster with Kube-OVN, which the tests of doctor do not start"

  /// Rows 59 to 66, and the DaemonSet: the way out of a VPC.
  static let egress: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-CFG-59", .configuration, .error, .automatic,
      title: Words("{node} has no bridge for the network {network}", zh: "{node} 没有网络 {network} 对应的网桥"),
      symptom: Words(
        "Traffic leaves while another node is the gateway, and is lost when {node} is.",
        zh: "其他节点作为网关时流量正常，切换到 {node} 后中断。"),
      cause: Words(
        "The external switch's localnet port is realised on a chassis only when ovn-bridge-mappings names a bridge for {network}. "
          + "On {node} it does not; ovn-controller says nothing.",
        zh:
          "只有 ovn-bridge-mappings 为 {network} 指定了网桥，外部交换机的 localnet 端口才会在该 chassis 上生效。{node} 上没有指定，ovn-controller 也不会提示。"
      ),
      detection: Words(
        "network_name of the localnet port against ovn-bridge-mappings of each chassis that may host the VPCs' ports.",
        zh: "比较 localnet 端口的 network_name 与每个可能承载 VPC 端口的 chassis 的 ovn-bridge-mappings。"),
      fix: Words(
        "See why kube-ovn-cni did not set it there (the node is left out of the ProviderNetwork, or its NIC has another name). "
          + "By hand: `kubectl ko vsctl {node} set open . external-ids:ovn-bridge-mappings=...,{network}:br-{network}`, with the "
          + "mappings that are there before it.",
        zh: "查明 kube-ovn-cni 为何没有设置（节点被 ProviderNetwork 排除，或网卡名不同）。手工设置："
          + "`kubectl ko vsctl {node} set open . external-ids:ovn-bridge-mappings=...,{network}:br-{network}`，前面保留已有的映射。"
      ),
      tested: .live("OVNFindings.aMissingBridgeMappingIsSetWhereTheBridgeIs"),
      examples: ["node": "node2", "network": "external204"]),
    CatalogueEntry(
      "EW-CFG-60", .configuration, .error, .manual,
      title: Words("No node may be the external gateway", zh: "没有节点可以作为外部网关"),
      symptom: Words(
        "kube-ovn-controller logs `no available external gw chassis`.",
        zh: "kube-ovn-controller 日志出现 `no available external gw chassis`。"),
      cause: Words(
        "With type distributed only nodes labelled ovn.kubernetes.io/external-gw=true count, external-gw-nodes is ignored; with "
          + "type centralized both count. Here there is none.",
        zh:
          "type 为 distributed 时只认带 ovn.kubernetes.io/external-gw=true 标签的节点，忽略 external-gw-nodes；centralized 时两者都算。这里一个都没有。"
      ),
      detection: Words(
        "ConfigMap ovn-external-gw-config and labels of Nodes.",
        zh: "检查 ConfigMap ovn-external-gw-config 与 Node 标签。"),
      fix: Words(
        "`kubectl label node NODE ovn.kubernetes.io/external-gw=true` for each gateway node.",
        zh: "对每个网关节点执行 `kubectl label node NODE ovn.kubernetes.io/external-gw=true`。"),
      tested: .fromFacts("TheGatewaysConfigMap.thatNamesNoNodeIsFound", why: noCluster)),
    CatalogueEntry(
      "EW-CFG-61", .configuration, .warning, .manual,
      title: Words("A change of gateway nodes is pending, and will cut {port}", zh: "网关节点的变更尚未生效，生效时会中断 {port}"),
      symptom: Words(
        "After external-gw-nodes was edited all external traffic of the default VPC stops for a while; the log says `external gw "
          + "nodes list changed, start to remove ovn external gw`.",
        zh:
          "修改 external-gw-nodes 后默认 VPC 的外部流量中断一段时间；日志出现 `external gw nodes list changed, start to remove ovn external gw`。"
      ),
      cause: Words(
        "When the list changes, kube-ovn-controller deletes the default VPC's port {port} and makes it anew. The list and the "
          + "port's chassis differ now: the change is still to come, or was lost in a restart of the controller.",
        zh: "列表变化时 kube-ovn-controller 会删除默认 VPC 的端口 {port} 并重建。目前列表与端口的 chassis 不一致：变更即将发生，或在控制器重启时丢失。"),
      detection: Words(
        "ConfigMap and labels against NB Gateway_Chassis of {port}.",
        zh: "比较 ConfigMap、标签与 {port} 的 NB Gateway_Chassis。"),
      fix: Words(
        "Choose the moment: change the list in a maintenance window, or add chassis without a cut by `kubectl ko nbctl "
          + "lrp-set-gateway-chassis {port} CHASSIS PRIORITY` first.",
        zh: "选择维护窗口再修改列表，或先用 `kubectl ko nbctl lrp-set-gateway-chassis {port} CHASSIS PRIORITY` 无中断地加入 chassis。"),
      tested: .fromFacts("TheGatewaysConfigMap.thatDiffersFromOVNIsFound", why: noCluster),
      examples: ["port": "ovn-cluster-external204"]),
    CatalogueEntry(
      "EW-CFG-62", .configuration, .error, .manual,
      title: Words("A default route of {router} shadows its ECMP routes", zh: "{router} 的默认路由遮蔽了 ECMP 路由"),
      symptom: Words(
        "BFD is up to all gateway nodes, yet all traffic of the VPC goes to {nexthop}, and failover does not happen.",
        zh: "到所有网关节点的 BFD 都 up，但 VPC 的全部流量都去往 {nexthop}，故障时不切换。"),
      cause: Words(
        "Kube-OVN gives routes by source the lowest priority of all, so a route 0.0.0.0/0 by destination wins over them. The "
          + "controller removes its own when BFD is enabled; one that was made by hand, or before, stays.",
        zh: "Kube-OVN 把源地址路由的优先级设为最低，因此目的地址为 0.0.0.0/0 的路由会优先生效。"
          + "启用 BFD 时控制器会删除自己创建的默认路由，手工创建或遗留的则会保留。"),
      detection: Words(
        "NB Logical_Router_Static_Route 0.0.0.0/0 or ::/0 by dst-ip beside routes by src-ip with BFD or ecmp_symmetric_reply, "
          + "in the same route table.",
        zh:
          "同一路由表中，NB 的 Logical_Router_Static_Route 既有 dst-ip 的 0.0.0.0/0 或 ::/0，又有带 BFD 或 ecmp_symmetric_reply 的 src-ip 路由。"
      ),
      fix: Words(
        "Remove it from Vpc.spec.staticRoutes when it is there, then `kubectl ko nbctl lr-route-del {router} 0.0.0.0/0 {nexthop}`. "
          + "Traffic of the VPC that no ECMP route covers then has no way out: see that each subnet has enableEcmp.",
        zh: "若 Vpc.spec.staticRoutes 中有该路由先行删除，再执行 `kubectl ko nbctl lr-route-del {router} 0.0.0.0/0 {nexthop}`。"
          + "之后没有 ECMP 路由覆盖的流量将没有出口：请确认每个子网都设置了 enableEcmp。"),
      tested: .fromFacts("TheWayOut.withALeftoverDefaultRouteIsFound", why: noCluster),
      examples: ["router": "vpc1", "nexthop": "10.204.0.1"]),
    CatalogueEntry(
      "EW-CFG-63", .configuration, .warning, .automatic,
      title: Words("ECMP routes of {router} are not supervised", zh: "{router} 的 ECMP 路由没有被监测"),
      symptom: Words(
        "A gateway node dies, and part of the connections is lost until somebody notices.",
        zh: "某个网关节点故障后，部分连接一直中断，直到有人发现。"),
      cause: Words(
        "The routes to {nexthops} name no BFD row, and there is none for them. Kube-OVN leaves them so when enableBfd is set to "
          + "false: it deletes the sessions and keeps the routes.",
        zh: "到 {nexthops} 的路由没有引用 BFD 行，也不存在相应的 BFD 行。enableBfd 设为 false 时 Kube-OVN 就会这样：删除会话而保留路由。"),
      detection: Words(
        "NB Logical_Router_Static_Route by src-ip with ecmp_symmetric_reply and without bfd, for whose next hop the router has "
          + "no BFD row.",
        zh: "NB 中带 ecmp_symmetric_reply 而无 bfd 的 src-ip 路由，且路由器没有对应下一跳的 BFD 行。"),
      fix: Words(
        "Set enableBfd to true again, or remove the routes (Vpc.spec.staticRoutes, then `kubectl ko nbctl --policy=src-ip "
          + "lr-route-del {router} PREFIX NEXTHOP`) and give the VPC one default route. `everway doctor --fix` does the former, and "
          + "makes the BFD rows too, one after the other; one whose session does not come up within 15 s is taken back.",
        zh: "重新把 enableBfd 设为 true，或删除这些路由（Vpc.spec.staticRoutes，以及 `kubectl ko nbctl --policy=src-ip lr-route-del "
          + "{router} PREFIX NEXTHOP`）并为 VPC 配置一条默认路由。`everway doctor --fix` 采用前一种方式，并逐个创建 BFD 行；"
          + "会话 15 秒内没有 up 的会撤回。"),
      tested: .live("OVNFindings.routesWithoutSupervisionGetIt"),
      examples: ["router": "vpc1", "nexthops": "10.204.0.11, 10.204.0.12"]),
    CatalogueEntry(
      "EW-CFG-64", .configuration, .warning, .manual,
      title: Words("Replies may leave {router} by another path than requests came", zh: "{router} 的回包可能走与请求不同的路径"),
      symptom: Words(
        "Some connections from outside hang, others work; firewalls on the way drop packets as invalid.",
        zh: "部分从外部发起的连接卡住，部分正常；途中的防火墙把报文当作无效状态丢弃。"),
      cause: Words(
        "Several next hops share a route that has no ecmp_symmetric_reply: replies are hashed anew and may go to a gateway that "
          + "never saw the request. Policies (VpcEgressGateway) have no such option at all.",
        zh: "多个下一跳共用的路由没有 ecmp_symmetric_reply：回包会重新哈希，可能发往没有见过请求的网关。策略路由（VpcEgressGateway）根本没有这个选项。"),
      detection: Words(
        "NB Logical_Router_Static_Route with the same prefix and several next hops, without options:ecmp_symmetric_reply; "
          + "VpcEgressGateways with several replicas and a policy without snat.",
        zh: "NB 中前缀相同、有多个下一跳而没有 options:ecmp_symmetric_reply 的静态路由；有多个副本且策略未启用 snat 的 VpcEgressGateway。"),
      fix: Words(
        "`kubectl ko nbctl set logical_router_static_route ROUTE options:ecmp_symmetric_reply=true`, with Kube-OVN ecmpMode of the "
          + "Vpc's route; for a VpcEgressGateway set snat: true.",
        zh:
          "`kubectl ko nbctl set logical_router_static_route ROUTE options:ecmp_symmetric_reply=true`，Kube-OVN 中对应 Vpc 路由的 ecmpMode；"
          + "VpcEgressGateway 则设置 snat: true。"),
      tested: .fromFacts("TheWayOut.withAsymmetricRepliesIsFound", why: noCluster),
      examples: ["router": "vpc1"]),
    CatalogueEntry(
      "EW-CFG-65", .configuration, .warning, .automatic,
      title: Words(
        "{count} connections are translated to {address}, which is not here any more",
        zh: "{count} 条连接仍被转换为已不存在的地址 {address}"),
      symptom: Words(
        "After a failover new connections work, old ones hang until they time out.", zh: "切换之后新连接正常，旧连接一直卡住直到超时。"),
      cause: Words(
        "Connection tracking keeps the source address that a connection began with. {address} is on no link of the namespace "
          + "that is up, so replies to it cannot come back.",
        zh: "连接跟踪会保留连接建立时的源地址转换。{address} 不在命名空间内任何 up 的网卡上，回包无法返回。"),
      detection: Words(
        "/proc/net/nf_conntrack of the namespace against its addresses: one of a subnet of ours that is on no link that is up.",
        zh: "比较命名空间内的 /proc/net/nf_conntrack 与其地址：属于我们的子网、但不在任何 up 网卡上的地址。"),
      fix: Words(
        "Remove just those: `ip netns exec {namespace} conntrack -D --reply-dst {address}`. The clients then begin anew over the "
          + "present path.",
        zh: "只删除这些连接：`ip netns exec {namespace} conntrack -D --reply-dst {address}`，客户端随后会经现有路径重新建立连接。"),
      tested: .fromFacts("ConnectionsOfTheNamespace.toAnAddressThatIsGoneAreFound", why: noCluster),
      examples: ["count": "12", "address": "10.204.0.11", "namespace": "ovnext"]),
    CatalogueEntry(
      "EW-CFG-66", .configuration, .warning, .manual,
      title: Words("kube-ovn-cni holds {count} files open", zh: "kube-ovn-cni 打开了 {count} 个文件"),
      symptom: Words(
        "Pods stay in ContainerCreating, kube-ovn-cni logs `too many open files`.",
        zh: "Pod 停留在 ContainerCreating，kube-ovn-cni 日志出现 `too many open files`。"),
      cause: Words(
        "Some versions do not close the network namespaces that they open every 5 s for the check of ovnext. When the limit is "
          + "reached, no pod on the node gets a network.",
        zh: "某些版本每 5 秒检查 ovnext 时打开网络命名空间却不关闭。达到上限后，该节点上的 Pod 都无法获得网络。"),
      detection: Words(
        "/proc/PID/fd of kube-ovn-daemon, how many of them are network namespaces, and its limit.",
        zh: "检查 kube-ovn-daemon 的 /proc/PID/fd、其中网络命名空间的数量以及上限。"),
      fix: Words(
        "Restart it: `kubectl -n kube-system delete pod -l app=kube-ovn-cni --field-selector spec.nodeName=NODE`. Running pods are "
          + "not touched. Upgrade Kube-OVN; with everway as the gateway the check need not run at all.",
        zh:
          "重启它：`kubectl -n kube-system delete pod -l app=kube-ovn-cni --field-selector spec.nodeName=NODE`，不影响运行中的 Pod。"
          + "升级 Kube-OVN；由 everway 承担网关时无需该检查。"),
      tested: .fromFacts("KubeOVNCNI.withTooManyDescriptorsIsFound", why: noCluster),
      examples: ["pid": "4711", "count": "9000"]),
    CatalogueEntry(
      "EW-CFG-100", .configuration, .error, .manual,
      title: Words(
        "What kube-ovn-cni mounts does not reach the host: mountPropagation {propagation}",
        zh: "kube-ovn-cni 的挂载无法传播到主机：mountPropagation 为 {propagation}"),
      symptom: Words(
        "`setting the network namespace \"ovnext\" failed: Invalid argument` on the host, while it works inside kube-ovn-cni.",
        zh: "主机上报 `setting the network namespace \"ovnext\" failed: Invalid argument`，而在 kube-ovn-cni 容器内正常。"),
      cause: Words(
        """
        A named network namespace is a mount. kube-ovn-cni makes it inside its container, whose /var/run/netns takes mounts \
        from the host ({propagation}) but gives none back; the host sees the empty file only, and after a restart of the \
        container the mount is gone for good. So it is since v1.12.20, when the DaemonSet lost `Bidirectional` and \
        `privileged`; up to v1.12.19 it had both. It is neither the kernel nor a broken file.
        """,
        zh: """
          具名网络命名空间是一个挂载。kube-ovn-cni 在自己的容器内创建它，而容器的 /var/run/netns 只接收主机的挂载（{propagation}），\
          不会传回主机；主机只看到空文件，容器重启后挂载彻底消失。v1.12.20 起 DaemonSet 去掉了 `Bidirectional` 和 `privileged`，\
          v1.12.19 及以前两者都有。这既不是内核问题，也不是文件损坏。
          """),
      detection: Words(
        "mountPropagation of the volume at /var/run/netns in the DaemonSet kube-ovn-cni, where gateway nodes exist.",
        zh: "在存在网关节点的集群中，检查 DaemonSet kube-ovn-cni 中 /var/run/netns 卷的 mountPropagation。"),
      fix: Words(
        """
        Set `mountPropagation: Bidirectional` and `privileged: true` for that container; the pods restart. Or let everway own \
        the namespace on the host: kube-ovn-cni then finds one that works and leaves it alone. What is broken now, \
        `everway netns repair ovnext` brings back.
        """,
        zh: """
          为该容器设置 `mountPropagation: Bidirectional` 和 `privileged: true`（Pod 会重启）；或者由主机上的 everway 管理命名空间：\
          kube-ovn-cni 发现可用的命名空间后不会改动它。已经损坏的用 `everway netns repair ovnext` 恢复。
          """),
      explains: ["EW-NS-01", "EW-NS-02"],
      tested: .live("ClusterFindings.theReportedCaseHasTwoCausesAndOneIsHarmless"),
      examples: ["propagation": "HostToContainer", "container": "cni-server"])
  ]
}

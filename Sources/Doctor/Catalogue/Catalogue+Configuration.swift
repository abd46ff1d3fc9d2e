import Languages

extension Catalogue {
  private static let noCluster = "needs a cluster with Kube-OVN, which the tests of doctor do not start"

  /// Rows 51 to 58: OvnEips of gateway nodes, and their NIC.
  static let configuration: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-CFG-51", .configuration, .warning, .automatic,
      title: Words("OvnEip {eip} stays READY=false although it works", zh: "OvnEip {eip} 已正常工作，但 READY 一直为 false"),
      symptom: Words(
        "`kubectl get ovn-eip {eip}` shows READY false for ever.",
        zh: "`kubectl get ovn-eip {eip}` 的 READY 一直是 false。"),
      cause: Words(
        """
        kube-ovn-cni sets ready at the end of the one pass in which it configures ovnext. When the gateway did not answer \
        ARP in that pass, it returns before, and every later pass finds all in order and returns before too.
        """,
        zh: """
          kube-ovn-cni 只在配置 ovnext 的那一轮结尾写入 ready。如果那一轮网关没有应答 ARP，它会提前返回；\
          之后每一轮检查都正常，同样在写入之前就返回。
          """),
      detection: Words(
        "OvnEip of type lsp whose status.ready is not true, while a NB BFD row to its address is up.",
        zh: "lsp 类型的 OvnEip 的 status.ready 不为 true，而 NB 中到其地址的 BFD 为 up。"),
      fix: Words(
        """
        `kubectl patch ovn-eip {eip} --subresource=status --type=merge -p '{"status":{"ready":true}}'` and \
        `kubectl label node {eip} ovn.kubernetes.io/node-ext-gw=true --overwrite`.
        """,
        zh: """
          执行 `kubectl patch ovn-eip {eip} --subresource=status --type=merge -p '{"status":{"ready":true}}'` 和 \
          `kubectl label node {eip} ovn.kubernetes.io/node-ext-gw=true --overwrite`。
          """),
      explains: ["EW-CFG-52"],
      tested: .live("ClusterFindings.whatKubeOVNForgotToWriteIsWritten"),
      examples: ["eip": "node1"]),
    CatalogueEntry(
      "EW-CFG-52", .configuration, .error, .manual,
      title: Words(
        "OvnEip {eip} is not ready, and blocks every VPC with BFD", zh: "OvnEip {eip} 未就绪，阻塞所有启用 BFD 的 VPC"),
      symptom: Words(
        "kube-ovn-controller logs `ovn eip \"{eip}\" not ready`; a new VPC or subnet gets no ECMP routes.",
        zh: "kube-ovn-controller 日志出现 `ovn eip \"{eip}\" not ready`；新的 VPC 或子网没有 ECMP 路由。"),
      cause: Words(
        "The controller goes through all OvnEips of type lsp and stops at the first that is not ready: one node that is down "
          + "keeps routes over all the others from being made.",
        zh: "控制器遍历所有 lsp 类型的 OvnEip，遇到第一个未就绪的就停止：一个故障节点会使经其他节点的路由也无法创建。"),
      detection: Words(
        "OvnEip of type lsp whose status.ready is not true, with a VPC that has enableBfd, or the message in the log.",
        zh: "lsp 类型的 OvnEip 的 status.ready 不为 true，且存在 enableBfd 的 VPC，或日志中有该消息。"),
      fix: Words(
        "Mend that node (`everway doctor` there), or take it out: `kubectl delete ovn-eip {eip}`. At least two must remain.",
        zh: "修复该节点（在其上运行 `everway doctor`），或将其移除：`kubectl delete ovn-eip {eip}`。至少要保留两个。"),
      tested: .fromFacts("OvnEipsOfGatewayNodes.thatAreNotReadyBlockVpcs", why: noCluster),
      examples: ["eip": "node2", "vpcs": "vpc1"]),
    CatalogueEntry(
      "EW-CFG-53", .configuration, .error, .manual,
      title: Words(
        "{vpc} wants BFD and has {count} gateway nodes of two", zh: "{vpc} 启用了 BFD，但网关节点只有 {count} 个，至少需要两个"),
      symptom: Words(
        "kube-ovn-controller logs `ecmp route with bfd for HA, which need two lsp type eips at least, has {count}`.",
        zh:
          "kube-ovn-controller 日志出现 `ecmp route with bfd for HA, which need two lsp type eips at least, has {count}`。"
      ),
      cause: Words(
        "With enableBfd the controller makes routes only when there are two OvnEips of type lsp at least. Otherwise the VPC has "
          + "no way out at all.",
        zh: "启用 enableBfd 后，至少要有两个 lsp 类型的 OvnEip，控制器才会创建路由；否则该 VPC 完全没有出口。"),
      detection: Words(
        "Vpcs with enableBfd against the number of OvnEips of type lsp.",
        zh: "比较 enableBfd 的 Vpc 与 lsp 类型 OvnEip 的数量。"),
      fix: Words(
        """
        Make one for each gateway node; its name must be the node's: `kubectl apply -f -` with kind OvnEip, \
        metadata.name NODE, spec.externalSubnet the external subnet, spec.type lsp. With a single gateway node set \
        enableBfd to false.
        """,
        zh: """
          为每个网关节点创建一个，名字必须与节点名相同：用 `kubectl apply -f -` 创建 kind 为 OvnEip、metadata.name 为 NODE、\
          spec.externalSubnet 为外部子网、spec.type 为 lsp 的对象。只有一个网关节点时请把 enableBfd 设为 false。
          """),
      tested: .fromFacts("OvnEipsOfGatewayNodes.thatAreFewerThanTwoAreFound", why: noCluster),
      examples: ["vpc": "vpc1", "count": "1"]),
    CatalogueEntry(
      "EW-CFG-54", .configuration, .error, .manual,
      title: Words("OvnEip {eip} has no node of its name", zh: "没有名为 {eip} 的节点与 OvnEip 对应"),
      symptom: Words(
        "OvnEip {eip} of type lsp never becomes ready, and no node has ovnext.",
        zh: "lsp 类型的 OvnEip {eip} 一直未就绪，没有节点创建 ovnext。"),
      cause: Words(
        "kube-ovn-cni looks for the OvnEip that has its node's name. One of another name belongs to nobody, and still blocks "
          + "the VPCs as not ready.",
        zh: "kube-ovn-cni 按节点名查找 OvnEip。名字不同的对象不属于任何节点，却仍会以未就绪状态阻塞 VPC。"),
      detection: Words("Names of OvnEips of type lsp against Nodes.", zh: "比较 lsp 类型 OvnEip 的名字与 Node。"),
      fix: Words(
        "`kubectl delete ovn-eip {eip}`, and make it again with the node's name as `kubectl get node` shows it.",
        zh: "`kubectl delete ovn-eip {eip}`，再用 `kubectl get node` 显示的节点名重新创建。"),
      explains: ["EW-CFG-52"],
      tested: .fromFacts("OvnEipsOfGatewayNodes.thatBelongToNoNodeAreFound", why: noCluster),
      examples: ["eip": "gateway-1"]),
    CatalogueEntry(
      "EW-CFG-55", .configuration, .error, .manual,
      title: Words(
        "OvnEip {eip} is in subnet {subnet}, the VPCs' port in {switch}",
        zh: "OvnEip {eip} 在子网 {subnet}，而 VPC 的端口在 {switch}"),
      symptom: Words(
        "northd logs `No path for static route`; the next hop of {eip} is never used.",
        zh: "northd 日志出现 `No path for static route`；{eip} 的下一跳从不生效。"),
      cause: Words(
        "The port that a VPC reaches the outside by is in the subnet of --external-gateway-switch, {switch}. A next hop in "
          + "another subnet is out of its reach.",
        zh: "VPC 对外的端口位于 --external-gateway-switch 指定的子网 {switch} 中，其他子网的下一跳对它不可达。"),
      detection: Words(
        "OvnEip.spec.externalSubnet against the controller's flag.", zh: "比较 OvnEip.spec.externalSubnet 与控制器参数。"),
      fix: Words(
        "Make the OvnEip again in {switch}, or set --external-gateway-switch={subnet} for kube-ovn-controller and kube-ovn-cni "
          + "both. BFD + ECMP works with the default external subnet only.",
        zh:
          "在 {switch} 中重新创建该 OvnEip，或把 kube-ovn-controller 和 kube-ovn-cni 的 --external-gateway-switch 都设为 {subnet}。"
          + "BFD + ECMP 只支持默认外部子网。"),
      tested: .fromFacts("OvnEipsOfGatewayNodes.inAnotherSubnetAreFound", why: noCluster),
      examples: ["eip": "node1", "subnet": "external205", "switch": "external204"]),
    CatalogueEntry(
      "EW-CFG-56", .configuration, .error, .manual,
      title: Words(
        "external-gw-addr {address} is not in {subnet}", zh: "external-gw-addr {address} 不在子网 {subnet} 内"),
      symptom: Words(
        "Pods of the default VPC with an EIP or SNAT do not reach the outside.",
        zh: "默认 VPC 中使用 EIP 或 SNAT 的 Pod 无法访问外部。"),
      cause: Words(
        "external-gw-addr is the default VPC's next hop. {address} is not in {cidr}, so OVN has no path to it.",
        zh: "external-gw-addr 是默认 VPC 的下一跳。{address} 不在 {cidr} 内，OVN 没有到它的路径。"),
      detection: Words(
        "ConfigMap ovn-external-gw-config against Subnet.spec.cidrBlock.",
        zh: "比较 ConfigMap ovn-external-gw-config 与 Subnet.spec.cidrBlock。"),
      fix: Words(
        "`kubectl -n kube-system edit configmap ovn-external-gw-config`: the physical gateway with the subnet's prefix length, "
          + "as in 10.204.0.1/24.",
        zh: "`kubectl -n kube-system edit configmap ovn-external-gw-config`：填写物理网关及子网前缀长度，例如 10.204.0.1/24。"),
      tested: .fromFacts("TheGatewaysConfigMap.withAnAddressOutsideTheSubnetIsFound", why: noCluster),
      examples: ["address": "10.9.0.1/24", "subnet": "external204", "cidr": "10.204.0.0/24"]),
    CatalogueEntry(
      "EW-CFG-57", .configuration, .error, .manual,
      title: Words("The external NIC is not configured, or not there: {nic}", zh: "外部网卡未配置或不存在：{nic}"),
      symptom: Words(
        "kube-ovn-cni logs `external-gw-nic not configured in ovn-external-gw-config` or `failed to get nic {nic}`.",
        zh:
          "kube-ovn-cni 日志出现 `external-gw-nic not configured in ovn-external-gw-config` 或 `failed to get nic {nic}`。"
      ),
      cause: Words(
        "On each node labelled ovn.kubernetes.io/external-gw=true kube-ovn-cni puts the NIC external-gw-nic into the external "
          + "bridge. It is not named, or this node has none of that name: nodes with other NIC names need a ProviderNetwork.",
        zh: "在每个带 ovn.kubernetes.io/external-gw=true 标签的节点上，kube-ovn-cni 会把 external-gw-nic 指定的网卡加入外部网桥。"
          + "这里没有指定，或本节点没有该名字的网卡；网卡名不一致的节点需要使用 ProviderNetwork。"),
      detection: Words(
        "ConfigMap, labels of nodes, links of this node, kube-ovn-cni's log.",
        zh: "检查 ConfigMap、节点标签、本节点的网卡以及 kube-ovn-cni 日志。"),
      fix: Words(
        "Set external-gw-nic in `kubectl -n kube-system edit configmap ovn-external-gw-config`, or remove the label from nodes "
          + "that are no gateways: `kubectl label node NODE ovn.kubernetes.io/external-gw-`.",
        zh: "在 `kubectl -n kube-system edit configmap ovn-external-gw-config` 中设置 external-gw-nic，"
          + "或去掉非网关节点的标签：`kubectl label node NODE ovn.kubernetes.io/external-gw-`。"),
      tested: .fromFacts("TheGatewaysConfigMap.withoutANICIsFound", why: noCluster),
      examples: ["nic": "eth1"]),
    CatalogueEntry(
      "EW-CFG-58", .configuration, .critical, .manual,
      title: Words(
        "{nic} sits on bridge {bridge}, which kube-ovn-cni deletes",
        zh: "{nic} 在网桥 {bridge} 上，该网桥会被 kube-ovn-cni 删除"),
      symptom: Words(
        "All that used {bridge} loses its network; kube-ovn-cni logs `external bridge should change from {bridge} to {wanted}, "
          + "delete external bridge {bridge}`.",
        zh: "使用 {bridge} 的一切业务断网；kube-ovn-cni 日志出现 `external bridge should change from {bridge} to {wanted}, "
          + "delete external bridge {bridge}`。"),
      cause: Words(
        "external-gw-nic names a NIC that is in another OVS bridge already, often a ProviderNetwork's. kube-ovn-cni moves it to "
          + "{wanted} and deletes the bridge it was in, with everything else on it.",
        zh: "external-gw-nic 指定的网卡已经在另一个 OVS 网桥（通常属于某个 ProviderNetwork）中。"
          + "kube-ovn-cni 会把它移到 {wanted}，并删除原网桥及其上的一切。"),
      detection: Words(
        "The bridge of the NIC in the node's Open_vSwitch against `br-<external-gateway-switch>`.",
        zh: "比较本节点 Open_vSwitch 中该网卡所在网桥与 `br-<external-gateway-switch>`。"),
      fix: Words(
        "Before anything else, take the label from this node (`kubectl label node NODE ovn.kubernetes.io/external-gw-`) or name "
          + "another NIC. Then decide which of the two is to have it: with a Vlan and a ProviderNetwork the external subnet "
          + "needs no NIC of its own.",
        zh: "首先去掉本节点的标签（`kubectl label node NODE ovn.kubernetes.io/external-gw-`）或改用其他网卡。"
          + "然后确定由谁使用该网卡：使用 Vlan 和 ProviderNetwork 时，外部子网不需要单独的网卡。"),
      tested: .fromFacts("TheGatewaysConfigMap.withANICOnAnotherBridgeIsFound", why: noCluster),
      examples: ["nic": "eth1", "bridge": "br-provider", "wanted": "br-external204"])
  ]
}

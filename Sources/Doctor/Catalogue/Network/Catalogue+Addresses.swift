import Languages

/// Rows 17, 18, 20, and 73, 74, 77, 78: addresses and MTU.
extension Catalogue {
  static let addresses: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-NET-17", .network, .critical, .automatic,
      title: Words("{interface} has the wrong addresses", zh: "{interface} 的地址不正确"),
      symptom: Words(
        "`ip address` shows {found} on {interface}; the OvnEip or the configuration says {expected}.",
        zh: "`ip address` 显示 {interface} 上是 {found}，而 OvnEip 或配置要求 {expected}。"),
      cause: Words(
        "OVN sends to the address and MAC that the logical port has, and drops what comes from others. Kube-OVN sets both once and compares them only when the gateway does not answer ARP, so an OvnEip that was deleted and made again, or a change by hand, goes unnoticed.",
        zh:
          "OVN 按逻辑端口的 IP 和 MAC 发送，并丢弃来自其他地址的报文。Kube-OVN 只设置一次，之后仅在网关不应答 ARP 时才会重新比较；因此 OvnEip 被删除重建或手工修改地址后，不会被发现。"),
      detection: Words(
        "Addresses (RTM_GETADDR) and MAC (IFLA_ADDRESS) against {source}.",
        zh: "将地址（RTM_GETADDR）和 MAC（IFLA_ADDRESS）与 {source} 对比。"),
      fix: Words(
        "Set the MAC, add the right address, then remove the wrong one of the same subnet. Changing the MAC can take the link down for a moment.",
        zh: "设置 MAC，先添加正确的地址，再删除同一子网中错误的地址。修改 MAC 可能使链路短暂 down 一下。"),
      explains: ["EW-NET-19", "EW-NET-20", "EW-NET-21"],
      tested: .live("NetworkFindings.aWrongAddressIsReplaced"),
      examples: [
        "interface": "ovnext0", "found": "10.204.0.12/24, MAC 00:00:00:5a:00:02",
        "expected": "10.204.0.11/24, MAC 00:00:00:5a:00:01", "source": "OvnEip node1"
      ]),
    CatalogueEntry(
      "EW-NET-18", .network, .error, .guarded,
      title: Words("the MTU of {interface} is too large for the path", zh: "{interface} 的 MTU 超过了链路所能承载的大小"),
      symptom: Words(
        "Small packets and pings pass, but large transfers hang: connections open and then stall, TLS handshakes time out.",
        zh: "小报文和 ping 正常，但大流量会卡住：连接能建立，随后停滞，TLS 握手超时。"),
      cause: Words(
        "{interface} takes packets of {mtu} octets, the network below only of {largest}: a NIC or switch with a smaller MTU, a VLAN tag, or a tunnel's overhead (Geneve takes 58 octets). On one link nobody says so to the sender; the packets just vanish.",
        zh:
          "{interface} 接受 {mtu} 字节的报文，但底层网络只能承载 {largest} 字节：网卡或交换机的 MTU 较小、有 VLAN 标签，或有隧道开销（Geneve 占 58 字节）。在同一链路内没有人会通知发送方，报文直接消失。"
      ),
      detection: Words(
        "Echo requests of several sizes with Don't Fragment to the gateway: the smaller are answered, one of the MTU's size is not. A device that limits large pings looks the same; it is certain only when an ICMP error names the MTU.",
        zh: "向网关发送多种大小、带 DF 标志的 echo 请求：较小的有应答，与 MTU 等长的没有。限制大 ping 的设备看起来也是这样；只有 ICMP 差错报文给出 MTU 时才能确定。"),
      fix: Words(
        "Lower the MTU: `ip link set {interface} mtu {largest}` in the namespace, and everywhere else on that link; or raise that of the network below. Where a configuration sets the MTU, change it there.",
        zh:
          "调小 MTU：在命名空间中执行 `ip link set {interface} mtu {largest}`，同一链路上的其他接口也要一致；或者调大底层网络的 MTU。若 MTU 由配置指定，请在配置中修改。"
      ),
      tested: .live("NetworkFindings.anMTUTooLargeForThePathIsLowered"),
      examples: ["interface": "ovnext0", "mtu": "1500", "largest": "1450"]),
    CatalogueEntry(
      "EW-NET-20", .network, .critical, .manual,
      title: Words("somebody else has {address}", zh: "地址 {address} 已被其他主机占用"),
      symptom: Words(
        "`IP address {address} has already been used by host with MAC {mac}`",
        zh: "日志报错 `IP address {address} has already been used by host with MAC {mac}`"),
      cause: Words(
        "Another host on the same link answers for the gateway's address. Routers send to whoever answered last, so traffic comes and goes. Often the address is in nobody's excludeIps and a router, another cluster or a machine set up by hand uses it too; a router with proxy ARP answers for everything.",
        zh:
          "同一链路上有另一台主机在为网关的地址应答。路由器会发给最后应答的一方，流量因此时断时续。常见原因：该地址没有写入 excludeIps，同时被路由器、其他集群或手工配置的机器使用；开启了代理 ARP 的路由器会对所有地址应答。"
      ),
      detection: Words(
        "ARP probes for our own address without a sender's address (RFC 5227), neighbour solicitations for IPv6; anybody who answers and is not us has it.",
        zh: "针对自己的地址发送不带发送方地址的 ARP 探测（RFC 5227），IPv6 用邻居请求；凡是应答且不是我们自己的，就占用了该地址。"),
      fix: Words(
        "Find {mac} in the tables of the switches, and take the address from one of the two. Then add it to the subnet's excludeIps, so that nobody gets it again.",
        zh: "在交换机的 MAC 地址表中找到 {mac}，让两者之一换用其他地址；然后把该地址加入子网的 excludeIps，避免再次被分配。"),
      explains: ["EW-NET-21", "EW-NET-73"],
      tested: .live("NetworkFindings.anAddressThatSomebodyElseHasIsNamed"),
      examples: ["address": "10.204.0.11", "mac": "00:00:00:5a:00:02", "interface": "ovnext0"]),
    CatalogueEntry(
      "EW-NET-73", .network, .critical, .manual,
      title: Words("{address} failed duplicate address detection", zh: "{address} 未通过重复地址检测"),
      symptom: Words(
        "`ip -6 address` shows `dadfailed` beside {address}; `bind: Cannot assign requested address`.",
        zh: "`ip -6 address` 中 {address} 旁边显示 `dadfailed`；`bind: Cannot assign requested address`。"),
      cause: Words(
        "When the address was added, another host on the link answered for it, so the kernel does not use it, and does not try again.",
        zh: "添加地址时链路上有其他主机为它应答，内核因此不使用该地址，也不会再次尝试。"),
      detection: Words("IFA_F_DADFAILED is set (RTM_GETADDR).", zh: "地址带有 IFA_F_DADFAILED 标志（RTM_GETADDR）。"),
      fix: Words(
        "Take the address from the other host (`EW-NET-20` names its MAC while it answers). Then `ip -6 address del {prefix} dev {interface}` and add it again.",
        zh: "让另一台主机停用该地址（它仍在应答时，`EW-NET-20` 会给出其 MAC）；然后执行 `ip -6 address del {prefix} dev {interface}` 并重新添加。"),
      explains: ["EW-NET-21"],
      tested: .live("NetworkFindings.anAddressThatFailedDetectionIsNamed"),
      examples: ["address": "fd00:204::11", "prefix": "fd00:204::11/64", "interface": "ovnext0", "place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-74", .network, .warning, .automatic,
      title: Words(
        "{other} answers ARP for {address} of {interface}", zh: "{other} 为 {interface} 的地址 {address} 应答 ARP"),
      symptom: Words(
        "Routers learn a changing MAC for {address} (ARP flux), and packets arrive on the wrong interface.",
        zh: "路由器上 {address} 对应的 MAC 不断变化（ARP flux），报文从错误的接口进来。"),
      cause: Words(
        "Two interfaces of the gateway are on the same link, and Linux answers ARP for any of its addresses on any interface, unless arp_ignore says otherwise. BFD of an interface then dies with the other interface, and strict filters drop what comes in.",
        zh: "网关的两个接口位于同一链路；除非用 arp_ignore 限制，Linux 会在任意接口上为自己的任意地址应答 ARP。这样一个接口的 BFD 会随另一个接口中断，严格的反向路径过滤也会丢弃收到的报文。"),
      detection: Words(
        "An ARP probe for the address is answered by the MAC of another interface of the same namespace.",
        zh: "针对该地址的 ARP 探测由同一命名空间中另一个接口的 MAC 应答。"),
      fix: Words(
        "`sysctl -w net.ipv4.conf.IF.arp_ignore=1 net.ipv4.conf.IF.arp_announce=2` for both interfaces.",
        zh: "对两个接口执行 `sysctl -w net.ipv4.conf.IF.arp_ignore=1 net.ipv4.conf.IF.arp_announce=2`。"),
      tested: .live("NetworkFindings.anInterfaceThatAnswersForAnotherIsSilenced"),
      examples: ["address": "10.204.0.11", "mac": "02:00:00:00:00:02", "interface": "net1", "other": "net2"]),
    CatalogueEntry(
      "EW-NET-77", .network, .warning, .automatic,
      title: Words(
        "{interface} has an MTU of {mtu} instead of {expected}", zh: "{interface} 的 MTU 是 {mtu}，应为 {expected}"),
      symptom: Words(
        "`ip link` shows `mtu {mtu}` for {interface}; throughput is low, or large packets vanish.",
        zh: "`ip link` 显示 {interface} 的 `mtu {mtu}`；吞吐偏低，或大报文丢失。"),
      cause: Words(
        "Whoever made or moved the interface set another MTU than {source} asks for; an interface that Open vSwitch makes anew gets the smallest of its bridge.",
        zh: "创建或移动接口时设置的 MTU 与 {source} 要求的不同；Open vSwitch 重新创建的接口会取网桥中最小的 MTU。"),
      detection: Words("IFLA_MTU against {source}.", zh: "将 IFLA_MTU 与 {source} 对比。"),
      fix: Words(
        "`ip link set {interface} mtu {expected}` in the namespace.",
        zh: "在命名空间中执行 `ip link set {interface} mtu {expected}`。"
      ),
      explains: ["EW-NET-18"],
      tested: .live("NetworkFindings.anMTUThatNobodyAskedForIsSetRight"),
      examples: ["interface": "ovnext0", "mtu": "1500", "expected": "1400", "source": "/etc/everway/gateway.yaml"]),
    CatalogueEntry(
      "EW-NET-78", .network, .critical, .automatic,
      title: Words("IPv6 is switched off on {interface}", zh: "{interface} 上禁用了 IPv6"),
      symptom: Words(
        "`RTNETLINK answers: Permission denied` when {address} is added, though root adds it.",
        zh: "以 root 添加 {address} 时仍然报 `RTNETLINK answers: Permission denied`。"),
      cause: Words(
        "net.ipv6.conf.{interface}.disable_ipv6 is 1: container runtimes switch IPv6 off in new namespaces, and so do hardening guides.",
        zh: "net.ipv6.conf.{interface}.disable_ipv6 为 1：容器运行时会在新命名空间中关闭 IPv6，安全加固手册也常这样要求。"),
      detection: Words(
        "disable_ipv6 of the interface is 1, and an IPv6 address is expected on it.",
        zh: "接口的 disable_ipv6 为 1，而该接口应当有 IPv6 地址。"),
      fix: Words(
        "`sysctl -w net.ipv6.conf.{interface}.disable_ipv6=0`, then add the addresses again.",
        zh: "`sysctl -w net.ipv6.conf.{interface}.disable_ipv6=0`，然后重新添加地址。"),
      explains: ["EW-NET-17", "EW-NET-19"],
      tested: .live("NetworkFindings.ipv6ThatIsSwitchedOffIsSwitchedOn"),
      examples: ["interface": "ovnext0", "address": "fd00:204::11/64"])
  ]
}

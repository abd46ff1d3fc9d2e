import Languages

/// Rows 19, 21 to 24, and 75, 76, 79: routes, gateways and forwarding.
extension Catalogue {
  static let routes: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-NET-19", .network, .critical, .automatic,
      title: Words("the {family} default route is missing or wrong", zh: "{family} 默认路由缺失或不正确"),
      symptom: Words(
        "`ip route` in {place} shows no `default via {expected}`; `Network is unreachable`, or traffic leaves by another way.",
        zh: "在 {place} 中执行 `ip route`，没有 `default via {expected}`；报 `Network is unreachable`，或流量从别处出去。"),
      cause: Words(
        "A default route goes with its link: when the link is set down, moved or loses the address, the kernel removes the route and nobody puts it back. Kube-OVN sets it once and looks again only when the gateway does not answer ARP.",
        zh: "默认路由依附于链路：链路被设为 down、被移动或地址被删除时，内核会删除路由，之后没有人恢复它。Kube-OVN 只设置一次，仅在网关不应答 ARP 时才会再检查。"),
      detection: Words(
        "The default routes that count (RTM_GETROUTE; lowest metric, tables that every packet is looked up in, next-hop objects resolved) against the gateways that are expected.",
        zh: "将实际生效的默认路由（RTM_GETROUTE；metric 最小、所有报文都会查找的路由表、解析 next-hop 对象）与应有的网关对比。"),
      fix: Words(
        "`ip route replace default via GATEWAY dev INTERFACE` in the namespace. With several gateways, `everway run` keeps the routes.",
        zh: "在命名空间中执行 `ip route replace default via 网关 dev 接口`。有多个网关时，由 `everway run` 维护这些路由。"),
      tested: .live("NetworkFindings.aMissingDefaultRouteIsPutBack"),
      examples: ["family": "IPv4", "place": "ovnext", "found": "none", "expected": "10.204.0.1"]),
    CatalogueEntry(
      "EW-NET-21", .network, .critical, .manual,
      title: Words("the gateway {gateway} does not answer", zh: "网关 {gateway} 没有应答"),
      symptom: Words(
        "`network {network} with gateway {gateway} is not ready for interface {interface} after {count} checks`",
        zh:
          "日志报错 `network {network} with gateway {gateway} is not ready for interface {interface} after {count} checks`"
      ),
      cause: Words(
        "Our questions on {interface} are not answered. The usual causes, from near to far: the localnet's VLAN tag is wrong, the NIC is not in the provider bridge, the switch's port is no trunk for that VLAN, the hypervisor drops other MAC addresses than the machine's own (anti-spoofing, port security), the gateway is off, or its address is another.",
        zh:
          "{interface} 上的请求没有得到应答。常见原因由近及远：localnet 的 VLAN 标签不对；网卡没有加入 provider 网桥；交换机端口没有放通该 VLAN（trunk）；虚拟化平台丢弃非本机 MAC 的报文（防欺骗、端口安全）；网关没有运行，或地址不对。"
      ),
      detection: Words(
        "ARP requests (IPv4) or neighbour solicitations (IPv6) for the gateway, sent from the interface by everway itself; nobody answers. Without rights to send them, the kernel's own entry in state FAILED.",
        zh: "由 everway 在接口上发送针对网关的 ARP 请求（IPv4）或邻居请求（IPv6），无人应答。没有发送权限时，以内核邻居表中的 FAILED 状态为依据。"),
      fix: Words(
        "Follow the question out: `tcpdump -ne arp` on the NIC below the provider bridge shows whether it leaves, and with which VLAN; on the gateway, whether it arrives. `ovs-vsctl show` must have the NIC in the bridge that ovn-bridge-mappings names; in a virtual machine allow forged transmits and MAC changes.",
        zh:
          "沿着报文的去向排查：在 provider 网桥下的网卡上执行 `tcpdump -ne arp`，看请求是否发出、带哪个 VLAN；在网关上看是否到达。`ovs-vsctl show` 中该网卡必须在 ovn-bridge-mappings 所指的网桥里；若在虚拟机中，需要允许伪传输和 MAC 地址更改。"
      ),
      tested: .live("NetworkFindings.aGatewayThatDoesNotAnswerIsNamed"),
      examples: [
        "network": "10.204.0.11/24", "gateway": "10.204.0.1", "interface": "ovnext0", "count": "50",
        "place": "ovnext"
      ]),
    CatalogueEntry(
      "EW-NET-22", .network, .critical, .automatic,
      title: Words("forwarding is off: {sysctl} is 0", zh: "转发未开启：{sysctl} 为 0"),
      symptom: Words(
        "The gateway answers pings and BFD is Up, but nothing that pods send through it comes out.",
        zh: "网关能 ping 通，BFD 也是 Up，但 Pod 经它发出的流量都出不去。"),
      cause: Words(
        "A new network namespace does not forward, whatever the host does. Kube-OVN does not switch it on in its namespace; a sysctl file that is applied again switches it off on the host.",
        zh: "无论主机如何设置，新建的网络命名空间默认不转发。Kube-OVN 不会在其命名空间中开启；主机上重新应用 sysctl 文件也可能把它关闭。"),
      detection: Words("{sysctl}, read in {place}.", zh: "在 {place} 中读取 {sysctl}。"),
      fix: Words(
        "`sysctl -w {sysctl}=1` in the namespace. `everway run` sets it (egress-sysctls).",
        zh: "在命名空间中执行 `sysctl -w {sysctl}=1`。`everway run` 会设置它（egress-sysctls）。"),
      tested: .live("NetworkFindings.forwardingThatIsOffIsSwitchedOn"),
      examples: ["sysctl": "net.ipv4.ip_forward", "place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-23", .network, .warning, .automatic,
      title: Words("{interface} filters strictly by reverse path", zh: "{interface} 启用了严格的反向路径过滤"),
      symptom: Words(
        "Packets arrive (`tcpdump` shows them) and are gone; `nstat` counts `TcpExtIPReversePathFilter`.",
        zh: "`tcpdump` 能看到报文到达，随后消失；`nstat` 中 `TcpExtIPReversePathFilter` 计数增长。"),
      cause: Words(
        "With rp_filter=1 the kernel drops a packet that comes in by another interface than the best route to its source goes out by. With ECMP, answers come back by any of the paths, and while the default route is missing everything from outside is dropped.",
        zh: "rp_filter=1 时，若报文的入接口不是到其源地址的最佳路由的出接口，内核会丢弃它。ECMP 下回程可能走任意一条路径；默认路由缺失时，来自外部的报文会全部被丢弃。"),
      detection: Words(
        "The larger of net.ipv4.conf.all.rp_filter and that of the interface is 1.",
        zh: "net.ipv4.conf.all.rp_filter 与接口的 rp_filter 中较大者为 1。"),
      fix: Words(
        "`sysctl -w net.ipv4.conf.{interface}.rp_filter=2` (loose, RFC 3704 section 2.4).",
        zh: "`sysctl -w net.ipv4.conf.{interface}.rp_filter=2`（宽松模式，RFC 3704 第 2.4 节）。"),
      tested: .live("NetworkFindings.aStrictFilterIsLoosened"),
      examples: ["interface": "ovnext0"]),
    CatalogueEntry(
      "EW-NET-24", .network, .warning, .automatic,
      title: Words("ICMP redirects are sent from {place}", zh: "{place} 会发送 ICMP 重定向"),
      symptom: Words(
        "`Redirect Host (New nexthop: ...)` in pings through the gateway; some senders go past it from then on.",
        zh: "经网关 ping 时出现 `Redirect Host (New nexthop: ...)`；部分发送方从此绕过网关。"),
      cause: Words(
        "Traffic enters and leaves the gateway by the same interface ({interface}), which for the kernel means that the sender knows a better way: it tells it so, and the sender may then send to the router directly, past SNAT and ECMP.",
        zh: "流量从同一个接口（{interface}）进出网关；内核认为发送方有更近的路，于是发送重定向，发送方随后可能直接发给路由器，绕过 SNAT 和 ECMP。"),
      detection: Words(
        "net.ipv4.conf.all.send_redirects or that of an interface is 1; one of them is enough.",
        zh: "net.ipv4.conf.all.send_redirects 或某个接口的 send_redirects 为 1；任一为 1 即会发送。"),
      fix: Words(
        "Set both to 0: `sysctl -w net.ipv4.conf.all.send_redirects=0` and that of the interface.",
        zh: "都设为 0：`sysctl -w net.ipv4.conf.all.send_redirects=0`，接口的也设为 0。"),
      tested: .live("NetworkFindings.redirectsAreSwitchedOff"),
      examples: ["interface": "ovnext0", "place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-75", .network, .critical, .guarded,
      title: Words("the default route is in table {table}, where nobody looks", zh: "默认路由在路由表 {table} 中，无人查找"),
      symptom: Words(
        "`ip route show table all` has `default via {gateway}`, and still `Network is unreachable`.",
        zh: "`ip route show table all` 中有 `default via {gateway}`，但仍报 `Network is unreachable`。"),
      cause: Words(
        "The route was put into a table of its own, as multi-homing scripts do, and the rule that sends packets there is missing in this namespace: rules belong to a namespace and do not come along.",
        zh: "路由被放进了单独的路由表（多网口脚本常这样做），而本命名空间缺少把报文引向该表的策略规则：规则属于命名空间，不会跟着迁移。"),
      detection: Words(
        "Default routes of all tables (RTM_GETROUTE) against the tables that every packet is looked up in (RTM_GETRULE).",
        zh: "将所有路由表中的默认路由（RTM_GETROUTE）与所有报文都会查找的路由表（RTM_GETRULE）对比。"),
      fix: Words(
        "Put it into the main table, or add the rule: `ip rule add lookup {table}`.",
        zh: "把它放进 main 表，或添加规则：`ip rule add lookup {table}`。"),
      explains: ["EW-NET-19"],
      tested: .live("NetworkFindings.aDefaultRouteInAnotherTableIsNamed"),
      examples: ["table": "100", "family": "IPv4", "gateway": "10.204.0.1"]),
    CatalogueEntry(
      "EW-NET-76", .network, .critical, .guarded,
      title: Words("the kernel sends to a wrong MAC for {gateway}", zh: "内核发往 {gateway} 的 MAC 不正确"),
      symptom: Words(
        "`arping {gateway}` is answered, and yet nothing passes; `ip neighbour` shows {mac} {state}.",
        zh: "`arping {gateway}` 有应答，但流量不通；`ip neighbour` 显示 {mac} {state}。"),
      cause: Words(
        "The neighbour entry does not fit what answers on the wire: it was set by hand and the gateway was replaced, or it was learnt from somebody who answered falsely. A permanent entry is never asked for again.",
        zh: "邻居表项与链路上的实际应答不符：表项是手工设置的而网关已更换，或是从错误的应答中学来的。permanent 表项不会再次解析。"),
      detection: Words(
        "The entry (RTM_GETNEIGH) has {mac}; our own question on {interface} is answered by {answer}.",
        zh: "表项（RTM_GETNEIGH）中是 {mac}，而我们在 {interface} 上的请求由 {answer} 应答。"),
      fix: Words(
        "`ip neighbour del {gateway} dev {interface}`: the kernel asks anew.",
        zh: "`ip neighbour del {gateway} dev {interface}`：内核会重新解析。"),
      tested: .live("NetworkFindings.aWrongNeighbourEntryIsRemoved"),
      examples: [
        "gateway": "10.204.0.1", "interface": "ovnext0", "mac": "02:00:00:00:00:99", "answer": "02:00:00:00:00:01",
        "state": "PERMANENT"
      ]),
    CatalogueEntry(
      "EW-NET-79", .network, .critical, .manual,
      title: Words("the gateway {gateway} is on no subnet of ours", zh: "网关 {gateway} 不在我们的任何子网内"),
      symptom: Words(
        "`Error: Nexthop has invalid gateway.` or `RTNETLINK answers: Network is unreachable` when the default route is set.",
        zh: "设置默认路由时报 `Error: Nexthop has invalid gateway.` 或 `RTNETLINK answers: Network is unreachable`。"),
      cause: Words(
        "The gateway that is asked for is in no subnet of an address that is asked for: a wrong prefix length, or a gateway of another subnet.",
        zh: "要求的网关不在任何已要求地址的子网内：前缀长度有误，或写成了其他子网的网关。"),
      detection: Words(
        "The gateways of {source} against its addresses, and the routes of the namespace.",
        zh: "将 {source} 中的网关与其地址以及命名空间的路由对比。"),
      fix: Words(
        "Correct the prefix length or the gateway in {source}.", zh: "在 {source} 中修正前缀长度或网关。"),
      explains: ["EW-NET-19", "EW-NET-21"],
      tested: .fromFacts("NetworkChecks.aGatewayOnNoSubnetIsNamed", why: "it is a mistake in a file, not a state"),
      examples: ["gateway": "10.9.0.1", "source": "/etc/everway/gateway.yaml"])
  ]
}

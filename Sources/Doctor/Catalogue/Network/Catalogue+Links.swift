import Languages

/// Rows 14 to 16, 25 and 70 to 72: links, where they are and whether they are up.
extension Catalogue {
  static let links: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-NET-14", .network, .critical, .automatic,
      title: Words("{interface} is outside its namespace", zh: "{interface} 不在它的命名空间里"),
      symptom: Words(
        "`ip link` on the node shows {outside}, and `ip netns exec {namespace} ip link` does not; packets to the gateway go to the host.",
        zh: "在节点上执行 `ip link` 能看到 {outside}，而 `ip netns exec {namespace} ip link` 看不到；发往网关的报文进了主机的命名空间。"),
      cause: Words(
        "The interface was made by Open vSwitch or the driver in the host's namespace and never moved, or it came back there: when a namespace goes, the kernel puts physical interfaces back into the host's, and Open vSwitch makes its internal ports anew where vswitchd runs.",
        zh:
          "接口由 Open vSwitch 或驱动创建在主机的命名空间里，但一直没有移走；或者它又回到了那里：命名空间消失时，内核会把物理网卡放回主机的命名空间，而 Open vSwitch 会在 vswitchd 所在的命名空间里重新创建 internal 端口。"
      ),
      detection: Words(
        "The interface is in RTM_GETLINK's answer in the host's namespace and not in that of the gateway's.",
        zh: "在主机命名空间的 RTM_GETLINK 结果中有该接口，而网关命名空间的结果中没有。"),
      fix: Words(
        "Move it: `ip link set {outside} netns {namespace}`. It arrives down and without addresses, so set MAC, MTU, addresses, up and the default route again; `everway doctor --fix` does all of it, and `everway run` keeps it so.",
        zh:
          "把它移进去：`ip link set {outside} netns {namespace}`。移入后接口处于 down 状态且没有地址，需要重新设置 MAC、MTU、地址、up 和默认路由；`everway doctor --fix` 会全部完成，`everway run` 会一直保持。"
      ),
      explains: ["EW-NET-17", "EW-NET-19", "EW-NET-21"],
      tested: .live("NetworkFindings.anInterfaceOnTheNodeIsMovedIn"),
      examples: ["interface": "ovnext0", "outside": "ovnext0", "namespace": "ovnext"]),
    CatalogueEntry(
      "EW-NET-15", .network, .critical, .automatic,
      title: Words("{interface} is missing", zh: "缺少接口 {interface}"),
      symptom: Words(
        "`could not open network device {outside} (No such device)` in `ovs-vsctl show`, and no {interface} in {place}.",
        zh:
          "`ovs-vsctl show` 中出现 `could not open network device {outside} (No such device)`，{place} 中也没有 {interface}。"
      ),
      cause: Words(
        "The device is gone: the namespace it was in was deleted and took it along, vswitchd was restarted, or the port was never made. Open vSwitch keeps the row of a port whose device is gone and does not make the device again by itself.",
        zh: "设备已经不存在：所在的命名空间被删除时一并消失、vswitchd 重启过，或者端口从未创建。设备消失后，Open vSwitch 仍保留端口记录，但不会自动重新创建设备。"),
      detection: Words(
        "No such link in the gateway's namespace nor in the host's; in the node's Open_vSwitch database the row of table Interface has ofport -1 or an error, or there is no row.",
        zh: "网关命名空间和主机命名空间中都没有该链路；节点的 Open_vSwitch 数据库里，Interface 表的记录 ofport 为 -1 或带有 error，或者没有记录。"),
      fix: Words(
        "An internal port of Open vSwitch: delete it and add it again with the same external_ids, then move it into the namespace and configure it; `everway doctor --fix` does so. A device of the system has to be brought back by whoever makes it.",
        zh:
          "若是 Open vSwitch 的 internal 端口：删除后用相同的 external_ids 重新添加，再移入命名空间并配置；`everway doctor --fix` 会这样做。若是系统设备，需要由创建它的一方恢复。"
      ),
      explains: ["EW-NET-17", "EW-NET-19", "EW-NET-21"],
      tested: .live("OVSFindings.aPortWithoutItsDeviceIsMadeAnew"),
      examples: ["interface": "ovnext0", "outside": "ovnext0", "place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-16", .network, .critical, .automatic,
      title: Words("{interface} has the wrong iface-id", zh: "{interface} 的 iface-id 不正确"),
      symptom: Words(
        "The gateway answers nothing from OVN, and Port_Binding {node} in the southbound database has no chassis.",
        zh: "网关对来自 OVN 的报文毫无应答，南向数据库中 Port_Binding {node} 没有 chassis。"),
      cause: Words(
        "ovn-controller finds the logical port of an interface by external_ids:iface-id alone. Kube-OVN calls the logical port of a gateway, as its OvnEip, after the node; with {found} there, OVN binds nothing, or another port, to this interface. It happens when a node was renamed, or a port was made by hand.",
        zh:
          "ovn-controller 仅凭 external_ids:iface-id 找到接口对应的逻辑端口。Kube-OVN 中网关的逻辑端口与 OvnEip 一样以节点名命名；现在的值是 {found}，OVN 就不会把端口绑定到这个接口，或者绑错端口。常见于节点改过名，或端口是手工创建的。"
      ),
      detection: Words(
        "external_ids:iface-id of the interface's row in the node's Open_vSwitch database, against the node's name in Kubernetes: that of its own port ovn0, whose iface-id is `node-` and the name.",
        zh:
          "对比节点 Open_vSwitch 数据库中该接口的 external_ids:iface-id 与节点在 Kubernetes 中的名字（取自节点自身端口 ovn0，其 iface-id 为 `node-` 加节点名）。"
      ),
      fix: Words(
        "`ovs-vsctl set interface {interface} external_ids:iface-id={node}`; OVN binds the port within a second.",
        zh: "`ovs-vsctl set interface {interface} external_ids:iface-id={node}`；OVN 会在一秒内绑定端口。"),
      explains: ["EW-NET-21"],
      tested: .live("OVSFindings.aWrongLogicalPortIsSetRight"),
      examples: ["interface": "ovnext0", "found": "node-1", "node": "node1"]),
    CatalogueEntry(
      "EW-NET-25", .network, .error, .automatic,
      title: Words("the loopback is down in {place}", zh: "{place} 中的 lo 处于 down 状态"),
      symptom: Words(
        "`Error connecting to beacon on 127.0.0.1:957: Network is unreachable` from bfdd-control, though the beacon runs.",
        zh: "beacon 正在运行，但 bfdd-control 报错 `Error connecting to beacon on 127.0.0.1:957: Network is unreachable`。"),
      cause: Words(
        "A new network namespace has its loopback down. Without it 127.0.0.1 cannot be reached, where the control port of the beacon is, nor can the namespace reach its own addresses.",
        zh: "新建的网络命名空间中 lo 默认是 down 的。这样就无法访问 127.0.0.1（beacon 的控制端口在此），命名空间也访问不到自己的地址。"),
      detection: Words("IFF_UP is not set on the loopback (RTM_GETLINK).", zh: "lo 没有 IFF_UP 标志（RTM_GETLINK）。"),
      fix: Words("`ip link set lo up` in the namespace.", zh: "在命名空间中执行 `ip link set lo up`。"),
      tested: .live("NetworkFindings.aLoopbackThatIsDownIsSetUp"),
      examples: ["place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-70", .network, .critical, .automatic,
      title: Words("{interface} is down", zh: "{interface} 处于 down 状态"),
      symptom: Words(
        "`ip link` in {place} shows `state DOWN` for {interface}, and `Network is down` or `Network is unreachable` comes from everything that sends.",
        zh:
          "在 {place} 中执行 `ip link`，{interface} 显示 `state DOWN`；发送报文都会报 `Network is down` 或 `Network is unreachable`。"
      ),
      cause: Words(
        "Nobody set it up after it was moved into the namespace, which sets a link down, or somebody set it down.",
        zh: "链路移入命名空间后会变为 down，之后没有人把它设为 up；或者有人把它设成了 down。"),
      detection: Words("IFF_UP is not set (RTM_GETLINK).", zh: "没有 IFF_UP 标志（RTM_GETLINK）。"),
      fix: Words(
        "`ip link set {interface} up`; routes and IPv6 addresses that went with it must be set again.",
        zh: "`ip link set {interface} up`；随之丢失的路由和 IPv6 地址需要重新设置。"),
      explains: ["EW-NET-17", "EW-NET-19", "EW-NET-21"],
      tested: .live("NetworkFindings.aLinkThatIsDownIsSetUp"),
      examples: ["interface": "ovnext0", "outside": "ovnext0", "place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-71", .network, .critical, .manual,
      title: Words("{interface} has no carrier", zh: "{interface} 没有载波"),
      symptom: Words(
        "`ip link` in {place} shows `NO-CARRIER` for {interface}.",
        zh: "在 {place} 中执行 `ip link`，{interface} 显示 `NO-CARRIER`。"),
      cause: Words(
        "The other end is not there: of a physical interface the cable or the switch's port, of a veth the other end that is down, of a port of Open vSwitch with the userspace datapath a vswitchd that does not run.",
        zh: "对端不存在：物理网卡是网线或交换机端口的问题；veth 是对端处于 down 状态；使用用户态数据路径的 Open vSwitch 端口则是 vswitchd 没有运行。"),
      detection: Words(
        "Up, but IFF_LOWER_UP is not set (RTM_GETLINK).", zh: "已 up，但没有 IFF_LOWER_UP 标志（RTM_GETLINK）。"),
      fix: Words(
        "Look at the other end: cable and switch, `ip link` for a veth's other end, `systemctl status ovs-vswitchd` (openvswitch-switch on Debian) and `ovs-vsctl show` for Open vSwitch.",
        zh:
          "检查对端：网线和交换机；veth 用 `ip link` 查看另一端；Open vSwitch 用 `systemctl status ovs-vswitchd`（Debian 上为 openvswitch-switch）和 `ovs-vsctl show`。"
      ),
      explains: ["EW-NET-17", "EW-NET-19", "EW-NET-21"],
      tested: .live("NetworkFindings.aLinkWithoutCarrierIsNamed"),
      examples: ["interface": "ovnext0", "outside": "ovnext0", "place": "ovnext"]),
    CatalogueEntry(
      "EW-NET-72", .network, .critical, .automatic,
      title: Words("there are two {interface}, and the one in use is dead", zh: "存在两个 {interface}，在用的那个已失效"),
      symptom: Words(
        "After a restart of ovs-vswitchd {interface} in {place} shows `NO-CARRIER`, and a second one has appeared on the node.",
        zh: "ovs-vswitchd 重启后，{place} 中的 {interface} 显示 `NO-CARRIER`，节点上又出现了一个同名接口。"),
      cause: Words(
        "With the userspace datapath an internal port is a tap that belongs to vswitchd. The new vswitchd does not see the old one, which is in another namespace, and makes a new one in its own.",
        zh: "使用用户态数据路径时，internal 端口是属于 vswitchd 的 tap 设备。重启后的 vswitchd 看不到位于另一个命名空间里的旧设备，于是在自己的命名空间里新建一个。"),
      detection: Words(
        "The interface in the gateway's namespace is up without carrier, one of the same name is in the host's namespace, and the node's Open_vSwitch database has it.",
        zh: "网关命名空间中的接口已 up 但没有载波，主机命名空间中有同名接口，且节点的 Open_vSwitch 数据库中有该接口。"),
      fix: Words(
        "Delete the dead one (`ip link del {interface}` in the namespace), then move the new one in and configure it.",
        zh: "删除失效的接口（在命名空间中执行 `ip link del {interface}`），再把新的移入并配置。"),
      explains: ["EW-NET-17", "EW-NET-19", "EW-NET-21"],
      tested: .live("OVSFindings.aTwinAfterARestartReplacesTheDeadOne"),
      examples: ["interface": "ovnext0", "outside": "ovnext0", "place": "ovnext"])
  ]
}

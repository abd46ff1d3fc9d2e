import Languages

extension Catalogue {
  private static let ownMachine = "needs a machine that lacks it"

  /// Row 67, and what else of the machine breaks a gateway.
  static let machine: [CatalogueEntry] = [
    CatalogueEntry(
      "EW-VER-67", .versions, .warning, .manual,
      title: Words("{what} {version}: {why}", zh: "版本 {what} {version}：{whyChinese}"),
      symptom: Words(
        "Things fail that work elsewhere: TCP stalls, NAT does nothing, objects are refused, pods get no network.",
        zh: "别处正常的功能在这里失效：TCP 卡住、NAT 不生效、对象被拒绝、Pod 没有网络。"),
      cause: Words("{what} is {version}. {why}.", zh: "{what} 为 {version}。{whyChinese}。"),
      detection: Words(
        "Tags of Kube-OVN's images, versions of the API server, kubelets, northd and kernels, against docs/versions.md. What "
          + "is not in that table is said to be not known.",
        zh: "将 Kube-OVN 镜像标签以及 API server、kubelet、northd、内核的版本与 docs/versions.zh-CN.md 比对；表中没有的会说明未知。"),
      fix: Words(
        "Move to a combination of docs/versions.md: the kernel of a node by its distribution's updates, Kube-OVN before "
          + "Kubernetes when upgrading.",
        zh: "改用 docs/versions.zh-CN.md 中的组合：节点内核通过发行版更新；升级时先升级 Kube-OVN，再升级 Kubernetes。"),
      tested: .fromFacts("Versions.thatDoNotGoTogetherAreFound", why: "other versions cannot be installed here"),
      examples: [
        "what": "Kubernetes", "version": "1.28", "why": "Kube-OVN 1.14.0 needs 1.29",
        "whyChinese": "Kube-OVN 1.14.0 要求 1.29 及以上"
      ]),
    CatalogueEntry(
      "EW-SYS-110", .machine, .error, .manual,
      title: Words("The kernel has no {part}", zh: "内核缺少 {part}"),
      symptom: Words(
        "`Operation not supported`, `Unknown device type`, or `modprobe: FATAL: Module {part} not found`.",
        zh: "出现 `Operation not supported`、`Unknown device type` 或 `modprobe: FATAL: Module {part} not found`。"),
      cause: Words(
        "{part} is neither loaded nor built in, and not on disk: a minimal or cloud kernel whose extra modules are in a package of "
          + "their own, a kernel that was upgraded and not booted, or one built without {option}.",
        zh: "{part} 未加载、未内建，磁盘上也没有：可能是精简或云内核（额外模块在单独的软件包中）、升级后尚未重启，或内核未启用 {option}。"),
      detection: Words(
        "/proc/modules, /sys/module, modules.builtin and modules.dep of the running kernel, its configuration, and asking it.",
        zh: "检查 /proc/modules、/sys/module、当前内核的 modules.builtin 与 modules.dep、内核配置，并直接询问内核。"),
      fix: Words(
        "`modprobe {part}`; when it is not found, install the modules of `uname -r` (linux-modules-extra, kernel-modules-extra) or "
          + "boot the kernel that was installed last. Load it at boot: a line in /etc/modules-load.d/everway.conf.",
        zh: "执行 `modprobe {part}`；若找不到，安装与 `uname -r` 对应的模块包（linux-modules-extra、kernel-modules-extra），或重启到最新安装的内核。"
          + "开机加载：在 /etc/modules-load.d/everway.conf 中加一行。"),
      tested: .fromFacts("MachineChecksTests.missingPartsOfTheKernelAreFound", why: ownMachine),
      examples: ["part": "geneve", "option": "CONFIG_GENEVE"]),
    CatalogueEntry(
      "EW-SYS-111", .machine, .error, .manual,
      title: Words("IPv6 is switched off in the kernel", zh: "内核关闭了 IPv6"),
      symptom: Words(
        "Geneve tunnels do not come up (`geneve_sys_6081` is missing), or IPv6 sessions say `Address family not supported by protocol`.",
        zh: "Geneve 隧道无法建立（缺少 `geneve_sys_6081`），或 IPv6 会话报 `Address family not supported by protocol`。"),
      cause: Words(
        "The kernel was booted with ipv6.disable=1. Its Geneve driver opens an IPv6 socket also for IPv4 tunnels and fails without.",
        zh: "内核以 ipv6.disable=1 启动。Geneve 驱动即使用于 IPv4 隧道也要打开 IPv6 套接字，否则失败。"),
      detection: Words("/proc/cmdline, and socket(AF_INET6).", zh: "检查 /proc/cmdline 与 socket(AF_INET6)。"),
      fix: Words(
        "Remove ipv6.disable=1 from the kernel's command line (/etc/default/grub, then update-grub) and reboot. To have no IPv6 on "
          + "interfaces, set net.ipv6.conf.all.disable_ipv6=1 instead: that hurts nobody.",
        zh: "从内核命令行去掉 ipv6.disable=1（/etc/default/grub，再 update-grub）并重启。若只是不想在网卡上使用 IPv6，"
          + "改用 net.ipv6.conf.all.disable_ipv6=1，没有副作用。"),
      tested: .fromFacts("MachineChecksTests.ipv6ThatIsOffIsFoundWhereItIsNeeded", why: ownMachine)),
    CatalogueEntry(
      "EW-SYS-112", .machine, .warning, .manual,
      title: Words("{available} MiB of memory are left", zh: "可用内存仅剩 {available} MiB"),
      symptom: Words(
        "Processes vanish (`Out of memory: Killed process`), packets are dropped, sessions flap.",
        zh: "进程消失（`Out of memory: Killed process`）、丢包、会话抖动。"),
      cause: Words(
        "The machine's memory is nearly used up. The kernel then reclaims pages in the path of packets, and kills processes.",
        zh: "内存即将耗尽。此时内核会在收发包路径上回收内存，并杀死进程。"),
      detection: Words("MemAvailable below 64 MiB, or below 2 % of all.", zh: "MemAvailable 低于 64 MiB 或总量的 2%。"),
      fix: Words(
        "Find who takes it (`ps -eo rss,pid,comm --sort=-rss | head`), limit or move it.",
        zh: "找出占用者（`ps -eo rss,pid,comm --sort=-rss | head`），加以限制或迁移。"),
      tested: .fromFacts("MachineChecksTests.littleMemoryIsFound", why: ownMachine), examples: ["available": "40"]),
    CatalogueEntry(
      "EW-SYS-113", .machine, .warning, .manual,
      title: Words("Nothing can be written to {path}", zh: "{path} 无法写入"),
      symptom: Words(
        "`No space left on device` or `Read-only file system`.",
        zh: "出现 `No space left on device` 或 `Read-only file system`。"),
      cause: Words(
        "{path} is full or read-only. Names of namespaces are files below /run; everway keeps its secret and its captures in "
          + "/var/lib/everway, without which sessions change their discriminators at a restart.",
        zh: "{path} 已满或只读。命名空间的名字是 /run 下的文件；everway 的密钥与抓包存放在 /var/lib/everway，缺少密钥时重启会改变会话的 discriminator。"),
      detection: Words("Less than 1 MiB free, or mounted read-only.", zh: "剩余不足 1 MiB，或以只读方式挂载。"),
      fix: Words(
        "`df -h {path}; du -xh {path} | sort -h | tail`, and make room; `mount -o remount,rw` when it is read-only.",
        zh: "用 `df -h {path}; du -xh {path} | sort -h | tail` 查看并清理；若为只读则 `mount -o remount,rw`。"),
      tested: .fromFacts("MachineChecksTests.fullDisksAreFound", why: ownMachine), examples: ["path": "/run"]),
    CatalogueEntry(
      "EW-SYS-114", .machine, .error, .manual,
      title: Words("{used} of {most} files are open on the machine", zh: "系统打开的文件已达 {used}/{most}"),
      symptom: Words("`Too many open files in system`.", zh: "出现 `Too many open files in system`。"),
      cause: Words(
        "The machine's table of open files is nearly full; when it is, nobody opens a socket or a namespace any more.",
        zh: "系统的打开文件表即将用尽；用尽后任何程序都无法再打开套接字或命名空间。"),
      detection: Words(
        "/proc/sys/fs/file-nr at 90 % of fs.file-max.", zh: "/proc/sys/fs/file-nr 达到 fs.file-max 的 90%。"),
      fix: Words(
        "Find who leaks (`for p in /proc/[0-9]*; do echo $(ls $p/fd | wc -l) $p; done | sort -n | tail`); meanwhile raise fs.file-max.",
        zh:
          "找出泄漏者（`for p in /proc/[0-9]*; do echo $(ls $p/fd | wc -l) $p; done | sort -n | tail`）；暂时调大 fs.file-max。"),
      explains: ["EW-CFG-66"],
      tested: .fromFacts("MachineChecksTests.aFullFileTableIsFound", why: ownMachine),
      examples: ["used": "9500", "most": "10000"]),
    CatalogueEntry(
      "EW-SYS-115", .machine, .warning, .manual,
      title: Words("{count} of {limit} connections are tracked", zh: "连接跟踪已用 {count}/{limit}"),
      symptom: Words(
        "The kernel logs `nf_conntrack: table full, dropping packet`.",
        zh: "内核日志出现 `nf_conntrack: table full, dropping packet`。"),
      cause: Words(
        "Connection tracking in the gateway's namespace is nearly full. When it is, packets of new connections are dropped, those of "
          + "BFD among them when a rule tracks them.",
        zh: "网关命名空间的连接跟踪表即将用尽。用尽后新连接的报文会被丢弃；若规则跟踪了 BFD，BFD 报文也在其中。"),
      detection: Words(
        "nf_conntrack_count at 90 % of nf_conntrack_max.", zh: "nf_conntrack_count 达到 nf_conntrack_max 的 90%。"),
      fix: Words(
        "Raise net.netfilter.nf_conntrack_max (it is the machine's, set outside of the namespace), and exempt BFD: `nft add rule inet "
          + "raw prerouting udp dport { 3784, 4784 } notrack`.",
        zh: "调大 net.netfilter.nf_conntrack_max（在命名空间之外设置），并让 BFD 免于跟踪："
          + "`nft add rule inet raw prerouting udp dport { 3784, 4784 } notrack`。"),
      tested: .fromFacts(
        "MachineChecksTests.aFullTableOfConnectionsIsFound", why: "a full table would disturb the other tests"),
      examples: ["count": "250000", "limit": "262144"])
  ]
}

import Languages

extension CatalogueEntry {
  /// Names below /run/netns: rows 1 to 13.
  static let namespaces: [CatalogueEntry] = [
    hiddenMount, plainFile, mountMissing, privateHost, dangling, wrongKind, notPermitted, limit, selinux, ptrace,
    unpinned, disputed, leftLabel
  ]

  private static let names = [
    "subject": "ovnext", "path": "/run/netns/ovnext", "inode": "4026532338", "where": "kube-ovn-daemon (812)",
    "point": "/run/netns", "what": "a directory", "target": "/proc/812/ns/net", "node": "node1", "limit": "1024"
  ]
  private static let live = "NetworkNamespacesTests/RepairTests.swift, CollectorsTests/NamespaceFindingsTests.swift"

  private static let hiddenMount = CatalogueEntry(
    FindingID("EW-NS-01"), .namespace, .critical, .automatic,
    title: Words("the namespace is mounted only in another mount namespace", zh: "命名空间只挂载在另一个挂载命名空间里"),
    symptom: Words(
      "`ip netns exec {subject}` says `setting the network namespace \"{subject}\" failed: Invalid argument`.",
      zh: "`ip netns exec {subject}` 报 `setting the network namespace \"{subject}\" failed: Invalid argument`。"),
    cause: Words(
      "The namespace lives (net:[{inode}]), but it is mounted only in the mount namespace of {where}, and {point} there does "
        + "not pass mounts on. Outside, {path} is an empty file, and entering an empty file is an invalid argument. "
        + "kube-ovn-cni from v1.12.20 on mounts /var/run/netns with mountPropagation HostToContainer and is not "
        + "privileged: what it mounts never reaches the host. It is neither the kernel nor a broken file.",
      zh: "命名空间还在（net:[{inode}]），但只挂载在 {where} 的挂载命名空间里，那里的 {point} 不向外传播挂载。在外面 {path} "
        + "只是一个空文件，进入空文件就是无效参数。kube-ovn-cni 从 v1.12.20 起以 mountPropagation HostToContainer 挂载 "
        + "/var/run/netns，且不是 privileged，因此它的挂载永远到不了宿主机。这不是内核问题，也不是文件损坏。"),
    detection: Words(
      "The file system of {path} is not nsfs, and /proc/PID/mountinfo of another mount namespace has an nsfs mount "
        + "`net:[...]` on the same file of the same file system.",
      zh: "{path} 的文件系统不是 nsfs，而另一个挂载命名空间的 /proc/PID/mountinfo 在同一文件系统的同一文件上有 nsfs 挂载 `net:[...]`。"),
    fix: Words(
      "`everway netns repair {subject}` mounts the living namespace over the file, with everything in it: one system call, and "
        + "nothing is lost. So that it does not come back, set mountPropagation: Bidirectional and privileged: true on "
        + "the container that makes it, or let everway make it on the host.",
      zh: "`everway netns repair {subject}` 把仍存在的命名空间连同其中一切挂载到该文件上：只有一个系统调用，不丢失任何东西。要避免再次发生，"
        + "请在创建它的容器上设置 mountPropagation: Bidirectional 和 privileged: true，或让 everway 在宿主机上创建它。"),
    tested: .live(live), examples: names)

  private static let plainFile = CatalogueEntry(
    FindingID("EW-NS-02"), .namespace, .critical, .automatic,
    title: Words("a plain file stands where the namespace should be mounted", zh: "应当挂载命名空间的位置只有一个普通文件"),
    symptom: Words(
      "kube-ovn-cni repeats every 5 s `failed to get netns from path {path}: unknown FS magic on \"{path}\": 1021994`; `ip netns "
        + "exec {subject}` says `Invalid argument`.",
      zh:
        "kube-ovn-cni 每 5 秒重复 `failed to get netns from path {path}: unknown FS magic on \"{path}\": 1021994`；`ip netns exec "
        + "{subject}` 报 `Invalid argument`。"),
    cause: Words(
      "The container that had mounted the namespace has ended, and the mount and the namespace went with it; the file "
        + "stayed. Whoever finds the file takes the namespace for made already. After a reboot with /run on disk it is "
        + "the same.",
      zh: "挂载该命名空间的容器已退出，挂载和命名空间随之消失，文件却留了下来。之后的程序看到文件就以为命名空间已经创建。/run 在磁盘上时，"
        + "重启后也是如此。"),
    detection: Words(
      "{path} is a file and no nsfs; no mount namespace has a namespace mounted there, and no process holds one that could be "
        + "it.",
      zh: "{path} 是文件而不是 nsfs；没有任何挂载命名空间在那里挂载着命名空间，也没有进程持有可能是它的命名空间。"),
    fix: Words(
      "`everway netns repair {subject}` makes a new namespace and mounts it over the file. Its interfaces have to be made "
        + "again: `everway run` and kube-ovn-cni do so.",
      zh: "`everway netns repair {subject}` 新建一个命名空间并挂载到该文件上。其中的接口需要重新配置，`everway run` 和 kube-ovn-cni 会自动完成。"),
    tested: .live(live), examples: names)

  private static let mountMissing = CatalogueEntry(
    FindingID("EW-NS-03"), .namespace, .critical, .automatic,
    title: Words("the namespace's mount is gone and its name is taken", zh: "命名空间的挂载已消失，名字却被占用"),
    symptom: Words(
      "`failed to get create gw ns {subject}, exit status 1`; `ip netns add {subject}` says `File exists`, and `ip netns exec` "
        + "`Invalid argument`.",
      zh:
        "`failed to get create gw ns {subject}, exit status 1`；`ip netns add {subject}` 报 `File exists`，`ip netns exec` 报 "
        + "`Invalid argument`。"),
    cause: Words(
      "`ip netns add` made the file {path} (mode 0000), and what was mounted on it is gone. The file remains, so the "
        + "name cannot be made again.",
      zh: "`ip netns add` 创建了文件 {path}（权限 0000），但上面的挂载已经消失。文件还在，所以无法再用这个名字创建。"),
    detection: Words(
      "{path} is a file of mode 0000 without a mount; nothing alive is found that it could have been.",
      zh: "{path} 是权限为 0000 且没有挂载的文件；找不到可能是它的存活命名空间。"),
    fix: Words(
      "`everway netns repair {subject}` makes a new namespace and mounts it over the file. When a process still runs in the "
        + "old one, say which: `everway netns repair {subject} --from PID`.",
      zh: "`everway netns repair {subject}` 新建一个命名空间并挂载到该文件上。如果旧命名空间里还有进程，请指定："
        + "`everway netns repair {subject} --from PID`。"),
    tested: .live(live), examples: names)

  private static let privateHost = CatalogueEntry(
    FindingID("EW-NS-04"), .namespace, .error, .guarded,
    title: Words("the host's namespace directory is a private mount", zh: "宿主机的命名空间目录是 private 挂载"),
    symptom: Words(
      "`ip netns exec {subject}` says `Invalid argument` on the host although the container has Bidirectional propagation.",
      zh: "容器已设置 Bidirectional 传播，但在宿主机上 `ip netns exec {subject}` 仍报 `Invalid argument`。"),
    cause: Words(
      "{point} is a private mount on the host. What a container mounts in it reaches nobody, whatever its mountPropagation "
        + "says.",
      zh: "宿主机上的 {point} 是 private 挂载。无论 mountPropagation 如何设置，容器在其中的挂载都不会传播出来。"),
    detection: Words(
      "The mount that holds {path} has no `shared:` in the host's mountinfo, and another mount namespace has the namespace "
        + "mounted.",
      zh: "宿主机 mountinfo 中持有 {path} 的挂载没有 `shared:`，而另一个挂载命名空间里有该命名空间的挂载。"),
    fix: Words(
      "`everway netns repair {subject}` pins the namespace here, then asks whether to make {point} shared (`mount "
        + "--make-rshared {point}`). Containers that are running keep the mount they have: restart them.",
      zh: "`everway netns repair {subject}` 先在这里固定命名空间，再询问是否把 {point} 设为 shared（`mount --make-rshared {point}`）。"
        + "正在运行的容器仍使用旧挂载，需要重启。"),
    tested: .fromFacts(
      "DoctorTests/NamespaceChecksTests.swift", why: "the machine's real mounts are left as they are"),
    examples: names)

  private static let dangling = CatalogueEntry(
    FindingID("EW-NS-05"), .namespace, .critical, .automatic,
    title: Words("the name is a link to nothing", zh: "名字是悬空链接"),
    symptom: Words(
      "`ip netns exec {subject}` says `Cannot open network namespace \"{subject}\": No such file or directory`.",
      zh: "`ip netns exec {subject}` 报 `Cannot open network namespace \"{subject}\": No such file or directory`。"),
    cause: Words(
      "{path} is a symbolic link to {target}, which is gone: usually /proc/PID/ns/net of a process that has ended.",
      zh: "{path} 是指向 {target} 的符号链接，目标已不存在：通常是已退出进程的 /proc/PID/ns/net。"),
    detection: Words("lstat finds a link, stat says ENOENT.", zh: "lstat 得到符号链接，stat 返回 ENOENT。"),
    fix: Words(
      "`everway netns repair {subject}` puts a namespace in the link's place, in one step: the old one where a process still "
        + "holds it, else a new one.",
      zh: "`everway netns repair {subject}` 一步用命名空间替换该链接：若仍有进程持有旧的就用旧的，否则新建。"),
    tested: .live(live), examples: names)

  private static let wrongKind = CatalogueEntry(
    FindingID("EW-NS-06"), .namespace, .critical, .guarded,
    title: Words("something else stands where the namespace should be", zh: "命名空间的位置被别的东西占用"),
    symptom: Words(
      "`ip netns exec {subject}` says `Invalid argument` or `Too many levels of symbolic links`; `ip netns del` may fail too.",
      zh:
        "`ip netns exec {subject}` 报 `Invalid argument` 或 `Too many levels of symbolic links`；`ip netns del` 也可能失败。"
    ),
    cause: Words(
      "{path} is {what}, not a network namespace.", zh: "{path} 是{what}，不是网络命名空间。"),
    detection: Words(
      "lstat, open with O_NOFOLLOW, and the ioctl NS_GET_NSTYPE on {path}.",
      zh: "对 {path} 做 lstat、带 O_NOFOLLOW 的 open 以及 ioctl NS_GET_NSTYPE。"),
    fix: Words(
      "`everway netns repair {subject}` asks, then exchanges it for a namespace in one step and removes it. A directory that "
        + "is not empty is left to you.",
      zh: "`everway netns repair {subject}` 先询问，再一步换成命名空间并删除原来的东西。非空目录需要您自己处理。"),
    tested: .live(live), examples: names)

  private static let notPermitted = CatalogueEntry(
    FindingID("EW-NS-07"), .namespace, .error, .manual,
    title: Words("this process may not enter or make namespaces", zh: "本进程无权进入或创建命名空间"),
    symptom: Words(
      "`setting the network namespace \"{subject}\" failed: Operation not permitted`; unshare and setns say EPERM.",
      zh: "`setting the network namespace \"{subject}\" failed: Operation not permitted`；unshare 和 setns 返回 EPERM。"),
    cause: Words("Something stands in the way: {what}.", zh: "受到限制：{what}。"),
    detection: Words(
      "A thread that is thrown away tries setns and unshare; CapEff and Seccomp of /proc/self/status, and /proc/self/ns/user, "
        + "say why it was refused.",
      zh: "用一次性线程尝试 setns 和 unshare；被拒绝的原因来自 /proc/self/status 的 CapEff、Seccomp 和 /proc/self/ns/user。"),
    fix: Words(
      "Run it as root on the host, or grant what is missing. `everway netns selftest` says step by step what works.",
      zh: "在宿主机上以 root 运行，或授予缺少的权限。`everway netns selftest` 会逐步说明哪些可行。"),
    tested: .live("CommandTests/NetnsTests.swift"),
    examples: names.merging(["what": "CAP_SYS_ADMIN is missing"]) { $1 })

  private static let limit = CatalogueEntry(
    FindingID("EW-NS-08"), .namespace, .error, .guarded,
    title: Words("no more network namespaces can be made", zh: "无法再创建网络命名空间"),
    symptom: Words(
      "`Failed to create a new network namespace \"{subject}\": No space left on device`.",
      zh: "报 `Failed to create a new network namespace \"{subject}\": No space left on device`。"),
    cause: Words(
      "The limit of network namespaces of this user namespace ({limit}) is reached; no disk is full.",
      zh: "已达到当前用户命名空间的网络命名空间上限（{limit}）；并不是磁盘满了。"),
    detection: Words(
      "A thread that is thrown away calls unshare and gets ENOSPC; /proc/sys/user/max_net_namespaces has the limit.",
      zh: "一次性线程调用 unshare 得到 ENOSPC；上限在 /proc/sys/user/max_net_namespaces。"),
    fix: Words(
      "Look for namespaces that nobody needs (`everway netns list`), or raise it: `sysctl -w user.max_net_namespaces=N`. A leak "
        + "comes back.",
      zh: "清理不再需要的命名空间（`everway netns list`），或提高上限：`sysctl -w user.max_net_namespaces=N`。若有泄漏，问题还会出现。"),
    tested: .live("CommandTests/NetnsTests.swift, in a user namespace of its own"), examples: names)

  private static let selinux = CatalogueEntry(
    FindingID("EW-NS-09"), .namespace, .error, .manual,
    title: Words("SELinux refuses it", zh: "被 SELinux 拒绝"),
    symptom: Words(
      "Opening, mounting or entering {path} says `Permission denied` as root.",
      zh: "以 root 打开、挂载或进入 {path} 时报 `Permission denied`。"),
    cause: Words("Something stands in the way: {what}.", zh: "受到限制：{what}。"),
    detection: Words(
      "The call says EACCES, /sys/fs/selinux/enforce is 1, and the context is in /proc/self/attr/current.",
      zh: "调用返回 EACCES，/sys/fs/selinux/enforce 为 1，上下文在 /proc/self/attr/current。"),
    fix: Words(
      "`ausearch -m avc -ts recent` shows the denial. In a pod use seLinuxOptions.type: spc_t or a privileged container; on a "
        + "host, a policy module.",
      zh: "用 `ausearch -m avc -ts recent` 查看拒绝记录。Pod 使用 seLinuxOptions.type: spc_t 或特权容器；宿主机上需要策略模块。"),
    tested: .fromFacts("DoctorTests/NamespaceChecksTests.swift", why: "the test machine has no SELinux"),
    examples: names.merging(["what": "SELinux enforces, context container_t"]) { $1 })

  private static let ptrace = CatalogueEntry(
    FindingID("EW-NS-10"), .namespace, .warning, .manual,
    title: Words("other processes cannot be looked at", zh: "无法查看其他进程"),
    symptom: Words(
      "`failed to Statfs \"/proc/PID/ns/net\": permission denied`.",
      zh: "报 `failed to Statfs \"/proc/PID/ns/net\": permission denied`。"),
    cause: Words(
      "{what}. Without it a namespace that only a process holds cannot be found, nor pinned.",
      zh: "{what}。缺少它就无法找到、也无法固定只由进程持有的命名空间。"),
    detection: Words(
      "/proc/PID/ns/net of other processes says EACCES, and CAP_SYS_PTRACE is missing or an AppArmor profile is in force.",
      zh: "其他进程的 /proc/PID/ns/net 返回 EACCES，且缺少 CAP_SYS_PTRACE 或有 AppArmor 配置生效。"),
    fix: Words(
      "Grant CAP_SYS_PTRACE, or take the AppArmor profile off (appArmorProfile.type: Unconfined).",
      zh: "授予 CAP_SYS_PTRACE，或取消 AppArmor 配置（appArmorProfile.type: Unconfined）。"),
    tested: .fromFacts("DoctorTests/NamespaceChecksTests.swift", why: "the test machine has no AppArmor"),
    examples: names.merging(["what": "CAP_SYS_PTRACE is missing"]) { $1 })

  private static let unpinned = CatalogueEntry(
    FindingID("EW-NS-11"), .namespace, .error, .automatic,
    title: Words("the namespace is alive, and nothing pins it", zh: "命名空间还在，但没有固定"),
    symptom: Words(
      "`ip netns exec {subject}` says `Invalid argument` or `No such file or directory` while the BFD daemon in it goes on; "
        + "when that restarts, everything in it is gone.",
      zh: "`ip netns exec {subject}` 报 `Invalid argument` 或 `No such file or directory`，而其中的 BFD 守护进程仍在运行；一旦它重启，"
        + "里面的一切都会消失。"),
    cause: Words(
      "The mount at {path} was taken away. net:[{inode}] lives only as long as {where}.",
      zh: "{path} 上的挂载被去掉了。net:[{inode}] 只随 {where} 存在。"),
    detection: Words(
      "The inodes of /proc/*/ns/net and of descriptors, against all nsfs mounts in all mount namespaces; the right one has the "
        + "interface that is expected.",
      zh: "把 /proc/*/ns/net 和文件描述符的 inode 与所有挂载命名空间中的 nsfs 挂载比较；带有预期接口的就是它。"),
    fix: Words(
      "`everway netns repair {subject}` mounts it under its name again, with everything in it.",
      zh: "`everway netns repair {subject}` 把它连同其中一切重新挂载到自己的名字下。"),
    tested: .live(live), examples: names)

  private static let disputed = CatalogueEntry(
    FindingID("EW-NS-12"), .namespace, .critical, .guarded,
    title: Words("two namespaces have one name", zh: "两个命名空间同名"),
    symptom: Words(
      "The host and a container see different interfaces in {subject}; what one configures the other does not see.",
      zh: "宿主机和容器在 {subject} 里看到不同的接口；一方的配置另一方看不到。"),
    cause: Words(
      "Each made its own: the mount of one did not reach the other. The one of {where} is net:[{inode}].",
      zh: "双方各自创建了一个：一方的挂载没有传到另一方。{where} 的是 net:[{inode}]。"),
    detection: Words(
      "Different inodes are mounted on the same file in different mount namespaces.",
      zh: "不同挂载命名空间在同一文件上挂载了不同的 inode。"),
    fix: Words(
      "`everway netns repair {subject}` asks, then mounts the one that has the interface over the other, here and there. The "
        + "other stays below and loses nothing: `umount {path}` brings it back.",
      zh: "`everway netns repair {subject}` 先询问，再在各处把带有接口的那一个盖在另一个上面。另一个仍在下面，不会丢失：`umount {path}` 即可恢复。"),
    tested: .live(live), examples: names)

  private static let leftLabel = CatalogueEntry(
    FindingID("EW-NS-13"), .namespace, .warning, .automatic,
    title: Words("the node is labelled as a gateway and has no OvnEip", zh: "节点带有网关标签，却没有 OvnEip"),
    symptom: Words(
      "The node {node} has the label `ovn.kubernetes.io/node-ext-gw=true`, and `kubectl get ovn-eip {node}` finds nothing.",
      zh: "节点 {node} 带有标签 `ovn.kubernetes.io/node-ext-gw=true`，但 `kubectl get ovn-eip {node}` 查不到对象。"),
    cause: Words(
      "The OvnEip was deleted. kube-ovn-cni leaves the namespace's file and the label behind, and routes may go on naming "
        + "this node.",
      zh: "OvnEip 已被删除。kube-ovn-cni 会留下命名空间文件和标签，路由可能仍指向该节点。"),
    detection: Words("The labels of the Node against all OvnEips.", zh: "把 Node 的标签与所有 OvnEip 比较。"),
    fix: Words(
      "`kubectl label node {node} ovn.kubernetes.io/node-ext-gw-`, then `ip netns del ovnext` on the node; or make the OvnEip "
        + "again.",
      zh:
        "执行 `kubectl label node {node} ovn.kubernetes.io/node-ext-gw-`，再在节点上执行 `ip netns del ovnext`；或重新创建 OvnEip。"),
    tested: .live("ClusterFindings.whatKubeOVNForgotToWriteIsWritten"),
    examples: names)
}

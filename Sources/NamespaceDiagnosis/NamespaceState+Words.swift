public import Languages

extension NamespaceState {
  /// What it is, a sentence without a full stop.
  public var sentence: Words {
    switch self {
    case .absent: Words("there is no such name", zh: "没有这个名字")
    case .healthy(let identity):
      Words("healthy: \(identity)", zh: "正常：\(identity)")
    case .broken(let fault): fault.sentence
    }
  }

  /// Two or three words, for a table.
  public var label: Words {
    switch self {
    case .absent: Words("absent", zh: "不存在")
    case .healthy: Words("healthy", zh: "正常")
    case .broken(let fault): fault.label
    }
  }
}

extension NamespaceFault: CustomStringConvertible {
  public var description: String { sentence.en }

  public var label: Words {
    switch self {
    case .plainFile: Words("plain file", zh: "普通文件")
    case .mountMissing: Words("mount missing", zh: "挂载缺失")
    case .hiddenMount: Words("mounted elsewhere", zh: "只挂载在别处")
    case .hiddenFromHost: Words("hidden from host", zh: "宿主机不可见")
    case .danglingSymlink: Words("dangling link", zh: "悬空链接")
    case .loopingSymlink: Words("looping link", zh: "循环链接")
    case .symlinkToProcess: Words("link to process", zh: "指向进程的链接")
    case .unpinned: Words("not pinned", zh: "未固定")
    case .directory: Words("directory", zh: "目录")
    case .specialFile: Words("special file", zh: "特殊文件")
    case .wrongKind(let kind): Words("\(kind) namespace", zh: "\(kind) 命名空间")
    case .deletedFile: Words("deleted file", zh: "已删除的文件")
    case .disputed: Words("two of one name", zh: "重名")
    case .notPermitted: Words("not permitted", zh: "没有权限")
    case .limitReached: Words("limit reached", zh: "达到上限")
    case .inaccessible: Words("inaccessible", zh: "无法检查")
    }
  }

  /// What is wrong, a sentence without a full stop.
  public var sentence: Words {
    switch self {
    case .plainFile:
      Words(
        "a plain file stands where the namespace should be mounted", zh: "应当挂载命名空间的位置只有一个普通文件")
    case .mountMissing:
      Words(
        "its mount is missing here: unmounted, or mounted only in another mount namespace",
        zh: "这里缺少它的挂载：已被卸载，或只挂载在另一个挂载命名空间里")
    case .hiddenMount(let sighting, let barrier):
      Words(
        "the namespace lives (net:[\(sighting.inode)]), but it is mounted only in the mount namespace of "
          + "\(sighting.process.words.en): \(barrier.words.en)",
        zh: "命名空间还在（net:[\(sighting.inode)]），但只挂载在 \(sighting.process.words.zh) 的挂载命名空间里："
          + barrier.words.zh)
    case .hiddenFromHost(let identity, let barrier):
      Words(
        "it works here (\(identity)), but the host sees only an empty file: \(barrier.words.en)",
        zh: "在这里可用（\(identity)），但宿主机只看到一个空文件：\(barrier.words.zh)")
    case .danglingSymlink(let target):
      Words("a symbolic link to \(target), which does not exist", zh: "符号链接指向不存在的 \(target)")
    case .loopingSymlink(let target):
      Words("a symbolic link to \(target), which leads back to itself", zh: "符号链接指向 \(target)，又绕回它自己")
    case .symlinkToProcess(let target, let identity):
      Words(
        "a symbolic link to \(target) (\(identity)): it works only while that process lives",
        zh: "符号链接指向 \(target)（\(identity)）：该进程退出后就会失效")
    case .unpinned(let living, let isCertain): Self.unpinnedSentence(living, isCertain)
    case .directory(let isEmpty):
      Words(
        "a directory stands where the namespace should be mounted" + (isEmpty ? "" : ", and it is not empty"),
        zh: "应当挂载命名空间的位置是一个目录" + (isEmpty ? "" : "，而且不是空的"))
    case .specialFile(let kind):
      Words(
        "a special file (\(kind.rawValue)) stands where the namespace should be mounted",
        zh: "应当挂载命名空间的位置是一个特殊文件（\(kind.rawValue)）")
    case .wrongKind(let kind):
      Words(
        "a namespace of kind \(kind) is mounted there, not a network namespace",
        zh: "那里挂载的是 \(kind) 命名空间，不是网络命名空间")
    case .deletedFile:
      Words(
        "a deleted file is mounted there, not a network namespace", zh: "那里挂载的是一个已删除的文件，不是网络命名空间")
    case .disputed(let claims):
      Words(
        "\(claims.count) living namespaces have this name: \(claims.map(\.words.en).joined(separator: "; "))",
        zh: "有 \(claims.count) 个命名空间使用这个名字：\(claims.map(\.words.zh).joined(separator: "；"))")
    case .notPermitted(let operation, let code, let obstacles):
      Words(
        "this process may not \(operation.words.en) (errno \(code)): "
          + obstacles.map(\.words.en).joined(separator: "; or "),
        zh: "本进程无权\(operation.words.zh)（errno \(code)）：" + obstacles.map(\.words.zh).joined(separator: "；或者"))
    case .limitReached(let limit):
      Words(
        "no network namespace can be made: the limit\(limit.map { " of \($0)" } ?? "") is reached (ENOSPC)",
        zh: "无法创建网络命名空间：已达到上限\(limit.map { " \($0)" } ?? "")（ENOSPC）")
    case .inaccessible(let code): Words("it cannot be examined: errno \(code)", zh: "无法检查：errno \(code)")
    }
  }

  private static func unpinnedSentence(
    _ living: NamespaceEvidence.LivingNamespace, _ isCertain: Bool
  ) -> Words {
    let (en, zh) = (living.whoHolds.en, living.whoHolds.zh)
    return isCertain
      ? Words(
        "the namespace lives (net:[\(living.inode)]), but nothing pins it: \(en); when they end, it is gone",
        zh: "命名空间还在（net:[\(living.inode)]），但没有固定：\(zh)；它们退出后命名空间就会消失")
      : Words(
        "its mount is missing, and net:[\(living.inode)] is probably the namespace it had: pinned nowhere, \(en)",
        zh: "挂载缺失，net:[\(living.inode)] 很可能就是原来的命名空间：没有固定，\(zh)")
  }
}

extension NamespaceEvidence.LivingNamespace {
  var isHeldByGuest: Bool { holders.contains { $0.isGuest } }

  /// `held by 3 processes: bfdd (12), …`.
  public var whoHolds: Words {
    let shown = holders.prefix(3)
    let more = max(shown.count, holderCount) - shown.count
    if holderCount > 0 {
      return Words(
        "held by \(holderCount == 1 ? "1 process" : "\(holderCount) processes"): "
          + shown.map(\.words.en).joined(separator: ", ") + (more > 0 ? " and \(more) more" : ""),
        zh: "由 \(holderCount) 个进程持有：" + shown.map(\.words.zh).joined(separator: "、") + (more > 0 ? " 等" : ""))
    }
    if let first = descriptors.first {
      return Words(
        "held by a descriptor of \(first.process.words.en)", zh: "由 \(first.process.words.zh) 的文件描述符持有")
    }
    return Words("held by nobody that can be seen", zh: "看不到持有者")
  }
}

extension NamespaceFault.Barrier {
  /// Why nothing gets through, a phrase.
  public var words: Words {
    switch kind {
    case .slave:
      Words(
        "\(mountPoint) receives mounts and sends none (a slave mount, mountPropagation HostToContainer)",
        zh: "\(mountPoint) 只接收挂载，不向外传播（slave 挂载，mountPropagation 为 HostToContainer）")
    case .isolated:
      Words(
        "\(mountPoint) is a private mount (mountPropagation None)",
        zh: "\(mountPoint) 是 private 挂载（mountPropagation 为 None）")
    case .hostPrivate:
      Words(
        "\(mountPoint) is a private mount on the host, so nothing is passed on",
        zh: "宿主机上的 \(mountPoint) 是 private 挂载，不传播任何挂载")
    case .none:
      Words(
        "nothing stands between them now: it was unmounted here, or mounted before the directory was shared",
        zh: "现在没有阻隔：它在这里被卸载过，或者在目录变成 shared 之前就已挂载")
    }
  }

  /// What to set so that it does not happen again; nil when nothing.
  public var remedy: Words? {
    switch kind {
    case .slave, .isolated:
      Words(
        "in the DaemonSet set mountPropagation: Bidirectional on the volume mount of \(mountPoint), and "
          + "securityContext.privileged: true, which Kubernetes asks for then; with Docker, "
          + "-v \(mountPoint):\(mountPoint):rshared",
        zh: "在 DaemonSet 中把 \(mountPoint) 的 volumeMount 设为 mountPropagation: Bidirectional，并设置 "
          + "securityContext.privileged: true（Kubernetes 要求）；Docker 则用 -v \(mountPoint):\(mountPoint):rshared")
    case .hostPrivate:
      Words(
        "on the host: mount --make-rshared \(mountPoint); then restart the containers that mount it",
        zh: "在宿主机上执行 mount --make-rshared \(mountPoint)，然后重启挂载了它的容器")
    case .none: nil
    }
  }
}

extension NamespaceFault.Claim {
  var words: Words {
    let place = sighting.map { $0.process.words } ?? Words("here", zh: "这里")
    let has = (links ?? []).filter { $0 != "lo" }
    let interfaces = links == nil ? "" : has.isEmpty ? "" : " \(has.prefix(4).joined(separator: ", "))"
    return Words(
      "net:[\(inode)] \(sighting == nil ? "" : "in the mount namespace of ")\(place.en)"
        + (interfaces.isEmpty ? "" : " with\(interfaces)"),
      zh: "net:[\(inode)] 在\(place.zh)" + (interfaces.isEmpty ? "" : "，有接口\(interfaces)"))
  }
}

extension NamespaceFault.Operation {
  var words: Words {
    switch self {
    case .examine: Words("examine it", zh: "检查它")
    case .enter: Words("enter it", zh: "进入它")
    case .create: Words("make a network namespace", zh: "创建网络命名空间")
    }
  }
}

extension Obstacle {
  /// What is missing, a phrase.
  public var words: Words {
    switch self {
    case .capability(let capability):
      Words("\(capability.name) is missing", zh: "缺少 \(capability.name)")
    case .userNamespace(let inode):
      Words(
        "user:[\(inode)] is not the machine's first user namespace: capabilities end there",
        zh: "user:[\(inode)] 不是初始用户命名空间：这里的权限在外面无效")
    case .seccomp: Words("a seccomp filter is in force", zh: "启用了 seccomp 过滤器")
    case .selinux(let context):
      Words(
        "SELinux enforces\(context.map { ", context \($0)" } ?? "")",
        zh: "SELinux 处于强制模式\(context.map { "，上下文 \($0)" } ?? "")")
    case .appArmor(let profile): Words("AppArmor profile \(profile)", zh: "AppArmor 配置 \(profile)")
    case .unknown: Words("the kernel does not say why", zh: "内核没有说明原因")
    }
  }

  /// What to do about it, a phrase.
  public var remedy: Words {
    switch self {
    case .capability(let capability):
      Words(
        "run as root; or grant \(capability.name): securityContext.capabilities.add in a pod, "
          + "CapabilityBoundingSet= and AmbientCapabilities= in a systemd unit",
        zh: "以 root 运行；或授予 \(capability.name)：Pod 用 securityContext.capabilities.add，systemd 单元用 "
          + "CapabilityBoundingSet= 和 AmbientCapabilities=")
    case .userNamespace:
      Words(
        "run it outside of the user namespace: hostUsers: true in the pod, no rootless container, "
          + "PrivateUsers=no in the unit",
        zh: "在用户命名空间之外运行：Pod 设置 hostUsers: true，不用 rootless 容器，systemd 单元设置 PrivateUsers=no")
    case .seccomp:
      Words(
        "allow unshare, setns and mount: seccompProfile.type: Unconfined in the pod, or a profile with these calls; "
          + "RestrictNamespaces=no and no SystemCallFilter= against them in the unit",
        zh: "允许 unshare、setns 和 mount：Pod 设置 seccompProfile.type: Unconfined 或带有这些调用的 profile；systemd 单元设置 "
          + "RestrictNamespaces=no 且 SystemCallFilter= 不禁止它们")
    case .selinux:
      Words(
        "look for the denial with `ausearch -m avc -ts recent`; in a pod seLinuxOptions.type: spc_t, or privileged",
        zh: "用 `ausearch -m avc -ts recent` 查看拒绝记录；Pod 设置 seLinuxOptions.type: spc_t 或 privileged")
    case .appArmor:
      Words(
        "look for the denial with `dmesg | grep apparmor`; in a pod appArmorProfile.type: Unconfined, or privileged",
        zh: "用 `dmesg | grep apparmor` 查看拒绝记录；Pod 设置 appArmorProfile.type: Unconfined 或 privileged")
    case .unknown:
      Words("run as root, outside of a container", zh: "在容器之外以 root 运行")
    }
  }
}

extension NamespaceFault {
  /// What to do, a phrase; `name` is the namespace's.
  public func hint(for name: String) -> Words {
    switch self {
    case .notPermitted(_, _, let obstacles): obstacles.first?.remedy ?? Obstacle.unknown.remedy
    case .hiddenFromHost(_, let barrier):
      barrier.remedy ?? Words("see `everway netns check \(name)`", zh: "见 `everway netns check \(name)`")
    case .limitReached:
      Words(
        "raise the limit: sysctl -w user.max_net_namespaces=N, or remove namespaces that nobody needs",
        zh: "提高上限：sysctl -w user.max_net_namespaces=N，或删除不再需要的命名空间")
    case .inaccessible: Words("run as root", zh: "以 root 运行")
    case .directory(isEmpty: false):
      Words(
        "move away what is in /run/netns/\(name), then `everway netns repair \(name)`",
        zh: "先移走 /run/netns/\(name) 里的内容，再执行 `everway netns repair \(name)`")
    default:
      Words(
        "`everway netns repair \(name)` mends /run/netns/\(name)",
        zh: "执行 `everway netns repair \(name)` 修复 /run/netns/\(name)")
    }
  }
}

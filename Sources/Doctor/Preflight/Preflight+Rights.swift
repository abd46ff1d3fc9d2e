import Cluster
import Languages
import NamespaceDiagnosis

extension Preflight {
  /// capabilities(7).
  private struct Capability {
    var name: String
    var bit: UInt64
    var isVital: Bool
    var why: Words
  }

  private static let capabilities = [
    Capability(
      name: "CAP_NET_ADMIN", bit: 12, isVital: true,
      why: Words(
        "Links, addresses, routes and next hops cannot be changed without it.", zh: "没有它就不能修改网卡、地址、路由和下一跳。")),
    Capability(
      name: "CAP_SYS_ADMIN", bit: 21, isVital: true,
      why: Words("Namespaces cannot be made or entered without it.", zh: "没有它就不能创建或进入命名空间。")),
    Capability(
      name: "CAP_NET_RAW", bit: 13, isVital: true,
      why: Words("ARP, echo and health probes use packet sockets.", zh: "ARP、echo 与健康探测使用 packet 套接字。")),
    Capability(
      name: "CAP_NET_BIND_SERVICE", bit: 10, isVital: false,
      why: Words("bfdd-control's port 957 is below 1024.", zh: "bfdd-control 的端口 957 小于 1024。")),
    Capability(
      name: "CAP_SYS_NICE", bit: 23, isVital: false,
      why: Words(
        "Without it BFD runs at ordinary priority, and load can make sessions flap.",
        zh: "没有它 BFD 只能以普通优先级运行，高负载时会话可能抖动。"))
  ]

  static func rights(_ facts: Facts) -> [Item] {
    withMachine(facts, .rights) { machine in
      switch machine.surroundings {
      case .unavailable(let reason):
        [Item(.rights, Words("what we may do", zh: "可用权限"), .unknown, reason)]
      case .value(let surroundings):
        capabilityItems(surroundings) + [userNamespace(surroundings)] + confinement(surroundings)
          + packetSocket(machine) + writableSysctls(machine) + namespaces(surroundings)
      }
    }
  }

  private static func capabilityItems(_ surroundings: Surroundings) -> [Item] {
    capabilities.map { capability in
      let name = Words(capability.name, zh: capability.name)
      guard let held = surroundings.capabilities else {
        return Item(.rights, name, .unknown, "/proc/self/status: CapEff")
      }
      let has = held >> capability.bit & 1 == 1
      return Item(
        .rights, name, has ? .pass : capability.isVital ? .fail : .warn, has ? "yes" : "no", why: capability.why,
        commands: [
          surroundings.place.kind == .container
            ? "securityContext: {capabilities: {add: [\(capability.name.dropFirst(4))]}}" : "sudo everway preflight"
        ])
    }
  }

  private static func userNamespace(_ surroundings: Surroundings) -> Item {
    Item(
      .rights, Words("the machine's own user namespace", zh: "主机自身的用户命名空间"),
      surroundings.userNamespace == nil ? .unknown : surroundings.isFirstUserNamespace ? .pass : .fail,
      surroundings.userNamespace.map { "user:[\($0)]" } ?? "/proc/self/ns/user",
      why: Words(
        "Capabilities of another user namespace do not reach the machine's network.", zh: "其他用户命名空间中的权限对主机网络无效。"),
      finding: "EW-NS-07")
  }

  private static func confinement(_ surroundings: Surroundings) -> [Item] {
    var items: [Item] = []
    let label = surroundings.securityLabel ?? ""
    if surroundings.isSELinuxEnforcing == true {
      let isFree = label.contains("unconfined_t") || label.contains("spc_t") || label.contains(":initrc_t")
      items.append(
        Item(
          .rights, Words("SELinux", zh: "SELinux"), isFree ? .pass : .warn, label,
          why: Words(
            "It enforces, and this domain may not be allowed to mount and enter namespaces.",
            zh: "处于 enforcing，且该域可能不允许挂载和进入命名空间。"),
          commands: ["ausearch -m avc -ts recent | audit2why"], finding: "EW-NS-09"))
    }
    if surroundings.hasAppArmor, !label.isEmpty {
      items.append(
        Item(
          .rights, Words("AppArmor", zh: "AppArmor"), label.hasPrefix("unconfined") ? .pass : .warn, label,
          why: Words(
            "This profile may forbid mounts and other processes' namespaces.", zh: "该配置可能禁止挂载以及访问其他进程的命名空间。"),
          commands: ["journalctl -k -g apparmor=.DENIED."], finding: "EW-NS-10"))
    }
    if let seccomp = surroundings.seccomp {
      items.append(
        Item(
          .rights, Words("seccomp", zh: "seccomp"), seccomp == 0 ? .pass : .warn,
          ["none", "strict", "filter"].indices.contains(seccomp)
            ? ["none", "strict", "filter"][seccomp] : "\(seccomp)",
          why: Words("A filter may forbid setns, unshare and mount.", zh: "过滤器可能禁止 setns、unshare 和 mount。")))
    }
    return items
  }

  private static func packetSocket(_ machine: MachineFacts) -> [Item] {
    guard let feature = machine.features["packet-socket"] else { return [] }
    return [
      Item(
        .rights, Words("packet sockets", zh: "packet 套接字"), feature.value.map { $0 ? .pass : .fail } ?? .unknown,
        feature.value.map { $0 ? "yes" : "no" } ?? feature.reason ?? "",
        why: Words("ARP, echo and health probes use them.", zh: "ARP、echo 与健康探测依赖它。"))
    ]
  }

  private static func writableSysctls(_ machine: MachineFacts) -> [Item] {
    guard let feature = machine.features["writable-sysctls"] else { return [] }
    return [
      Item(
        .rights, Words("/proc/sys can be written to", zh: "/proc/sys 可写"),
        feature.value.map { $0 ? .pass : .fail } ?? .unknown,
        feature.value.map { $0 ? "yes" : "read-only" } ?? feature.reason ?? "",
        why: Words("Forwarding and path filtering of the gateway are sysctls.", zh: "网关的转发与反向路径过滤都通过 sysctl 设置。"),
        commands: ["securityContext: {privileged: true}"])
    ]
  }

  private static func namespaces(_ surroundings: Surroundings) -> [Item] {
    var items: [Item] = []
    if let code = surroundings.creation {
      items.append(
        Item(
          .namespace, Words("a network namespace can be made", zh: "可以创建网络命名空间"), code == 0 ? .pass : .fail,
          code == 0 ? "yes" : "errno \(code)",
          why: Words("The gateway lives in one.", zh: "网关运行在其中。"), commands: ["everway netns selftest"],
          finding: code == 28 ? "EW-NS-08" : "EW-NS-07"))
    }
    if let directory = surroundings.directory {
      let isShared = directory.propagation.shared != nil
      let isContainer = surroundings.place.kind == .container
      items.append(
        Item(
          .namespace, Words("mounts of \(directory.point) are passed on", zh: "\(directory.point) 的挂载会传播"),
          isShared ? .pass : .warn, isShared ? "shared" : "private",
          why: isContainer
            ? Words("The host does not see namespaces that are made here.", zh: "主机看不到在这里创建的命名空间。")
            : Words("Containers do not see namespaces that are made here.", zh: "容器看不到在这里创建的命名空间。"),
          commands: [isContainer ? "mountPropagation: Bidirectional" : "mount --make-rshared \(directory.point)"],
          finding: isContainer ? "EW-CFG-100" : "EW-NS-04"))
    }
    if let limit = surroundings.namespaceLimit {
      let left = limit - min(limit, UInt64(surroundings.namespaceCount))
      items.append(
        Item(
          .limits, Words("network namespaces", zh: "网络命名空间数量"), left == 0 ? .fail : left < 16 ? .warn : .pass,
          "\(surroundings.namespaceCount)/\(limit)",
          why: Words(
            "At the limit no namespace can be made: No space left on device.",
            zh: "达到上限后无法创建：No space left on device。"),
          commands: ["sysctl -w user.max_net_namespaces=\(max(1024, limit * 2))"], finding: "EW-NS-08"))
    }
    return items
  }
}

import Cluster
import Addresses
import Languages

extension Preflight {
  static func kernel(_ facts: Facts) -> [Item] {
    withMachine(facts, .kernel) { machine in
      [release(machine)] + facts.neededKernelParts.map { part($0, machine) } + [ipv6(facts, machine)]
        + netfilter(machine)
    }
  }

  private static func release(_ machine: MachineFacts) -> Item {
    let name = Words(
      "kernel \(Compatibility.minimumGatewayKernel) or newer", zh: "内核 \(Compatibility.minimumGatewayKernel) 及以上")
    guard let release = machine.kernel, let version = VersionNumber(release) else {
      return Item(.kernel, name, .unknown, machine.kernel ?? "uname")
    }
    return Item(
      .kernel, name, version < Compatibility.minimumGatewayKernel ? .fail : .pass,
      [release, machine.distribution].compactMap { $0 }.joined(separator: ", "),
      why: Words(
        "Everway's groups are next-hop objects, which older kernels do not have.",
        zh: "everway 的下一跳组使用 nexthop 对象，旧内核没有。"),
      finding: "EW-VER-67")
  }

  private static func part(_ part: KernelPart, _ machine: MachineFacts) -> Item {
    let name = Words(part.name, zh: part.name)
    guard machine.isKnown(part) else {
      return Item(.kernel, name, .unknown, machine.kernelOptions.reason ?? "/lib/modules/\(machine.kernel ?? "")")
    }
    let lacks = machine.lacks(part)
    let seen = machine.modules[part.name]?.rawValue ?? (lacks ? "no" : "yes")
    return Item(
      .kernel, name, lacks ? .fail : .pass, seen,
      why: Words("A gateway stands on it, and the kernel does not have it.", zh: "网关依赖它，而内核没有。"),
      commands: part.isModule
        ? ["modprobe \(part.name)", "echo \(part.name) >> /etc/modules-load.d/everway.conf"] : [],
      finding: "EW-SYS-110")
  }

  private static func ipv6(_ facts: Facts, _ machine: MachineFacts) -> Item {
    let name = Words("IPv6", zh: "IPv6")
    guard let feature = machine.features["ipv6"], let isThere = feature.value else {
      return Item(.kernel, name, .unknown, machine.features["ipv6"]?.reason ?? "not looked at")
    }
    let usesIPv6 = (facts.expectation.value?.peers ?? []).contains { $0.address.family == .ipv6 }
    let isNeeded = facts.hintOfOVN != nil || usesIPv6
    return Item(
      .kernel, name, isThere ? .pass : isNeeded ? .fail : .warn,
      isThere ? "yes" : machine.commandLine.first { $0.hasPrefix("ipv6") } ?? "no",
      why: Words(
        "Without it the kernel has neither Geneve tunnels nor sessions over IPv6.",
        zh: "没有 IPv6 就没有 Geneve 隧道，也没有 IPv6 会话。"),
      finding: "EW-SYS-111")
  }

  private static func netfilter(_ machine: MachineFacts) -> [Item] {
    guard let state = machine.modules["nf_tables"], state != .unknown else { return [] }
    return [
      Item(
        .kernel, Words("nf_tables", zh: "nf_tables"), state == .absent ? .warn : .pass, state.rawValue,
        why: Words("nft cannot exempt BFD from connection tracking.", zh: "无法用 nft 让 BFD 免于连接跟踪。"))
    ]
  }
}

import Cluster
import Addresses
import Languages

// What breaks a gateway before its network does.
extension Check {
  static let machine: [Check] = [kernelParts, ipv6, memory, disks, openFiles, connectionTable]

  private static let place = Words("the machine", zh: "机器")

  static let kernelParts = Check(.machine, ["EW-SYS-110"]) { facts, examination in
    guard let machine = examination.require(facts.machine, place) else { return }
    for part in facts.neededKernelParts {
      guard machine.lacks(part) else { continue }
      examination.found(
        Finding(
          "EW-SYS-110", part.name, parameters: ["part": part.name, "option": part.option],
          evidence: machine.evidence(of: part),
          steps: part.isModule ? [RepairStep(command: "modprobe \(part.name)")] : []))
    }
  }

  static let ipv6 = Check(.machine, ["EW-SYS-111"]) { facts, examination in
    guard let machine = examination.require(facts.machine, place) else { return }
    let word = machine.commandLine.first { $0 == "ipv6.disable=1" }
    guard word != nil || machine.features["ipv6"]?.value == false else { return }
    let usesGeneve = facts.hintOfOVN != nil
    let usesIPv6 = (facts.expectation.value?.peers ?? []).contains { $0.address.family == .ipv6 }
    guard usesGeneve || usesIPv6 else { return }
    examination.found(
      Finding(
        "EW-SYS-111", word ?? "ipv6",
        evidence: [Evidence("/proc/cmdline", word ?? "no ipv6.disable"), Evidence("socket(AF_INET6)", "refused")]
          .filter { word != nil || $0.source != "/proc/cmdline" }))
  }

  static let memory = Check(.machine, ["EW-SYS-112"]) { facts, examination in
    guard let memory = examination.require(facts.machine, place)?.memory, let available = memory.available,
      let total = memory.total
    else { return }
    // Below that the kernel begins to drop packets and to kill processes.
    guard available < 64 << 20 || available < total / 50 else { return }
    examination.found(
      Finding(
        "EW-SYS-112", "\(available >> 20) MiB", parameters: ["available": "\(available >> 20)"],
        evidence: [Evidence("/proc/meminfo", "MemAvailable \(available >> 20) MiB of \(total >> 20) MiB")]))
  }

  static let disks = Check(.machine, ["EW-SYS-113"]) { facts, examination in
    guard let machine = examination.require(facts.machine, place) else { return }
    for disk in machine.disks where disk.isReadOnly || disk.free < 1 << 20 {
      examination.found(
        Finding(
          "EW-SYS-113", disk.path, severity: disk.path == "/run" ? .error : .warning,
          parameters: ["path": disk.path],
          evidence: [
            Evidence(
              "statvfs \(disk.path)",
              disk.isReadOnly ? "read-only" : "\(disk.free >> 10) KiB free of \(disk.size >> 10) KiB")
          ]))
    }
  }

  static let openFiles = Check(.machine, ["EW-SYS-114"]) { facts, examination in
    guard let limits = examination.require(facts.machine, place)?.limits, let used = limits.filesInUse,
      let most = limits.filesAtMost, most > 0, used >= most - most / 10
    else { return }
    examination.found(
      Finding(
        "EW-SYS-114", "\(used)", parameters: ["used": "\(used)", "most": "\(most)"],
        evidence: [Evidence("/proc/sys/fs/file-nr", "\(used) of \(most)")],
        steps: [RepairStep(command: "sysctl -w fs.file-max=\(most &* 2)")]))
  }

  static let connectionTable = Check(.machine, ["EW-SYS-115"]) { facts, examination in
    guard let machine = examination.require(facts.machine, place),
      let table = examination.require(machine.connections, Words("connection tracking", zh: "连接跟踪")),
      let limit = table.limit, limit > 0, table.count >= limit - limit / 10
    else { return }
    examination.found(
      Finding(
        "EW-SYS-115", facts.subject.namespace ?? facts.subject.node,
        severity: table.count >= limit ? .critical : .warning,
        parameters: ["count": "\(table.count)", "limit": "\(limit)"],
        evidence: [Evidence("net.netfilter.nf_conntrack_count, nf_conntrack_max", "\(table.count) of \(limit)")],
        steps: [RepairStep(command: "sysctl -w net.netfilter.nf_conntrack_max=\(limit &* 2)")]))
  }
}

/// Something of the kernel that a gateway stands on.
struct KernelPart: Hashable {
  /// A module, or a feature that is asked for.
  var name: String
  var option: String
  var isModule = true
}

extension Facts {
  var neededKernelParts: [KernelPart] {
    var parts = [
      KernelPart(name: "nexthop", option: "Linux \(Compatibility.minimumGatewayKernel)", isModule: false),
      KernelPart(name: "CONFIG_IP_ROUTE_MULTIPATH", option: "CONFIG_IP_ROUTE_MULTIPATH", isModule: false)
    ]
    // With its datapath in user space OVN needs none of the kernel's.
    let isInUserSpace =
      ovs.value.map { ovs in
        ovs.bridges.contains { $0.name == ovs.integrationBridge && $0.datapathType == "netdev" }
      } ?? false
    if traceOfOVN != nil, !isInUserSpace {
      parts += [
        KernelPart(name: "openvswitch", option: "CONFIG_OPENVSWITCH"),
        KernelPart(name: "geneve", option: "CONFIG_GENEVE"),
        KernelPart(name: "ip_tables", option: "CONFIG_IP_NF_IPTABLES"),
        KernelPart(name: "iptable_nat", option: "CONFIG_IP_NF_NAT")
      ]
    }
    return parts
  }
}

extension MachineFacts {
  /// False also when that is not known.
  func lacks(_ part: KernelPart) -> Bool {
    if let state = modules[part.name] { return state == .absent }
    if let feature = features[part.name] { return feature.value == false }
    return kernelOptions.value?[part.name] == "n"
  }

  /// Whether it can be told at all.
  func isKnown(_ part: KernelPart) -> Bool {
    if let state = modules[part.name] { return state != .unknown }
    if let feature = features[part.name] { return feature.value != nil }
    return kernelOptions.value?[part.name] != nil
  }

  func evidence(of part: KernelPart) -> [Evidence] {
    if let state = modules[part.name] {
      return [
        Evidence(
          "/proc/modules, /lib/modules/\(kernel ?? "?"), kernel configuration", "\(part.name): \(state.rawValue)")
      ]
    }
    if features[part.name] != nil { return [Evidence("the kernel, asked for \(part.name)", "not supported")] }
    return [Evidence("kernel configuration", "\(part.name) is not set")]
  }
}

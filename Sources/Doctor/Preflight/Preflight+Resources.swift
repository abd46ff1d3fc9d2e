import Cluster
import Languages

extension Preflight {
  static func limits(_ facts: Facts) -> [Item] {
    withMachine(facts, .limits) { machine in
      var items: [Item] = []
      if let limit = machine.limits.openFiles {
        items.append(
          Item(
            .limits, Words("open files of a process", zh: "进程可打开的文件"), limit < 1024 ? .warn : .pass, "\(limit)",
            why: Words("Each peer, probe and namespace takes a descriptor.", zh: "每个对端、探测和命名空间都占用描述符。"),
            commands: ["ulimit -n 65536"]))
      }
      if let used = machine.limits.filesInUse, let most = machine.limits.filesAtMost, most > 0 {
        items.append(
          Item(
            .limits, Words("open files of the machine", zh: "系统可打开的文件"), used >= most - most / 10 ? .fail : .pass,
            "\(used)/\(most)",
            why: Words("When the table is full nobody opens a socket.", zh: "表满后任何程序都无法打开套接字。"),
            commands: ["sysctl -w fs.file-max=\(most * 2)"], finding: "EW-SYS-114"))
      }
      if let instances = machine.sysctls["fs.inotify.max_user_instances"].flatMap({ Int($0) }) {
        items.append(
          Item(
            .limits, Words("inotify instances", zh: "inotify 实例"), instances < 64 ? .warn : .pass, "\(instances)",
            why: Words("Everway and the kubelet watch files with them.", zh: "everway 与 kubelet 用它监视文件。"),
            commands: ["sysctl -w fs.inotify.max_user_instances=512"]))
      }
      if let table = machine.connections.value, let limit = table.limit, limit > 0 {
        items.append(
          Item(
            .limits, Words("tracked connections", zh: "连接跟踪"),
            table.count >= limit ? .fail : table.count >= limit - limit / 10 ? .warn : .pass,
            "\(table.count)/\(limit)",
            why: Words("When the table is full, packets of new connections are dropped.", zh: "表满后新连接的报文会被丢弃。"),
            commands: ["sysctl -w net.netfilter.nf_conntrack_max=\(limit * 2)"], finding: "EW-SYS-115"))
      }
      return items
    }
  }

  static func resources(_ facts: Facts) -> [Item] {
    withMachine(facts, .resources) { machine in
      cpu(machine.cpu, shortestDetection: facts.shortestDetectionTime) + memory(machine.memory)
        + machine.disks.map(disk)
        + [clock(machine.clock)]
    }
  }

  private static func cpu(_ cpu: MachineFacts.CPU, shortestDetection: UInt64) -> [Item] {
    var items: [Item] = []
    if let count = cpu.count {
      items.append(
        Item(
          .resources, Words("CPUs", zh: "CPU 数量"), count < 2 ? .warn : .pass, "\(count)",
          why: Words("With a single CPU forwarding and BFD wait for each other.", zh: "只有一个 CPU 时转发与 BFD 会互相等待。")))
    }
    if let quota = cpu.quota, quota.quota < quota.period * UInt64(max(1, cpu.count ?? 1)) {
      // How long everything in the group may stand still at a stretch.
      let stall = quota.quota < quota.period ? quota.period - quota.quota : 0
      let outcome: Outcome = stall * 2 >= shortestDetection ? .fail : stall > 0 ? .warn : .pass
      items.append(
        Item(
          .resources, Words("CPU quota", zh: "CPU 配额"), outcome,
          "\(quota.quota)/\(quota.period) us, throttled \(quota.throttled)/\(quota.periods) periods (\(quota.path))",
          why: Words(
            "The group may stand still for \(stall / 1000) ms; the shortest detection time is \(shortestDetection / 1000) ms.",
            zh: "该组可能停顿 \(stall / 1000) ms，而最短检测时间为 \(shortestDetection / 1000) ms。"),
          commands: [
            quota.path.contains("kubepods")
              ? "kubectl -n NAMESPACE set resources daemonset/NAME --limits=cpu=0"
              : "systemctl set-property everway.service CPUQuota="
          ]))
    } else if cpu.count != nil {
      items.append(Item(.resources, Words("CPU quota", zh: "CPU 配额"), .pass, "none"))
    }
    if let pressure = cpu.pressure {
      items.append(
        Item(
          .resources, Words("waiting for a CPU", zh: "等待 CPU"), pressure >= 50 ? .warn : .pass,
          "\(pressure) % of the last 10 s",
          why: Words(
            "Something waits for a CPU most of the time; sessions of less than a second may flap.",
            zh: "大部分时间都有任务在等待 CPU，亚秒级会话可能抖动。"), commands: ["top -o %CPU"]))
    } else if let load = cpu.load, let count = cpu.count {
      items.append(
        Item(
          .resources, Words("load", zh: "负载"), load > Double(count) * 2 ? .warn : .pass, "\(load) on \(count)",
          why: Words("Sessions of less than a second may flap.", zh: "亚秒级会话可能抖动。"), commands: ["top -o %CPU"]))
    }
    return items
  }

  private static func memory(_ memory: MachineFacts.Memory) -> [Item] {
    guard let available = memory.available, let total = memory.total else { return [] }
    return [
      Item(
        .resources, Words("memory", zh: "内存"),
        available < 64 << 20 || available < total / 50 ? .fail : available < 256 << 20 ? .warn : .pass,
        "\(available >> 20) MiB of \(total >> 20) MiB available",
        why: Words("The kernel drops packets and kills processes when it runs out.", zh: "耗尽时内核会丢包并杀死进程。"),
        commands: ["ps -eo rss,pid,comm --sort=-rss | head"], finding: "EW-SYS-112")
    ]
  }

  private static func disk(_ disk: MachineFacts.Disk) -> Item {
    let isFull = disk.isReadOnly || disk.free < 1 << 20
    return Item(
      .resources, Words("room in \(disk.path)", zh: "\(disk.path) 空间"),
      isFull ? (disk.path == "/run" ? .fail : .warn) : disk.free < 16 << 20 ? .warn : .pass,
      disk.isReadOnly ? "read-only" : "\(disk.free >> 20) MiB",
      why: Words(
        "Names of namespaces, everway's secret and captures are kept there.", zh: "命名空间名字、everway 的密钥与抓包都存放于此。"),
      commands: ["df -h \(disk.path)"], finding: "EW-SYS-113")
  }

  private static func clock(_ clock: Gathered<MachineFacts.Clock>) -> Item {
    let name = Words("the clock is synchronised", zh: "时钟已同步")
    guard let value = clock.value else { return Item(.resources, name, .unknown, clock.reason ?? "") }
    return Item(
      .resources, name, value.isSynchronised ? .pass : .warn,
      value.isSynchronised ? "at most \(value.maximumError / 1000) ms off" : "STA_UNSYNC",
      why: Words(
        "Keys of BFD change by the clock, and logs of nodes are compared by it.", zh: "BFD 密钥按时间切换，各节点日志也按时间对照。"),
      commands: ["apt-get install chrony", "timedatectl set-ntp true"])
  }
}

extension Facts {
  /// In microseconds, of the peers that are expected, at their fastest; everway's default is 300 ms times 3.
  var shortestDetectionTime: UInt64 {
    let times = (expectation.value?.peers ?? []).compactMap { peer -> UInt64? in
      guard let interval = peer.requiredMinRx, let multiplier = peer.detectMultiplier else { return nil }
      return UInt64(interval) * UInt64(multiplier)
    }
    return times.min() ?? 900_000
  }
}

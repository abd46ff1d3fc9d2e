import Runtime
import Cluster
import CLinux
import Doctor
import Glibc
import Netlink
import NetworkNamespaces
import Processes

/// What the kernel has, as far as files tell: modules loaded, built in or on disk, and its configuration.
struct KernelFeatures {
  /// The modules that a gateway may need, and the options that they come from.
  static let options: [String: [String]] = [
    "geneve": ["CONFIG_GENEVE"], "openvswitch": ["CONFIG_OPENVSWITCH"],
    "ip_tables": ["CONFIG_IP_NF_IPTABLES", "CONFIG_IP_NF_IPTABLES_LEGACY"], "iptable_nat": ["CONFIG_IP_NF_NAT"],
    "nf_tables": ["CONFIG_NF_TABLES"], "nf_conntrack": ["CONFIG_NF_CONNTRACK"], "veth": ["CONFIG_VETH"],
    "vrf": ["CONFIG_NET_VRF"], "8021q": ["CONFIG_VLAN_8021Q"]
  ]
  private static let otherOptions = [
    "CONFIG_NET_NS", "CONFIG_IPV6", "CONFIG_IP_MULTIPLE_TABLES", "CONFIG_IP_ROUTE_MULTIPATH",
    "CONFIG_IPV6_MULTIPLE_TABLES", "CONFIG_PACKET", "CONFIG_CFS_BANDWIDTH", "CONFIG_RT_GROUP_SCHED"
  ]

  var options: Gathered<[String: String]>
  var modules: [String: MachineFacts.ModuleState] = [:]

  init(release: String) {
    options = Self.configuration(release)
    let loaded = Self.names(ProcText.read("/proc/modules") ?? "")
    let directory = "/lib/modules/\(release)"
    let hasDirectory = access(directory, R_OK) == 0
    let builtIn = Self.moduleFiles(ProcText.read("\(directory)/modules.builtin", limit: 4 << 20) ?? "")
    let available = Self.moduleFiles(ProcText.read("\(directory)/modules.dep", limit: 16 << 20) ?? "")
    for (module, wanted) in Self.options {
      let option = wanted.compactMap { options.value?[$0] }.max()
      if loaded.contains(module) {
        modules[module] = .loaded
      } else if builtIn.contains(module) || option == "y" || access("/sys/module/\(module)", F_OK) == 0 {
        modules[module] = .builtIn
      } else if available.contains(module) {
        modules[module] = .available
      } else if hasDirectory || (options.value != nil && option != "m") {
        modules[module] = .absent
      } else {
        modules[module] = .unknown
      }
    }
  }

  /// The first word of each line, of /proc/modules.
  private static func names(_ text: String) -> Set<String> {
    Set(text.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
  }

  /// `kernel/net/ipv4/netfilter/ip_tables.ko.xz: ...` is ip_tables; a dash in a file's name is an underscore.
  static func moduleFiles(_ text: String) -> Set<String> {
    Set(
      text.split(separator: "\n").compactMap { line in
        let path = line.prefix { $0 != ":" }
        guard let file = path.split(separator: "/").last, let dot = file.firstIndex(of: ".") else { return nil }
        return String(file[..<dot].map { $0 == "-" ? "_" : $0 })
      })
  }

  // MARK: Configuration

  private static func configuration(_ release: String) -> Gathered<[String: String]> {
    for path in ["/boot/config-\(release)", "/lib/modules/\(release)/config"] {
      if let text = ProcText.read(path) { return .value(chosen(text)) }
    }
    guard access("/proc/config.gz", R_OK) == 0 else {
      return .unavailable("/boot/config-\(release), /proc/config.gz: No such file or directory")
    }
    do throws(ProgramError) {
      let result = try Command("zcat", ["/proc/config.gz"]).capture(timeout: .seconds(10), limit: 1 << 20)
      return .value(chosen(result.output))
    } catch {
      return .unavailable("/proc/config.gz: \(error.message)")
    }
  }

  /// `CONFIG_VETH=y`, `# CONFIG_GENEVE is not set`. An option that is not mentioned depends on one that is off.
  static func chosen(_ text: String) -> [String: String] {
    let wanted = Set(options.values.joined()).union(otherOptions)
    var result = Dictionary(uniqueKeysWithValues: wanted.map { ($0, "n") })
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, wanted.contains(String(parts[0])) else { continue }
      result[String(parts[0])] = String(parts[1])
    }
    return result
  }

  // MARK: Asked

  /// What only asking shows. Nothing is made.
  static func asked() -> [String: Gathered<Bool>] {
    [
      "nexthop": nextHops(), "ipv6": socket(AF_INET6, EAFNOSUPPORT), "packet-socket": packetSocket(),
      "writable-sysctls": writableSysctls()
    ]
  }

  private static func nextHops() -> Gathered<Bool> {
    do {
      var netlink = try NetlinkSocket(in: NetworkNamespace.current())
      _ = try netlink.nextHops()
      return .value(true)
    } catch let error as NetlinkError where error.code == EOPNOTSUPP || error.code == EINVAL {
      return .value(false)
    } catch {
      return .unavailable("\(error)")
    }
  }

  private static func socket(_ family: Int32, _ absent: Int32) -> Gathered<Bool> {
    let fd = Glibc.socket(family, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard fd < 0 else {
      close(fd)
      return .value(true)
    }
    return errno == absent ? .value(false) : .unavailable("socket: \(String(cString: strerror(errno)))")
  }

  /// In a container /proc/sys is read-only unless it is privileged.
  private static func writableSysctls() -> Gathered<Bool> {
    if access("/proc/sys/net/ipv4/ip_forward", W_OK) == 0 { return .value(true) }
    return errno == EROFS || errno == EACCES
      ? .value(false) : .unavailable("/proc/sys/net/ipv4/ip_forward: \(String(cString: strerror(errno)))")
  }

  private static func packetSocket() -> Gathered<Bool> {
    let fd = cl_echo_sender()
    guard fd < 0 else {
      close(fd)
      return .value(true)
    }
    return errno == EAFNOSUPPORT || errno == EPERM
      ? .value(false) : .unavailable("socket: \(String(cString: strerror(errno)))")
  }
}

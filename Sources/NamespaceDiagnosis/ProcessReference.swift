public import Languages

/// A process as evidence: enough to find it again and to say whose it is.
public struct ProcessReference: Hashable, Sendable, Codable {
  public var pid: Int32
  /// /proc/PID/comm.
  public var command: String
  /// Its path in the unified or the name=systemd hierarchy; nil when not readable or the root.
  public var cgroup: String?

  public init(pid: Int32, command: String, cgroup: String? = nil) {
    self.pid = pid
    self.command = command
    self.cgroup = cgroup
  }

  /// The container's id, 64 hexadecimal digits, as Docker, containerd, CRI-O and Podman put it into the path.
  public var container: String? {
    guard let cgroup else { return nil }
    // The innermost counts: Docker in Docker has two.
    for part in cgroup.split(separator: "/").reversed() {
      let name = part.hasSuffix(".scope") ? part.dropLast(6) : part
      let id = name.split(whereSeparator: { $0 == "-" || $0 == ":" }).last ?? name
      if id.utf8.count == 64, id.utf8.allSatisfy(Self.isHexadecimal) { return String(id) }
    }
    return nil
  }

  /// Whether it belongs to a guest of the machine with a network of its own: LXC, systemd-nspawn, libvirt.
  public var isGuest: Bool {
    cgroup.map { $0.contains("/lxc") || $0.contains("machine.slice") } ?? false
  }

  /// The pod's UID: `podUID` with the cgroupfs driver, `kubepods-…-podUID.slice` with dashes as underscores with
  /// systemd's.
  public var pod: String? {
    guard let cgroup else { return nil }
    for part in cgroup.split(separator: "/").reversed() {
      let name = part.hasSuffix(".slice") ? part.dropLast(6) : part
      let words = name.split(separator: "-", omittingEmptySubsequences: false)
      let candidate: String
      if let last = words.last, last.hasPrefix("pod"), last.contains("_") {
        candidate = String(last.dropFirst(3).map { $0 == "_" ? "-" : $0 })
      } else if name.hasPrefix("pod") {
        candidate = String(name.dropFirst(3))
      } else {
        continue
      }
      if Self.isUID(candidate) { return candidate }
    }
    return nil
  }

  /// `sleep (1234)`, with container and pod where they are known.
  public var words: Words {
    var en = "\(command) (\(pid))"
    var zh = en
    if let container {
      en += " of container \(container.prefix(12))"
      zh += "，容器 \(container.prefix(12))"
    }
    if let pod {
      en += " of pod \(pod)"
      zh += "，Pod \(pod)"
    }
    return Words(en, zh: zh)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }

  private static func isUID(_ text: String) -> Bool {
    // A static pod's is a hash: 32 digits without dashes.
    if text.utf8.count == 32 { return text.utf8.allSatisfy(isHexadecimal) }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.utf8.allSatisfy(isHexadecimal) }
  }
}

extension ProcessReference {
  /// The path out of /proc/PID/cgroup (cgroups(7)): the longest of all hierarchies tells most.
  public static func cgroup(text: String) -> String? {
    var best = ""
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      if fields[2].utf8.count > best.utf8.count { best = String(fields[2]) }
    }
    return best.utf8.count > 1 ? best : nil
  }
}

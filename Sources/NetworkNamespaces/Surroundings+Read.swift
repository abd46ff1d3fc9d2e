import CLinux
import Glibc
import NamespaceDiagnosis

extension Surroundings {
  /// What this process is, where it lives and what it may do. Changes nothing.
  static func read(directory: String, ownTable: MountTable) -> Surroundings {
    var result = Surroundings()
    result.place = .read(ownTable)
    let status = ProcFiles.text("/proc/thread-self/status") ?? ""
    for line in status.split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == ":" || $0 == "\t" || $0 == " " })
      guard words.count >= 2 else { continue }
      if words[0] == "CapEff" { result.capabilities = UInt64(words[1], radix: 16) }
      if words[0] == "Seccomp" { result.seccomp = Int(words[1]) }
    }
    result.userNamespace = ProcFiles.namespace("/proc/thread-self/ns/user")
    result.uidMap = ProcFiles.text("/proc/thread-self/uid_map")?.split(separator: "\n")
      .map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: ", ")
    result.isSELinuxEnforcing = ProcFiles.line("/sys/fs/selinux/enforce").map { $0 == "1" }
    result.hasAppArmor = ProcFiles.line("/sys/module/apparmor/parameters/enabled") == "Y"
    let label =
      ProcFiles.line("/proc/self/attr/apparmor/current") ?? ProcFiles.line("/proc/self/attr/current")
    result.securityLabel = label.flatMap { $0.isEmpty ? nil : $0 }
    result.namespaceLimit = ProcFiles.line("/proc/sys/user/max_net_namespaces").flatMap { UInt64($0) }
    result.directory = ownTable.holder(of: "\(directory)/x")
    var system = statfs()
    if statfs(directory, &system) == 0, system.f_blocks > 0 {
      result.freeBytes = UInt64(system.f_bavail) * UInt64(system.f_bsize)
      // Btrfs and others count no inodes.
      if system.f_files > 0 { result.freeInodes = UInt64(system.f_ffree) }
    }
    return result
  }

  /// Makes a network namespace on a thread that is thrown away, and it with it; 0 or errno.
  static func tryCreation() -> Int32 {
    do throws(SystemCallError) {
      return try onOwnThread { () throws(SystemCallError) in cl_unshare(Int32(CL_CLONE_NEWNET)) == 0 ? 0 : errno }
    } catch {
      return error.code
    }
  }
}

extension Surroundings.Place {
  static func read(_ ownTable: MountTable) -> Surroundings.Place {
    var place = Surroundings.Place()
    place.mountNamespace = ProcFiles.namespace("/proc/thread-self/ns/mnt")
    place.networkNamespace = ProcFiles.namespace("/proc/thread-self/ns/net")
    place.pidNamespace = ProcFiles.namespace("/proc/self/ns/pid")
    if place.isFirstPIDNamespace {
      place.firstMountNamespace = ProcFiles.namespace("/proc/1/ns/mnt")
      place.firstNetworkNamespace = ProcFiles.namespace("/proc/1/ns/net")
      if let own = place.mountNamespace, let first = place.firstMountNamespace {
        place.isFirstMountNamespace = own == first
      } else if let text = ProcFiles.text("/proc/1/mountinfo", limit: 4096),
        let first = Mount(line: text.prefix { $0 != "\n" })
      {
        // A hardened machine does not let even root read the inode, but the table: its mounts are ours, or not.
        place.isFirstMountNamespace = ownTable.mount(id: first.id) != nil
      }
    }
    place.firstCommand = ProcFiles.line("/proc/1/comm")
    for file in ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"] where access(file, F_OK) == 0 {
      place.containerMarks.append(file)
    }
    if let own = ProcessScan.reference(getpid()).container {
      place.containerMarks.append("cgroup \(own.prefix(12))")
    }
    return place
  }
}

@testable import NamespaceDiagnosis

/// Evidence in the making: a healthy name, of which a test changes what it is about.
enum Sample {
  static let name = "ovnext"
  static let path = "/run/netns/ovnext"
  static let directory = Mount(
    id: 30, parent: 27, device: "0:24", root: "/netns", point: "/run/netns", fileSystem: "tmpfs",
    propagation: .init(shared: 5))

  /// What the calls say of a name that leads to a network namespace.
  static func healthyEntry(_ inode: UInt64 = 4_026_532_338) -> NamespaceEvidence.Entry {
    var entry = fileEntry(mode: 0o444)
    entry.target.inode = inode
    entry.link = entry.target
    entry.fileSystemType = 0x6e73_6673
    entry.namespaceKind = "net"
    entry.enterCode = 0
    return entry
  }

  static func fileEntry(mode: UInt32) -> NamespaceEvidence.Entry {
    var entry = NamespaceEvidence.Entry()
    entry.link.kind = .file
    entry.link.mode = mode
    entry.target = entry.link
    entry.fileSystemType = 0x0102_1994
    return entry
  }

  static func linkEntry(to target: String, code: Int32) -> NamespaceEvidence.Entry {
    var entry = NamespaceEvidence.Entry()
    entry.link.kind = .symlink
    entry.linkTarget = target
    entry.target.code = code
    entry.openCode = code
    return entry
  }

  static func absentEntry() -> NamespaceEvidence.Entry {
    var entry = NamespaceEvidence.Entry()
    entry.link.code = 2
    entry.target.code = 2
    entry.openCode = 2
    return entry
  }

  /// On the host, as root, everything shared.
  static func evidence(_ entry: NamespaceEvidence.Entry = healthyEntry()) -> NamespaceEvidence {
    var evidence = NamespaceEvidence(name: name, path: path, entry: entry)
    evidence.surroundings.place.isFirstMountNamespace = true
    evidence.surroundings.place.pidNamespace = 0xefff_fffc
    evidence.surroundings.userNamespace = 0xefff_fffd
    evidence.surroundings.capabilities = .max
    evidence.surroundings.directory = directory
    return evidence
  }

  /// In a pod that has the host's /run/netns.
  static func inPod(
    _ propagation: Mount.Propagation, _ entry: NamespaceEvidence.Entry = healthyEntry()
  )
    -> NamespaceEvidence
  {
    var evidence = evidence(entry)
    evidence.surroundings.place.isFirstMountNamespace = false
    evidence.surroundings.place.containerMarks = ["/run/.containerenv"]
    evidence.surroundings.directory?.propagation = propagation
    return evidence
  }

  static let pod = ProcessReference(
    pid: 812, command: "kube-ovn-daemon",
    cgroup: "/kubepods.slice/kubepods-burstable.slice/"
      + "kubepods-burstable-pod0aa0bd0b_2b9b_4b0e_9d8c_2f2f0a0b0c0d.slice/"
      + "cri-containerd-\(String(repeating: "ab", count: 32)).scope")

  static func sighting(
    _ inode: UInt64 = 4_026_532_400, propagation: Mount.Propagation = .init(master: 5), isHost: Bool = false,
    isSamePlace: Bool = true, mountNamespace: UInt64 = 4_026_532_999
  ) -> NamespaceEvidence.Sighting {
    var directory = directory
    directory.propagation = propagation
    var sighting = NamespaceEvidence.Sighting(
      mountNamespace: mountNamespace, process: pod,
      mount: Mount(
        id: 99, parent: 30, device: "0:4", root: "net:[\(inode)]", point: path, fileSystem: "nsfs"),
      inode: inode, directory: directory, isSamePlace: isSamePlace)
    sighting.isHost = isHost
    return sighting
  }

  static func living(_ inode: UInt64, links: [String]? = ["lo"], pinned: Bool = false)
    -> NamespaceEvidence.LivingNamespace
  {
    var living = NamespaceEvidence.LivingNamespace(inode: inode)
    living.holders = [ProcessReference(pid: 77, command: "bfdd-beacon")]
    living.holderCount = 1
    living.links = links
    living.pinCount = pinned ? 1 : 0
    return living
  }
}

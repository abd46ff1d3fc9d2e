import CLinux
import Glibc
public import NamespaceDiagnosis

/// What the machine says of all names below /run/netns: /proc is walked once, each name is then looked at by itself.
///
/// Reads only. What is done on the way (entering a namespace, making one) is done by threads that are thrown away.
public struct NamespaceSurvey: Sendable {
  public private(set) var surroundings: Surroundings
  let scan: ProcessScan
  private let directory: String
  private let ownTable: MountTable

  /// How much is looked at.
  public struct Effort: Hashable, Sendable {
    /// Whether to try to make a namespace, to know if that is possible.
    public var triesCreation: Bool
    /// Whether to enter namespaces, for the names of their interfaces.
    public var readsLinks: Bool

    public init(triesCreation: Bool = true, readsLinks: Bool = true) {
      self.triesCreation = triesCreation
      self.readsLinks = readsLinks
    }
  }

  public init() { self.init(directory: NetworkNamespace.directory) }

  init(directory: String) {
    self.directory = directory
    ownTable = MountTable(text: ProcFiles.text("/proc/thread-self/mountinfo") ?? "")
    surroundings = .read(directory: directory, ownTable: ownTable)
    let place = surroundings.place
    scan = ProcessScan(
      ownMountNamespace: place.mountNamespace, ownTable: ownTable, isFirstOwn: place.isFirstMountNamespace,
      isHostVisible: place.isFirstPIDNamespace)
    surroundings.place.processCount = scan.processCount
    surroundings.firstDirectory = scan.mountNamespaces.first { $0.isHost && !$0.isOwn }?.table
      .holder(of: "\(directory)/x")
    surroundings.place.hostProcess = scan.mountNamespaces.first { $0.isHost && !$0.isOwn && $0.isOpen }?.process
    var living = Set(scan.holders.keys).union(scan.descriptors.keys)
    for namespace in scan.mountNamespaces {
      living.formUnion(namespace.table.mounts.compactMap(\.networkNamespace))
    }
    surroundings.namespaceCount = living.count
    surroundings.blind = scan.refusals.sorted { $0.key < $1.key }.flatMap { what, codes in
      codes.sorted { $0.key < $1.key }.map { .init(what: what, code: $0.key, count: $0.value) }
    }
  }

  /// Every name: the files below /run/netns here, and what is mounted under such names elsewhere. Sorted; without what
  /// repairs prepare.
  public var names: [String] {
    var names = Set(ProcFiles.names(in: directory) ?? [])
    let own = ownTable.place(of: "\(directory)/x")
    for namespace in scan.mountNamespaces where !namespace.isOwn {
      for mount in namespace.table.mounts where mount.networkNamespace != nil {
        let parts = mount.point.split(separator: "/")
        guard let name = parts.last, mount.point.hasSuffix("/netns/\(name)") else { continue }
        let place = namespace.table.place(of: String(mount.point.dropLast(name.utf8.count)) + "x")
        if place == own { names.insert(String(name)) }
      }
    }
    return names.filter { !$0.hasPrefix(NamespaceEvidence.preparedPrefix) }.sorted()
  }

  /// Everything about one name.
  /// - Parameters:
  ///   - marks: interfaces by which the right namespace is known.
  ///   - remembered: the inode of the namespace that the caller holds a descriptor of.
  ///   - also: the inode of a namespace to be looked at whatever it has to do with the name.
  /// - Throws: EINVAL for an impossible name.
  public func evidence(
    named name: String, marks: [String] = [], remembered: UInt64? = nil, also: UInt64? = nil,
    effort: Effort = Effort()
  ) throws(SystemCallError) -> NamespaceEvidence {
    try NetworkNamespace.check(name: name)
    let path = "\(directory)/\(name)"
    var evidence = NamespaceEvidence(name: name, path: path, entry: .read(path))
    evidence.marks = marks
    evidence.remembered = remembered
    evidence.surroundings = surroundings
    evidence.layers = ownTable.layers(at: path)
    evidence.prepared = Self.prepared(for: path)
    evidence.elsewhere = sightings(of: name, path)
    if evidence.inodeHere != nil { evidence.entry.enterCode = Self.enterCode(path) }
    evidence.namespaces = namespaces(for: evidence, also, effort)
    let isWhole = NamespaceState.judge(evidence).isHealthy
    if effort.triesCreation, !isWhole { evidence.surroundings.creation = Surroundings.tryCreation() }
    return evidence
  }

  /// What the path and our own mounts say, for a namespace that is held: nobody else is asked.
  static func quick(_ name: String, remembered: UInt64) -> NamespaceEvidence {
    let path = NetworkNamespace.path(named: name)
    var evidence = NamespaceEvidence(name: name, path: path, entry: .read(path))
    evidence.layers = MountTable(text: ProcFiles.text("/proc/thread-self/mountinfo") ?? "").layers(at: path)
    evidence.prepared = prepared(for: path)
    evidence.remembered = remembered
    return evidence
  }

  private static func prepared(for path: String) -> NamespaceEvidence.Prepared? {
    let prepared = NamespaceEvidence.preparedPath(for: path)
    var status = stat()
    guard lstat(prepared, &status) == 0 else { return nil }
    return .init(path: prepared, inode: ProcessScan.networkNamespace(prepared))
  }

  private func sightings(of name: String, _ path: String) -> [NamespaceEvidence.Sighting] {
    let place = ownTable.place(of: path)
    var sightings: [NamespaceEvidence.Sighting] = []
    for namespace in scan.mountNamespaces where !namespace.isOwn {
      // The last on a point is on top.
      guard
        let mount = namespace.table.mounts.last(where: {
          $0.networkNamespace != nil && $0.point.hasSuffix("/netns/\(name)")
        }), namespace.table.layers(at: mount.point).last?.id == mount.id, let inode = mount.networkNamespace
      else { continue }
      var sighting = NamespaceEvidence.Sighting(
        mountNamespace: namespace.key, process: namespace.process, mount: mount, inode: inode,
        directory: namespace.table.holder(of: mount.point),
        isSamePlace: place != nil && namespace.table.place(of: mount.point) == place)
      sighting.isHost = namespace.isHost
      sightings.append(sighting)
    }
    return sightings
  }

  private static func enterCode(_ path: String) -> Int32 {
    do throws(SystemCallError) {
      try NetworkNamespace(path: path).perform { () throws(SystemCallError) in }
      return 0
    } catch {
      return error.code
    }
  }
}

// MARK: Living namespaces

extension NamespaceSurvey {
  /// Those that the name leads to somewhere, and those without any name.
  private func namespaces(
    for evidence: NamespaceEvidence, _ also: UInt64?, _ effort: Effort
  ) -> [NamespaceEvidence.LivingNamespace] {
    var wanted: [UInt64] = []
    func want(_ inode: UInt64?) {
      if let inode, !wanted.contains(inode) { wanted.append(inode) }
    }
    want(evidence.inodeHere)
    for layer in evidence.layers { want(layer.networkNamespace) }
    for sighting in evidence.elsewhere where sighting.isSamePlace { want(sighting.inode) }
    want(evidence.remembered)
    want(also)
    want(evidence.prepared?.inode)
    for inode in unpinned.prefix(64) { want(inode) }
    return wanted.map { inode in
      var living = self.living(inode)
      if effort.readsLinks { living.links = links(of: living, evidence) }
      return living
    }
  }

  /// Network namespaces that processes or descriptors hold and that are mounted nowhere, ascending.
  var unpinned: [UInt64] {
    var pinned: Set<UInt64> = []
    for namespace in scan.mountNamespaces {
      pinned.formUnion(namespace.table.mounts.compactMap(\.networkNamespace))
    }
    return Set(scan.holders.keys).union(scan.descriptors.keys).subtracting(pinned)
      .filter { !isHome($0) }.sorted()
  }

  private func isHome(_ inode: UInt64) -> Bool {
    inode == surroundings.place.networkNamespace || inode == surroundings.place.firstNetworkNamespace
  }

  /// The network namespace that a process runs in; nil with errno.
  public static func inode(ofProcess pid: Int32) -> UInt64? { ProcFiles.namespace("/proc/\(pid)/ns/net") }

  /// What is known of one, without its links.
  public func living(_ inode: UInt64) -> NamespaceEvidence.LivingNamespace {
    var living = NamespaceEvidence.LivingNamespace(inode: inode)
    living.isHome = isHome(inode)
    let pids = scan.holders[inode] ?? []
    living.holderCount = pids.count
    living.holders = pids.prefix(16).map(ProcessScan.reference)
    living.descriptors = scan.descriptors[inode] ?? []
    for namespace in scan.mountNamespaces {
      for mount in namespace.table.mounts where mount.networkNamespace == inode {
        living.pinCount += 1
        if living.pins.count < 16, !living.pins.contains(mount.point) { living.pins.append(mount.point) }
      }
    }
    return living
  }

  /// The names of its interfaces, sorted; nil when it cannot be entered.
  private func links(of living: NamespaceEvidence.LivingNamespace, _ evidence: NamespaceEvidence) -> [String]? {
    var probe = evidence
    probe.namespaces = [living]
    for source in probe.sources(of: living.inode).prefix(3) {
      guard let path = source.path, let links = Self.links(path: path, inode: living.inode) else { continue }
      return links
    }
    return nil
  }

  /// The names of the interfaces of the namespace behind a path; nil when that is not the one meant, or not to be entered.
  public static func links(path: String, inode: UInt64) -> [String]? {
    do throws(SystemCallError) {
      let namespace = try NetworkNamespace(path: path)
      guard try namespace.identity().inode == inode else { return nil }
      return try namespace.linkNames()
    } catch {
      return nil
    }
  }
}

extension NetworkNamespace {
  /// The names of its interfaces, sorted.
  public func linkNames() throws(SystemCallError) -> [String] {
    try perform { () throws(SystemCallError) in
      guard let list = if_nameindex() else { throw SystemCallError("list interfaces") }
      defer { if_freenameindex(list) }
      var names: [String] = []
      var index = 0
      // The array ends with an index of 0 and no name.
      while let name = list[index].if_name, list[index].if_index != 0 {
        names.append(String(cString: name))
        index += 1
      }
      return names.sorted()
    }
  }

  /// Everything about one name below /run/netns. Walks through /proc: for many names make one ``NamespaceSurvey``.
  public static func evidence(
    named name: String, marks: [String] = [], remembered: UInt64? = nil
  ) throws(SystemCallError) -> NamespaceEvidence {
    try NamespaceSurvey().evidence(named: name, marks: marks, remembered: remembered)
  }
}

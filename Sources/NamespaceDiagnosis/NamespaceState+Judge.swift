extension NamespaceState {
  /// What the evidence says. Pure; with only ``NamespaceEvidence/entry`` filled in it says what can be said from that.
  public static func judge(_ evidence: NamespaceEvidence) -> NamespaceState {
    let entry = evidence.entry
    switch entry.link.code {
    case 0: break
    case Code.noEntry: return judgeAbsent(evidence)
    case let code where Code.isRefusal(code):
      return .broken(.notPermitted(.examine, code: code, evidence.surroundings.obstacles(code)))
    case let code: return .broken(.inaccessible(code))
    }
    if entry.link.kind == .symlink, let broken = judgeLink(evidence) { return .broken(broken) }
    if let code = [entry.target.code, entry.openCode].first(where: { $0 != 0 }) {
      if Code.isRefusal(code) {
        return .broken(.notPermitted(.examine, code: code, evidence.surroundings.obstacles(code)))
      }
      if let kind = entry.target.kind, kind == .socket || kind == .fifo || kind == .device {
        return .broken(.specialFile(kind))
      }
      return .broken(.inaccessible(code))
    }
    switch entry.namespaceKind {
    case "net": return judgeNamespace(evidence)
    case .some(let kind): return .broken(.wrongKind(kind))
    case .none: break
    }
    switch entry.target.kind {
    case .directory: return .broken(.directory(isEmpty: entry.isEmptyDirectory ?? true))
    case .file: return judgeFile(evidence)
    case .some(let kind): return .broken(.specialFile(kind))
    case .none: return .broken(.inaccessible(entry.openCode))
    }
  }

  /// errno, without <errno.h>: the numbers of Linux on all architectures that Swift runs on.
  enum Code {
    static let notPermitted: Int32 = 1
    static let noEntry: Int32 = 2
    static let accessDenied: Int32 = 13
    static let noSpace: Int32 = 28
    static let loop: Int32 = 40

    static func isRefusal(_ code: Int32) -> Bool { code == notPermitted || code == accessDenied }
  }

  private static func judgeAbsent(_ evidence: NamespaceEvidence) -> NamespaceState {
    if let found = judgeElsewhere(evidence, here: nil) { return .broken(found) }
    if case .unpinned(let living, true)? = evidence.candidate { return .broken(.unpinned(living, isCertain: true)) }
    if let living = evidence.preparedLife { return .broken(.unpinned(living, isCertain: true)) }
    switch evidence.surroundings.creation {
    case Code.noSpace: return .broken(.limitReached(limit: evidence.surroundings.namespaceLimit))
    case .some(let code) where Code.isRefusal(code):
      return .broken(.notPermitted(.create, code: code, evidence.surroundings.obstacles(code)))
    default: return .absent
    }
  }

  private static func judgeLink(_ evidence: NamespaceEvidence) -> NamespaceFault? {
    let entry = evidence.entry
    let target = entry.linkTarget ?? ""
    if entry.target.code == Code.loop || entry.openCode == Code.loop { return .loopingSymlink(target: target) }
    if entry.target.code == Code.noEntry || entry.openCode == Code.noEntry {
      return .danglingSymlink(target: target)
    }
    guard entry.namespaceKind == "net", target.hasPrefix("/proc/") else { return nil }
    return .symlinkToProcess(target: target, evidence.identity)
  }

  private static func judgeNamespace(_ evidence: NamespaceEvidence) -> NamespaceState {
    let entry = evidence.entry
    if let code = entry.enterCode, Code.isRefusal(code) {
      return .broken(.notPermitted(.enter, code: code, evidence.surroundings.obstacles(code)))
    }
    if let found = judgeElsewhere(evidence, here: entry.target.inode) { return .broken(found) }
    if let barrier = evidence.barrierToHost { return .broken(.hiddenFromHost(evidence.identity, barrier)) }
    return .healthy(evidence.identity)
  }

  private static func judgeFile(_ evidence: NamespaceEvidence) -> NamespaceState {
    let target = evidence.entry.target
    if target.names == 0 || evidence.layers.last?.isDeleted == true { return .broken(.deletedFile) }
    if let found = judgeElsewhere(evidence, here: nil) { return .broken(found) }
    if let found = evidence.candidate { return .broken(found) }
    return .broken(target.mode == 0 ? .mountMissing : .plainFile)
  }

  /// What other mount namespaces have to say.
  private static func judgeElsewhere(_ evidence: NamespaceEvidence, here: UInt64?) -> NamespaceFault? {
    let claims = evidence.claims
    if claims.count > 1 { return .disputed(claims) }
    guard here == nil, let sighting = claims.first?.sighting else { return nil }
    return .hiddenMount(sighting, evidence.barrier(from: sighting))
  }
}

extension NamespaceEvidence {
  public var identity: NamespaceIdentity {
    NamespaceIdentity(device: entry.target.device, inode: entry.target.inode)
  }

  /// The inode that the name leads to here; nil when that is no network namespace.
  public var inodeHere: UInt64? {
    entry.namespaceKind == "net" && entry.target.code == 0 && entry.openCode == 0 ? entry.target.inode : nil
  }

  /// The different namespaces that have the name, each once; the one here first, then the host's, then by mount
  /// namespace.
  public var claims: [NamespaceFault.Claim] {
    var claims: [NamespaceFault.Claim] = []
    func add(_ inode: UInt64, _ sighting: Sighting?) {
      guard !claims.contains(where: { $0.inode == inode }) else { return }
      let living = namespace(inode)
      claims.append(
        NamespaceFault.Claim(
          inode: inode, sighting: sighting, isMarked: living.map(isMarked) ?? false, links: living?.links,
          holderCount: living?.holderCount ?? 0))
    }
    if let inodeHere { add(inodeHere, nil) }
    let ordered = elsewhere.filter(\.isSamePlace).sorted {
      ($0.isHost ? 0 : 1, $0.mountNamespace) < ($1.isHost ? 0 : 1, $1.mountNamespace)
    }
    for sighting in ordered { add(sighting.inode, sighting) }
    return claims
  }

  /// Whether it has every interface by which the right namespace is known.
  public func isMarked(_ living: LivingNamespace) -> Bool {
    guard !marks.isEmpty, let links = living.links else { return false }
    return marks.allSatisfy(links.contains)
  }

  /// A living namespace without a name that the name has probably lost.
  ///
  /// Certain when it has the interfaces of the right one, or when somebody remembers it. Otherwise only when there is
  /// exactly one that can be meant: one with interfaces, or else one that is not a service's (systemd's PrivateNetwork).
  public var candidate: NamespaceFault? {
    let loose = namespaces.filter { !$0.isPinned && !$0.isHome && !($0.holders.isEmpty && $0.descriptors.isEmpty) }
    if let remembered, let living = loose.first(where: { $0.inode == remembered }) {
      return .unpinned(living, isCertain: true)
    }
    // A guest's own network may have interfaces of the same names.
    let marked = loose.filter(isMarked).filter { !$0.isHeldByGuest }
    if marked.count == 1 { return .unpinned(marked[0], isCertain: true) }
    // Those with the interfaces are known, and there is none, or there are several: nothing may be guessed.
    guard marked.isEmpty, marks.isEmpty else { return nil }
    let others = loose.filter { living in !living.holders.contains { $0.container != nil } }
    let busy = others.filter { ($0.links ?? ["?"]).contains { $0 != "lo" } }
    let idle = others.filter { !$0.holders.contains { $0.cgroup?.hasSuffix(".service") == true } }
    let tier = busy.isEmpty ? idle : busy
    return tier.count == 1 ? .unpinned(tier[0], isCertain: false) : nil
  }

  /// What an interrupted repair has pinned beside the name, when anything lives in it.
  var preparedLife: LivingNamespace? {
    guard let inode = prepared?.inode, let living = namespace(inode) else { return nil }
    return living.holderCount > 0 || (living.links ?? []).contains { $0 != "lo" } ? living : nil
  }

  /// Those that `candidate` has to choose from and cannot.
  public var unnamed: [LivingNamespace] {
    namespaces.filter { !$0.isPinned && !$0.isHome && !($0.holders.isEmpty && $0.descriptors.isEmpty) }
  }

  /// Why what is mounted there is not seen here.
  func barrier(from sighting: Sighting) -> NamespaceFault.Barrier {
    guard let there = sighting.directory else { return .init(.none, mountPoint: "") }
    if there.propagation.shared == nil, !sighting.isHost {
      return .init(there.propagation.master == nil ? .isolated : .slave, mountPoint: there.point)
    }
    guard let here = surroundings.directory else { return .init(.none, mountPoint: there.point) }
    if here.propagation.isPrivate {
      // On the host it is the host's mount that must be shared; in a container it is the container's that must receive.
      return .init(surroundings.place.kind == .host ? .hostPrivate : .isolated, mountPoint: here.point)
    }
    if there.propagation.isPrivate { return .init(.hostPrivate, mountPoint: there.point) }
    // Shared with its own kind further in, and still the host's slave.
    if there.propagation.master != nil { return .init(.slave, mountPoint: there.point) }
    return .init(.none, mountPoint: there.point)
  }

  /// What keeps the host from seeing what is mounted here; nil when it sees it, when this is the host, or when the
  /// directory is none of the host's.
  var barrierToHost: NamespaceFault.Barrier? {
    let kind = surroundings.place.kind
    guard kind != .host, let directory = surroundings.directory else { return nil }
    if elsewhere.contains(where: { $0.isHost && $0.inode == inodeHere }) { return nil }
    // It came from outside, so it is there.
    if layers.last?.propagation.master != nil { return nil }
    return surroundings.barrierToHost(directory)
  }
}

extension Surroundings {
  /// What keeps the host from seeing what would be mounted below /run/netns now; nil when nothing does, or when the
  /// directory is not the host's.
  public var barrierToHost: NamespaceFault.Barrier? { directory.flatMap(barrierToHost) }

  func barrierToHost(_ directory: Mount) -> NamespaceFault.Barrier? {
    guard place.kind != .host else { return nil }
    if directory.propagation.master != nil { return .init(.slave, mountPoint: directory.point) }
    if let first = firstDirectory {
      // Another file system: the host's directory is not here at all.
      guard first.device == directory.device else { return nil }
      if first.propagation.shared == nil { return .init(.hostPrivate, mountPoint: first.point) }
      if directory.propagation.shared == first.propagation.shared { return nil }
      return .init(.isolated, mountPoint: directory.point)
    }
    // Nothing of the host is to be seen: only a private mount is sure not to reach it, and only in our own mounts.
    guard directory.propagation.isPrivate, place.isFirstMountNamespace == false else { return nil }
    return .init(.isolated, mountPoint: directory.point)
  }
}

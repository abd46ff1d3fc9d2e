import Languages

extension NamespaceRepair {
  /// The plan for what the evidence says.
  /// - Parameter choice: the inode of the namespace to take, chosen by a person.
  public static func make(_ evidence: NamespaceEvidence, choice: UInt64? = nil) -> NamespaceRepair {
    make(for: .judge(evidence), evidence, choice: choice)
  }

  /// For a namespace that the caller holds: mounts it over a file, whatever is mounted there, which stays below and
  /// loses nothing. Safe without asking.
  public static func covering(_ evidence: NamespaceEvidence, holding inode: UInt64) -> NamespaceRepair {
    var plan = NamespaceRepair(name: evidence.name)
    plan.sources = [.held(inode: inode)]
    plan.steps = [.hold(.held(inode: inode)), .cover(path: evidence.path)]
    return plan
  }

  public static func make(
    for state: NamespaceState, _ evidence: NamespaceEvidence, choice: UInt64? = nil
  ) -> NamespaceRepair {
    var plan = NamespaceRepair(name: evidence.name)
    plan.marks = evidence.marks
    guard case .broken(let fault) = state else {
      if case .absent = state { plan.pin(evidence, choice) } else { plan.planHealthy(evidence, choice) }
      return plan
    }
    switch fault {
    case .plainFile, .mountMissing, .danglingSymlink, .loopingSymlink, .symlinkToProcess, .deletedFile,
      .unpinned:
      plan.pin(evidence, choice)
    case .hiddenMount(_, let barrier):
      plan.pin(evidence, choice)
      plan.lift(barrier, evidence)
    case .hiddenFromHost(_, let barrier): plan.planHidden(evidence, barrier)
    case .directory(isEmpty: true) where evidence.layers.isEmpty: plan.pin(evidence, choice)
    case .directory:
      plan.obstacle = Words(
        "the directory holds something, or something is mounted on it, and that is not everway's to remove",
        zh: "该目录里有内容，或上面有挂载，everway 不能擅自删除")
      plan.advice.append(fault.hint(for: evidence.name))
    case .specialFile(let kind):
      plan.pin(evidence, choice)
      plan.ask("remove the \(kind.rawValue) that stands there?", zh: "删除占位的 \(kind.rawValue) 吗？")
    case .wrongKind(let kind):
      plan.pin(evidence, choice)
      plan.ask(
        "unmount the \(kind) namespace that is there? It is gone when nothing else holds it",
        zh: "卸载那里的 \(kind) 命名空间吗？如果没有别处持有，它就会消失")
    case .disputed(let claims): plan.planDisputed(evidence, claims, choice)
    case .notPermitted(_, _, let obstacles):
      plan.obstacle = Words(
        "this process is not permitted: \(obstacles.map(\.words.en).joined(separator: "; or "))",
        zh: "本进程没有权限：\(obstacles.map(\.words.zh).joined(separator: "；或者"))")
      plan.advice = obstacles.map(\.remedy)
    case .limitReached, .inaccessible:
      plan.obstacle = fault.sentence
      plan.advice = [fault.hint(for: evidence.name)]
    }
    return plan
  }

  private mutating func ask(_ en: String, zh: String) {
    guard obstacle == nil, !isEmpty || !sources.isEmpty else { return }
    question = question.map { Words("\($0.en) \(en)", zh: "\($0.zh)\(zh)") } ?? Words(en, zh: zh)
  }
}

// MARK: Which namespace

extension NamespaceRepair {
  /// The namespace that the name means: chosen, prepared, where the name leads, elsewhere, or held by a process; a new one
  /// when there is none.
  private mutating func choose(_ evidence: NamespaceEvidence, _ choice: UInt64?) {
    var candidate: UInt64?
    var guess: NamespaceEvidence.LivingNamespace?
    if case .unpinned(let living, let isCertain)? = evidence.candidate {
      candidate = isCertain ? living.inode : nil
      guess = isCertain ? nil : living
    }
    let claims = evidence.claims
    let claimed = claims.first { $0.isMarked } ?? claims.first
    let covered = evidence.layers.last { $0.networkNamespace != nil }?.networkNamespace
    // What an earlier repair prepared and nobody lives in comes last: the real one may have come since.
    let living =
      choice ?? evidence.inodeHere ?? evidence.preparedLife?.inode ?? claimed?.inode ?? covered ?? candidate
      ?? evidence.prepared?.inode
    if living == nil, let guess {
      sources = evidence.sources(of: guess.inode)
      // Whatever stands at the name: nobody's namespace is taken by a guess.
      ask(
        "pin net:[\(guess.inode)], \(guess.whoHolds.en), under this name?",
        zh: "把 net:[\(guess.inode)]（\(guess.whoHolds.zh)）固定到这个名字吗？")
      if !sources.isEmpty { return }
    }
    sources = living.map(evidence.sources) ?? []
    if let choice, sources.isEmpty {
      obstacle = Words(
        "net:[\(choice)] was not found alive", zh: "没有找到仍然存在的 net:[\(choice)]")
      return
    }
    if sources.isEmpty { sources = [.new] }
    guard sources == [.new] else { return }
    if let code = evidence.surroundings.creation, code != 0 {
      let isLimit = code == NamespaceState.Code.noSpace
      let fault: NamespaceFault =
        isLimit
        ? .limitReached(limit: evidence.surroundings.namespaceLimit)
        : .notPermitted(.create, code: code, evidence.surroundings.obstacles(code))
      obstacle = fault.sentence
      advice.append(fault.hint(for: evidence.name))
      return
    }
    let unnamed = evidence.unnamed.filter { living in !living.holders.contains { $0.container != nil } }
    guard !unnamed.isEmpty, evidence.marks.isEmpty, evidence.entry.link.code == 0 else { return }
    let list = unnamed.prefix(4).map { "net:[\($0.inode)]" }.joined(separator: ", ")
    question = Words(
      "make a new, empty namespace? \(unnamed.count) without a name live here (\(list)), and which of them was meant "
        + "cannot be told: choose one with --from PID",
      zh: "创建一个新的空命名空间吗？这里有 \(unnamed.count) 个没有名字的命名空间（\(list)），无法判断原来是哪一个：可用 --from PID 指定")
  }

  /// Takes the namespace and gives it the name, whatever stands there.
  private mutating func pin(_ evidence: NamespaceEvidence, _ choice: UInt64?) {
    choose(evidence, choice)
    guard obstacle == nil, let source = sources.first else { return }
    let path = evidence.path
    let beside = NamespaceEvidence.preparedPath(for: path)
    steps = [.hold(source)]
    let isFile = evidence.entry.link.kind == .file
    let isClearable = evidence.isClearable(keeping: source.inode)
    let isCovered = !evidence.layers.isEmpty
    let others = evidence.layers.compactMap(\.networkNamespace).filter { $0 != source.inode }
    if evidence.entry.link.code == 0, (isFile && !isCovered) || !others.isEmpty {
      // An empty file, or one below which another network namespace is pinned: covering is one system call, and what is
      // below stays, here and for others.
      steps.append(.cover(path: path))
      if isClearable { steps.append(.clear(path: beside)) }
      return
    }
    // A pin that is prepared already stays: it may be all that keeps the namespace alive.
    if evidence.prepared?.inode == nil || evidence.prepared?.inode != source.inode {
      guard isClearable || evidence.prepared == nil else {
        steps = []
        obstacle = Words(
          "another living namespace is mounted at \(beside), left by a repair that was cut off; choose one with --from",
          zh: "\(beside) 上挂载着另一个仍然存在的命名空间（上次中断的修复留下）；请用 --from 指定一个")
        return
      }
      if isClearable { steps.append(.clear(path: beside)) }
      steps.append(.prepare(path: beside))
    }
    if evidence.entry.link.code != 0 {
      steps.append(.install(prepared: beside, path: path))
    } else {
      steps += [.exchange(prepared: beside, path: path), .discard(path: beside)]
    }
  }

  private mutating func planHealthy(_ evidence: NamespaceEvidence, _ choice: UInt64?) {
    if let choice, choice != evidence.inodeHere {
      take(evidence, choice)
      ask("let the name mean net:[\(choice)] from now on?", zh: "让这个名字从现在起指向 net:[\(choice)] 吗？")
    } else if evidence.isClearable(keeping: evidence.inodeHere) {
      steps = [.clear(path: NamespaceEvidence.preparedPath(for: evidence.path))]
    }
  }

  /// Covers the name with another namespace: the one that it means now stays below.
  private mutating func take(_ evidence: NamespaceEvidence, _ inode: UInt64) {
    sources = evidence.sources(of: inode)
    guard let source = sources.first else {
      obstacle = Words("net:[\(inode)] cannot be reached from here", zh: "从这里无法访问 net:[\(inode)]")
      return
    }
    steps = [.hold(source), .cover(path: evidence.path)]
  }
}

// MARK: Between mount namespaces

extension NamespaceRepair {
  private mutating func lift(_ barrier: NamespaceFault.Barrier, _ evidence: NamespaceEvidence) {
    if let remedy = barrier.remedy { advice.append(remedy) }
    guard barrier.kind == .hostPrivate, evidence.surroundings.place.kind == .host, !isEmpty else { return }
    extra = [.share(mountPoint: barrier.mountPoint)]
    extraQuestion = Words(
      "make \(barrier.mountPoint) a shared mount, so that this does not come back?",
      zh: "把 \(barrier.mountPoint) 设为 shared 挂载，以免再次发生吗？")
  }

  /// Works here, not on the host: the host's file is covered, from here, in the host's mount namespace.
  private mutating func planHidden(_ evidence: NamespaceEvidence, _ barrier: NamespaceFault.Barrier) {
    lift(barrier, evidence)
    guard let host = evidence.surroundings.place.hostProcess, let inode = evidence.inodeHere else {
      obstacle = Words(
        "the host's mount namespace cannot be entered from here; on the host, `everway netns repair \(name)` pins it",
        zh: "从这里无法进入宿主机的挂载命名空间；在宿主机上执行 `everway netns repair \(name)` 即可固定")
      return
    }
    sources = evidence.sources(of: inode)
    guard let source = sources.first else { return }
    steps = [.hold(source), .coverElsewhere(host, path: evidence.path)]
    ask(
      "mount it over \(evidence.path) in the host's mount namespace?",
      zh: "在宿主机的挂载命名空间里把它挂载到 \(evidence.path) 上吗？")
  }

  /// Keeps the one with the interfaces, here and wherever another has the name.
  private mutating func planDisputed(
    _ evidence: NamespaceEvidence, _ claims: [NamespaceFault.Claim], _ choice: UInt64?
  ) {
    let marked = claims.filter(\.isMarked)
    // Without a mark, one that has more than lo, when no other has.
    let busy = claims.filter { ($0.links ?? []).contains { $0 != "lo" } }
    guard let kept = choice ?? (marked.count == 1 ? marked[0].inode : busy.count == 1 ? busy[0].inode : nil) else {
      obstacle = Words(
        "which of them is the right one cannot be told: choose one with --from PID",
        zh: "无法判断哪一个是对的：请用 --from PID 指定")
      return
    }
    sources = evidence.sources(of: kept)
    guard let source = sources.first else {
      obstacle = Words("net:[\(kept)] cannot be reached from here", zh: "从这里无法访问 net:[\(kept)]")
      return
    }
    steps = [.hold(source)]
    if evidence.inodeHere != kept { steps.append(.cover(path: evidence.path)) }
    for sighting in evidence.elsewhere where sighting.isSamePlace && sighting.inode != kept {
      steps.append(.coverElsewhere(sighting.process, path: sighting.mount.point))
    }
    ask(
      "let net:[\(kept)] have the name everywhere? The others stay mounted below it and lose nothing",
      zh: "让 net:[\(kept)] 在所有地方使用这个名字吗？其余的仍挂载在它下面，不会丢失")
  }
}

extension NamespaceEvidence {
  /// Whether what lies beside the name can go: nothing lives there but the namespace that has the name.
  func isClearable(keeping inode: UInt64?) -> Bool {
    guard let prepared else { return false }
    return prepared.inode == nil || prepared.inode == inode
  }

  /// Beside the name, in the same directory: where a repair prepares the pin. Found again by its name, whoever comes next.
  public static func preparedPath(for path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let directory = parts.dropLast().joined(separator: "/")
    let name = String(parts.last ?? "")
    let prefix = preparedPrefix
    guard prefix.utf8.count + name.utf8.count > 255 else { return "\(directory)/\(prefix)\(name)" }
    // FNV-1a over what does not fit.
    let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let kept = String(decoding: Array(name.utf8.prefix(180)), as: UTF8.self)
    return "\(directory)/\(prefix)\(kept)\(String(hash, radix: 16))"
  }

  /// How such a file's name begins.
  public static let preparedPrefix = ".everway-repair-"
}

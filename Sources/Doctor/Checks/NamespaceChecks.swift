import Cluster
import Languages
import NamespaceDiagnosis

extension Check {
  static let namespace = [namespaceStates, hiddenProcesses, leftLabel]

  /// Rows 1 to 12: the state of each name that was looked at.
  static let namespaceStates = Check(
    .namespace,
    [
      "EW-NS-01", "EW-NS-02", "EW-NS-03", "EW-NS-04", "EW-NS-05", "EW-NS-06", "EW-NS-07", "EW-NS-08", "EW-NS-09",
      "EW-NS-11", "EW-NS-12"
    ].map { FindingID($0) }
  ) { facts, examination in
    guard let namespaces = examination.require(facts.namespaces, Words("namespaces", zh: "命名空间")) else { return }
    if namespaces.isEmpty, facts.subject.namespace == nil { examination.notRelevant() }
    for namespace in namespaces {
      guard let evidence = namespace.evidence else {
        examination.couldNotLook(
          at: Words("namespace \(namespace.name)", zh: "命名空间 \(namespace.name)"), "not looked at")
        continue
      }
      if let finding = NamespaceReading(evidence).finding { examination.found(finding) }
    }
  }

  /// Row 10: what could not be read of other processes.
  static let hiddenProcesses = Check(.namespace, [FindingID("EW-NS-10")]) { facts, examination in
    guard let evidence = facts.namespaces.value?.lazy.compactMap(\.evidence).first else { return }
    let surroundings = evidence.surroundings
    let refused = surroundings.blind.filter { $0.what == "/proc/PID/ns/net" }
    guard !refused.isEmpty else { return }
    var obstacles: [Obstacle] = []
    if !surroundings.has(.sysPtrace) { obstacles.append(.capability(.sysPtrace)) }
    if surroundings.hasAppArmor, let profile = surroundings.securityLabel, !profile.hasPrefix("unconfined") {
      obstacles.append(.appArmor(profile: profile))
    }
    // A hardened PID 1 alone refuses everybody: nothing is missing here.
    guard let obstacle = obstacles.first else { return }
    examination.found(
      Finding(
        FindingID("EW-NS-10"), evidence.name,
        parameters: ["what": obstacle.words.en], evidence: surroundings.blind.map { $0.asEvidence },
        steps: obstacles.map { RepairStep($0.remedy) }))
  }

  /// Row 13: labelled as a gateway, and no OvnEip of its name.
  static let leftLabel = Check(.namespace, [FindingID("EW-NS-13")]) { facts, examination in
    guard let nodes = examination.objects(facts, \.nodes, "Nodes"),
      let eips = examination.objects(facts, \.ovnEips, "OvnEips")
    else { return }
    let known = Set(eips.map(\.metadata.name))
    let label = "ovn.kubernetes.io/node-ext-gw"
    for node in nodes where node.metadata.labels[label] == "true" && !known.contains(node.metadata.name) {
      let name = node.metadata.name
      examination.found(
        Finding(
          FindingID("EW-NS-13"), name, parameters: ["node": name],
          evidence: [
            Evidence("Node \(name), label \(label)", "true"),
            Evidence("ovn-eips", "\(known.count), none called \(name)")
          ],
          steps: [
            RepairStep(
              command: "kubectl label node \(name) \(label)-",
              action: .patchObject(
                path: "/api/v1/nodes/\(name)", kind: .merge,
                body: "{\"metadata\":{\"labels\":{\"\(label)\":null}}}"))
          ]))
    }
  }
}

/// Turns the evidence about one name into at most one finding: what explains it best.
struct NamespaceReading {
  let evidence: NamespaceEvidence
  let state: NamespaceState
  let repair: NamespaceRepair

  init(_ evidence: NamespaceEvidence) {
    self.evidence = evidence
    state = .judge(evidence)
    repair = .make(for: state, evidence)
  }

  var finding: Finding? {
    guard case .broken(let fault) = state else { return nil }
    switch fault {
    case .hiddenMount(let sighting, let barrier):
      return finding(
        barrier.kind == .hostPrivate ? "EW-NS-04" : "EW-NS-01",
        ["inode": "\(sighting.inode)", "where": sighting.process.words.en, "point": barrier.mountPoint])
    case .hiddenFromHost(let identity, let barrier):
      return finding(
        barrier.kind == .hostPrivate ? "EW-NS-04" : "EW-NS-01",
        [
          "inode": "\(identity.inode)", "where": "everway (\(evidence.surroundings.place.kind.rawValue))",
          "point": barrier.mountPoint
        ])
    case .plainFile, .deletedFile: return finding("EW-NS-02")
    case .mountMissing: return finding("EW-NS-03")
    case .danglingSymlink(let target): return finding("EW-NS-05", ["target": target])
    case .loopingSymlink, .directory, .specialFile, .wrongKind:
      return finding("EW-NS-06", ["what": fault.label.en], atLeast: .guarded)
    case .notPermitted(_, _, let obstacles):
      let isSELinux = if case .selinux? = obstacles.first { true } else { false }
      return finding(
        isSELinux ? "EW-NS-09" : "EW-NS-07",
        ["what": obstacles.map(\.words.en).joined(separator: "; or ")])
    case .inaccessible: return finding("EW-NS-07", ["what": fault.sentence.en])
    case .limitReached(let limit): return finding("EW-NS-08", ["limit": limit.map { "\($0)" } ?? "?"])
    case .unpinned(let living, let isCertain):
      return finding(
        "EW-NS-11", ["inode": "\(living.inode)", "where": living.whoHolds.en], isCertain ? .certain : .likely)
    case .symlinkToProcess(let target, let identity):
      return finding("EW-NS-11", ["inode": "\(identity.inode)", "where": target])
    case .disputed(let claims):
      let other = claims.first { $0.sighting != nil }
      return finding(
        "EW-NS-12",
        [
          "inode": "\(other?.inode ?? 0)", "where": other?.sighting?.process.words.en ?? "another mount namespace"
        ])
    }
  }

  private func finding(
    _ id: String, _ parameters: [String: String] = [:], _ certainty: Certainty = .certain,
    atLeast least: RepairClass = .automatic
  ) -> Finding {
    let repairClass: RepairClass =
      switch repair.safety {
      case .manual: .manual
      case .guarded: .guarded
      case .automatic: repair.extra.isEmpty ? least : .guarded
      }
    return Finding(
      FindingID(id), evidence.name, certainty: certainty,
      parameters: parameters.merging(["path": evidence.path]) { $1 },
      evidence: reading, steps: steps, repair: repairClass)
  }

  /// What a person is asked; nil when nothing needs to be.
  private var question: Words? { repair.question ?? (repair.extra.isEmpty ? nil : repair.extraQuestion) }

  /// What `--fix` does as one action, its steps in words before it; then what is left to a person.
  private var steps: [RepairStep] {
    var steps: [RepairStep] = []
    if repair.obstacle == nil, !repair.isEmpty {
      let sentences = (repair.steps + repair.extra).map(\.sentence)
      steps.append(
        RepairStep(
          Words(sentences.map(\.en).joined(separator: "; "), zh: sentences.map(\.zh).joined(separator: "；")),
          command: "everway netns repair \(evidence.name)",
          action: .repairNamespace(name: evidence.name, marks: evidence.marks, question: question)))
    }
    return steps + repair.advice.map { RepairStep($0) }
  }

  /// What was read, as far as it bears on the state.
  var reading: [Evidence] {
    let entry = evidence.entry
    var result: [Evidence] = []
    if entry.link.code != 0 {
      result.append(Evidence("lstat \(evidence.path)", "errno \(entry.link.code)"))
    } else {
      let mode = String(entry.link.mode, radix: 8)
      result.append(
        Evidence(
          "lstat \(evidence.path)",
          "\(entry.link.kind?.rawValue ?? "?"), mode 0\(mode), inode \(entry.link.inode)"
            + (entry.linkTarget.map { ", to \($0)" } ?? "")))
    }
    if entry.openCode != 0 { result.append(Evidence("open \(evidence.path)", "errno \(entry.openCode)")) }
    if let type = entry.fileSystemType {
      result.append(
        Evidence("statfs \(evidence.path)", "0x\(String(type, radix: 16))" + (type == 0x6e73_6673 ? " nsfs" : "")))
    }
    if let kind = entry.namespaceKind { result.append(Evidence("NS_GET_NSTYPE", kind)) }
    if let code = entry.enterCode, code != 0 { result.append(Evidence("setns", "errno \(code)")) }
    if let code = evidence.surroundings.creation, code != 0 { result.append(Evidence("unshare", "errno \(code)")) }
    result += evidence.layers.map { Evidence("/proc/self/mountinfo, mount \($0.id)", "\($0.root) on \($0.point)") }
    result += evidence.elsewhere.prefix(8).map {
      Evidence(
        "/proc/\($0.process.pid)/mountinfo (\($0.process.command)), mount \($0.mount.id)",
        "\($0.mount.root) on \($0.mount.point)" + ($0.isSamePlace ? "" : " (another file)"))
    }
    result += evidence.unnamed.prefix(4).map {
      Evidence("net:[\($0.inode)], mounted nowhere", $0.whoHolds.en)
    }
    if let directory = evidence.surroundings.directory {
      let propagation = directory.propagation
      let words = [propagation.shared.map { "shared:\($0)" }, propagation.master.map { "master:\($0)" }]
        .compactMap { $0 }
      result.append(
        Evidence("mount \(directory.point)", words.isEmpty ? "private" : words.joined(separator: " ")))
    }
    return result
  }
}

extension Surroundings.Blindness {
  fileprivate var asEvidence: Evidence { Evidence(what, "errno \(code), \(count) times") }
}

import FoundationEssentials
import Languages
import NamespaceDiagnosis

/// What the commands say about one name.
struct NetnsText {
  let evidence: NamespaceEvidence
  let state: NamespaceState
  let repair: NamespaceRepair
  let language: Language

  init(_ evidence: NamespaceEvidence, _ language: Language, choice: UInt64? = nil) {
    self.evidence = evidence
    self.language = language
    state = .judge(evidence)
    repair = .make(for: state, evidence, choice: choice)
  }

  struct Object: Encodable {
    var name: String
    var state: String
    var sentence: String
    var repair: NamespaceRepair
    var evidence: NamespaceEvidence
  }

  var object: Object {
    Object(
      name: evidence.name, state: state.word, sentence: state.sentence[language], repair: repair, evidence: evidence
    )
  }

  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  /// `ovnext: healthy…`, then what was read and what to do.
  func lines(verbose: Bool, width: Int?, color: Bool) -> [String] {
    func wrapped(_ text: String, _ style: Style = .plain, _ indent: Int = 4) -> [String] {
      Table.wrapped(Styled(text, style), indent: indent, width: width, color: color)
    }
    var lines = wrapped("\(evidence.name): \(state.sentence[language])", state.style, 0)
    if verbose || !state.isHealthy {
      lines += reading.flatMap { wrapped($0, .dim) }
    }
    guard !state.isHealthy || !repair.isEmpty else { return lines }
    if let obstacle = repair.obstacle {
      lines += wrapped(
        Words("cannot be repaired by everway: ", zh: "everway 无法修复：")[language] + obstacle[language], .warning)
    } else if !repair.isEmpty {
      lines += wrapped(
        Words("everway netns repair \(evidence.name) will:", zh: "everway netns repair \(evidence.name) 将会：")[
          language],
        .bold)
      lines += plan(width: width, color: color)
    }
    for advice in repair.advice {
      lines += wrapped(Words("to do by hand: ", zh: "需要人工处理：")[language] + advice[language])
    }
    return lines
  }

  /// The steps, each with what a shell would say.
  func plan(width: Int?, color: Bool) -> [String] {
    var lines: [String] = []
    for (index, step) in (repair.steps + repair.extra).enumerated() {
      let isExtra = index >= repair.steps.count
      let note = isExtra ? Words(" (asked about by itself)", zh: "（另行询问）")[language] : ""
      lines += Table.wrapped(
        Styled("\(index + 1). \(step.sentence[language])\(note)"), indent: 6, width: width, color: color)
      lines += Table.wrapped(Styled("# \(step.shell)", .dim), indent: 9, width: nil, color: color)
    }
    return lines
  }

  /// What was read, a line each: names of calls and files need no translation.
  var reading: [String] {
    let entry = evidence.entry
    var lines: [String] = []
    func code(_ value: Int32) -> String { value == 0 ? "ok" : errorName(value) }
    if entry.link.code != 0 {
      lines.append("lstat \(evidence.path): \(code(entry.link.code))")
    } else {
      lines.append(
        "lstat \(evidence.path): \(entry.link.kind?.rawValue ?? "?"), mode 0\(String(entry.link.mode, radix: 8)), "
          + "inode \(entry.link.inode), size \(entry.link.size)")
      if let target = entry.linkTarget { lines.append("readlink: \(target)") }
      lines.append(
        "open: \(code(entry.openCode)); with O_NOFOLLOW: \(code(entry.openNoFollowCode)); NS_GET_NSTYPE: "
          + (entry.namespaceKind ?? "no namespace")
          + (entry.fileSystemType.map { "; statfs: 0x\(String($0, radix: 16))" } ?? "")
          + (entry.enterCode.map { "; setns: \(code($0))" } ?? ""))
    }
    for layer in evidence.layers {
      lines.append(
        "mount \(layer.id) (parent \(layer.parent)): \(layer.root) on \(layer.point)\(layer.propagation.text)")
    }
    if let directory = evidence.surroundings.directory {
      lines.append("mount \(directory.id) holds the directory: \(directory.point)\(directory.propagation.text)")
    }
    for sighting in evidence.elsewhere.prefix(8) {
      lines.append(
        "mnt:[\(sighting.mountNamespace)] of \(sighting.process.words[language]): net:[\(sighting.inode)] on "
          + "\(sighting.mount.point)\(sighting.mount.propagation.text)"
          + (sighting.isSamePlace ? "" : Words(", another file", zh: "，不是同一个文件")[language]))
    }
    for living in evidence.namespaces where !living.isHome && (living.isPinned || !state.isHealthy) {
      let links = living.links.map { ", links \($0.joined(separator: " "))" } ?? ""
      lines.append("net:[\(living.inode)]: \(living.whoHolds[language])\(links)")
    }
    if let creation = evidence.surroundings.creation { lines.append("unshare(CLONE_NEWNET): \(code(creation))") }
    for blind in evidence.surroundings.blind {
      lines.append("\(blind.what): \(code(blind.code)), \(blind.count)x")
    }
    return lines
  }
}

extension Mount.Propagation {
  fileprivate var text: String {
    let words = [shared.map { " shared:\($0)" }, master.map { " master:\($0)" }].compactMap { $0 }
    return words.isEmpty ? " private" : words.joined()
  }
}

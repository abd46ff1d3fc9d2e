public import Languages

/// The page of one kind of finding, as Markdown: what `doctor explain` prints and docs/findings holds.
public struct FindingPage: Sendable {
  public var entry: CatalogueEntry

  public init(_ entry: CatalogueEntry) { self.entry = entry }

  public func markdown(_ language: Language) -> String {
    func text(_ words: Words) -> String { words.filled(entry.examples)[language] }
    func heading(_ words: Words) -> String { "## \(words[language])" }
    return """
      # \(entry.id): \(text(entry.title))

      \(facts(language))

      \(heading(Words("What you see", zh: "现象")))

      \(text(entry.symptom))

      \(heading(Words("Why", zh: "原因")))

      \(text(entry.cause))

      \(heading(Words("How doctor knows", zh: "doctor 如何判断")))

      \(text(entry.detection))

      \(heading(Words("What to do", zh: "处理办法")))

      \(text(entry.fix))
      \(consequences(language))
      """
  }

  private func facts(_ language: Language) -> String {
    let severity = Self.name(entry.severity)[language]
    let repair = Self.name(entry.repair)[language]
    return Words(
      "Area: \(entry.area.title.en). Severity: \(severity). Repair: \(repair).",
      zh: "范围：\(entry.area.title.zh)。级别：\(severity)。修复：\(repair)。")[language]
  }

  private func consequences(_ language: Language) -> String {
    guard !entry.explains.isEmpty else { return "" }
    let head = Words("What follows from it", zh: "由此引起")[language]
    let lines = entry.explains.map { id in
      let other = Catalogue.entry(id)
      return "- [\(id)](\(id).md): \(other.title.filled(other.examples)[language])"
    }
    return "\n## \(head)\n\n" + lines.joined(separator: "\n") + "\n"
  }

  /// In the repository.
  public static func path(_ id: FindingID, _ language: Language) -> String {
    switch language {
    case .english: "docs/findings/\(id).md"
    case .chinese: "docs/findings/zh-CN/\(id).md"
    }
  }

  public static func name(_ severity: Severity) -> Words {
    switch severity {
    case .info: Words("info", zh: "提示")
    case .warning: Words("warning", zh: "警告")
    case .error: Words("error", zh: "错误")
    case .critical: Words("critical", zh: "严重")
    }
  }

  public static func name(_ repair: RepairClass) -> Words {
    switch repair {
    case .automatic: Words("automatic, `doctor --fix` makes it", zh: "自动，`doctor --fix` 直接执行")
    case .guarded: Words("guarded, `doctor --fix` asks first", zh: "需确认，`doctor --fix` 会先询问")
    case .manual: Words("by hand", zh: "手工处理")
    case .none: Words("nothing to repair", zh: "无需修复")
    }
  }
}
